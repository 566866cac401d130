//! JSON objects of strangers, read whole. No name may be there twice: readers would differ about which
//! of the values counts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Members of an object at most.
const MEMBERS_MAX: usize = 256;

/// What a text is instead of an object. Nothing of the text is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found no JSON object of at most {MEMBERS_MAX} members, each of another name")]
pub(crate) struct NoObject;

/// Reads an object. How deep it may be serde_json bounds, at 128.
pub(crate) fn parse(text: &[u8]) -> Result<Map<String, Value>, NoObject> {
    serde_json::from_slice::<Unique>(text)
        .map(|object| object.0)
        .map_err(|_| NoObject)
}

/// What a value is, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_u64() => "a whole number",
        Value::Number(number) if number.is_i64() => "a negative number",
        Value::Number(_) => "a number with a fraction or exponent, or too large",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.len() == MEMBERS_MAX || object.insert(name, value).is_some() {
                return Err(A::Error::custom(NoObject));
            }
        }
        Ok(Unique(object))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_an_object_once() {
        assert_eq!(parse(br#"{"a":1,"b":2}"#).unwrap().len(), 2);
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{}]"#,
            r#"{} {}"#,
            r#"{"a":1,}"#,
            "null",
            "",
            "{\"a\":\"\u{0}\"}",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(NoObject), "{text}");
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}"), Err(NoObject));
        assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(NoObject));
        let deep = format!("{{\"a\":{}}}", "[".repeat(100_000));
        assert_eq!(parse(deep.as_bytes()), Err(NoObject));
    }

    #[test]
    fn members_are_bounded() {
        let of = |count: usize| {
            let members: Vec<_> = (0..count).map(|at| format!("\"{at}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(
            parse(of(MEMBERS_MAX).as_bytes()).unwrap().len(),
            MEMBERS_MAX
        );
        assert_eq!(parse(of(MEMBERS_MAX + 1).as_bytes()), Err(NoObject));
    }
}
