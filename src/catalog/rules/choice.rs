//! Rules of enums and of booleans. JSON has an enum's values by name.

use std::collections::HashSet;

use prost_reflect::EnumDescriptor;
use serde_json::{Value, json};

use super::target::Role;
use super::{Rules, words};
use crate::catalog::record::{Packing, Record, Scalar};

pub(super) fn read_bool(record: &Record, role: Role, rules: &mut Rules) {
    let json = |value: u64| match role {
        Role::Value => Value::from(value != 0),
        Role::Key => Value::from((value != 0).to_string()),
    };
    if let Some(value) = record.varint(1) {
        rules.say(format!("exactly {}", value != 0));
        rules.keyword("const", json(value));
    }
    for scalar in record.list(2, Packing::Varint) {
        if let Scalar::Varint(value) = scalar {
            rules.examples.push(json(value));
        }
    }
}

pub(super) fn read_enum(record: &Record, of: &EnumDescriptor, rules: &mut Rules) {
    let name = |number: i32| first_name(of, number);
    let text = |number: i32| name(number).unwrap_or_else(|| number.to_string());
    let many = |number| -> Vec<i32> {
        let list = record.list(number, Packing::Varint);
        let values = list.iter().filter_map(|scalar| match scalar {
            Scalar::Varint(value) => Some(*value as i32),
            Scalar::Fixed64(_) | Scalar::Fixed32(_) | Scalar::Bytes(_) => None,
        });
        values.collect()
    };
    // An alias is another name of the same number.
    let names = |numbers: &HashSet<i32>, listed: bool| -> Vec<String> {
        declared(of)
            .filter(|(_, number)| numbers.contains(number) == listed)
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    if let Some(value) = record.varint(1) {
        let value = value as i32;
        rules.say(format!("exactly {}", words::quote(&text(value))));
        let names = names(&HashSet::from([value]), true);
        match names.as_slice() {
            [] => {}
            [one] => rules.keyword("const", one.clone()),
            several => rules.keyword("enum", several),
        }
    }
    if record.flag(2) {
        rules.defined_only = true;
        rules.say("one of the declared values");
    }
    let numbers = many(3);
    if !numbers.is_empty() {
        let texts: Vec<_> = numbers.iter().map(|number| text(*number)).collect();
        rules.say(format!("one of {}", words::all(&texts)));
        rules.keyword("enum", names(&numbers.into_iter().collect(), true));
    }
    let numbers = many(4);
    if !numbers.is_empty() {
        let texts: Vec<_> = numbers.iter().map(|number| text(*number)).collect();
        rules.say(format!("none of {}", words::all(&texts)));
        let left = names(&numbers.into_iter().collect(), false);
        if left.is_empty() {
            rules.keyword("not", json!({}));
        } else {
            rules.keyword("enum", left);
        }
    }
    let examples = many(5).into_iter().filter_map(name);
    rules.examples.extend(examples.map(Value::from));
}

/// Names and numbers in the order of declaration, which the pool does not keep.
fn declared(of: &EnumDescriptor) -> impl Iterator<Item = (&str, i32)> {
    let values = of.enum_descriptor_proto().value.iter();
    values.map(|value| (value.name(), value.number()))
}

/// The name that JSON has for a number: of aliases the first.
pub(super) fn first_name(of: &EnumDescriptor, number: i32) -> Option<String> {
    let (name, _) = declared(of).find(|(_, own)| *own == number)?;
    Some(name.to_owned())
}
