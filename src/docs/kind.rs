//! The type of a field in words, with what JSON makes of it.

use maud::{Markup, html};
use prost_reflect::Kind;

use super::View;
use crate::catalog::FieldDescriptor;

/// A field's type; messages and enums lead to their pages.
pub(super) fn of(view: &View<'_>, field: &FieldDescriptor) -> Markup {
    if field.is_map() {
        let kind = field.kind();
        let Some(entry) = kind.as_message() else {
            return html! {};
        };
        return html! {
            "map of " (name(view, &entry.map_entry_key_field().kind()))
            " to " (name(view, &entry.map_entry_value_field().kind()))
        };
    }
    html! {
        @if field.is_list() { "list of " }
        (name(view, &field.kind()))
    }
}

/// The same without links.
pub(super) fn text(field: &FieldDescriptor) -> String {
    if field.is_map() {
        let kind = field.kind();
        let entry = kind.as_message();
        return entry.map_or_else(String::new, |entry| {
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            format!("map of {} to {}", proto(&key.kind()), proto(&value.kind()))
        });
    }
    let list = if field.is_list() { "list of " } else { "" };
    format!("{list}{}", proto(&field.kind()))
}

fn name(view: &View<'_>, kind: &Kind) -> Markup {
    match kind {
        Kind::Message(message) => match view.catalog.messages.get(message.full_name()) {
            Some(known) => html! {
                a href=(view.links().message(known)) title=(message.full_name()) { (message.name()) }
            },
            None => html! { (message.full_name()) },
        },
        Kind::Enum(enumeration) => match view.catalog.enums.get(enumeration.full_name()) {
            Some(known) => html! {
                a href=(view.links().enumeration(known)) title=(enumeration.full_name()) {
                    (enumeration.name())
                }
            },
            None => html! { (enumeration.full_name()) },
        },
        _ => html! { (proto(kind)) },
    }
}

/// The word of the schema language.
pub(super) fn proto(kind: &Kind) -> &str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Message(message) => message.full_name(),
        Kind::Enum(enumeration) => enumeration.full_name(),
    }
}

/// What JSON makes of a value of this type, where the type's name does not say it.
pub(super) fn in_json(field: &FieldDescriptor) -> Option<&'static str> {
    Some(match &field.value_kind() {
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            "a string in JSON; numbers are taken too"
        }
        Kind::Bytes => "base64 in JSON",
        Kind::Message(message) => well_known(message.full_name())?,
        _ => return None,
    })
}

/// The JSON form of a well-known type.
pub(super) fn well_known(name: &str) -> Option<&'static str> {
    Some(match name {
        "google.protobuf.Any" => "any message, with its type under \"@type\"",
        "google.protobuf.Timestamp" => "a date and time, such as \"2026-01-31T12:00:00Z\"",
        "google.protobuf.Duration" => "seconds, such as \"3.5s\"",
        "google.protobuf.FieldMask" => "names of fields, such as \"title,author.name\"",
        "google.protobuf.Struct" => "any JSON object",
        "google.protobuf.Value" => "any JSON value",
        "google.protobuf.ListValue" => "any JSON array",
        "google.protobuf.Empty" => "an empty object",
        "google.protobuf.BoolValue" => "true, false or null",
        "google.protobuf.StringValue" => "a string or null",
        "google.protobuf.BytesValue" => "base64 or null",
        "google.protobuf.Int64Value" | "google.protobuf.UInt64Value" => {
            "a number as a string, or null"
        }
        "google.protobuf.Int32Value"
        | "google.protobuf.UInt32Value"
        | "google.protobuf.DoubleValue"
        | "google.protobuf.FloatValue" => "a number or null",
        "google.api.HttpBody" => "raw bytes with a content type",
        _ => return None,
    })
}
