//! A message as a literal of Rust, as prost names and types its code. `src/docs/assets/rust.js` writes the
//! same.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor, OneofDescriptor};
use serde_json::{Map, Value};

use super::super::rules::wrapped;
use super::super::{Catalog, FieldDescriptor};
use super::names::{camel, identifier, rust_path, rust_variant, snake};

/// Messages inside each other that a literal shows.
const DEPTH_MAX: usize = 16;

/// The literal of a request.
pub(super) fn message(
    catalog: &Catalog,
    descriptor: &MessageDescriptor,
    value: &Map<String, Value>,
) -> String {
    if descriptor.full_name() == "google.protobuf.Empty" {
        return "()".to_owned();
    }
    let home = descriptor.package_name().to_owned();
    literal(catalog, &home, descriptor, value, 0)
}

fn literal(
    catalog: &Catalog,
    home: &str,
    descriptor: &MessageDescriptor,
    value: &Map<String, Value>,
    depth: usize,
) -> String {
    let Some(message) = catalog
        .messages
        .get(descriptor.full_name())
        .filter(|_| depth <= DEPTH_MAX)
    else {
        return "Default::default()".to_owned();
    };
    let path = rust_path(descriptor.full_name(), descriptor.package_name(), home);
    let mut parts = Vec::new();
    let mut units = BTreeSet::new();
    for field in &message.fields {
        let oneof = real_oneof(&field.descriptor);
        units.insert(oneof.as_ref().map_or_else(
            || field.descriptor.name().to_owned(),
            |one| one.name().to_owned(),
        ));
        let given = value
            .get(&field.json_name)
            .or_else(|| value.get(field.descriptor.name()));
        let Some(given) = given.filter(|given| !given.is_null()) else {
            continue;
        };
        let name = identifier(&snake(
            oneof
                .as_ref()
                .map_or(field.descriptor.name(), OneofDescriptor::name),
        ));
        let Some(written) = expression(
            catalog,
            home,
            &field.descriptor,
            oneof.is_some(),
            given,
            depth,
        ) else {
            parts.push(format!(
                "{name}: None, // a {}, made by hand",
                type_name(&field.descriptor)
            ));
            continue;
        };
        parts.push(match oneof {
            Some(oneof) => {
                let (modules, last) = path
                    .rsplit_once("::")
                    .map_or(("", path.as_str()), |(m, l)| (m, l));
                let separator = if modules.is_empty() { "" } else { "::" };
                format!(
                    "{name}: Some({modules}{separator}{}::{}::{}({written})),",
                    identifier(&snake(last)),
                    camel(oneof.name()),
                    camel(field.descriptor.name())
                )
            }
            None => format!("{name}: {},", boxed(&field.descriptor, descriptor, written)),
        });
    }
    if parts.len() < units.len() {
        parts.push("..Default::default()".to_owned());
    }
    if parts.is_empty() {
        return format!("{path} {{}}");
    }
    let lines: String = parts
        .iter()
        .map(|part| format!("    {}\n", part.replace('\n', "\n    ")))
        .collect();
    format!("{path} {{\n{lines}}}")
}

/// prost boxes a message within itself.
fn boxed(field: &FieldDescriptor, parent: &MessageDescriptor, written: String) -> String {
    let is_itself =
        field.kind().as_message() == Some(parent) && !field.is_list() && !field.is_map();
    match written
        .strip_prefix("Some(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        Some(inner) if is_itself => format!("Some(Box::new({inner}))"),
        _ => written,
    }
}

/// The oneof of a field, but not the one that `optional` makes.
fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic())
}

fn type_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        _ => String::new(),
    }
}

/// A field's value with what is around it; none: it is not written.
fn expression(
    catalog: &Catalog,
    home: &str,
    field: &FieldDescriptor,
    in_oneof: bool,
    value: &Value,
    depth: usize,
) -> Option<String> {
    if field.is_map() {
        let kind = field.kind();
        let entry = kind.as_message()?;
        let (key, held) = (
            entry.map_entry_key_field().kind(),
            entry.map_entry_value_field().kind(),
        );
        let mut entries = Vec::new();
        for (name, part) in value.as_object()? {
            let name = if matches!(key, Kind::String) {
                text(name)
            } else {
                name.clone()
            };
            entries.push(format!(
                "({name}, {})",
                single(catalog, home, &held, part, depth)?
            ));
        }
        return Some(format!("[{}].into()", entries.join(", ")));
    }
    if field.is_list() {
        let items: Option<Vec<String>> = value
            .as_array()?
            .iter()
            .map(|item| single(catalog, home, &field.kind(), item, depth))
            .collect();
        return Some(format!("vec![{}]", items?.join(", ")));
    }
    let written = single(catalog, home, &field.kind(), value, depth)?;
    let is_option = field.supports_presence() || matches!(field.kind(), Kind::Message(_));
    Some(if is_option && !in_oneof {
        format!("Some({written})")
    } else {
        written
    })
}

fn single(
    catalog: &Catalog,
    home: &str,
    kind: &Kind,
    value: &Value,
    depth: usize,
) -> Option<String> {
    match kind {
        Kind::Enum(descriptor) => Some(enumeration(home, descriptor, value)),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => timestamp(value.as_str()?),
            "google.protobuf.Duration" => duration(value.as_str()?),
            "google.protobuf.FieldMask" => {
                let paths: Vec<String> = value
                    .as_str()?
                    .split(',')
                    .filter(|path| !path.is_empty())
                    .map(text)
                    .collect();
                Some(format!(
                    "prost_types::FieldMask {{ paths: vec![{}] }}",
                    paths.join(", ")
                ))
            }
            "google.protobuf.Empty" => Some("()".to_owned()),
            name if name.starts_with("google.protobuf.") => scalar(&wrapped(message)?, value),
            _ => Some(literal(
                catalog,
                home,
                message,
                value.as_object()?,
                depth + 1,
            )),
        },
        kind => scalar(kind, value),
    }
}

fn enumeration(home: &str, descriptor: &EnumDescriptor, value: &Value) -> String {
    let known = match value {
        Value::String(name) => descriptor.get_value_by_name(name),
        value => value
            .as_i64()
            .and_then(|n| descriptor.get_value(i32::try_from(n).ok()?)),
    };
    match known {
        Some(known) => format!(
            "{}::{} as i32",
            rust_path(descriptor.full_name(), descriptor.package_name(), home),
            rust_variant(descriptor, known.name())
        ),
        None => value.as_i64().unwrap_or(0).to_string(),
    }
}

fn scalar(kind: &Kind, value: &Value) -> Option<String> {
    let plain = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match kind {
        Kind::String => Some(text(&plain)),
        Kind::Bytes => bytes(&plain),
        Kind::Float | Kind::Double => {
            let width = if matches!(kind, Kind::Float) {
                "f32"
            } else {
                "f64"
            };
            Some(match plain.as_str() {
                "NaN" => format!("{width}::NAN"),
                "Infinity" => format!("{width}::INFINITY"),
                "-Infinity" => format!("{width}::NEG_INFINITY"),
                number if number.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                    format!("{number}.0")
                }
                number => number.to_owned(),
            })
        }
        _ => Some(plain),
    }
}

fn text(value: &str) -> String {
    format!("{}.to_string()", quote(value))
}

/// A string literal of Rust.
pub(super) fn quote(value: &str) -> String {
    let mut made = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                made.push('\\');
                made.push(c);
            }
            '\n' => made.push_str("\\n"),
            '\t' => made.push_str("\\t"),
            '\r' => made.push_str("\\r"),
            c if c.is_ascii_control() => {
                // Writing to a string cannot fail.
                let _ = write!(made, "\\u{{{:x}}}", u32::from(c));
            }
            c => made.push(c),
        }
    }
    made.push('"');
    made
}

fn bytes(base64: &str) -> Option<String> {
    let standard = base64.replace('-', "+").replace('_', "/");
    let decoded = base64_simd::STANDARD_NO_PAD
        .decode_to_vec(standard.trim_end_matches('='))
        .ok()?;
    let mut made = String::new();
    for byte in decoded {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || " .,:;/_-".contains(c) {
            made.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(made, "\\x{byte:02x}");
        }
    }
    Some(format!("b\"{made}\".to_vec()"))
}

/// `2026-01-31T12:00:00.5Z`; the days are counted from 1970.
fn timestamp(value: &str) -> Option<String> {
    let number = |from: usize, to: usize| value.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = value.get(19..)?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let fraction = rest.strip_suffix(zone)?.trim_start_matches('.');
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let at = |from, to| zone.get(from..to)?.parse::<i64>().ok();
            let minutes = at(1, 3)? * 60 + at(4, 6)?;
            if zone.starts_with('-') {
                -minutes
            } else {
                minutes
            }
        }
    };
    // Years begin in March, so that the leap day is the last one.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + (hour * 60 + minute - offset) * 60 + second;
    Some(format!(
        "prost_types::Timestamp {{ seconds: {seconds}, nanos: {} }}",
        nanos(fraction)?
    ))
}

/// `-3.5s`.
fn duration(value: &str) -> Option<String> {
    let number = value.strip_suffix('s')?;
    let (sign, number) = number
        .strip_prefix('-')
        .map_or(("", number), |rest| ("-", rest));
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, ""));
    let seconds = seconds.parse::<u64>().ok()?;
    let signed = |number: u64| {
        if number == 0 {
            "0".to_owned()
        } else {
            format!("{sign}{number}")
        }
    };
    Some(format!(
        "prost_types::Duration {{ seconds: {}, nanos: {} }}",
        signed(seconds),
        signed(nanos(fraction)?)
    ))
}

fn nanos(fraction: &str) -> Option<u64> {
    if fraction.len() > 9 {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}
