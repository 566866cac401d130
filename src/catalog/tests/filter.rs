//! What the audience may not see is not there.

use serde_json::json;

use super::*;

const TEXT: &str = r#"
service Books {
  // Gets one.
  rpc Get(Book) returns (Book) { option (google.api.http) = { get: "/v1/{id}/{secret}" }; }
  rpc Hidden(Book) returns (Book) { option (google.api.method_visibility).restriction = "INTERNAL,BETA"; option (google.api.http) = { get: "/v1/hidden/{id}" additional_bindings { get: "/v1/x/{id}" } }; }
  rpc Clash(Book) returns (Book) { option (google.api.http) = { get: "/v1/x/{id}" }; }
  rpc Takes(Concealed) returns (Book);
}
service Inside { option (google.api.api_visibility).restriction = "INTERNAL"; rpc Do(Other) returns (Other); }
message Book {
  string id = 1;
  string secret = 2 [(google.api.field_visibility).restriction = "INTERNAL"];
  Kind kind = 3;
  Quiet quiet = 4;
  Concealed concealed = 5;
  oneof one { string a = 6; string b = 7 [(google.api.field_visibility).restriction = "INTERNAL"]; }
  Concealed.Nested nested = 8;
}
message Other { string x = 1; }
message Concealed { option (google.api.message_visibility).restriction = "INTERNAL"; Far far = 1; message Nested { string y = 1; } }
message Far { string z = 1; }
enum Kind { NONE = 0; OLD = 1 [(google.api.value_visibility).restriction = "INTERNAL"]; }
enum Quiet { option (google.api.enum_visibility).restriction = "INTERNAL"; NOTHING = 0; }
"#;

fn seen_with(labels: &[&str], only: &[&str]) -> Catalog {
    seen_of(TEXT, labels, only)
}

fn seen_of(text: &str, labels: &[&str], only: &[&str]) -> Catalog {
    let audience = Audience {
        only: only.iter().map(|text| text.parse().unwrap()).collect(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    Catalog::new(&schema(text), &Config::default(), &audience, Ids::Short)
}

fn methods(catalog: &Catalog) -> Vec<&str> {
    let all = catalog.methods();
    all.map(|(_, _, method)| method.served.name.as_str())
        .collect()
}

#[test]
fn without_labels_restricted_elements_are_not_there() {
    let catalog = seen_with(&[], &[]);
    assert_eq!(methods(&catalog), ["Get", "Clash"]);
    let book = &catalog.messages["b.v1.Book"];
    let fields: Vec<_> = book
        .fields
        .iter()
        .map(|field| field.json_name.as_str())
        .collect();
    assert_eq!(fields, ["id", "kind", "a"]);
    assert!(book.oneofs.is_empty(), "one member is no choice");
    for name in [
        "b.v1.Concealed",
        "b.v1.Far",
        "b.v1.Other",
        "b.v1.Concealed.Nested",
    ] {
        assert!(!catalog.messages.contains_key(name), "{name}");
    }
    assert!(!catalog.enums.contains_key("b.v1.Quiet"));
    assert_eq!(catalog.enums["b.v1.Kind"].values.len(), 1);
    let text = format!("{catalog:?}");
    for secret in ["Hidden", "Inside", "Concealed", "Quiet", "OLD", "hidden"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn a_hidden_field_in_the_path_keeps_its_parameter() {
    let catalog = seen_with(&[], &[]);
    let get = operation(&catalog, "Books_Get");
    assert_eq!(get.path, "/v1/{id}/{secret}");
    assert_eq!(get.path_parameters[1].field[0].name(), "secret");
    assert!(catalog.field(&get.path_parameters[1].field[0]).is_none());
    let query: Vec<_> = get.query.iter().map(|q| q.name.as_str()).collect();
    assert_eq!(query, ["kind", "a"]);
}

#[test]
fn one_label_shows_what_has_it() {
    assert_eq!(
        methods(&seen_with(&["BETA"], &[])),
        ["Get", "Hidden", "Clash"]
    );
    let all = seen_with(&["INTERNAL"], &[]);
    assert_eq!(methods(&all), ["Get", "Hidden", "Clash", "Takes", "Do"]);
    assert!(all.messages.contains_key("b.v1.Far"));
    assert!(!findings(&all, FindingKind::Refused).is_empty());
}

#[test]
fn only_selected_methods_are_public() {
    let catalog = seen_with(&["INTERNAL"], &["b.v1.Inside.*"]);
    assert_eq!(methods(&catalog), ["Do"]);
    assert!(!catalog.messages.contains_key("b.v1.Book"));
    assert!(
        catalog
            .packages
            .iter()
            .all(|package| package.services.len() == 1)
    );
}

#[test]
fn rules_say_nothing_of_what_is_hidden() {
    const RULED: &str = r#"
import "buf/validate/validate.proto";
service Rules { rpc Do(Ruled) returns (Ruled); }
message Ruled {
  option (buf.validate.message).oneof = {fields: ["k", "hidden"], required: true};
  Kind k = 1 [(buf.validate.field).enum = {not_in: [0]}];
  Kind one = 2 [(buf.validate.field).enum = {in: [1, 2]}];
  string hidden = 3 [(google.api.field_visibility).restriction = "INTERNAL"];
}
enum Kind { NONE = 0; OLD = 1 [(google.api.value_visibility).restriction = "INTERNAL"]; NEW = 2; }
"#;
    let seen_with = |labels: &[&str]| seen_of(RULED, labels, &[]);
    let catalog = seen_with(&[]);
    let ruled = &catalog.messages["b.v1.Ruled"];
    let [k, one] = ruled.fields.as_slice() else {
        panic!("{:?}", ruled.fields)
    };
    assert_eq!(k.rules.keywords["enum"], serde_json::json!(["NEW"]));
    assert_eq!(one.rules.keywords["enum"], serde_json::json!(["NEW"]));
    assert_eq!(one.rules.sentences, ["one of `NEW`"]);
    assert_eq!(ruled.rules.oneofs, [(vec!["k".to_owned()], false)]);
    assert!(!format!("{:?}", ruled.rules).contains("hidden"));
    let all = seen_with(&["INTERNAL"]);
    let k = &all.messages["b.v1.Ruled"].fields[0];
    assert_eq!(k.rules.keywords["enum"], serde_json::json!(["OLD", "NEW"]));
}

#[test]
fn json_of_a_message_has_what_the_catalog_has() {
    let text = r#"
service Books { rpc Get(Book) returns (Book); }
message Book {
  string id = 1;
  string secret = 2 [(google.api.field_visibility).restriction = "X"];
  Kind kind = 3;
  map<string, Book> more = 4;
  repeated Kind kinds = 5;
  google.protobuf.Any any = 6;
  google.protobuf.Struct free = 7;
  Hidden hidden = 8;
}
message Hidden { option (google.api.message_visibility).restriction = "X"; string far = 1; }
enum Kind { NONE = 0; OLD = 3 [(google.api.value_visibility).restriction = "X"]; }
"#;
    let catalog = seen_of(text, &[], &[]);
    let json = json!({
        "id": "a", "secret": "s", "kind": "OLD", "kinds": ["NONE", "OLD", 9],
        "more": {"secret": {"secret": "s", "id": "b"}},
        "any": {"@type": "x/b.v1.Book", "id": "c", "secret": "s"},
        "free": {"secret": "stays"},
        "hidden": {"far": "s"},
    });
    assert_eq!(
        catalog.shown("b.v1.Book", json),
        json!({
            "id": "a", "kind": 3, "kinds": ["NONE", 3, 9],
            "more": {"secret": {"id": "b"}},
            "any": {"@type": "x/b.v1.Book", "id": "c"},
            "free": {"secret": "stays"},
        })
    );
    let any = json!({"@type": "x/b.v1.Hidden", "far": "s"});
    assert_eq!(
        catalog.shown("google.protobuf.Any", any),
        json!({"@type": "x/b.v1.Hidden"})
    );
}
