//! Rules of times, masks and `Any`: words only, JSON Schema compares no such texts.

use serde_json::Value;

use super::{Rules, words};
use crate::schema::record::Record;
use crate::transcode::{duration_text, timestamp_text};

pub(super) fn read_any(record: &Record, rules: &mut Rules) {
    types(record, 2, "its type is one of", rules);
    let known = record.texts(2);
    if !known.is_empty() {
        rules.keyword("x-any-types", known);
    }
    types(record, 3, "its type is none of", rules);
}

pub(super) fn read_field_mask(record: &Record, rules: &mut Rules) {
    if let Some(mask) = record.message(1) {
        rules.say(format!("exactly {}", words::all(&mask.texts(1))));
    }
    types(record, 2, "its paths are within", rules);
    types(record, 3, "its paths are not within", rules);
}

fn types(record: &Record, number: u32, words: &str, rules: &mut Rules) {
    let names = record.texts(number);
    if !names.is_empty() {
        rules.say(format!("{words} {}", words::all(&names)));
    }
}

pub(super) fn read_duration(record: &Record, rules: &mut Rules) {
    let text = |message: &Record| {
        let (seconds, nanos) = parts(message);
        duration_text(seconds, nanos)
    };
    bounds(record, &text, ["less than", "greater than"], rules);
    for (number, words) in [(7, "one of"), (8, "none of")] {
        let values: Vec<_> = record.messages(number).filter_map(|m| text(&m)).collect();
        if !values.is_empty() {
            rules.say(format!("{words} {}", words::all(&values)));
        }
    }
    let examples = record.messages(9).filter_map(|m| text(&m));
    rules.examples.extend(examples.map(Value::from));
}

pub(super) fn read_timestamp(record: &Record, rules: &mut Rules) {
    let text = |message: &Record| {
        let (seconds, nanos) = parts(message);
        timestamp_text(seconds, nanos)
    };
    bounds(record, &text, ["before", "after"], rules);
    if record.flag(7) {
        rules.say("in the past");
    }
    if record.flag(8) {
        rules.say("in the future");
    }
    if let Some(within) = record.message(9) {
        let (seconds, nanos) = parts(&within);
        if let Some(within) = duration_text(seconds, nanos) {
            rules.say(format!("within {within} of now"));
        }
    }
    let examples = record.messages(10).filter_map(|m| text(&m));
    rules.examples.extend(examples.map(Value::from));
}

/// `const`, `lt`, `lte`, `gt` and `gte` have the same numbers in both. An upper bound below the lower one
/// means what is outside of both.
fn bounds(
    record: &Record,
    text: &dyn Fn(&Record) -> Option<String>,
    [less, greater]: [&str; 2],
    rules: &mut Rules,
) {
    let of = |number, words: &str| {
        let message = record.message(number)?;
        Some((parts(&message), format!("{words} {}", text(&message)?)))
    };
    if let Some((_, sentence)) = of(2, "exactly") {
        rules.say(sentence);
    }
    let upper = of(3, less).or_else(|| of(4, "at most"));
    let lower = of(5, greater).or_else(|| of(6, "at least"));
    match (lower, upper) {
        (Some((low, lower)), Some((high, upper))) if high < low => {
            rules.say(format!("{upper} or {lower}"));
        }
        (lower, upper) => {
            for (_, sentence) in lower.into_iter().chain(upper) {
                rules.say(sentence);
            }
        }
    }
}

/// Seconds and nanos of a `Duration` or `Timestamp`.
fn parts(message: &Record) -> (i64, i32) {
    let part = |number| message.varint(number).unwrap_or_default();
    (part(1) as i64, part(2) as i32)
}
