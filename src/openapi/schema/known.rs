//! The well-known types: their own JSON forms as schemas.

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Value, json};

use super::{Object, object};
use crate::catalog::has_own_form;
use crate::catalog::rules::wrapped;

/// What a duration looks like. Not `format: duration`, which is ISO 8601's.
const DURATION: &str = r"^-?[0-9]+(\.[0-9]{1,9})?s$";

/// What a message is, where it is no object of its fields.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    Any,
    Struct,
    Value,
    ListValue,
    Timestamp,
    Duration,
    FieldMask,
    Wrapper(Kind),
    Empty,
}

pub(super) fn of(message: &MessageDescriptor) -> Option<Known> {
    let name = message.full_name().strip_prefix("google.protobuf.")?;
    if name == "Empty" && message.fields().len() == 0 {
        return Some(Known::Empty);
    }
    if !has_own_form(message) {
        return None;
    }
    Some(match name {
        "Any" => Known::Any,
        "Struct" => Known::Struct,
        "Value" => Known::Value,
        "ListValue" => Known::ListValue,
        "Timestamp" => Known::Timestamp,
        "Duration" => Known::Duration,
        "FieldMask" => Known::FieldMask,
        _ => Known::Wrapper(wrapped(message)?),
    })
}

impl Known {
    /// Its schema; a wrapper's is that of its kind.
    pub(super) fn schema(&self) -> Object {
        object(match self {
            // Not required: an empty `Any` is `{}`.
            Self::Any => json!({
                "type": "object",
                "properties": {"@type": {"type": "string"}},
                "additionalProperties": true,
            }),
            Self::Struct => json!({"type": "object", "additionalProperties": true}),
            Self::Value | Self::Wrapper(_) => json!({}),
            Self::ListValue => json!({"type": "array", "items": {}}),
            Self::Timestamp => json!({"type": "string", "format": "date-time"}),
            Self::Duration => {
                json!({"type": "string", "pattern": DURATION, "examples": ["3.5s"]})
            }
            Self::FieldMask => json!({"type": "string", "examples": ["title,author.name"]}),
            Self::Empty => json!({"type": "object"}),
        })
    }

    /// Whether a parameter has it as JSON in its text.
    pub(super) const fn is_json(&self) -> bool {
        matches!(self, Self::Struct | Self::Value | Self::ListValue)
    }

    /// JSON in a text.
    pub(super) fn in_text() -> Value {
        json!({"type": "string", "contentMediaType": "application/json"})
    }
}
