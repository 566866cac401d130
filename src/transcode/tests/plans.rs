//! Plans of unusual descriptors, and paths through them.

use prost_reflect::DescriptorPool;

use super::fixture;
use crate::transcode::{Error, Lowered, PathError, Plans, ReadOptions, Scratch};

fn compile(source: &str, lowered: &Lowered) -> Plans {
    let file = protox::file::File::from_source("test.proto", source).unwrap();
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone())
        .unwrap();
    Plans::compile(&pool, lowered)
}

fn read(plans: &Plans, message: &str, json: &str) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let (options, mut scratch) = (ReadOptions::default(), Scratch::default());
    let plan = plans.find(message).unwrap();
    plans.to_wire(plan, json.as_bytes(), &options, &mut scratch, &mut out)?;
    Ok(out)
}

#[test]
fn an_enum_stays_closed_when_its_edition_was_lowered() {
    let source = r#"syntax = "proto3"; enum E { ZERO = 0; } message M { E e = 1; }"#;
    let open = compile(source, &Lowered::default());
    assert_eq!(read(&open, "M", r#"{"e":5}"#).unwrap(), [8, 5]);
    let lowered = Lowered {
        closed_enums: ["E".to_owned()].into(),
    };
    let closed = compile(source, &lowered);
    read(&closed, "M", r#"{"e":5}"#).unwrap_err();
}

#[test]
fn a_message_that_only_calls_itself_timestamp_is_a_plain_message() {
    let source = r#"syntax = "proto3"; package google.protobuf;
        message Timestamp { string text = 1; } message Value { int32 a = 1; }
        message Any { int32 b = 1; } message Struct { int32 c = 1; }"#;
    let plans = compile(source, &Lowered::default());
    for (message, json) in [
        ("google.protobuf.Timestamp", r#"{"text":"x"}"#),
        ("google.protobuf.Value", r#"{"a":1}"#),
        ("google.protobuf.Any", r#"{"b":1}"#),
        ("google.protobuf.Struct", r#"{"c":1}"#),
    ] {
        read(&plans, message, json).unwrap();
        read(&plans, message, "\"2024-01-01T00:00:00Z\"").unwrap_err();
    }
}

#[test]
fn a_key_that_is_the_json_name_of_one_field_and_the_proto_name_of_another_is_the_json_name() {
    let source = r#"syntax = "proto3"; message M {
        int32 b = 1 [json_name = "c"]; int32 a = 2 [json_name = "b"]; M m = 3; }"#;
    let plans = compile(source, &Lowered::default());
    let plan = plans.find("M").unwrap();
    let options = ReadOptions::default();
    // Whatever came before: guesses of what comes next are only guesses.
    let mut scratch = Scratch::default();
    for (json, wire) in [
        (r#"{"b":1}"#, &[0x10, 1][..]),
        (r#"{"c":1}"#, &[0x08, 1]),
        (r#"{"b":1}"#, &[0x10, 1]),
        (r#"{"a":1,"c":2}"#, &[0x10, 1, 0x08, 2]),
        (r#"{"a":1,"b":2}"#, &[]),
        (r#"{"m":{"c":1,"b":2}}"#, &[0x1a, 4, 0x08, 1, 0x10, 2]),
    ] {
        let mut out = Vec::new();
        let outcome = plans.to_wire(plan, json.as_bytes(), &options, &mut scratch, &mut out);
        assert_eq!((outcome.is_ok(), &*out), (!wire.is_empty(), wire), "{json}");
    }
}

#[test]
fn a_message_of_many_fields_keeps_count_of_all_of_them() {
    let fields: String = (1..=300)
        .map(|n| format!("int32 f{n} = {};", n * 7))
        .collect();
    let source = format!(r#"syntax = "proto3"; message M {{ {fields} M m = 9000; }}"#);
    let plans = compile(&source, &Lowered::default());
    let all: Vec<_> = (1..=300).rev().map(|n| format!("\"f{n}\":{n}")).collect();
    let json = format!("{{{},\"m\":{{{}}}}}", all.join(","), all.join(","));
    let wire = read(&plans, "M", &json).unwrap();
    assert!(wire.len() > 300 * 6);
    let error = read(&plans, "M", &format!("{{{},\"f300\":1}}", all.join(","))).unwrap_err();
    assert_eq!(
        (error.path.as_str(), error.message.contains("twice")),
        ("f300", true)
    );
}

#[test]
fn one_scratch_serves_any_plans_in_any_order_of_keys() {
    let (_, large) = fixture();
    let small = compile(
        r#"syntax = "proto3"; message M { int32 a = 1; int32 b = 2; M m = 3; }"#,
        &Lowered::default(),
    );
    let mut scratch = Scratch::default();
    let options = ReadOptions::default();
    for _ in 0..3 {
        for (plans, message, json, wire) in [
            (&small, "M", r#"{"b":1,"a":2}"#, &b"\x10\x01\x08\x02"[..]),
            (
                &small,
                "M",
                r#"{"m":{"b":1},"a":2}"#,
                b"\x1A\x02\x10\x01\x08\x02",
            ),
            (
                large,
                "transcode.third.Money",
                r#"{"nanos":1,"units":2}"#,
                b"\x18\x01\x10\x02",
            ),
            (&small, "M", r#"{"a":2,"b":1}"#, b"\x08\x02\x10\x01"),
        ] {
            let mut out = Vec::new();
            let plan = plans.find(message).unwrap();
            plans
                .to_wire(plan, json.as_bytes(), &options, &mut scratch, &mut out)
                .unwrap();
            assert_eq!(out, wire, "{json}");
        }
    }
}

#[test]
fn paths_are_canonical_and_know_their_oneofs() {
    let (_, plans) = fixture();
    let choice = plans.find("transcode.third.Choice").unwrap();
    let path = plans.field_path(choice, "node.scalars.aString").unwrap();
    assert_eq!(path.name(), "node.scalars.a_string");
    assert_eq!(path.oneofs(), [("pick".to_owned(), "node".to_owned())]);
    let parent = plans.field_path(choice, "node.scalars").unwrap();
    assert!(path.is_at_or_under(&parent) && path.is_at_or_under(&path));
    assert!(!parent.is_at_or_under(&path));
    assert!(parent.is_plain_message());
    assert_eq!(parent.message(), plans.find("transcode.third.Scalars"));
    let old = plans.find("transcode.second.Old").unwrap();
    let inside = plans
        .field_path(old, "[transcode.second.Extra.inside].note")
        .unwrap();
    assert_eq!(inside.name(), "[transcode.second.Extra.inside].note");
    let maps = plans.find("transcode.third.Maps").unwrap();
    assert!(plans.field_path(maps, "durations").unwrap().is_map());
    assert!(
        !plans
            .field_path(maps, "durations")
            .unwrap()
            .is_plain_message()
    );
    let lists = plans.find("transcode.third.Lists").unwrap();
    assert!(plans.field_path(lists, "nodes").unwrap().is_repeated());
}

#[test]
fn paths_to_nowhere_say_where_they_end() {
    let (_, plans) = fixture();
    let node = plans.find("transcode.third.Node").unwrap();
    let refused = |path: &str| plans.field_path(node, path).unwrap_err();
    for path in ["", ".", "nope", "child.", ".child", "child..name", "Name"] {
        assert!(matches!(refused(path), PathError::Unknown { .. }), "{path}");
    }
    for path in ["name.x", "children.name", "weight.a.b"] {
        assert!(
            matches!(refused(path), PathError::NotAMessage { .. }),
            "{path}"
        );
    }
    let deep = vec!["child"; 100].join(".");
    assert!(matches!(refused(&deep), PathError::TooDeep { .. }));
}
