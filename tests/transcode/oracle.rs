//! Both directions against `DynamicMessage` and serde_json as the judge.
//!
//! Schemas, messages and mutations follow from a seed that proptest draws; proptest's generator is
//! seeded too, so a failure comes back. Where the judge and we differ on purpose:
//!
//! | input | the judge | we |
//! |---|---|---|
//! TODO
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
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
        Self { plans, pool, messages, scratch: Scratch::default() }
    }

    fn pick(&self, dice: &mut Dice) -> (MessageDescriptor, PlanId) {
        let name = format!("t.M{}", dice.below(self.messages));
        (self.pool.get_message_by_name(&name).unwrap(), self.plans.find(&name).unwrap())
    }

    fn to_json(&mut self, plan: PlanId, wire: &[u8], options: &PrintOptions) -> Result<String, String> {
        let mut out = Vec::new();
        let printed = self.plans.to_json(plan, wire, options, &mut self.scratch, &mut out);
        assert!(printed.is_ok() || out.is_empty());
        printed.map(|()| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
    }

    fn to_wire(&mut self, plan: PlanId, json: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let read = self.plans.to_wire(plan, json, &ReadOptions::default(), &mut self.scratch, &mut out);
        assert!(read.is_ok() || out.is_empty());
        read.map(|()| out).map_err(|error| error.to_string())
    }
}

fn judge_reads(descriptor: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, String> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut json).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    Ok(message)
}

fn judge_prints(message: &DynamicMessage, options: &SerializeOptions) -> Result<String, String> {
    let mut json = serde_json::Serializer::new(Vec::new());
    message.serialize_with_options(&mut json, options).map_err(|error| error.to_string())?;
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
            x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| equal(x, y)))
        }
        _ => a == b,
    }
}

/// Equal as messages; by their JSON where an `Any` holds bytes in another order, or for NaN.
fn same(a: &DynamicMessage, b: &DynamicMessage) -> bool {
    a == b || {
        let print = |message| judge_prints(message, &SerializeOptions::new()).map(|json| value(&json));
        matches!((print(a), print(b)), (Ok(a), Ok(b)) if equal(&a, &b))
    }
}

fn property(schemas: u32, test: impl Fn(&mut Dice, &mut Setting) -> Result<(), String>) {
    let config = Config { cases: schemas, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
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

#[test]
fn valid_messages_agree_both_ways() {
    property(SCHEMAS, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let message = messages::message(dice, &descriptor);
        let theirs = judge_prints(&message, &SerializeOptions::new())?;

        // JSON to wire, spaced out every now and then.
        let text = if dice.once_in(4) { serde_json::to_string_pretty(&value(&theirs)).unwrap() } else { theirs.clone() };
        let wire = setting.to_wire(plan, text.as_bytes()).map_err(|error| format!("{error}: {text}"))?;
        let read = DynamicMessage::decode(descriptor.clone(), wire.as_slice()).map_err(|error| format!("{error}: {text}"))?;
        if !same(&read, &message) {
            return Err(format!("read {read} for {text}"));
        }

        // Wire to JSON, and that back again.
        let wire = message.encode_to_vec();
        let ours = setting.to_json(plan, &wire, &PrintOptions::default()).map_err(|error| format!("{error}: {theirs}"))?;
        if !equal(&value(&ours), &value(&theirs)) {
            return Err(format!("printed {ours} for {theirs}"));
        }
        let wire = setting.to_wire(plan, ours.as_bytes()).map_err(|error| format!("{error}: {ours}"))?;
        let read = DynamicMessage::decode(descriptor.clone(), wire.as_slice()).map_err(|error| format!("{error}: {ours}"))?;
        if !same(&read, &message) {
            return Err(format!("came back as {read} from {ours}"));
        }
        Ok(())
    });
}
