//! Descriptors by protoc, of editions and of proto2, and the JSON that protobuf's own library makes
//! with them: `tests/data/protoc/cases.txt`.

use serde_json::Value;
use transom::schema::{Options, Schema, Source};
use transom::transcode::{PlanId, PrintOptions, ReadOptions, Scratch};

const SET: &[u8] = include_bytes!("../data/protoc/set.binpb");
const CASES: &str = include_str!("../data/protoc/cases.txt");

fn schema() -> Schema {
    let source = Source {
        name: "set.binpb".to_owned(),
        descriptors: SET.to_vec(),
        upstream: "backend".into(),
        reflected: false,
    };
    let schema = Schema::build(vec![source], &Options::default()).unwrap();
    assert_eq!(schema.refusals(), [""; 0]);
    schema
}

/// The wire form of a case's input, or why there is none.
fn wire(schema: &Schema, plan: PlanId, kind: &str, input: &str) -> Result<Vec<u8>, String> {
    if kind == "wire" {
        let digits = input.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        return Ok(digits.map(byte).collect());
    }
    let mut out = Vec::new();
    let (options, mut scratch) = (ReadOptions::default(), Scratch::default());
    schema
        .plans()
        .to_wire(plan, input.as_bytes(), &options, &mut scratch, &mut out)
        .map(|()| out)
        .map_err(|error| error.to_string())
}

fn json(schema: &Schema, plan: PlanId, wire: &[u8]) -> Result<Value, String> {
    let mut out = Vec::new();
    let (options, mut scratch) = (PrintOptions::default(), Scratch::default());
    schema
        .plans()
        .to_json(plan, wire, &options, &mut scratch, &mut out)
        .map(|()| serde_json::from_slice(&out).unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn editions_and_proto2_are_as_protobuf_has_them() {
    let schema = schema();
    let (mut plan, mut found, mut cases) = (None, None, 0);
    for line in CASES.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "message" => plan = schema.plans().find(rest),
            "json" | "wire" => {
                let plan = plan.unwrap();
                let printed = wire(&schema, plan, word, rest);
                found = Some((line, printed.and_then(|wire| json(&schema, plan, &wire))));
            }
            "=>" => {
                let (input, found) = found.take().unwrap();
                match (rest, found) {
                    ("refused", Err(_)) => {}
                    (json, Ok(found)) if json != "refused" => {
                        assert_eq!(
                            found,
                            serde_json::from_str::<Value>(json).unwrap(),
                            "{input}"
                        );
                    }
                    (expected, found) => panic!("{input}: expected {expected}, found {found:?}"),
                }
                cases += 1;
            }
            _ => {}
        }
    }
    assert!(cases >= 90, "{cases}");
}
