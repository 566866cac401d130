//! What annotations for OpenAPI say of a field's schema, where the structure takes it.
//!
//! Text is always welcome; limits must fit the JSON type, values must be of it, and what speaks of structure
//! is dropped. A sentence says what was dropped.

use serde_json::Value;

use super::Object;
use super::base::{JsonType, enum_of, json_type};
use crate::catalog::rules::{add, pattern};
use crate::catalog::{Field, annotations};
use crate::openapi::options::Form;

/// Bytes of a value that a sentence shows, about.
const SHOWN_MAX: usize = 60;

/// Adds title, marks and extensions; the description is elsewhere.
pub(super) fn texts(field: &Field, schema: &mut Object) -> Vec<String> {
    let mut dropped = Vec::new();
    for (key, value) in &field.annotations.keywords {
        match key.as_str() {
            "title" | "externalDocs" | "deprecated" | "readOnly" | "writeOnly" => {
                schema.insert(key.clone(), value.clone());
            }
            "description" => {}
            key if key.starts_with("x-") => {
                schema.entry(key).or_insert_with(|| value.clone());
            }
            key if !is_limit(key) => dropped.push(format!(
                "{key} of its annotation is about structure, which its descriptor says"
            )),
            _ => {}
        }
    }
    dropped
}

/// Adds limits, values and formats.
pub(super) fn limits(field: &Field, schema: &mut Object, form: Form) -> Vec<String> {
    let of = json_type(&field.descriptor, form);
    let mut dropped = Vec::new();
    for (key, value) in &field.annotations.keywords {
        if !is_limit(key) {
            continue;
        }
        match limit(field, of, key, value) {
            Some(Limit::Agrees) => {}
            Some(Limit::Is(key, value)) if matches!(key, "default" | "examples") => {
                schema.insert(key.to_owned(), value);
            }
            Some(Limit::Is("format", format)) if schema.contains_key("format") => {
                if schema.get("format") != Some(&format) {
                    dropped.push(told("format", &format, of));
                }
            }
            Some(Limit::Is(key, value)) => {
                if schema.get(key) != Some(&value) {
                    add(schema, key, value);
                }
            }
            None => dropped.push(told(key, value, of)),
        }
    }
    dropped
}

/// Adds what is said of a message or an enum; what speaks of structure is dropped.
/// `takes`: whether it has such a value.
pub(super) fn whole(
    of: &annotations::Schema,
    schema: &mut Object,
    json: JsonType,
    takes: impl Fn(&Value) -> bool,
) -> Vec<String> {
    let mut dropped = Vec::new();
    for (key, value) in &of.keywords {
        let fits = match key.as_str() {
            "title" | "externalDocs" | "deprecated" | "readOnly" => true,
            "description" => continue,
            "minProperties" | "maxProperties" => json == JsonType::Object,
            "type" if of_type(json, value) => continue,
            "default" => takes(value),
            "examples" => value
                .as_array()
                .is_some_and(|values| values.iter().all(&takes)),
            key => key.starts_with("x-"),
        };
        if fits {
            schema.insert(key.clone(), value.clone());
        } else {
            dropped.push(told(key, value, json));
        }
    }
    dropped
}

/// What becomes of a keyword.
enum Limit<'k> {
    /// It says what is so anyway.
    Agrees,
    Is(&'k str, Value),
}

fn is_limit(key: &str) -> bool {
    matches!(
        key,
        "minimum"
            | "maximum"
            | "exclusiveMinimum"
            | "exclusiveMaximum"
            | "multipleOf"
            | "minLength"
            | "maxLength"
            | "pattern"
            | "minItems"
            | "maxItems"
            | "uniqueItems"
            | "minProperties"
            | "maxProperties"
            | "format"
            | "enum"
            | "type"
            | "default"
            | "examples"
    )
}

fn limit<'k>(field: &Field, of: JsonType, key: &'k str, value: &Value) -> Option<Limit<'k>> {
    let is = |fits: bool| fits.then(|| Limit::Is(key, value.clone()));
    let known = |value: &Value| is_value(field, of, value);
    match key {
        // A bound of what is text says nothing to a validator.
        "minimum" if of == JsonType::Long => Some(Limit::Is("x-minimum", text(value))),
        "maximum" if of == JsonType::Long => Some(Limit::Is("x-maximum", text(value))),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            is(matches!(of, JsonType::Integer | JsonType::Number))
        }
        "minLength" | "maxLength" => is(of == JsonType::String),
        "pattern" if of == JsonType::String => {
            let pattern = pattern::of_re2(value.as_str()?)?;
            Some(Limit::Is(key, pattern.into()))
        }
        "minItems" | "maxItems" | "uniqueItems" => is(of == JsonType::Array),
        "minProperties" | "maxProperties" => is(of == JsonType::Object),
        "format" => is(of == JsonType::String
            || (value == "int64" && of == JsonType::Long)
            || (value == "int32" && of == JsonType::Integer)),
        "enum" => {
            let values = value.as_array()?;
            is(!values.is_empty() && values.iter().all(known))
        }
        "type" => of_type(of, value).then_some(Limit::Agrees),
        "default" => is(known(value)),
        "examples" => is(value.as_array()?.iter().all(known)),
        _ => None,
    }
}

fn text(value: &Value) -> Value {
    value.to_string().into()
}

/// Whether a value can be one of the field.
fn is_value(field: &Field, of: JsonType, value: &Value) -> bool {
    if of == JsonType::Name {
        let values = enum_of(&field.descriptor);
        return values.is_some_and(|values| {
            value
                .as_str()
                .is_some_and(|name| values.get_value_by_name(name).is_some())
        });
    }
    of.takes(value)
}

fn of_type(of: JsonType, value: &Value) -> bool {
    let name = match of {
        JsonType::String | JsonType::Long | JsonType::Name => "string",
        JsonType::Integer => "integer",
        JsonType::Number => "number",
        JsonType::Boolean => "boolean",
        JsonType::Array => "array",
        JsonType::Object => "object",
        JsonType::Any => return true,
    };
    value == name
}

fn told(key: &str, value: &Value, of: JsonType) -> String {
    let shown: String = value.to_string().chars().take(SHOWN_MAX).collect();
    let of = match of {
        JsonType::String => "a string",
        JsonType::Long => "a 64-bit number, a string in JSON",
        JsonType::Name => "the name of an enum's value",
        JsonType::Integer => "an integer",
        JsonType::Number => "a number",
        JsonType::Boolean => "a boolean",
        JsonType::Array => "an array",
        JsonType::Object => "an object",
        JsonType::Any => "any value",
    };
    format!("{key} of its annotation, {shown}, does not fit: it is {of}")
}

impl JsonType {
    /// Whether a value is of it.
    pub(super) fn takes(self, value: &Value) -> bool {
        match self {
            Self::String | Self::Name => value.is_string(),
            Self::Long => value.as_str().is_some_and(|text| {
                let digits = text.strip_prefix('-').unwrap_or(text);
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            }),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Any => true,
        }
    }

    pub(super) fn takes_all(self, values: &[Value]) -> bool {
        values.iter().all(|value| self.takes(value))
    }
}
