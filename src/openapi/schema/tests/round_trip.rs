//! What the gateway writes is valid by our schemas, and what our schemas allow it reads.
//!
//! The judge is another implementation of JSON Schema, and prost-reflect prints the messages. Left out is
//! what the contract leaves out: numbers that JSON cannot write, and those of undeclared enum values.

use proptest::prelude::*;
use prost_reflect::{
    DynamicMessage, Kind, MapKey, ReflectMessage as _, SerializeOptions, Value as Reflected,
};

use super::generator::generate;
use super::random::messages;
use super::random::schemas::{Dice, schema};
use super::*;
use crate::schema::Source;
use crate::transcode::{Lowered, Plans, ReadOptions, Scratch};

/// Random schemas; each with a few messages.
fn cases() -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() {
        20_000
    } else {
        150
    }
}

/// Everything that a test needs to know of a schema.
struct Setting {
    pool: DescriptorPool,
    plans: Plans,
    catalog: Catalog,
}

impl Setting {
    fn new(pool: DescriptorPool) -> Self {
        let plans = Plans::compile(&pool, &Lowered::default());
        let catalog = compiled::catalog(&pool);
        Self {
            pool,
            plans,
            catalog,
        }
    }

    fn of(descriptors: Vec<u8>) -> Self {
        let source = Source {
            name: "test".to_owned(),
            descriptors,
            upstream: "test".into(),
            reflected: false,
        };
        let schema =
            crate::schema::Schema::build(vec![source], &crate::schema::Options::default()).unwrap();
        Self::new(schema.pool().clone())
    }

    /// Without what a random message does not care for: rules, names of resources, formats.
    fn without_rules(mut self) -> Self {
        for message in self.catalog.messages.values_mut() {
            message.rules = Default::default();
            for field in &mut message.fields {
                field.rules = Default::default();
                field.names_resource = false;
                field.format = None;
            }
        }
        self
    }

    /// The schema of a message and its components.
    fn schemas(
        &self,
        message: &MessageDescriptor,
        options: &Options,
        form: Form,
    ) -> (Value, Map<String, Value>) {
        let mut schemas = Schemas::new(&self.catalog, options);
        let reference = schemas.reference(message, form);
        (reference, schemas.components())
    }

    /// A random message as JSON is valid; what the schema allows is read.
    fn check(&self, seed: u64, message: &MessageDescriptor) {
        let mut dice = Dice(seed);
        let form = Form {
            direction: Direction::Response,
            names: dice.pick(&[FieldNames::Json, FieldNames::Proto]),
            enums: dice.pick(&[EnumForm::Names, EnumForm::Numbers]),
            zeros: dice.pick(&[Zeros::Omitted, Zeros::Written]),
        };
        let options = Options {
            nullable: dice.pick(&[Nullable::None, Nullable::Wrappers, Nullable::Optional]),
            numbers: dice.pick(&[Numbers::Plain, Numbers::Strict]),
            split: Split::Two,
            form: dice.pick(&[Form::default(), form]),
            ..Options::default()
        };
        let (reference, components) = self.schemas(message, &options, form);
        let judge = judge(&reference, &components);
        for _ in 0..4 {
            let mut random = messages::message(&mut dice, message);
            tame(&mut random, options.numbers);
            let json = print(&random, form);
            accept(&judge, &json, message);
        }
        let request = Form {
            direction: Direction::Request,
            ..form
        };
        let (reference, components) = self.schemas(message, &options, request);
        let judge = super::round_trip::judge(&reference, &components);
        for _ in 0..4 {
            let Some(json) = generate(Dice(dice.roll()), &components, &reference) else {
                continue;
            };
            accept(&judge, &json, message);
            self.read(message, &json);
        }
    }

    fn read(&self, message: &MessageDescriptor, json: &Value) {
        let plan = self.plans.find(message.full_name()).unwrap();
        let mut scratch = Scratch::default();
        let mut out = Vec::new();
        let text = json.to_string();
        let options = ReadOptions::default();
        self.plans
            .to_wire(plan, text.as_bytes(), &options, &mut scratch, &mut out)
            .unwrap_or_else(|error| panic!("{}: {error}: {text}", message.full_name()));
    }
}

fn judge(reference: &Value, components: &Map<String, Value>) -> jsonschema::Validator {
    let mut document = object(reference.clone());
    document.insert("components".to_owned(), json!({ "schemas": components }));
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&Value::Object(document))
        .unwrap_or_else(|error| panic!("{error}: {components:?}"))
}

#[track_caller]
fn accept(judge: &jsonschema::Validator, json: &Value, message: &MessageDescriptor) {
    let errors: Vec<_> = judge
        .iter_errors(json)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    let shown: String = json.to_string().chars().take(2000).collect();
    let name = message.full_name();
    assert!(errors.is_empty(), "{name}: {errors:#?} in {shown}");
}

/// A message in a form, as the judge of the transcoder prints it.
fn print(message: &DynamicMessage, form: Form) -> Value {
    let options = SerializeOptions::new()
        .use_proto_field_name(form.names == FieldNames::Proto)
        .use_enum_numbers(form.enums == EnumForm::Numbers)
        .skip_default_fields(form.zeros == Zeros::Omitted);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .unwrap()
}

/// Leaves out what schemas do not speak of.
fn tame(message: &mut DynamicMessage, numbers: Numbers) {
    // What the message of a `Value` or wrapper holds prost-reflect prints as it likes.
    let known = message
        .descriptor()
        .full_name()
        .starts_with("google.protobuf.");
    let numbers = if known { Numbers::Plain } else { numbers };
    for (field, value) in message.fields_mut() {
        tame_value(value, &field.kind(), numbers);
    }
    for (extension, value) in message.extensions_mut() {
        tame_value(value, &extension.kind(), numbers);
    }
}

fn tame_value(value: &mut Reflected, kind: &Kind, numbers: Numbers) {
    match value {
        Reflected::F32(number) if numbers == Numbers::Plain && !number.is_finite() => *number = 1.5,
        Reflected::F64(number) if numbers == Numbers::Plain && !number.is_finite() => *number = 1.5,
        Reflected::EnumNumber(number) => {
            if let Kind::Enum(of) = kind
                && of.get_value(*number).is_none()
            {
                *number = of.default_value().number();
            }
        }
        Reflected::Message(inner) => tame(inner, numbers),
        Reflected::List(list) => list
            .iter_mut()
            .for_each(|value| tame_value(value, kind, numbers)),
        Reflected::Map(map) => {
            let Kind::Message(entry) = kind else { return };
            let kind = entry.map_entry_value_field().kind();
            map.iter_mut()
                .for_each(|(_, value): (&MapKey, _)| tame_value(value, &kind, numbers));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_schemas_and_messages_agree(seed: u64) {
        let mut dice = Dice(seed);
        let (pool, messages) = schema(&mut dice);
        let setting = Setting::new(pool);
        let name = format!("M{}", dice.below(messages));
        setting.check(dice.roll(), &find(&setting.pool, &name));
    }
}

#[test]
fn the_judge_refuses_what_a_schema_does_not_allow() {
    let pool = compiled::pool(
        "enum Color { NONE = 0; } message M { int64 long = 1; uint32 small = 2; bytes raw = 3;
         google.protobuf.Duration wait = 4; google.protobuf.Timestamp when = 5; map<int32, bool> by = 6;
         Color color = 7; oneof o { string x = 8; string y = 9; } M inner = 10; repeated float all = 11; }",
    );
    let setting = Setting::new(pool);
    let message = find(&setting.pool, "M");
    let (reference, components) = setting.schemas(&message, &Options::default(), Form::default());
    let judge = judge(&reference, &components);
    for (json, allowed) in [
        (
            json!({"long": "-5", "inner": {"small": 4_294_967_295_u32, "by": {"-1": true}}}),
            true,
        ),
        (json!({"long": 5}), false),
        (json!({"long": "five"}), false),
        (json!({"small": -1}), false),
        (json!({"small": 4_294_967_296_u64}), false),
        (json!({"raw": [1]}), false),
        (json!({"wait": "1h"}), false),
        (json!({"when": "yesterday"}), false),
        (json!({"by": {"one": true}}), false),
        (json!({"color": "RED"}), false),
        (json!({"x": "a", "y": "b"}), false),
        (json!({"inner": {"inner": {"inner": 1}}}), false),
        (json!({"all": ["NaN"]}), false),
    ] {
        assert_eq!(judge.is_valid(&json), allowed, "{json}");
    }
}

/// Messages of files of the project.
fn of_files(names: &[&str], package: &str) {
    let setting = Setting::of(compiled::of_project(names)).without_rules();
    let messages: Vec<_> = setting
        .pool
        .all_messages()
        .filter(|message| message.package_name().starts_with(package) && !message.is_map_entry())
        .collect();
    assert!(messages.len() > 3, "{package} has messages");
    for (message, seed) in messages.iter().zip(7..) {
        for turn in 0..4 {
            setting.check(seed * 1000 + turn, message);
        }
    }
}

#[test]
fn messages_of_the_demo_agree() {
    of_files(
        &[
            "demo/library/v1/library.proto",
            "demo/library/v2/library.proto",
            "demo/chat/v1/chat.proto",
            "demo/telemetry/v1/telemetry.proto",
            "demo/echo/v1/echo.proto",
        ],
        "demo.",
    );
}

#[test]
fn messages_of_the_transcoders_tests_agree() {
    of_files(&["third.proto", "second.proto"], "transcode.");
}

#[test]
fn what_the_demos_schemas_allow_is_read_with_their_rules_too() {
    let setting = Setting::of(compiled::of_project(&["demo/library/v1/library.proto"]));
    let request = Form {
        direction: Direction::Request,
        ..Form::default()
    };
    let messages = setting.pool.all_messages();
    for message in messages
        .filter(|message| message.package_name() == "demo.library.v1" && !message.is_map_entry())
    {
        for split in [Split::One, Split::Two] {
            let options = Options {
                split,
                ..Options::default()
            };
            let (reference, components) = setting.schemas(&message, &options, request);
            let judge = judge(&reference, &components);
            for seed in 0..20 {
                if let Some(json) = generate(Dice(seed), &components, &reference) {
                    accept(&judge, &json, &message);
                    setting.read(&message, &json);
                }
            }
        }
    }
}
