//! Values that need no walk: what annotations give, well-known types, names of resources.

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::limits::Limits;
use super::scalar;
use crate::catalog::has_own_form;

/// The example that an annotation gives.
pub(super) fn annotated(keywords: &Map<String, Value>) -> Option<&Value> {
    let all = keywords.get("examples").and_then(Value::as_array);
    all.and_then(|all| all.first())
        .or_else(|| keywords.get("example"))
}

/// A value of a message that is no object of its fields.
pub(super) fn known(
    message: &MessageDescriptor,
    limits: &Limits,
    name: &str,
    nth: usize,
) -> Option<Value> {
    if !has_own_form(message) {
        return None;
    }
    Some(match message.name() {
        "Any" => {
            let wrapped = "type.googleapis.com/google.protobuf.StringValue";
            json!({"@type": wrapped, "value": "text"})
        }
        "Timestamp" => "2026-01-31T12:00:00Z".into(),
        "Duration" => "3.5s".into(),
        "FieldMask" => "name".into(),
        "Struct" => json!({"key": "value"}),
        "Value" => json!("value"),
        "ListValue" => json!(["value"]),
        _ => match message.get_field(1)?.kind() {
            Kind::Bool => Value::Bool(true),
            Kind::String => scalar::text(name, limits, nth),
            Kind::Bytes => "dGV4dA==".into(),
            Kind::Float | Kind::Double => scalar::real(limits, nth),
            number => scalar::whole(&number, name, limits, nth),
        },
    })
}

/// A pattern with its names filled in: `shelves/{shelf}` is `shelves/s1`.
pub(crate) fn fill(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        out.push_str(before);
        out.push_str(&part(name.split('=').next()?));
        rest = after;
    }
    out.push_str(rest);
    (!out.contains('*') && !out.is_empty()).then_some(out)
}

/// One part of a name: `s1` for a shelf.
pub(super) fn part(name: &str) -> String {
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => format!("{}1", first.to_ascii_lowercase()),
        _ => "a1".to_owned(),
    }
}
