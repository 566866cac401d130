//! Samples of the demo, and of values that want to be more than text.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Audience, Ids};
use crate::protocol::Config;
use crate::schema::{Options, Schema, Source};

const BASE: &str = "https://api.example.com";

fn demo() -> Catalog {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let compiled = Source::proto_files(&root, "demo".into()).unwrap();
    let schema = Schema::build(vec![compiled.source], &Options::default()).unwrap();
    Catalog::new(
        &schema,
        &Config::default(),
        &Audience::default(),
        Ids::Short,
    )
}

/// The samples of a method with these messages, by their labels.
fn filled_with(path: &str, messages: &[Value]) -> Vec<(&'static str, String)> {
    let catalog = demo();
    let (_, service, method) = catalog
        .methods()
        .find(|(_, _, method)| method.served.path == path)
        .unwrap();
    let messages: Vec<_> = messages
        .iter()
        .map(|one| one.as_object().unwrap().clone())
        .collect();
    filled(
        &catalog,
        service,
        method,
        method.operations.first(),
        BASE,
        &messages,
    )
    .into_iter()
    .map(|sample| (sample.label, sample.source))
    .collect()
}

fn sample(path: &str, label: &str, message: Value) -> String {
    let all = filled_with(path, &[message]);
    all.into_iter().find(|(one, _)| *one == label).unwrap().1
}

#[test]
fn every_method_of_the_demo_has_a_sample_for_each_way_without_holes() {
    let catalog = demo();
    for (_, service, method) in catalog.methods() {
        let operations = method.operations.iter().map(Some);
        let operations: Vec<_> = if method.operations.is_empty() {
            vec![None]
        } else {
            operations.collect()
        };
        for operation in operations {
            let samples = of(&catalog, service, method, operation, BASE);
            assert!(samples.len() >= 6, "{}", method.served.path);
            for Sample { label, source, .. } in samples {
                assert!(
                    !source.contains("{{") && !source.contains(":raw") && !source.trim().is_empty(),
                    "{} by {label}:\n{source}",
                    method.served.path
                );
            }
        }
    }
}

#[test]
fn every_example_is_a_message_of_its_method() {
    let catalog = demo();
    for (_, _, method) in catalog.methods() {
        let input = method.descriptor.input();
        for operation in &method.operations {
            let text =
                Value::Object(example::request(&catalog, method, Some(operation))).to_string();
            let mut reader = serde_json::Deserializer::from_str(&text);
            if let Err(error) = DynamicMessage::deserialize(input.clone(), &mut reader) {
                panic!("{}: {error}: {text}", operation.id);
            }
        }
    }
}

#[test]
fn a_value_ends_no_command_and_no_text() {
    let hostile = "'; rm -rf ~; echo \"$(id)\" \\ \u{7} {{url:raw}}";
    let echo = "/demo.echo.v1.EchoService/Echo";
    let message = || json!({ "note": hostile });
    assert_eq!(
        sample(echo, "grpcurl", message()).lines().nth(2).unwrap(),
        r#"  -d '{"note":"'\''; rm -rf ~; echo \"$(id)\" \\ \u0007 {{url:raw}}"}' \"#
    );
    assert!(
        sample(echo, "tonic", message())
            .contains(r#"note: "'; rm -rf ~; echo \"$(id)\" \\ \u{7} {{url:raw}}".to_string(),"#)
    );
    assert!(
        sample(echo, "grpcio", message())
            .contains(r#""note": "'; rm -rf ~; echo \"$(id)\" \\ \u0007 {{url:raw}}","#)
    );
}

#[test]
fn what_the_url_needs_is_escaped_in_it() {
    let get = "/demo.library.v1.LibraryService/GetBook";
    let url = |name: &str| sample(get, "curl", json!({ "name": name }));
    assert_eq!(
        url("shelves/a b/books/ü"),
        "curl https://api.example.com/v1/shelves/a%20b/books/%C3%BC"
    );
    let list = "/demo.library.v1.LibraryService/ListBooks";
    let asked =
        json!({"parent": "shelves/-", "genres": ["NOVEL", "COMIC"], "labels": {"a b": "c&d"}});
    assert_eq!(
        sample(list, "curl", asked),
        "curl 'https://api.example.com/v1/shelves/-/books?genres=NOVEL&genres=COMIC&labels%5Ba%20b%5D=c%26d'"
    );
}

#[test]
fn a_body_is_without_what_the_path_binds() {
    let update = "/demo.library.v1.LibraryService/UpdateBook";
    let asked = json!({"book": {"name": "shelves/a/books/b", "title": "T"}});
    assert_eq!(
        sample(update, "curl", asked),
        "curl -X PATCH https://api.example.com/v1/shelves/a/books/b \\\n  --json '{\"title\":\"T\"}'"
    );
}

#[test]
fn a_rust_literal_has_prosts_types() {
    let kinds = "/demo.echo.v1.EchoService/EchoKinds";
    let text = sample(
        kinds,
        "tonic",
        json!({
            "doubleValue": 1, "floatValue": "NaN", "bytesValue": "aGn/", "enumValue": "SHIPPED",
            "optionalValue": 0, "choiceNumber": "5", "states": ["OPEN"], "textMap": {"a": "b"},
            "timestamp": "2026-01-31T12:00:00.5+01:00", "duration": "-1.5s", "wrappedInt64": "7",
            "nested": {}, "any": {"@type": "x"}, "mask": "a,b"
        }),
    );
    for line in [
        "double_value: 1.0,",
        "float_value: f32::NAN,",
        "bytes_value: b\"hi\\xff\".to_vec(),",
        "enum_value: OrderState::Shipped as i32,",
        "optional_value: Some(0),",
        "choice: Some(kinds::Choice::ChoiceNumber(5)),",
        "states: vec![OrderState::Open as i32],",
        "text_map: [(\"a\".to_string(), \"b\".to_string())].into(),",
        "timestamp: Some(prost_types::Timestamp { seconds: 1769857200, nanos: 500000000 }),",
        "duration: Some(prost_types::Duration { seconds: -1, nanos: -500000000 }),",
        "wrapped_int64: Some(7),",
        "nested: Some(Box::new(Kinds {",
        "any: None, // a google.protobuf.Any, made by hand",
        "mask: Some(prost_types::FieldMask { paths: vec![\"a\".to_string(), \"b\".to_string()] }),",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_client_stream_sends_all_of_its_messages() {
    let collect = "/demo.echo.v1.EchoService/Collect";
    let all = filled_with(collect, &[json!({"text": "a"}), json!({"text": "b"})]);
    let text = |label| &all.iter().find(|(one, _)| *one == label).unwrap().1;
    assert!(text("curl").starts_with("printf '%s\\n' '{\"text\":\"a\"}\n{\"text\":\"b\"}' |\n"));
    assert!(text("WebSocket").contains("wss://api.example.com/demo.echo.v1.EchoService/Collect"));
    assert!(!all.iter().any(|(label, _)| *label == "gRPC-Web"));
}

#[test]
fn what_leads_back_to_itself_is_boxed() {
    let pool = crate::catalog::compiled::pool(
        "message Node { oneof kind { Node left = 1; string leaf = 2; } Other other = 3; }
         message A { B b = 1; repeated A many = 2; Other other = 3; }
         message B { A a = 1; oneof self { string text = 2; } }
         message Other { string x = 1; }",
    );
    let catalog = crate::catalog::compiled::catalog(&pool);
    let literal = |name: &str, value: Value| {
        let descriptor = pool.get_message_by_name(name).unwrap();
        let text = literal::message(&catalog, &descriptor, value.as_object().unwrap());
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let node = literal(
        "t.Node",
        json!({"left": {"leaf": "x"}, "other": {"x": "y"}}),
    );
    assert!(node.contains("node::Kind::Left(Box::new(Node {"), "{node}");
    assert!(node.contains("other: Some(Other {"), "{node}");
    let ring = literal(
        "t.A",
        json!({"b": {"a": {}, "text": "t"}, "many": [{}], "other": {"x": "y"}}),
    );
    assert!(ring.contains("b: Some(Box::new(B {"), "{ring}");
    assert!(ring.contains("a: Some(Box::new(A {"), "{ring}");
    assert!(ring.contains("self_: Some(b::Self_::Text("), "{ring}");
    assert!(ring.contains("many: vec![A {"), "{ring}");
    assert!(ring.contains("other: Some(Other {"), "{ring}");
}
