//! `transom breaking` and `transom lint`: what they print and how they exit.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{err, out, transom};

const OLD: &str = r#"syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
message Book { string name = 1; int32 pages = 2; }
service BookService {
  rpc GetBook(Book) returns (Book) { option (google.api.http) = { get: "/v1/{name=books/*}" }; }
}
"#;

/// A folder of its own, with one file.
fn root(name: &str, text: &str) -> String {
    let root: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("schemas")
        .join(name);
    std::fs::create_dir_all(root.join("shop/v1")).unwrap();
    std::fs::write(root.join("shop/v1/shop.proto"), text).unwrap();
    root.display().to_string()
}

#[test]
fn breaking_tells_what_breaks_and_exits_with_1() {
    let old = root("breaking-old", OLD);
    let changed = OLD
        .replace("int32 pages", "int64 pages")
        .replace("/v1/{", "/v2/{");
    let new = root("breaking-new", &changed);

    let same = transom(&["breaking", &old, &old]);
    assert_eq!(same.status.code(), Some(0), "{}", err(&same));
    assert_eq!(
        out(&same),
        "good: nothing breaks; 1 methods in the new schema\n"
    );

    let text = transom(&["breaking", &old, &new]);
    assert_eq!(text.status.code(), Some(1), "{}", err(&text));
    assert_eq!(
        out(&text),
        "shop.v1.Book.pages: is int64 instead of int32 (FIELD_WIRE_JSON_COMPATIBLE_TYPE)\n\
         shop.v1.BookService.GetBook: GET /v1/{name=books/*} is gone (HTTP_BINDING_NO_DELETE)\n\
         2 breaking changes\n"
    );

    let without = ["--except", "HTTP_BINDING_NO_DELETE", "--format", "json"];
    let json = transom(&[&["breaking", &old, &new][..], &without[..]].concat());
    assert_eq!(json.status.code(), Some(1));
    let value: Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(
        value,
        serde_json::json!({"breaking": [{
            "name": "shop.v1.Book.pages",
            "rule": "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
            "text": "is int64 instead of int32",
        }]})
    );
}

#[test]
fn breaking_reads_descriptor_sets_and_configuration_files() {
    let set = "tests/data/protoc/set.binpb";
    let same = transom(&["breaking", set, set]);
    assert_eq!(same.status.code(), Some(0), "{}{}", out(&same), err(&same));

    let old = root("configured", OLD);
    let config = super::file(
        "schemas.yaml",
        &format!(
            "upstreams: {{ books: {{ url: http://127.0.0.1:9 }} }}\nschema: [{{ protos: {old} }}]\n"
        ),
    );
    let config = config.display().to_string();
    let same = transom(&["breaking", &config, &old]);
    assert_eq!(same.status.code(), Some(0), "{}{}", out(&same), err(&same));
}

#[test]
fn a_schema_that_cannot_be_read_is_told_from_one_that_breaks() {
    let old = root("readable", OLD);
    for command in [
        &["breaking", "/nowhere.binpb", &old][..],
        &["breaking", &old, "/nowhere.binpb"],
        &["breaking", "http://127.0.0.1:9", &old],
        &["lint", "--proto", "/nowhere"],
        &["lint", "--proto", &old, "--against", "/nowhere"],
    ] {
        let output = transom(command);
        assert_eq!(
            output.status.code(),
            Some(64),
            "{command:?}{}",
            err(&output)
        );
        assert!(err(&output).starts_with("error: "), "{}", err(&output));
    }
    for command in [
        &["breaking", &old][..],
        &["breaking", &old, &old, "--except", "NO_SUCH_RULE"],
        &["lint", "--proto", &old, "--only", "NO_SUCH_RULE"],
        &[
            "lint",
            "--proto",
            &old,
            "--only",
            "VAGUE_NAME",
            "--except",
            "DEEP_NESTING",
        ],
    ] {
        let output = transom(command);
        assert_eq!(output.status.code(), Some(2), "{command:?}{}", err(&output));
    }
}

#[test]
fn lint_tells_what_it_finds_and_exits_with_1() {
    let old = root("lint-old", OLD);
    let good = transom(&["lint", "--proto", &old]);
    assert_eq!(good.status.code(), Some(0), "{}", out(&good));
    assert_eq!(out(&good), "good: nothing found; 1 methods\n");

    let new = root("lint-new", &OLD.replace("int32 pages", "string data"));
    let text = transom(&["lint", "--proto", &new, "--against", &old]);
    assert_eq!(text.status.code(), Some(1), "{}", err(&text));
    assert_eq!(
        out(&text),
        "shop/v1/shop.proto:4: shop.v1.Book.data: was called pages; take a number that was never \
         used (NUMBER_REUSED)\n\
         shop/v1/shop.proto:4: shop.v1.Book.data: \"data\" could be anything; call it by what it \
         holds (VAGUE_NAME)\n\
         2 findings\n"
    );

    let only = ["--only", "VAGUE_NAME", "--format", "json"];
    let json = transom(&[&["lint", "--proto", &new][..], &only[..]].concat());
    assert_eq!(json.status.code(), Some(1));
    let value: Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(value["findings"][0]["line"], 4);
    assert_eq!(value["findings"][0]["file"], "shop/v1/shop.proto");
    assert_eq!(value["findings"][0]["rule"], "VAGUE_NAME");

    let except = transom(&["lint", "--proto", &new, "--except", "VAGUE_NAME"]);
    assert_eq!(except.status.code(), Some(0), "{}", out(&except));
}

#[test]
fn lint_knows_the_deadlines_of_the_configuration() {
    let old = root("deadlines", OLD);
    let config = super::file(
        "deadlines.yaml",
        &format!(
            "upstreams: {{ books: {{ url: http://127.0.0.1:9 }} }}\nschema: [{{ protos: {old} }}]\ntimeouts: {{ unary: none }}\n"
        ),
    );
    let output = transom(&["lint", "--config", &config.display().to_string()]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(
        out(&output).contains("(METHOD_DEADLINE)"),
        "{}",
        out(&output)
    );

    // The owner of the service says it.
    let service_config = super::file(
        "deadlines.json",
        r#"{"methodConfig": [{"name": [{"service": "shop.v1.BookService"}], "timeout": "3s"}]}"#,
    );
    let config = super::file(
        "owned-deadlines.yaml",
        &format!(
            "upstreams: {{ books: {{ url: http://127.0.0.1:9, service_config: {} }} }}\nschema: [{{ protos: {old} }}]\ntimeouts: {{ unary: none }}\n",
            service_config.display()
        ),
    );
    let output = transom(&["lint", "--config", &config.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
}

#[test]
fn lint_judges_the_packages_that_are_asked_for() {
    let root = root("packages", &OLD.replace("int32 pages", "string data"));
    for (package, code) in [("shop", 1), ("shop.v1", 1), ("shopping", 64), ("shop.*", 2)] {
        let output = transom(&["lint", "--proto", &root, "--package", package]);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{package}{}",
            err(&output)
        );
    }
    let output = transom(&["lint", "--proto", &root, "--package", "shopping"]);
    assert_eq!(
        err(&output),
        "error: --package shopping: found no file of it, expected one of shop.v1\n"
    );
}

#[test]
fn both_list_their_rules() {
    let breaking = out(&transom(&["breaking", "--rules"]));
    assert_eq!(breaking.lines().count(), 29);
    assert!(breaking.contains("FIELD_SAME_NAME"));
    let lint = out(&transom(&["lint", "--rules"]));
    assert_eq!(lint.lines().count(), 18);
    assert!(lint.contains("VAGUE_NAME"));
}
