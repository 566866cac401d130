//! Rules of enums and of booleans. JSON has an enum's values by name.

use std::collections::HashSet;

use prost_reflect::EnumDescriptor;
use serde_json::{Value, json};

use super::target::Role;
use super::{Rules, Shows, words};
use crate::schema::record::{Packing, Record, Scalar};

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

/// An enum's values in the order of declaration, which the pool does not keep, each with whether a reader
/// may see it: what a rule says of the others is not said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declared(Vec<Named>);

#[derive(Clone, Debug, PartialEq)]
struct Named {
    name: String,
    number: i32,
    is_shown: bool,
}

impl Declared {
    pub(super) fn of(of: &EnumDescriptor, shows: Shows<'_>) -> Self {
        let hidden: HashSet<String> = of
            .values()
            .filter(|value| !shows(value))
            .map(|value| value.name().to_owned())
            .collect();
        let values = of.enum_descriptor_proto().value.iter();
        let named = values.map(|value| Named {
            name: value.name().to_owned(),
            number: value.number(),
            is_shown: !hidden.contains(value.name()),
        });
        Self(named.collect())
    }

    /// The name that JSON has for a number: of aliases the first.
    pub(super) fn first_name(&self, number: i32) -> Option<String> {
        let named = self.shown().find(|named| named.number == number)?;
        Some(named.name.clone())
    }

    fn shown(&self) -> impl Iterator<Item = &Named> {
        self.0.iter().filter(|named| named.is_shown)
    }

    /// How a number is called in words; none if it is not for this reader.
    fn text(&self, number: i32) -> Option<String> {
        let is_declared = self.0.iter().any(|named| named.number == number);
        self.first_name(number)
            .or_else(|| (!is_declared).then(|| number.to_string()))
    }

    /// Names of these numbers, or of all others. An alias is another name of the same number.
    fn names(&self, numbers: &HashSet<i32>, listed: bool) -> Vec<String> {
        self.shown()
            .filter(|named| numbers.contains(&named.number) == listed)
            .map(|named| named.name.clone())
            .collect()
    }
}

pub(super) fn read_enum(record: &Record, of: &Declared, rules: &mut Rules) {
    let many = |number| -> Vec<i32> {
        let list = record.list(number, Packing::Varint);
        let values = list.iter().filter_map(|scalar| match scalar {
            Scalar::Varint(value) => Some(*value as i32),
            Scalar::Fixed64(_) | Scalar::Fixed32(_) | Scalar::Bytes(_) => None,
        });
        values.collect()
    };
    if let Some(value) = record.varint(1) {
        let value = value as i32;
        if let Some(text) = of.text(value) {
            rules.say(format!("exactly {}", words::quote(&text)));
        }
        let names = of.names(&HashSet::from([value]), true);
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
    for (field, verb, listed) in [(3, "one of", true), (4, "none of", false)] {
        let numbers = many(field);
        if numbers.is_empty() {
            continue;
        }
        let texts: Vec<_> = numbers
            .iter()
            .filter_map(|number| of.text(*number))
            .collect();
        if !texts.is_empty() {
            rules.say(format!("{verb} {}", words::all(&texts)));
        }
        let left = of.names(&numbers.into_iter().collect(), listed);
        if left.is_empty() && !listed {
            rules.keyword("not", json!({}));
        } else {
            rules.keyword("enum", left);
        }
    }
    let examples = many(5)
        .into_iter()
        .filter_map(|number| of.first_name(number));
    rules.examples.extend(examples.map(Value::from));
}
