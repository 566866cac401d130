//! Rules of lists and maps, and of what is in them.

use prost_reflect::DescriptorPool;

use super::target::{Role, Target};
use super::{Rules, read, words};
use crate::schema::record::Record;

pub(super) fn read_list(
    record: &Record,
    element: &Target,
    pool: &DescriptorPool,
    depth: usize,
    rules: &mut Rules,
) {
    bounds(record, rules, "item", ("minItems", "maxItems"));
    if record.flag(3) {
        rules.say("no item twice");
        rules.keyword("uniqueItems", true);
    }
    if let Some(items) = record.message(4) {
        let items = read(&items, element, Role::Value, pool, depth + 1);
        within(rules, items, "items", "each item");
    }
}

pub(super) fn read_map(
    record: &Record,
    (key, value): (&Target, &Target),
    pool: &DescriptorPool,
    depth: usize,
    rules: &mut Rules,
) {
    bounds(record, rules, "entry", ("minProperties", "maxProperties"));
    if let Some(keys) = record.message(4) {
        let keys = read(&keys, key, Role::Key, pool, depth + 1);
        within(rules, keys, "propertyNames", "each key");
    }
    if let Some(values) = record.message(5) {
        let values = read(&values, value, Role::Value, pool, depth + 1);
        within(rules, values, "additionalProperties", "each value");
    }
}

fn bounds(record: &Record, rules: &mut Rules, noun: &str, (least, most): (&str, &str)) {
    let count = |number: u64| match (number, noun) {
        (1, noun) => format!("1 {noun}"),
        (number, "entry") => format!("{number} entries"),
        (number, noun) => words::count(number, noun),
    };
    if let Some(number) = record.varint(1) {
        rules.say(format!("at least {}", count(number)));
        rules.keyword(least, number);
    }
    if let Some(number) = record.varint(2) {
        rules.say(format!("at most {}", count(number)));
        rules.keyword(most, number);
    }
}

/// Puts the rules of elements beneath a keyword of the whole.
fn within(rules: &mut Rules, inner: Rules, key: &str, each: &str) {
    for sentence in inner.sentences {
        rules.say(format!("{each}: {sentence}"));
    }
    rules.cel.extend(inner.cel);
    rules.defined_only |= inner.defined_only;
    if !inner.keywords.is_empty() {
        rules.keyword(key, inner.keywords);
    }
}
