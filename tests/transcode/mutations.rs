//! Broken and changed input, against the judge: no panic, and both take or refuse the same, up to what
//! `judge` lists.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;
use transom::transcode::PrintOptions;

use super::judge::{
    SCHEMAS, STRICTER_ON_WIRE, agree, another_wire_type, effort, holds_unknown_of_closed_enum,
    is_sound, judge_prints, judge_reads, property, same, value,
};
use super::messages;
use super::schemas::Dice;

/// Reasons of the judge to refuse bytes that we take.
const JUDGE_STRICTER_ON_WIRE: [&str; 3] = [
    "invalid string value",
    "error decoding",
    "unsupported type url ''",
];

/// overrules, where we do not look: so many of all mutated messages at most.
const UNREAD_MAX: u32 = 50;
static UNREAD: AtomicU32 = AtomicU32::new(0);

#[test]
fn mutated_wire_is_taken_or_refused_as_by_the_judge() {
    let empty = DescriptorPool::global()
        .get_message_by_name("google.protobuf.Empty")
        .unwrap();
    property(SCHEMAS, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let mut wire = messages::message(dice, &descriptor).encode_to_vec();
        for _ in 0..1 + dice.below(3) {
            let at = dice.below(wire.len() + 1);
            match dice.below(4) {
                0 => wire.truncate(at),
                1 => wire.insert(at, dice.roll() as u8),
                2 if at < wire.len() => drop(wire.remove(at)),
                _ => {
                    if let Some(byte) = wire.get_mut(at) {
                        *byte ^= 1 << dice.below(8);
                    }
                }
            }
        }
        let ours = setting.print(plan, &wire, &PrintOptions::default());
        if another_wire_type(Some(&descriptor), &mut wire.as_slice(), None) {
            return setting
                .print(plan, &wire, &PrintOptions::default())
                .map_or(Ok(()), |json| {
                    value(&json);
                    Ok(())
                });
        }
        let theirs =
            DynamicMessage::decode(descriptor, wire.as_slice()).map_err(|error| error.to_string());
        if theirs.as_ref().is_ok_and(holds_unknown_of_closed_enum) {
            return Ok(());
        }
        let theirs = theirs.and_then(|message| judge_prints(&message, &SerializeOptions::new()));
        match (&ours, &theirs) {
            (Ok(ours), Err(theirs))
                if JUDGE_STRICTER_ON_WIRE
                    .iter()
                    .any(|why| theirs.contains(why)) =>
            {
                value(ours);
                Ok(())
            }
            (Ok(_), Err(theirs))
                if theirs.contains("failed to decode")
                    && UNREAD.fetch_add(1, Relaxed) < UNREAD_MAX * effort() =>
            {
                DynamicMessage::decode(empty.clone(), wire.as_slice())
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            (Err(ours), Ok(_)) if STRICTER_ON_WIRE.iter().any(|why| ours.contains(why)) => Ok(()),
            _ => agree(&ours, &theirs, || format!("{wire:x?}")),
        }
    });
}

/// Reasons of the judge to refuse text that we take.
const JUDGE_STRICTER_ON_JSON: [&str; 5] = [
    "expected '@type' field",
    "expected a string or integer",
    "expected null",
    "float value out of range",
    "invalid digit found in string",
];
/// Reasons of ours to refuse text that the judge takes.
const STRICTER_ON_JSON: [&str; 11] = [
    "expected a type of the schema",
    "which is not an integer",
    "expected a timestamp like",
    "expected a duration in seconds",
    "is given twice",
    "expected base64 text",
    "expected field paths in lowerCamelCase",
    "of the closed enum",
    "which is out of range",
    "which is not a number",
    "as key, found the string",
];

#[test]
fn mutated_json_is_taken_or_refused_as_by_the_judge() {
    property(SCHEMAS, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let message = messages::message(dice, &descriptor);
        let text = judge_prints(&message, &SerializeOptions::new())?;
        let text = if dice.once_in(2) {
            let mut tree = value(&text);
            exchange(dice, &mut tree);
            tree.to_string().into_bytes()
        } else {
            scramble(dice, text.into_bytes())
        };
        let ours = setting.read(plan, &text);
        let theirs = judge_reads(&descriptor, &text);
        let shown = || String::from_utf8_lossy(&text).into_owned();
        match (&ours, &theirs) {
            (_, Ok(theirs)) if !is_sound(theirs) => Ok(()),
            (Ok(ours), Ok(theirs)) => {
                let ours = DynamicMessage::decode(descriptor, ours.as_slice())
                    .map_err(|error| error.to_string())?;
                if same(&ours, theirs) {
                    Ok(())
                } else {
                    Err(format!("ours {ours}\nthe judge's {theirs}\nof {}", shown()))
                }
            }
            (Err(_), Err(_)) => Ok(()),
            (Err(ours), Ok(_)) if STRICTER_ON_JSON.iter().any(|why| ours.contains(why)) => Ok(()),
            (Err(ours), Ok(_)) => Err(format!("we refuse: {ours}\n{}", shown())),
            (Ok(_), Err(theirs))
                if JUDGE_STRICTER_ON_JSON
                    .iter()
                    .any(|why| theirs.contains(why)) =>
            {
                Ok(())
            }
            (Ok(_), Err(theirs)) => Err(format!("the judge refuses: {theirs}\n{}", shown())),
        }
    });
}

/// Puts another value in the place of one.
fn exchange(dice: &mut Dice, tree: &mut Value) {
    match tree {
        Value::Array(items) if !items.is_empty() && !dice.once_in(4) => {
            let at = dice.below(items.len());
            exchange(dice, &mut items[at]);
        }
        Value::Object(members) if !members.is_empty() && !dice.once_in(8) => {
            let at = dice.below(members.len());
            if let Some((_, member)) = members.iter_mut().nth(at) {
                exchange(dice, member);
            }
        }
        _ => {
            let other = [
                "null",
                "true",
                "0",
                "-1",
                "1.5",
                "1e2",
                "-0.0",
                "1e400",
                "99999999999",
                "9007199254740993",
                "-9223372036854775808",
                "18446744073709551616",
                "\"\"",
                "\"1\"",
                "\"-1.0\"",
                "\"1e3\"",
                "\" 1\"",
                "\"NaN\"",
                "\"-Infinity\"",
                "\"TEN\"",
                "\"NONE\"",
                "\"true\"",
                "\"AQI\"",
                "\"_-8=\"",
                "\"1970-01-01T00:00:00Z\"",
                "\"2024-02-29T23:59:59.5+01:30\"",
                "\"2023-02-29T00:00:00Z\"",
                "\"1.5s\"",
                "\"-0.1s\"",
                "\"a.fooBar,c\"",
                "\"foo_bar\"",
                "[]",
                "[null]",
                "[1]",
                "{}",
                "{\"a\":1}",
                "{\"@type\":1}",
                "{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"3s\"}",
            ];
            *tree = serde_json::from_str(dice.pick(&other)).unwrap_or(Value::Null);
        }
    }
}

fn scramble(dice: &mut Dice, mut text: Vec<u8>) -> Vec<u8> {
    for _ in 0..1 + dice.below(2) {
        let at = dice.below(text.len() + 1);
        match dice.below(5) {
            0 => text.truncate(at),
            1 => text.insert(
                at,
                dice.pick(b"{}[]\",:0123456789-+.eE\\ntu \t\n\0\x80\xff"),
            ),
            2 if at < text.len() => drop(text.remove(at)),
            3 => {
                let end = (at + dice.below(12)).min(text.len());
                let copy = text[at..end].to_vec();
                text.splice(at..at, copy);
            }
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = dice.pick(b"{}[]\",:0123456789-+.eE\\ntu \t");
                }
            }
        }
    }
    text
}
