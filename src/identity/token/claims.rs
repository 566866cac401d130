//! What a token says, once its signature is right: for whom and when it is, in exactly these types.

use serde_json::{Map, Value};

use super::TokenError;
use crate::identity::issuer::Settings;
use crate::identity::object;
use crate::identity::principal::{BadScopes, Kind, Principal, Scopes};
use crate::identity::shown::Shown;

/// A whole number of seconds.
const SECONDS: &str = "whole seconds since the epoch, as a JSON number";

/// The caller of claims that hold now.
pub(super) fn principal(
    claims: Map<String, Value>,
    settings: &Settings,
    now: u64,
) -> Result<Principal, TokenError> {
    let leeway = settings.leeway;
    let exp = seconds(&claims, "exp")?.ok_or(TokenError::Missing("exp"))?;
    let nbf = seconds(&claims, "nbf")?;
    let iat = seconds(&claims, "iat")?;
    if now >= exp.saturating_add(leeway) {
        return Err(TokenError::Expired { exp, now, leeway });
    }
    let later = |at: &u64| *at > now.saturating_add(leeway);
    if let Some(nbf) = nbf.filter(later) {
        return Err(TokenError::NotYet { nbf, now, leeway });
    }
    if let Some(iat) = iat.filter(later) {
        return Err(TokenError::FromTheFuture { iat, now, leeway });
    }
    // One that says not when it was made lives from now on at least.
    let lifetime = exp.saturating_sub(iat.unwrap_or(now));
    if let Some(most) = settings.lifetime_max.filter(|most| lifetime > *most) {
        return Err(TokenError::Lifetime {
            found: lifetime,
            most,
        });
    }
    let audience = audience(&claims)?.ok_or(TokenError::Missing("aud"))?;
    if !audience
        .iter()
        .any(|found| settings.audiences.contains(found))
    {
        return Err(TokenError::Audience {
            found: Shown::list(audience.iter().map(String::as_str)),
            expected: Shown::list(settings.audiences.iter().map(String::as_str)),
        });
    }
    let subject = text(&claims, "sub")?.map(Into::into);
    let scopes = Scopes::of_claims(&claims).map_err(|BadScopes { name, expected }| {
        TokenError::ClaimType {
            name,
            found: claims.get(name).map_or("nothing", object::kind),
            expected,
        }
    })?;
    Ok(Principal {
        kind: Kind::Token,
        issuer: settings.iss.as_str().into(),
        subject,
        audience,
        scopes,
        claims,
        expires_at: Some(exp),
    })
}

/// A moment. Not a text, not a fraction, not before the epoch: what reads those differently has let
/// tokens live for ever.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<u64>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_u64() {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(TokenError::ClaimType {
                name,
                found: object::kind(value),
                expected: SECONDS,
            }),
        },
    }
}

/// A text that is not empty.
pub(super) fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, TokenError> {
    let expected = "a string that is not empty";
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Err(TokenError::ClaimType {
            name,
            found: "an empty string",
            expected,
        }),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(TokenError::ClaimType {
            name,
            found: object::kind(other),
            expected,
        }),
    }
}

/// Whom a token is for: one, or several.
fn audience(claims: &Map<String, Value>) -> Result<Option<Vec<String>>, TokenError> {
    let expected = "a string or an array of strings";
    match claims.get("aud") {
        None => Ok(None),
        Some(Value::String(one)) => Ok(Some(vec![one.clone()])),
        Some(Value::Array(all)) => {
            let texts = all.iter().map(|one| match one {
                Value::String(one) => Ok(one.clone()),
                other => Err(TokenError::ClaimType {
                    name: "aud",
                    found: object::kind(other),
                    expected,
                }),
            });
            texts.collect::<Result<_, _>>().map(Some)
        }
        Some(other) => Err(TokenError::ClaimType {
            name: "aud",
            found: object::kind(other),
            expected,
        }),
    }
}
