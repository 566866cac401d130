//! Calls and callers as values of expressions.

use std::collections::HashMap;
use std::sync::Arc;

use ::cel::Value;
use ::cel::objects::{Key, Map};
use http::{HeaderMap, HeaderName};

use super::{DEPTH_MAX, Failed, ITEMS_MAX, Uses};
use crate::call::gate::Asked;
use crate::identity::Principal;

/// `request`, with these of its headers.
pub(super) fn request(asked: &Asked<'_>, headers: &[HeaderName]) -> Value {
    let of = |name: &HeaderName| Some((key(name.as_str()), header(asked.headers, name)?));
    let headers: HashMap<_, _> = headers.iter().filter_map(of).collect();
    let address = asked.peer.address.ip().to_canonical();
    map([
        ("method", text(&asked.method.name)),
        ("service", text(&asked.method.service)),
        ("path", text(asked.template)),
        ("headers", Value::Map(Map::from(headers))),
        ("address", text(&address.to_string())),
        ("protocol", text(asked.protocol)),
    ])
}

/// `principal`, with what of it is looked at: of nobody, with nothing in it.
pub(super) fn principal(principal: Option<&Principal>, uses: Uses) -> Result<Value, Failed> {
    let (mut scopes, mut claims) = (Vec::new(), map([]));
    if let Some(principal) = principal {
        if uses.scopes {
            scopes.extend(principal.scopes.iter().map(text));
        }
        if uses.claims {
            claims = object(&principal.claims, 0)?;
        }
    }
    if scopes.len() > ITEMS_MAX {
        return Err(Failed::TooLarge);
    }
    let subject = principal.and_then(|principal| principal.subject.as_deref());
    let issuer = principal.map(|principal| &*principal.issuer);
    let kind = principal.map_or("none", |principal| principal.kind.name());
    Ok(map([
        ("subject", text(subject.unwrap_or_default())),
        ("issuer", text(issuer.unwrap_or_default())),
        ("kind", text(kind)),
        ("scopes", Value::List(Arc::new(scopes))),
        ("claims", claims),
    ]))
}

/// All values of a header, with commas between as in one line.
fn header(headers: &HeaderMap, name: &HeaderName) -> Option<Value> {
    let mut joined: Option<String> = None;
    for value in headers.get_all(name) {
        let value = String::from_utf8_lossy(value.as_bytes());
        match &mut joined {
            None => joined = Some(value.into_owned()),
            Some(all) => {
                all.push_str(", ");
                all.push_str(&value);
            }
        }
    }
    joined.map(|all| Value::String(Arc::new(all)))
}

fn json(value: &serde_json::Value, depth: usize) -> Result<Value, Failed> {
    if depth > DEPTH_MAX {
        return Err(Failed::TooLarge);
    }
    Ok(match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(is) => Value::Bool(*is),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::UInt(number),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(one) => text(one),
        serde_json::Value::Array(all) if all.len() > ITEMS_MAX => return Err(Failed::TooLarge),
        serde_json::Value::Array(all) => {
            let all: Result<_, _> = all.iter().map(|one| json(one, depth + 1)).collect();
            Value::List(Arc::new(all?))
        }
        serde_json::Value::Object(members) => object(members, depth + 1)?,
    })
}

fn object(
    members: &serde_json::Map<String, serde_json::Value>,
    depth: usize,
) -> Result<Value, Failed> {
    if members.len() > ITEMS_MAX || depth > DEPTH_MAX {
        return Err(Failed::TooLarge);
    }
    let mut all = HashMap::with_capacity(members.len());
    for (name, value) in members {
        all.insert(key(name), json(value, depth)?);
    }
    Ok(Value::Map(Map { map: Arc::new(all) }))
}

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter().map(|(name, value)| (key(name), value));
    Value::Map(Map {
        map: Arc::new(members.collect()),
    })
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

fn text(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}
