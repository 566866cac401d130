//! Options as protos write them. Labels of visibility are left out: they are not for readers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use prost_reflect::{DynamicMessage, Kind, MapKey, ReflectMessage as _, Value};

/// Messages within each other that are written.
const DEPTH_MAX: usize = 16;

/// Bytes of one option's value; a longer one is left out.
const VALUE_MAX: usize = 16 << 10;

/// Name and value of each option that is set; what they need is added to the imports. `read` panics on
/// options that do not fit their definitions; there are none then.
pub(super) fn of(
    read: impl FnOnce() -> DynamicMessage,
    imports: &mut BTreeSet<String>,
) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let Ok(options) = catch_unwind(AssertUnwindSafe(read)) else {
        return out;
    };
    let fields = options
        .fields()
        .map(|(field, value)| (field.name().to_owned(), field.kind(), value));
    for (name, kind, value) in fields {
        add(&mut out, name, &kind, value);
    }
    for (extension, value) in options.extensions() {
        let name = extension.full_name();
        if name.ends_with("_visibility") {
            continue;
        }
        imports.insert(extension.parent_file().name().to_owned());
        add(&mut out, format!("({name})"), &extension.kind(), value);
    }
    out
}

/// A list is an option for each of its elements.
fn add(out: &mut Vec<(String, String)>, name: String, kind: &Kind, value: &Value) {
    match value {
        Value::List(values) => {
            for value in values {
                add(out, name.clone(), kind, value);
            }
        }
        value => {
            let mut text = String::new();
            write_value(&mut text, kind, value, 0);
            if text.len() <= VALUE_MAX {
                out.push((name, text));
            }
        }
    }
}

fn write_value(out: &mut String, kind: &Kind, value: &Value, depth: usize) {
    match value {
        Value::Bool(value) => push(out, value),
        Value::I32(value) => push(out, value),
        Value::I64(value) => push(out, value),
        Value::U32(value) => push(out, value),
        Value::U64(value) => push(out, value),
        Value::F32(value) => float(out, f64::from(*value)),
        Value::F64(value) => float(out, *value),
        Value::String(text) => quoted(out, text.as_bytes()),
        Value::Bytes(bytes) => quoted(out, bytes),
        Value::EnumNumber(number) => {
            let named = kind.as_enum().and_then(|kind| kind.get_value(*number));
            match named {
                Some(value) => out.push_str(value.name()),
                None => push(out, number),
            }
        }
        Value::Message(message) => write_message(out, message, depth),
        Value::List(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_value(out, kind, value, depth);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            let value_kind = kind
                .as_message()
                .map(|entry| entry.map_entry_value_field().kind());
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| key_text(key));
            out.push('[');
            for (at, (key, value)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str("{key: ");
                out.push_str(&key_text(key));
                out.push_str(" value: ");
                write_value(out, value_kind.as_ref().unwrap_or(kind), value, depth);
                out.push('}');
            }
            out.push(']');
        }
    }
}

fn write_message(out: &mut String, message: &DynamicMessage, depth: usize) {
    if depth > DEPTH_MAX || out.len() > VALUE_MAX {
        out.push_str("{}");
        return;
    }
    debug_assert!(!message.descriptor().is_map_entry());
    out.push('{');
    let mut first = true;
    for (field, value) in message.fields() {
        if !std::mem::take(&mut first) {
            out.push(' ');
        }
        out.push_str(field.name());
        out.push_str(": ");
        write_value(out, &field.kind(), value, depth + 1);
    }
    for (extension, value) in message.extensions() {
        if !std::mem::take(&mut first) {
            out.push(' ');
        }
        let _ = write!(out, "[{}]: ", extension.full_name());
        write_value(out, &extension.kind(), value, depth + 1);
    }
    out.push('}');
}

fn push(out: &mut String, value: &impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

fn float(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("nan");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "inf" } else { "-inf" });
    } else {
        push(out, &value);
    }
}

fn key_text(key: &MapKey) -> String {
    let mut out = String::new();
    match key {
        MapKey::Bool(key) => push(&mut out, key),
        MapKey::I32(key) => push(&mut out, key),
        MapKey::I64(key) => push(&mut out, key),
        MapKey::U32(key) => push(&mut out, key),
        MapKey::U64(key) => push(&mut out, key),
        MapKey::String(key) => quoted(&mut out, key.as_bytes()),
    }
    out
}

/// A string literal. Bytes that are no printable ASCII are escaped, so that none ends it.
fn quoted(out: &mut String, bytes: &[u8]) {
    out.push('"');
    for byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            0x20..=0x7e => out.push(char::from(*byte)),
            byte => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push('"');
}
