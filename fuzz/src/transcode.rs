//! JSON to wire bytes and back.
//!
//! Input: a byte that chooses the message, a byte of options, then JSON or wire bytes.

use std::cell::RefCell;

use serde::de::IgnoredAny;
use serde_json::Value;

use transom::transcode::{Error, PlanId, PrintOptions, ReadOptions, Scratch, Unknown, UnknownAny};

use crate::budget::within;
use crate::schema::MESSAGES_OF_ALL_KINDS;

/// Bytes that one conversion may write.
const OUTPUT_MAX: usize = 4 << 20;

/// Bytes of a message about an error; the input's part in it is at most 100.
const SAID_MAX: usize = 600;

/// Wire bytes for one byte of JSON: the worst is `0,` in a list of `Value`, with the lengths of all
/// the lists around it.
const WIRE_GROWTH_MAX: usize = 16;

/// JSON bytes for one byte of wire form, defaults left out: the worst are packed enums with long
/// names and empty messages that are printed as a text, such as a `Timestamp`.
const JSON_GROWTH_MAX: usize = 64;

/// What the second byte of an input says.
struct Choice {
    plan: PlanId,
    read: ReadOptions,
    print: PrintOptions,
    /// Used for all conversions of an input, as a thread of the gateway does.
    scratch: RefCell<Scratch>,
}

impl Choice {
    fn of(data: &[u8]) -> Option<(Self, &[u8])> {
        let (&[message, options], rest) = data.split_first_chunk()?;
        let bit = |bit: u8| options & 1 << bit != 0;
        let choice = Self {
            plan: MESSAGES_OF_ALL_KINDS.chosen(message),
            read: ReadOptions {
                unknown: if bit(3) {
                    Unknown::Ignore
                } else {
                    Unknown::Refuse
                },
                output_max: OUTPUT_MAX,
                ..ReadOptions::default()
            },
            print: PrintOptions {
                emit_defaults: bit(0),
                proto_names: bit(1),
                enum_numbers: bit(2),
                unknown_any: if bit(4) {
                    UnknownAny::Base64
                } else {
                    UnknownAny::Refuse
                },
                output_max: OUTPUT_MAX,
                ..PrintOptions::default()
            },
            scratch: RefCell::default(),
        };
        Some((choice, rest))
    }

    fn read(&self, json: &[u8]) -> Result<Vec<u8>, Error> {
        let plans = MESSAGES_OF_ALL_KINDS.schema.plans();
        let mut out = b"before".to_vec();
        let read = within("JSON to wire", json.len(), || {
            plans.to_wire(
                self.plan,
                json,
                &self.read,
                &mut self.scratch.borrow_mut(),
                &mut out,
            )
        });
        self.finished(read, out, json)
    }

    fn print(&self, wire: &[u8]) -> Result<String, Error> {
        let plans = MESSAGES_OF_ALL_KINDS.schema.plans();
        let mut out = b"before".to_vec();
        let printed = within("wire to JSON", wire.len(), || {
            plans.to_json(
                self.plan,
                wire,
                &self.print,
                &mut self.scratch.borrow_mut(),
                &mut out,
            )
        });
        let json = self.finished(printed, out, wire)?;
        Ok(String::from_utf8(json).expect("what is printed is UTF-8"))
    }

    /// What was appended, or an error that left the output as it was and says little.
    fn finished(
        &self,
        result: Result<(), Error>,
        out: Vec<u8>,
        input: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let appended = out.strip_prefix(b"before").expect("output is appended");
        match result {
            Ok(()) => {
                assert!(
                    appended.len() <= OUTPUT_MAX,
                    "more than its bound is written"
                );
                Ok(appended.to_vec())
            }
            Err(error) => {
                assert!(appended.is_empty(), "a failure leaves the output as it was");
                assert!(error.message.len() <= SAID_MAX, "too much said: {error}");
                assert!(error.path.len() <= SAID_MAX, "too long a path: {error}");
                assert!(error.offset.is_none_or(|at| at <= input.len()), "{error}");
                Err(error)
            }
        }
    }
}

/// Reads JSON. What is taken is JSON to serde_json too, can be printed, and what is printed reads and
/// prints the same again.
pub fn json_to_wire(data: &[u8]) {
    let Some((choice, json)) = Choice::of(data) else {
        return;
    };
    let Ok(wire) = choice.read(json) else {
        return;
    };
    let shown = || String::from_utf8_lossy(json);
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(json) {
        panic!("{error} to serde_json: {}", shown());
    }
    assert!(
        wire.len() <= WIRE_GROWTH_MAX * json.len(),
        "{} bytes of JSON became {}",
        json.len(),
        wire.len()
    );
    let second = match choice.print(&wire) {
        Ok(second) => second,
        Err(error) => panic!("taken, but not printed: {error}: {}", shown()),
    };
    settled(&choice, &second);
}

/// Prints wire bytes. What is printed is JSON to serde_json, and reads and prints the same again.
pub fn wire_to_json(data: &[u8]) {
    let Some((mut choice, wire)) = Choice::of(data) else {
        return;
    };
    let Ok(json) = choice.print(wire) else {
        return;
    };
    assert!(
        choice.print.emit_defaults || json.len() <= JSON_GROWTH_MAX * (wire.len() + 1),
        "{} wire bytes became {}",
        wire.len(),
        json.len()
    );
    if choice.print.unknown_any == UnknownAny::Base64 {
        // What cannot be opened is shown for people and not taken back.
        choice.print.unknown_any = UnknownAny::Refuse;
        match choice.print(wire) {
            Ok(opened) => assert_eq!(opened, json, "an option about others changes it"),
            Err(_) => return drop(parsed(&json)),
        }
    }
    settled(&choice, &json);
}

/// Printed JSON is JSON, reads back, and prints as the same text.
fn settled(choice: &Choice, json: &str) {
    let value = parsed(json);
    let wire = match choice.read(json.as_bytes()) {
        Ok(wire) => wire,
        Err(error) if is_one_way(&error) => return,
        Err(error) => panic!("printed, but not taken: {error}: {json}"),
    };
    match choice.print(&wire) {
        Ok(again) if again == json => {}
        Ok(again) => assert_eq!(
            without_nulls(parsed(&again)),
            without_nulls(value),
            "printed otherwise the second time"
        ),
        Err(error) => panic!("printed once, but not twice: {error}: {json}"),
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} to serde_json: {json}"))
}

/// Without the members that are null: a `NullValue` of a number that it does not have is shown as
/// null, and null is its one number, which is a default.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name, without_nulls(member)))
            .collect(),
        other => other,
    }
}

/// What is shown as the backend sent it, but not taken from a client: paths of a `FieldMask` that
/// are no names of fields.
fn is_one_way(error: &Error) -> bool {
    error
        .message
        .contains("expected field paths in lowerCamelCase")
}
