//! Examples transcode, and keep to the rules.

use serde_json::{Value, json};

use super::super::example::{Examples, Side};
use super::super::probe::{Probe, probe};
use super::*;
use crate::transcode::{ReadOptions, Scratch};

/// The gateway takes this JSON for this message.
fn transcodes(schema: &Schema, name: &str, value: &Value) -> Result<(), String> {
    let plan = schema.plans().find(name).unwrap();
    let json = serde_json::to_vec(value).unwrap();
    let (mut scratch, mut out) = (Scratch::default(), Vec::new());
    let read = ReadOptions::default();
    let read = schema
        .plans()
        .to_wire(plan, &json, &read, &mut scratch, &mut out);
    read.map_err(|error| format!("{name} {value}: {error:?}"))
}

#[test]
fn examples_of_all_that_the_demo_has_transcode() {
    let schema = demo_schema();
    let catalog = of(&schema);
    let examples = Examples::new(&catalog);
    for name in catalog.messages.keys() {
        for side in [Side::Request, Side::Response] {
            let value = examples.message(name, side);
            transcodes(&schema, name, &value).unwrap();
            assert!(value.to_string().len() < 10_000, "{value}");
        }
    }
    for (_, _, method) in catalog.methods() {
        for own in &method.operations {
            let url = examples.request_url(own);
            let verb = if own.verb == "*" { "GET" } else { &own.verb };
            let Probe::Found(found) = probe(&schema, &Config::default(), &catalog, verb, &url)
            else {
                panic!("{} {url}", own.verb)
            };
            assert_eq!(found.operation.as_ref(), Some(&own.id), "{url}");
            assert_eq!(found.refused, None, "{url}");
            assert!(
                found.values.iter().all(|value| value.fate == "taken"),
                "{url}: {found:?}"
            );
            if let (Body::Message { .. }, Some(body)) = (&own.body, examples.body(method, own)) {
                transcodes(&schema, method.descriptor.input().full_name(), &body).unwrap();
            }
        }
    }
}

#[test]
fn an_example_of_the_demo_says_something() {
    let catalog = of(&demo_schema());
    let examples = Examples::new(&catalog);
    let get = operation(&catalog, "demo_library_v1_LibraryService_GetBook");
    assert_eq!(
        examples.request_url(get),
        "/v1/shelves/s1/books/b1?isbn=9780141439563"
    );
    let list = operation(&catalog, "demo_library_v1_LibraryService_ListShelves");
    assert_eq!(examples.request_url(list), "/v1/shelves?pageSize=10");
    let shelf = examples.message("demo.library.v1.Shelf", Side::Response);
    assert_eq!(
        shelf,
        json!({"name": "shelves/s1", "theme": "Theme", "bookCount": 1, "createTime": "2026-01-31T12:00:00Z"})
    );
    let shelf = examples.message("demo.library.v1.Shelf", Side::Request);
    assert_eq!(shelf, json!({"theme": "Theme"}));
}

const TEXT: &str = r#"
import "buf/validate/validate.proto";
service S { rpc Do(M) returns (M) { option (google.api.http) = { post: "/v1/{name=books/*}" body: "*" additional_bindings { get: "/v1/{id}/x/{name=**}" } }; } }
message M {
  string name = 1 [(google.api.resource_reference).type = "x.com/Book"];
  int64 id = 2 [(buf.validate.field).int64 = { gt: 9007199254740993 }];
  string email = 3 [(buf.validate.field).string.email = true];
  string code = 4 [(buf.validate.field).string.pattern = "^[A-Z]{3}-[0-9]{2}$"];
  repeated int32 numbers = 5 [(buf.validate.field).repeated = { min_items: 3 unique: true items: { int32: { gte: 10 } } }];
  map<string, string> labels = 6 [(buf.validate.field).map = { min_pairs: 2 keys: { string: { min_len: 6 } } }];
  Kind kind = 7 [(buf.validate.field).enum = { not_in: [1] }];
  string given = 8 [(buf.validate.field).string.example = "as given"];
  oneof one { option (buf.validate.oneof).required = true; string a = 9; string b = 10; }
  M again = 11;
  string out = 12 [(google.api.field_behavior) = OUTPUT_ONLY];
  repeated M list = 13;
  double share = 14 [(buf.validate.field).double = { gt: 0 lt: 1 }];
  google.protobuf.Any any = 15 [(google.api.field_behavior) = REQUIRED];
  google.protobuf.Struct free = 16;
  bytes data = 17;
  google.protobuf.StringValue word = 18;
}
message Book { option (google.api.resource) = { type: "x.com/Book" pattern: "books/{book}" }; string name = 1; }
enum Kind { NONE = 0; FIRST = 1; SECOND = 2; }
"#;

#[test]
fn examples_keep_to_the_rules() {
    let text = TEXT.replacen("string word = 18;", "string word = 18; Book book = 19;", 1);
    let text = text.replacen(
        "StringValue word = 18;",
        "StringValue word = 18; Book book = 19;",
        1,
    );
    let schema = schema(&text);
    let catalog = of(&schema);
    let examples = Examples::new(&catalog);
    let made = examples.message("b.v1.M", Side::Request);
    transcodes(&schema, "b.v1.M", &made).unwrap();
    assert_eq!(
        made,
        json!({
            "name": "books/b1", "id": "9007199254740994", "email": "reader1@example.com",
            "code": "AAA-00", "numbers": [10, 11, 12], "labels": {"KeyKey": "Labels", "Key 2K": "Labels 2"},
            "kind": "SECOND", "given": "as given", "a": "A", "share": 0.5,
            "any": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "text"},
            "free": {"key": "value"}, "data": "dGV4dA==", "word": "Word", "book": {"name": "books/b1"},
        })
    );
    let own = operation(&catalog, "S_Do_2");
    let url = examples.request_url(own);
    let found = probe(&schema, &Config::default(), &catalog, "GET", &url);
    assert!(
        matches!(&found, Probe::Found(found) if found.refused.is_none()),
        "{url} {found:?}"
    );
    let (_, _, method) = catalog.methods().next().unwrap();
    let body = examples.body(method, operation(&catalog, "S_Do")).unwrap();
    assert!(body.get("name").is_none(), "the path binds it");
}

#[test]
fn examples_of_hostile_messages_end() {
    let mut text = String::from("service S { rpc Do(M0) returns (M0); }");
    for n in 0..40 {
        let fields: String = (1..=20)
            .map(|at| {
                let of = (n + at) % 40;
                format!("M{of} f{at} = {at} [(google.api.field_behavior) = REQUIRED]; ")
            })
            .collect();
        text.push_str(&format!("message M{n} {{ {fields} }}"));
    }
    let schema = schema(&text);
    let catalog = of(&schema);
    let made = Examples::new(&catalog)
        .message("b.v1.M0", Side::Request)
        .to_string();
    assert!(made.len() < 100_000, "{}", made.len());
}
