//! Both directions against `DynamicMessage` and serde_json as the judge.
//!
//! Schemas, messages and mutations follow from seeds that proptest draws from a generator with a
//! fixed seed of its own, so a failure comes back. Where the judge and we differ, on purpose:
//!
//! | JSON | the judge | we |
//! |---|---|---|
//! | a key twice, in one spelling or two | the last counts | refused |
//! | integers: `18446744073709551616`, `1e-999` and the like | rounded through a double | refused |
//! | integers: `"+1"`, map keys `"01"` | taken | refused |
//! | integers: `"1e3"`, within quotes | refused | taken, as without quotes |
//! | floats: `3.4028235e38`, the largest float's shortest text | refused | taken |
//! | unknown number of a closed enum | taken | refused |
//! | enums and `NullValue`: `-0.0`, `1e2` | refused | taken, as of integers |
//! | base64 with too little padding | taken | refused |
//! | `FieldMask` paths that are no names | taken | refused |
//! | `null` for a repeated `Value` | one value, and no list | absence |
//! | `Any`: a dot before the name in `@type` | taken | unknown |
//! | an empty `Any`, `{}` | refused, either way | taken and printed |
//! | `Duration` and `Timestamp` with more than nine digits of a fraction | cut off | refused |
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

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use prost::encoding::{WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, SerializeOptions,
    Syntax, Value as Reflected,
};
use serde_json::Value;
use transom::transcode::{Lowered, PlanId, Plans, PrintOptions, ReadOptions, Scratch};

use super::schemas::{self, Dice};

/// Schemas times messages: 10,000 pairs, each in both directions.
pub(super) const SCHEMAS: u32 = 400;
const MESSAGES: usize = 25;

/// How many times as many with `RUN_SLOW_TESTS` in the environment.
const SLOW: u32 = 25;

pub(super) fn effort() -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() {
        SLOW
    } else {
        1
    }
}

/// Reasons of ours to refuse bytes that the judge takes.
pub(super) const STRICTER_ON_WIRE: [&str; 4] = [
    "has no kind",
    "cannot be written in lowerCamelCase",
    "has two signs",
    " nanos, not ",
];

pub(super) struct Setting {
    plans: Plans,
    pool: DescriptorPool,
    messages: usize,
    scratch: Scratch,
}

impl Setting {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let (pool, messages) = schemas::schema(dice);
        let plans = Plans::compile(&pool, &Lowered::default());
        Self {
            plans,
            pool,
            messages,
            scratch: Scratch::default(),
        }
    }

    pub(super) fn pick(&self, dice: &mut Dice) -> (MessageDescriptor, PlanId) {
        let name = format!("t.M{}", dice.below(self.messages));
        (
            self.pool.get_message_by_name(&name).unwrap(),
            self.plans.find(&name).unwrap(),
        )
    }

    pub(super) fn print(
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

    pub(super) fn read(&mut self, plan: PlanId, json: &[u8]) -> Result<Vec<u8>, String> {
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

    /// The mask of what a JSON text sets, in wire form.
    pub(super) fn mask(&self, plan: PlanId, json: &[u8]) -> Result<Vec<u8>, String> {
        let mask = self.plans.mask_of_json(plan, json);
        mask.map(|mask| mask.wire().to_vec())
            .map_err(|error| error.to_string())
    }
}

pub(super) fn judge_reads(
    descriptor: &MessageDescriptor,
    json: &[u8],
) -> Result<DynamicMessage, String> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut json)
        .map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    Ok(message)
}

pub(super) fn judge_prints(
    message: &DynamicMessage,
    options: &SerializeOptions,
) -> Result<String, String> {
    let mut json = serde_json::Serializer::new(Vec::new());
    message
        .serialize_with_options(&mut json, options)
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(json.into_inner()).unwrap())
}

pub(super) fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

/// Equal, where `1` and `1.0` are one number, and what is not finite may be `null` to the judge.
pub(super) fn equal(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(word), Value::Null) => matches!(&**word, "NaN" | "Infinity" | "-Infinity"),
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(key, x)| y.get(key).is_some_and(|y| equal(x, y)))
        }
        _ => ours == theirs,
    }
}

/// Equal as messages; by their JSON where an `Any` holds bytes in another order, or for NaN.
pub(super) fn same(a: &DynamicMessage, b: &DynamicMessage) -> bool {
    a == b || {
        let print =
            |message| judge_prints(message, &SerializeOptions::new()).map(|json| value(&json));
        matches!((print(a), print(b)), (Ok(a), Ok(b)) if equal(&a, &b))
    }
}

pub(super) fn property(schemas: u32, test: impl Fn(&mut Dice, &mut Setting) -> Result<(), String>) {
    let config = Config {
        cases: schemas * effort(),
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

pub(super) fn agree(
    ours: &Result<String, String>,
    theirs: &Result<String, String>,
    what: impl Fn() -> String,
) -> Result<(), String> {
    match (ours, theirs) {
        (Ok(x), Ok(y)) if equal(&value(x), &value(y)) => Ok(()),
        (Err(_), Err(_)) => Ok(()),
        _ => Err(format!(
            "ours {ours:?}\nthe judge's {theirs:?}\nof {}",
            what()
        )),
    }
}

/// A field has another wire type than declared: unknown to us, an error to the judge, who reads maps
/// even so.
pub(super) fn another_wire_type(
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
pub(super) fn holds_unknown_of_closed_enum(message: &DynamicMessage) -> bool {
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

/// Lists are lists. The judge itself puts a lone `Value` into a repeated field that is `null`.
pub(super) fn is_sound(message: &DynamicMessage) -> bool {
    fn inside(value: &Reflected) -> bool {
        match value {
            Reflected::Message(message) => is_sound(message),
            Reflected::List(items) => items.iter().all(inside),
            Reflected::Map(map) => map.values().all(inside),
            _ => true,
        }
    }
    let is_list = |value: &Reflected| matches!(value, Reflected::List(_));
    message
        .fields()
        .all(|(field, value)| field.is_list() == is_list(value) && inside(value))
        && message
            .extensions()
            .all(|(field, value)| field.is_list() == is_list(value) && inside(value))
}
