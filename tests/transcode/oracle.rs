//! Both directions against `DynamicMessage` and serde_json as the judge.
//!
//! Schemas, messages and mutations follow from seeds that proptest draws from a generator with a
//! fixed seed of its own, so a failure comes back. Where the judge and we differ, on purpose:
//!
//! | JSON | the judge | we |
//! |---|---|---|
//! | a key twice, in one spelling or two | the last counts | refused |
//! | integers: `18446744073709551616` and the like | rounded through a double | refused |
//! | integers: `"+1"`, map keys `"01"` | taken | refused |
//! | integers: `"1e3"`, within quotes | refused | taken, as without quotes |
//! | floats: `3.4028235e38`, the largest float's shortest text | refused | taken |
//! | unknown number of a closed enum | taken | refused |
//! | enums and `NullValue`: `-0.0`, `1e2` | refused | taken, as of integers |
//! | base64 with too little padding | taken | refused |
//! | `FieldMask` paths that are no names | taken | refused |
//!
//! | wire | the judge | we |
//! |---|---|---|
//! | a known field of another wire type | refused; maps are read | an unknown field |
//! | unknown number of a closed enum | printed | an unknown field |
//! | text that is not UTF-8, or any broken bytes, where a later value overrules them | refused | not looked at |
//! | `Value` without a kind | `null` | refused |
//! | `FieldMask` path that has no way back | printed | refused |
//! | `Duration` of two signs, nanos beyond a second | made good | refused |
//! | whole doubles | `1.0` | `1` |
//! | NaN and infinities in wrappers | `null` | `"NaN"`, … |

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use prost::Message as _;
use prost::encoding::{WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, SerializeOptions,
    Syntax, Value as Reflected,
};
use serde_json::Value;
use transom::transcode::{Lowered, PlanId, Plans, PrintOptions, ReadOptions, Scratch};

use super::messages;
use super::schemas::{self, Dice};

/// Schemas times messages: 10,000 pairs, each in both directions.
const SCHEMAS: u32 = 400;
const MESSAGES: usize = 25;

struct Setting {
    plans: Plans,
    pool: DescriptorPool,
    messages: usize,
    scratch: Scratch,
}

impl Setting {
    fn new(dice: &mut Dice) -> Self {
        let (pool, messages) = schemas::schema(dice);
        let plans = Plans::compile(&pool, &Lowered::default());
        Self {
            plans,
            pool,
            messages,
            scratch: Scratch::default(),
        }
    }

    fn pick(&self, dice: &mut Dice) -> (MessageDescriptor, PlanId) {
        let name = format!("t.M{}", dice.below(self.messages));
        (
            self.pool.get_message_by_name(&name).unwrap(),
            self.plans.find(&name).unwrap(),
        )
    }

    fn to_json(
        &mut self,
        plan: PlanId,
        wire: &[u8],
        options: &PrintOptions,
    ) -> Result<String, String> {
        let mut out = Vec::new();
        let printed = self
            .plans
            .to_json(plan, wire, options, &mut self.scratch, &mut out);
        assert!(printed.is_ok() || out.is_empty());
        printed
            .map(|()| String::from_utf8(out).unwrap())
            .map_err(|error| error.to_string())
    }

    fn to_wire(&mut self, plan: PlanId, json: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let read = self.plans.to_wire(
            plan,
            json,
            &ReadOptions::default(),
            &mut self.scratch,
            &mut out,
        );
        assert!(read.is_ok() || out.is_empty());
        read.map(|()| out).map_err(|error| error.to_string())
    }
}

fn judge_reads(descriptor: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, String> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut json)
        .map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    Ok(message)
}

fn judge_prints(message: &DynamicMessage, options: &SerializeOptions) -> Result<String, String> {
    let mut json = serde_json::Serializer::new(Vec::new());
    message
        .serialize_with_options(&mut json, options)
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(json.into_inner()).unwrap())
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

/// Equal, where `1` and `1.0` are one number.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(key, x)| y.get(key).is_some_and(|y| equal(x, y)))
        }
        _ => a == b,
    }
}

/// Equal as messages; by their JSON where an `Any` holds bytes in another order, or for NaN.
fn same(a: &DynamicMessage, b: &DynamicMessage) -> bool {
    a == b || {
        let print =
            |message| judge_prints(message, &SerializeOptions::new()).map(|json| value(&json));
        matches!((print(a), print(b)), (Ok(a), Ok(b)) if equal(&a, &b))
    }
}

fn property(schemas: u32, test: impl Fn(&mut Dice, &mut Setting) -> Result<(), String>) {
    let config = Config {
        cases: schemas,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let seeds = proptest::num::u64::ANY;
    let run = runner.run(&seeds, |seed| {
        let mut dice = Dice(seed);
        let mut setting = Setting::new(&mut dice);
        for _ in 0..MESSAGES {
            test(&mut dice, &mut setting).map_err(TestCaseError::fail)?;
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

/// Two encodings, one after the other, are one message: scalars are overruled, messages merge.
#[test]
fn joined_messages_merge_like_the_judges() {
    property(SCHEMAS / 4, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let mut wire = Vec::new();
        for _ in 0..2 + dice.below(2) {
            wire.extend(messages::message(dice, &descriptor).encode_to_vec());
        }
        let theirs = DynamicMessage::decode(descriptor, wire.as_slice()).unwrap();
        let theirs = judge_prints(&theirs, &SerializeOptions::new());
        let ours = setting.to_json(plan, &wire, &PrintOptions::default());
        match &ours {
            Err(ours) if STRICTER_ON_WIRE.iter().any(|why| ours.contains(why)) => Ok(()),
            // One's type and the other's payload in an `Any`.
            Ok(_)
                if theirs
                    .as_ref()
                    .is_err_and(|why| why.contains("error decoding")) =>
            {
                Ok(())
            }
            _ => agree(ours, theirs, || format!("{wire:x?}")),
        }
    });
}

#[test]
fn options_print_like_the_judges() {
    property(SCHEMAS / 4, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let message = messages::message(dice, &descriptor);
        let options = PrintOptions {
            emit_defaults: dice.once_in(2),
            proto_names: dice.once_in(2),
            enum_numbers: dice.once_in(2),
            ..PrintOptions::default()
        };
        let theirs = SerializeOptions::new()
            .skip_default_fields(!options.emit_defaults)
            .use_proto_field_name(options.proto_names)
            .use_enum_numbers(options.enum_numbers);
        let theirs = judge_prints(&message, &theirs);
        agree(
            setting.to_json(plan, &message.encode_to_vec(), &options),
            theirs,
            || format!("{options:?}"),
        )
    });
}

fn agree(
    ours: Result<String, String>,
    theirs: Result<String, String>,
    what: impl Fn() -> String,
) -> Result<(), String> {
    match (&ours, &theirs) {
        (Ok(x), Ok(y)) if equal(&value(x), &value(y)) => Ok(()),
        (Err(_), Err(_)) => Ok(()),
        _ => Err(format!(
            "ours {ours:?}\nthe judge's {theirs:?}\nof {}",
            what()
        )),
    }
}

/// Reasons of the judge to refuse bytes that we take.
const JUDGE_STRICTER_ON_WIRE: [&str; 2] = ["invalid string value", "error decoding"];
/// Reasons of ours to refuse bytes that the judge takes.
const STRICTER_ON_WIRE: [&str; 4] = [
    "has no kind",
    "cannot be written in lowerCamelCase",
    "has two signs",
    " nanos, not ",
];

/// Bytes refused by the judge for what stands in a map entry or oneof member that a later one
/// overrules, where we do not look: so many of all mutated messages at most.
const UNREAD_MAX: usize = 50;
static UNREAD: AtomicUsize = AtomicUsize::new(0);

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
        let ours = setting.to_json(plan, &wire, &PrintOptions::default());
        if another_wire_type(Some(&descriptor), &mut wire.as_slice(), None) {
            return setting
                .to_json(plan, &wire, &PrintOptions::default())
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
                    && UNREAD.fetch_add(1, Relaxed) < UNREAD_MAX =>
            {
                DynamicMessage::decode(empty.clone(), wire.as_slice())
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            (Err(ours), Ok(_)) if STRICTER_ON_WIRE.iter().any(|why| ours.contains(why)) => Ok(()),
            _ => agree(ours, theirs, || format!("{wire:x?}")),
        }
    });
}

/// A field has another wire type than declared: unknown to us, an error to the judge, who reads maps
/// even so.
fn another_wire_type(
    of: Option<&MessageDescriptor>,
    bytes: &mut &[u8],
    group: Option<u32>,
) -> bool {
    while !bytes.is_empty() {
        let Ok((number, wire)) = decode_key(bytes) else {
            return false;
        };
        let field = of.and_then(|of| {
            of.get_field(number)
                .map(|field| (field.kind(), field.is_list(), field.is_group()))
        });
        let extension = of.and_then(|of| {
            of.get_extension(number)
                .map(|field| (field.kind(), field.is_list(), field.is_group()))
        });
        let field = field.or(extension);
        let declared = field.as_ref().map(|(kind, _, group)| {
            if *group {
                WireType::StartGroup
            } else {
                kind.wire_type()
            }
        });
        let packed =
            wire == WireType::LengthDelimited && field.as_ref().is_some_and(|(_, list, _)| *list);
        if wire != WireType::EndGroup
            && declared.is_some_and(|declared| declared != wire)
            && !packed
        {
            return true;
        }
        let inner = field.as_ref().and_then(|(kind, _, _)| kind.as_message());
        match wire {
            WireType::LengthDelimited => {
                let Ok(length) = decode_varint(bytes) else {
                    return false;
                };
                let Some((mut body, rest)) = bytes.split_at_checked(length as usize) else {
                    return false;
                };
                *bytes = rest;
                if inner.is_some() && another_wire_type(inner, &mut body, None) {
                    return true;
                }
            }
            WireType::StartGroup => {
                if another_wire_type(inner, bytes, Some(number)) {
                    return true;
                }
            }
            WireType::EndGroup => return group != Some(number),
            _ => {
                if skip_field(wire, number, bytes, Default::default()).is_err() {
                    return false;
                }
            }
        }
    }
    false
}

/// Numbers that no value of a closed enum has: fields unknown to us, numbers to the judge.
fn holds_unknown_of_closed_enum(message: &DynamicMessage) -> bool {
    fn any(kind: &Kind, value: &Reflected) -> bool {
        match (kind, value) {
            (Kind::Enum(of), Reflected::EnumNumber(number)) => {
                of.parent_file().syntax() == Syntax::Proto2 && of.get_value(*number).is_none()
            }
            (_, Reflected::Message(message)) => holds_unknown_of_closed_enum(message),
            (_, Reflected::List(items)) => items.iter().any(|item| any(kind, item)),
            (Kind::Message(entry), Reflected::Map(map)) => {
                let kind = entry.map_entry_value_field().kind();
                map.values().any(|item| any(&kind, item))
            }
            _ => false,
        }
    }
    if message.descriptor().full_name() == "google.protobuf.Any" {
        let url = message
            .get_field_by_number(1)
            .and_then(|url| url.as_str().map(str::to_owned));
        let name = url.and_then(|url| url.rsplit_once('/').map(|(_, name)| name.to_owned()));
        let inner = name.and_then(|name| {
            message
                .descriptor()
                .parent_pool()
                .get_message_by_name(&name)
        });
        let payload = message.get_field_by_number(2);
        let inner = inner.zip(payload).and_then(|(inner, payload)| {
            DynamicMessage::decode(inner, payload.as_bytes()?.clone()).ok()
        });
        return inner.is_some_and(|inner| holds_unknown_of_closed_enum(&inner));
    }
    message
        .fields()
        .any(|(field, value)| any(&field.kind(), value))
        || message
            .extensions()
            .any(|(field, value)| any(&field.kind(), value))
}

/// Reasons of the judge to refuse text that we take.
const JUDGE_STRICTER_ON_JSON: [&str; 4] = [
    "expected a string or integer",
    "expected null",
    "float value out of range",
    "invalid digit found in string",
];
/// Reasons of ours to refuse text that the judge takes.
const STRICTER_ON_JSON: [&str; 7] = [
    "is given twice",
    "expected base64 text",
    "expected field paths in lowerCamelCase",
    "of the closed enum",
    "which is out of range",
    "which is no number",
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
        let ours = setting.to_wire(plan, &text);
        let theirs = judge_reads(&descriptor, &text);
        let shown = || String::from_utf8_lossy(&text).into_owned();
        match (&ours, &theirs) {
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

#[test]
fn valid_messages_agree_both_ways() {
    property(SCHEMAS, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let message = messages::message(dice, &descriptor);
        let theirs = judge_prints(&message, &SerializeOptions::new())?;

        // JSON to wire, spaced out every now and then.
        let text = if dice.once_in(4) {
            serde_json::to_string_pretty(&value(&theirs)).unwrap()
        } else {
            theirs.clone()
        };
        let wire = setting
            .to_wire(plan, text.as_bytes())
            .map_err(|error| format!("{error}: {text}"))?;
        let read = DynamicMessage::decode(descriptor.clone(), wire.as_slice())
            .map_err(|error| format!("{error}: {text}"))?;
        if !same(&read, &message) {
            return Err(format!("read {read} for {text}"));
        }

        // Wire to JSON, and that back again.
        let wire = message.encode_to_vec();
        let ours = setting
            .to_json(plan, &wire, &PrintOptions::default())
            .map_err(|error| format!("{error}: {theirs}"))?;
        if !equal(&value(&ours), &value(&theirs)) {
            return Err(format!("printed {ours} for {theirs}"));
        }
        let wire = setting
            .to_wire(plan, ours.as_bytes())
            .map_err(|error| format!("{error}: {ours}"))?;
        let read = DynamicMessage::decode(descriptor.clone(), wire.as_slice())
            .map_err(|error| format!("{error}: {ours}"))?;
        if !same(&read, &message) {
            return Err(format!("came back as {read} from {ours}"));
        }
        Ok(())
    });
}
