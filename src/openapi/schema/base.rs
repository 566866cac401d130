//! What JSON makes of a field's kind and cardinality, before anything that is said about it.

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

use serde_json::json;

use super::known::{self, Known};
use super::{Object, Schemas, object};
use crate::catalog::FieldDescriptor;
use crate::openapi::options::{EnumForm, Form, Numbers};

/// The JSON type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonType {
    String,
    /// A number of 64 bits, which is a string.
    Long,
    /// An enum by name.
    Name,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
    /// Whatever there is.
    Any,
}

impl Schemas<'_> {
    /// A message: a well-known type, or a `$ref`.
    pub(super) fn of_message(&mut self, message: &MessageDescriptor, form: Form) -> Object {
        match known::of(message) {
            Some(Known::Wrapper(kind)) => self.of_kind(&kind, form),
            Some(known) => known.schema(),
            None => self.refer_to_message(message, form),
        }
    }

    /// A field by its kind and cardinality.
    pub(super) fn base(&mut self, field: &FieldDescriptor, form: Form) -> Object {
        let kind = field.kind();
        if let (true, Kind::Message(entry)) = (field.is_map(), &kind) {
            let value = self.of_kind(&entry.map_entry_value_field().kind(), form);
            let mut map = object(json!({"type": "object", "additionalProperties": value}));
            if let Some(names) = keys(&entry.map_entry_key_field().kind()) {
                map.insert("propertyNames".to_owned(), names.into());
            }
            return map;
        }
        let single = self.of_kind(&kind, form);
        if field.is_list() {
            object(json!({"type": "array", "items": single}))
        } else {
            single
        }
    }

    pub(super) fn of_kind(&mut self, kind: &Kind, form: Form) -> Object {
        object(match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => {
                json!({"type": "string", "format": "byte", "contentEncoding": "base64"})
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({"type": "integer", "format": "int32"})
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX})
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"})
            }
            Kind::Uint64 | Kind::Fixed64 => {
                json!({"type": "string", "format": "uint64", "pattern": "^[0-9]+$"})
            }
            Kind::Float => return self.number("float"),
            Kind::Double => return self.number("double"),
            Kind::Enum(of) if is_null(of) => json!({"enum": [null]}),
            Kind::Enum(of) => return self.refer_to_enum(of, form),
            Kind::Message(message) => return self.of_message(message, form),
        })
    }

    fn number(&self, format: &str) -> Object {
        let number = json!({"type": "number", "format": format});
        object(match self.options.numbers {
            Numbers::Plain => number,
            Numbers::Strict => {
                json!({"anyOf": [number, {"enum": ["NaN", "Infinity", "-Infinity"]}]})
            }
        })
    }
}

/// `google.protobuf.NullValue`.
pub(super) fn is_null(of: &EnumDescriptor) -> bool {
    of.full_name() == "google.protobuf.NullValue"
}

/// What a map's keys look like; nothing to say of text.
fn keys(kind: &Kind) -> Option<Object> {
    Some(object(match kind {
        Kind::Bool => json!({"enum": ["true", "false"]}),
        Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 => {
            json!({"pattern": "^[0-9]+$"})
        }
        Kind::Int32
        | Kind::Sint32
        | Kind::Sfixed32
        | Kind::Int64
        | Kind::Sint64
        | Kind::Sfixed64 => json!({"pattern": "^-?[0-9]+$"}),
        Kind::String
        | Kind::Bytes
        | Kind::Float
        | Kind::Double
        | Kind::Enum(_)
        | Kind::Message(_) => return None,
    }))
}

/// The JSON type of a field.
pub(super) fn json_type(field: &FieldDescriptor, form: Form) -> JsonType {
    if field.is_map() {
        JsonType::Object
    } else if field.is_list() {
        JsonType::Array
    } else {
        type_of(&field.kind(), form)
    }
}

fn type_of(kind: &Kind, form: Form) -> JsonType {
    match kind {
        Kind::Bool => JsonType::Boolean,
        Kind::String | Kind::Bytes => JsonType::String,
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => {
            JsonType::Integer
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            JsonType::Long
        }
        Kind::Float | Kind::Double => JsonType::Number,
        Kind::Enum(of) if is_null(of) => JsonType::Any,
        Kind::Enum(_) => match form.enums {
            EnumForm::Names => JsonType::Name,
            EnumForm::Numbers => JsonType::Integer,
        },
        Kind::Message(message) => match known::of(message) {
            None | Some(Known::Any | Known::Struct | Known::Empty) => JsonType::Object,
            Some(Known::Value) => JsonType::Any,
            Some(Known::ListValue) => JsonType::Array,
            Some(Known::Timestamp | Known::Duration | Known::FieldMask) => JsonType::String,
            Some(Known::Wrapper(kind)) => type_of(&kind, form),
        },
    }
}

/// The enum that a field holds, in whatever cardinality.
pub(super) fn enum_of(field: &FieldDescriptor) -> Option<EnumDescriptor> {
    let kind = field.value_kind();
    kind.as_enum().filter(|of| !is_null(of)).cloned()
}
