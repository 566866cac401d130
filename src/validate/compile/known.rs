//! The well-known types, as rules see them.

use prost_reflect::{FieldDescriptor, Kind as Described, MessageDescriptor};

use crate::validate::plan::{Kind, Known, Wrapped};

/// What a message is to rules. Whoever calls a message by such a name and gives it other fields means
/// something else.
pub(in crate::validate) fn known(message: &MessageDescriptor) -> Known {
    let Some(name) = message.full_name().strip_prefix("google.protobuf.") else {
        return Known::None;
    };
    let is = |number: u32, kind: Described, list: bool| {
        message
            .get_field(number)
            .is_some_and(|field| field.kind() == kind && field.is_list() == list)
    };
    let times = is(1, Described::Int64, false) && is(2, Described::Int32, false);
    let wrapper = |kind: Described, wrapped: Wrapped| match is(1, kind, false) {
        true => Known::Wrapper(wrapped),
        false => Known::None,
    };
    match name {
        "Duration" if times => Known::Duration,
        "Timestamp" if times => Known::Timestamp,
        "Any" if is(1, Described::String, false) && is(2, Described::Bytes, false) => Known::Any,
        "FieldMask" if is(1, Described::String, true) => Known::FieldMask,
        "DoubleValue" => wrapper(Described::Double, Wrapped::Double),
        "FloatValue" => wrapper(Described::Float, Wrapped::Float),
        "Int64Value" => wrapper(Described::Int64, Wrapped::Int64),
        "UInt64Value" => wrapper(Described::Uint64, Wrapped::Uint64),
        "Int32Value" => wrapper(Described::Int32, Wrapped::Int32),
        "UInt32Value" => wrapper(Described::Uint32, Wrapped::Uint32),
        "BoolValue" => wrapper(Described::Bool, Wrapped::Bool),
        "StringValue" => wrapper(Described::String, Wrapped::String),
        "BytesValue" => wrapper(Described::Bytes, Wrapped::Bytes),
        _ => Known::None,
    }
}

/// The field of a wrapper.
pub(in crate::validate) fn wrapped_field(message: &MessageDescriptor) -> Option<FieldDescriptor> {
    message.get_field(1)
}

/// The kind of a field, of its elements, or of a key or value.
pub(super) fn kind(field: &FieldDescriptor) -> Kind {
    match field.kind() {
        Described::Double => Kind::Double,
        Described::Float => Kind::Float,
        Described::Int32 => Kind::Int32,
        Described::Int64 => Kind::Int64,
        Described::Uint32 => Kind::Uint32,
        Described::Uint64 => Kind::Uint64,
        Described::Sint32 => Kind::Sint32,
        Described::Sint64 => Kind::Sint64,
        Described::Fixed32 => Kind::Fixed32,
        Described::Fixed64 => Kind::Fixed64,
        Described::Sfixed32 => Kind::Sfixed32,
        Described::Sfixed64 => Kind::Sfixed64,
        Described::Bool => Kind::Bool,
        Described::String => Kind::String,
        Described::Bytes => Kind::Bytes,
        Described::Enum(_) => Kind::Enum,
        Described::Message(_) if field.is_group() => Kind::Group,
        Described::Message(of) => Kind::Message(known(&of)),
    }
}
