//! What rules are about: the value of a field, of an element, of a map's key.

use prost_reflect::Kind;
use serde_json::{Value, json};

use super::choice::Declared;
use super::{Shows, wrapped};
use crate::catalog::FieldDescriptor;
use crate::transcode::has_own_form;

/// A kind of value, as the rules tell them apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    Number(Kind),
    Bool,
    Text,
    Bytes,
    Enum(Declared),
    List(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Any,
    Duration,
    Timestamp,
    FieldMask,
    Message,
}

/// Where a value stands: a map's keys are text in JSON, whatever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Value,
    Key,
}

impl Target {
    pub(super) fn of_field(field: &FieldDescriptor, shows: Shows<'_>) -> Self {
        let kind = field.kind();
        if let (true, Some(entry)) = (field.is_map(), kind.as_message()) {
            let part = |field: FieldDescriptor| Box::new(Self::of(&field.kind(), shows));
            return Self::Map(
                part(entry.map_entry_key_field().into()),
                part(entry.map_entry_value_field().into()),
            );
        }
        let single = Self::of(&kind, shows);
        if field.is_list() {
            Self::List(Box::new(single))
        } else {
            single
        }
    }

    fn of(kind: &Kind, shows: Shows<'_>) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Enum(descriptor) => Self::Enum(Declared::of(descriptor, shows)),
            Kind::Message(message) if !has_own_form(message) => Self::Message,
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Any" => Self::Any,
                "google.protobuf.Duration" => Self::Duration,
                "google.protobuf.Timestamp" => Self::Timestamp,
                "google.protobuf.FieldMask" => Self::FieldMask,
                _ => wrapped(message).map_or(Self::Message, |kind| Self::of(&kind, shows)),
            },
            Kind::Double
            | Kind::Float
            | Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed32
            | Kind::Sfixed64 => Self::Number(kind.clone()),
        }
    }

    /// The number in `FieldRules` of the rules for this, and their message's name.
    fn named(&self) -> Option<(u32, &'static str)> {
        Some(match self {
            Self::Number(kind) => match kind {
                Kind::Float => (1, "FloatRules"),
                Kind::Double => (2, "DoubleRules"),
                Kind::Int32 => (3, "Int32Rules"),
                Kind::Int64 => (4, "Int64Rules"),
                Kind::Uint32 => (5, "UInt32Rules"),
                Kind::Uint64 => (6, "UInt64Rules"),
                Kind::Sint32 => (7, "SInt32Rules"),
                Kind::Sint64 => (8, "SInt64Rules"),
                Kind::Fixed32 => (9, "Fixed32Rules"),
                Kind::Fixed64 => (10, "Fixed64Rules"),
                Kind::Sfixed32 => (11, "SFixed32Rules"),
                Kind::Sfixed64 => (12, "SFixed64Rules"),
                Kind::Bool | Kind::String | Kind::Bytes | Kind::Enum(_) | Kind::Message(_) => {
                    return None;
                }
            },
            Self::Bool => (13, "BoolRules"),
            Self::Text => (14, "StringRules"),
            Self::Bytes => (15, "BytesRules"),
            Self::Enum(_) => (16, "EnumRules"),
            Self::List(_) => (18, "RepeatedRules"),
            Self::Map(..) => (19, "MapRules"),
            Self::Any => (20, "AnyRules"),
            Self::Duration => (21, "DurationRules"),
            Self::Timestamp => (22, "TimestampRules"),
            Self::FieldMask => (28, "FieldMaskRules"),
            Self::Message => return None,
        })
    }

    pub(super) fn rules(&self) -> Option<u32> {
        self.named().map(|(number, _)| number)
    }

    pub(super) fn rules_name(&self) -> Option<&'static str> {
        self.named().map(|(_, name)| name)
    }

    /// A schema of the zero value alone, where JSON has one.
    pub(super) fn zero(&self, role: Role) -> Option<Value> {
        Some(match self {
            Self::Number(kind) if role == Role::Key || is_text(kind) => json!({"const": "0"}),
            Self::Number(_) => json!({"const": 0}),
            Self::Bool if role == Role::Key => json!({"const": "false"}),
            Self::Bool => json!({"const": false}),
            Self::Text | Self::Bytes => json!({"const": ""}),
            Self::Enum(declared) => json!({"const": declared.first_name(0)?}),
            Self::List(_) => json!({"maxItems": 0}),
            Self::Map(..) => json!({"maxProperties": 0}),
            Self::Any | Self::Duration | Self::Timestamp | Self::FieldMask | Self::Message => {
                return None;
            }
        })
    }
}

/// Whether a number is text in JSON.
pub(super) const fn is_text(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64
    )
}
