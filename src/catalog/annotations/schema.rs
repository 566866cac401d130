//! Keywords for the schemas of messages, fields and enums.

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::document::{array, docs_checked, text};
use super::{Schema, modern};
use crate::catalog::FieldDescriptor;
use crate::catalog::rules::wrapped;

/// Of a message: its `required` are fields.
pub(super) fn of_message(mut keywords: Map<String, Value>, message: &MessageDescriptor) -> Schema {
    let required = names(&mut keywords)
        .iter()
        .filter_map(|name| {
            let field = message
                .get_field_by_json_name(name)
                .or_else(|| message.get_field_by_name(name))?;
            Some(field.json_name().to_owned())
        })
        .collect();
    modern::schema(&mut keywords);
    Schema {
        keywords: docs_checked(keywords),
        required,
        is_required: false,
    }
}

/// Of a field: it may name itself in `required`. Values of what JSON has as text are text.
pub(super) fn of_field(mut keywords: Map<String, Value>, field: &FieldDescriptor) -> Schema {
    let is_required = names(&mut keywords)
        .iter()
        .any(|name| name == field.name() || *name == field.json_name());
    modern::schema(&mut keywords);
    if is_text(field) {
        texts(&mut keywords);
    }
    Schema {
        keywords: docs_checked(keywords),
        required: Vec::new(),
        is_required,
    }
}

/// Of an enum: its values are names.
pub(super) fn of_enum(mut keywords: Map<String, Value>) -> Schema {
    keywords.remove("required");
    modern::schema(&mut keywords);
    texts(&mut keywords);
    Schema {
        keywords: docs_checked(keywords),
        ..Schema::default()
    }
}

fn names(keywords: &mut Map<String, Value>) -> Vec<String> {
    array(keywords.remove("required"))
        .into_iter()
        .filter_map(|name| text(Some(name)))
        .collect()
}

fn is_text(field: &FieldDescriptor) -> bool {
    if field.is_list() || field.is_map() {
        return false;
    }
    let kind = match field.kind() {
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp"
            | "google.protobuf.Duration"
            | "google.protobuf.FieldMask" => return true,
            _ => match wrapped(&message) {
                Some(kind) => kind,
                None => return false,
            },
        },
        kind => kind,
    };
    match kind {
        Kind::String
        | Kind::Bytes
        | Kind::Enum(_)
        | Kind::Int64
        | Kind::Uint64
        | Kind::Sint64
        | Kind::Fixed64
        | Kind::Sfixed64 => true,
        Kind::Bool
        | Kind::Double
        | Kind::Float
        | Kind::Int32
        | Kind::Uint32
        | Kind::Sint32
        | Kind::Fixed32
        | Kind::Sfixed32
        | Kind::Message(_) => false,
    }
}

/// `default: "5"` was read as JSON, and means the text.
fn texts(keywords: &mut Map<String, Value>) {
    let text = |value: &mut Value| {
        if !value.is_string() {
            *value = Value::String(value.to_string());
        }
    };
    if let Some(default) = keywords.get_mut("default") {
        text(default);
    }
    for key in ["enum", "examples"] {
        if let Some(Value::Array(values)) = keywords.get_mut(key) {
            values.iter_mut().for_each(text);
        }
    }
}
