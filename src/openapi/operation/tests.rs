//! What is said of operations in words and extensions.

use std::path::Path;

use serde_json::Value;

use crate::catalog::{Audience, Catalog, Ids};
use crate::openapi::{Config, Edition, Format, Profile, Scope, Version, document};
use crate::protocol::Config as Protocol;
use crate::schema::tests::source;
use crate::schema::{Options, Schema, Source};

fn of(schema: &Schema) -> Value {
    let audience = Audience::default();
    let catalog = Catalog::new(schema, &Protocol::default(), &audience, Ids::Short);
    let edition = Edition {
        scope: Scope::All,
        version: Version::V32,
        profile: Profile::Full,
        format: Format::Json,
    };
    document(&catalog, &Config::default(), &edition, "http://a.example")
}

fn demo() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let compiled = Source::proto_files(&root, "demo".into()).unwrap();
    of(&Schema::build(vec![compiled.source], &Options::default()).unwrap())
}

#[test]
fn a_stream_of_bytes_is_no_stream_of_messages() {
    let demo = demo();
    for (path, verb) in [
        ("/v1/echo:download", "get"),
        ("/v1/echo:upload", "post"),
        ("/v1/rooms/{room}/files/{file}", "get"),
    ] {
        let operation = &demo["paths"][path][verb];
        let text = operation["description"].as_str().unwrap();
        assert!(text.contains("bytes"), "{path}: {text}");
        assert!(!text.contains("lines of JSON"), "{path}: {text}");
        assert!(operation["x-streaming"].is_string(), "{path}");
        assert_eq!(operation["x-stream-error"], Value::Null, "{path}");
    }
    let mut streams = 0;
    for item in demo["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let is_stream =
                operation["responses"]["200"]["content"]["text/event-stream"].is_object();
            assert_eq!(
                operation["x-stream-error"].is_object(),
                is_stream,
                "{operation}"
            );
            streams += usize::from(is_stream);
        }
    }
    assert!(streams > 2, "{streams}");
}

#[test]
fn parameters_say_what_they_name_and_what_fills_them() {
    let demo = demo();
    let book = &demo["paths"]["/v1/shelves/{shelf}/books/{book}"];
    let named = |verb: &str, name: &str| -> Value {
        let all = book[verb]["parameters"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(
        named("delete", "book")["x-resource-reference"]["type"],
        "library.example.com/Book"
    );
    let mask = named("patch", "updateMask");
    let text = mask["description"].as_str().unwrap();
    assert!(
        text.ends_with("Filled from the body where it is absent."),
        "{text}"
    );
}

#[test]
fn a_method_without_a_comment_is_called_by_its_name() {
    let text = r#"syntax = "proto3"; package p;
        service S { rpc ListHTTPRules(M) returns (M); }
        // Not <b>bold</b>, but `a<b>`.
        message M { string a = 1; }"#;
    let sources = vec![source("test", "up", &[("t.proto", text)])];
    let found = of(&Schema::build(sources, &Options::default()).unwrap());
    assert_eq!(
        found["paths"]["/p.S/ListHTTPRules"]["post"]["summary"],
        "List http rules"
    );
    assert_eq!(
        found["components"]["schemas"]["p.M"]["description"],
        "Not \\<b>bold\\</b>, but `a<b>`."
    );
}
