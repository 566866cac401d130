//! The section `cors` as the protocol has it.

use serde_saphyr::Location;

use super::choices::Wrong;
use super::raw::{Cors, Key};
use super::text::{HeaderPattern, OriginPattern, ResponseHeader};
use crate::protocol;
use crate::protocol::cors::{Credentials, ORIGINS_MAX, Origins, Pattern};
use crate::protocol::metadata::rules::PATTERNS_MAX;

/// Checks the keys with each other.
pub(super) fn cors(raw: &Cors) -> Result<protocol::Cors, Wrong> {
    let default = protocol::Cors::default();
    bounded(&raw.origins, "origins", ORIGINS_MAX)?;
    bounded(&raw.allow_headers, "allow_headers", PATTERNS_MAX)?;
    bounded(&raw.expose_headers, "expose_headers", PATTERNS_MAX)?;
    let origins = raw.origins.value.as_deref().unwrap_or_default();
    // None as soon as one of them is `*`.
    let patterns: Option<Vec<Pattern>> = origins.iter().map(OriginPattern::pattern).collect();
    let origins = match (patterns, raw.credentials.or(false)) {
        (Some(patterns), true) => Origins::Listed(patterns, Credentials::Sent),
        (Some(patterns), false) => Origins::Listed(patterns, Credentials::Withheld),
        (None, false) => Origins::Any,
        (None, true) => {
            let message = "found `true` while `origins` has `*`, with which every page could act as \
                           whoever visits it; expected `false`, or origins by their names";
            return wrong(raw.credentials.place, "credentials", message.to_owned());
        }
    };
    Ok(protocol::Cors {
        origins,
        max_age: raw.max_age.value.map_or(default.max_age, |span| span.0),
        allow_headers: match &raw.allow_headers.value {
            None => default.allow_headers,
            Some(names) => names.iter().map(HeaderPattern::pattern).collect(),
        },
        expose_headers: match &raw.expose_headers.value {
            None => default.expose_headers,
            Some(names) => names.iter().map(ResponseHeader::name).collect(),
        },
    })
}

fn bounded<T>(key: &Key<Vec<T>>, name: &str, most: usize) -> Result<(), Wrong> {
    if key.value.as_ref().is_some_and(|list| list.len() > most) {
        let message = format!("found more than {most} entries, expected fewer");
        return wrong(key.place, name, message);
    }
    Ok(())
}

fn wrong<T>(place: Location, key: &str, message: String) -> Result<T, Wrong> {
    Err((place, format!("cors.{key}"), message))
}
