//! The executor of protovalidate's conformance suite, `tests/conformance/protovalidate/run.py`: a request on
//! standard input, results on standard output. Files are linked by the gateway's own schema.
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};

use prost::Message as _;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use transom::schema::{Options, Schema, Source};
use transom::validate::{Element, Fault, RuleStep, Rules, Subscript, Timestamp, Violation};

mod harness;

use harness::{
    AnyValue, At, Of, Outcome, Path, Request, Response, Step, ViolationProto, ViolationsProto,
};

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
    let request = Request::decode(input.as_slice()).unwrap();
    let source = Source {
        name: "suite".to_owned(),
        descriptors: request.set.to_vec(),
        upstream: "none".into(),
        reflected: false,
    };
    let schema = Schema::build(vec![source], &Options::default()).unwrap();
    let pool = schema.pool();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = Timestamp {
        seconds: now.as_secs() as i64,
        nanos: now.subsec_nanos() as i32,
    };
    let cases = request.cases.into_iter();
    let results = cases
        .map(|(name, case)| {
            (
                name,
                Outcome {
                    of: Some(outcome(pool, &case, now)),
                },
            )
        })
        .collect();
    let answer = Response { results }.encode_to_vec();
    std::io::stdout().write_all(&answer).unwrap();
}

fn outcome(pool: &DescriptorPool, case: &AnyValue, now: Timestamp) -> Of {
    let name = case.type_url.rsplit('/').next().unwrap_or_default();
    let Some(message) = pool.get_message_by_name(name) else {
        return Of::UnexpectedError(format!("no {name}"));
    };
    let rules = match Rules::of(&message) {
        Ok(Some(rules)) => rules,
        Ok(None) => return Of::Success(true),
        Err(error) => return Of::CompilationError(error.to_string()),
    };
    match rules.check(&case.value, now) {
        Ok(()) => Of::Success(true),
        Err(Fault::Violated(violations)) => Of::Violations(ViolationsProto {
            list: violations
                .list
                .iter()
                .map(|one| violation(&message, one))
                .collect(),
        }),
        Err(Fault::Unjudged(error)) => Of::RuntimeError(error.to_string()),
        Err(Fault::Malformed(reason)) => Of::UnexpectedError(reason),
    }
}

fn violation(message: &MessageDescriptor, of: &Violation) -> ViolationProto {
    let some = |path: Path| (!path.elements.is_empty()).then_some(path);
    ViolationProto {
        field: some(path(message, &of.path)),
        rule: some(rule(message.parent_pool(), &of.rule)),
        rule_id: Some(of.reason.clone()),
        message: Some(of.description.clone()),
        for_key: of.for_key.then_some(true),
    }
}

fn path(message: &MessageDescriptor, path: &[Element]) -> Path {
    let mut at = Some(message.clone());
    let mut elements = Vec::new();
    for element in path {
        let field = element
            .number
            .and_then(|number| at.as_ref()?.get_field(number));
        let mut step = match &field {
            Some(field) => step(field),
            None => Step {
                name: Some(element.name.to_string()),
                ..Step::default()
            },
        };
        step.at = element.subscript.as_ref().map(|at| match at.clone() {
            Subscript::Index(index) => At::Index(index),
            Subscript::Bool(key) => At::Bool(key),
            Subscript::Int(key) => At::Int(key),
            Subscript::Uint(key) => At::Uint(key),
            Subscript::Text(key) => At::Text(key),
        });
        if let Some(field) = &field
            && field.is_map()
            && step.at.is_some()
        {
            let kind = field.kind();
            let entry = kind.as_message().unwrap();
            step.key_type = Some(of_type(&entry.map_entry_key_field()));
            step.value_type = Some(of_type(&entry.map_entry_value_field()));
        }
        elements.push(step);
        at = field.and_then(|field| match field.kind() {
            Kind::Message(of) if field.is_map() => {
                of.map_entry_value_field().kind().as_message().cloned()
            }
            Kind::Message(of) => Some(of),
            _ => None,
        });
    }
    Path { elements }
}

fn rule(pool: &DescriptorPool, steps: &[RuleStep]) -> Path {
    let mut at = pool.get_message_by_name("buf.validate.FieldRules");
    let mut elements = Vec::new();
    for of in steps {
        let message = at.take().unwrap();
        let (mut step, kind) = match message.get_field(of.number) {
            Some(field) => (step(&field), field.kind()),
            None => {
                let field = message.get_extension(of.number).unwrap();
                let step = Step {
                    number: Some(of.number as i32),
                    name: Some(format!("[{}]", field.full_name())),
                    of_type: field.field_descriptor_proto().r#type,
                    ..Step::default()
                };
                (step, field.kind())
            }
        };
        step.at = of.index.map(|index| At::Index(index.into()));
        elements.push(step);
        at = kind.as_message().cloned();
    }
    Path { elements }
}

fn step(field: &FieldDescriptor) -> Step {
    Step {
        number: Some(field.number() as i32),
        name: Some(field.name().to_owned()),
        of_type: Some(of_type(field)),
        ..Step::default()
    }
}

fn of_type(field: &FieldDescriptor) -> i32 {
    field.field_descriptor_proto().r#type.unwrap_or_default()
}
