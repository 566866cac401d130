//! What a file must be before it is linked: names that are names, types that are there, map
//! entries that are map entries. Whoever walks the pool later relies on these.

use crate::schema::descriptor::{Enum, Field, File, Message, join, number};

/// `FieldDescriptorProto.Type` goes from 1 to 18.
const TYPES: std::ops::RangeInclusive<i32> = 1..=18;

/// The first thing that is wrong with a file.
pub(super) fn check(file: &File) -> Result<(), String> {
    let package = file.package();
    if !package.is_empty() && !package.split('.').all(is_identifier) {
        return Err(format!(
            "its package {} is not a dotted name",
            clip(package)
        ));
    }
    for message in &file.message {
        check_message(package, message)?;
    }
    for enumeration in &file.enumeration {
        check_enum(package, enumeration)?;
    }
    for extension in &file.extension {
        check_field(package, extension)?;
    }
    for service in &file.service {
        let name = named("service", package, service.name.as_deref())?;
        for method in &service.method {
            named("method", &name, method.name.as_deref())?;
        }
    }
    Ok(())
}

fn check_message(parent: &str, message: &Message) -> Result<(), String> {
    let name = named("message", parent, message.name.as_deref())?;
    if message.is_map_entry() {
        check_map_entry(&name, message)?;
    }
    for field in message.field.iter().chain(&message.extension) {
        check_field(&name, field)?;
        let oneofs = message.oneof.len();
        let there = |index: i32| usize::try_from(index).is_ok_and(|index| index < oneofs);
        if field.oneof_index.is_some_and(|index| !there(index)) {
            let field = clip(field.name.as_deref().unwrap_or_default());
            return Err(format!(
                "field {field} of {name} is in a oneof that is not there"
            ));
        }
    }
    for oneof in &message.oneof {
        named("oneof", &name, oneof.name.as_deref())?;
    }
    for enumeration in &message.enumeration {
        check_enum(&name, enumeration)?;
    }
    message
        .nested
        .iter()
        .try_for_each(|nested| check_message(&name, nested))
}

fn check_field(parent: &str, field: &Field) -> Result<(), String> {
    let name = named("field", parent, field.name.as_deref())?;
    match field.kind {
        Some(kind) if TYPES.contains(&kind) => {}
        Some(kind) => {
            return Err(format!(
                "field {name} has type number {kind}; 1 to 18 are types"
            ));
        }
        None => return Err(format!("field {name} has no type")),
    }
    Ok(())
}

fn check_map_entry(name: &str, message: &Message) -> Result<(), String> {
    use number::{TYPE_BYTES, TYPE_DOUBLE, TYPE_ENUM, TYPE_FLOAT, TYPE_GROUP, TYPE_MESSAGE};
    let fault = match message.field.as_slice() {
        [key, value] => {
            let no_key = [
                TYPE_DOUBLE,
                TYPE_FLOAT,
                TYPE_GROUP,
                TYPE_MESSAGE,
                TYPE_BYTES,
                TYPE_ENUM,
            ];
            if (key.number, value.number) != (Some(1), Some(2)) {
                Some("its fields are not numbered 1 and 2")
            } else if key.is_repeated() || value.is_repeated() {
                Some("a field of it is repeated")
            } else if key.kind.is_none_or(|kind| no_key.contains(&kind)) {
                Some("its key is of a type that keys cannot have")
            } else if value.kind == Some(TYPE_GROUP) {
                Some("its value is a group")
            } else {
                None
            }
        }
        _ => Some("it does not have two fields"),
    };
    fault.map_or(Ok(()), |fault| {
        Err(format!("{name} is marked as a map entry, but {fault}"))
    })
}

fn check_enum(parent: &str, enumeration: &Enum) -> Result<(), String> {
    let name = named("enum", parent, enumeration.name.as_deref())?;
    for value in &enumeration.value {
        named("value", &name, value.name.as_deref())?;
    }
    Ok(())
}

/// The full name, if the name is one.
fn named(what: &str, parent: &str, name: Option<&str>) -> Result<String, String> {
    match name {
        Some(text) if is_identifier(text) => Ok(join(parent, name)),
        Some(text) => Err(format!("{} is not the name of a {what}", clip(text))),
        None => Err(format!("a {what} of {parent} has no name")),
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn clip(text: &str) -> String {
    format!("{:?}", text.chars().take(60).collect::<String>())
}
