//! What an overlay lays over a catalog, and what it cannot.

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::catalog::{Audience, Ids};
use crate::protocol::Config;
use crate::schema::Options;
use crate::schema::tests::source;

const TEXT: &str = r#"
syntax = "proto3";
package t;
import "google/api/visibility.proto";
// Of the proto.
service S {
  // Gets a thing. And more.
  rpc Get(Thing) returns (Thing);
  rpc Hidden(Thing) returns (Thing) { option (google.api.method_visibility).restriction = "INTERNAL"; }
}
// A thing.
message Thing { string name = 1; Kind kind = 2; }
enum Kind { NONE = 0; ONE = 1; }
"#;

fn schema() -> Schema {
    Schema::build(
        vec![source("test", "up", &[("t.proto", TEXT)])],
        &Options::default(),
    )
    .unwrap()
}

fn overlay(value: Value) -> Overlay {
    serde_json::from_value(value).unwrap()
}

fn laid(value: Value) -> Catalog {
    let (config, audience) = (Config::default(), Audience::default());
    let mut catalog = Catalog::new(&schema(), &config, &audience, Ids::Short);
    catalog.lay(&overlay(value));
    catalog
}

#[test]
fn what_an_overlay_says_replaces_what_the_protos_say() {
    let catalog = laid(json!({
        "packages": { "t": { "description": "The package." } },
        "services": { "t.S": { "description": "Ours.", "external_docs": { "url": "https://x.example" } } },
        "methods": { "t.S.Get": { "summary": "Reads", "tags": ["Reading"], "deprecated": true } },
        "messages": { "t.Thing": { "description": "What is read.", "examples": [{ "name": "a" }] } },
        "fields": { "t.Thing.name": { "description": "How it is called.", "examples": ["b"] } },
        "enums": { "t.Kind": { "deprecated": true } },
        "values": { "t.Kind.ONE": { "description": "The first." } },
    }));
    let package = catalog.package("t").unwrap();
    assert_eq!(package.comment, "The package.");
    let service = &package.services[0];
    assert_eq!(service.comment, "Ours.");
    assert_eq!(
        service.annotations.external_docs,
        Some(json!({ "url": "https://x.example" }))
    );
    let method = &service.methods[0];
    assert_eq!(method.summary, "Reads");
    assert_eq!(method.description, "", "what is not said stays");
    assert_eq!(method.annotations.tags, ["Reading"]);
    assert!(method.deprecated);
    let thing = &catalog.messages["t.Thing"];
    assert_eq!(thing.comment, "What is read.");
    assert_eq!(
        thing.annotations.keywords["examples"],
        json!([{ "name": "a" }])
    );
    assert_eq!(thing.fields[0].comment, "How it is called.");
    let kind = &catalog.enums["t.Kind"];
    assert!(kind.deprecated && kind.values[1].comment == "The first.");
}

#[test]
fn what_may_not_be_seen_is_not_made_visible() {
    let catalog = laid(json!({ "methods": { "t.S.Hidden": { "summary": "Secret" } } }));
    assert_eq!(catalog.package("t").unwrap().services[0].methods.len(), 1);
    assert!(!format!("{catalog:?}").contains("Secret"));
}

#[test]
fn names_that_are_not_there_are_told() {
    let overlay = overlay(json!({
        "packages": { "t": {}, "u": {} },
        "services": { "t.S": {}, "S": {} },
        "methods": { "t.S.Get": {}, "t.S.Hidden": {}, "t.S.Got": {} },
        "messages": { "t.Thing": {}, "t.Kind": {} },
        "fields": { "t.Thing.name": {}, "t.Thing.nam": {}, "name": {} },
        "enums": { "t.Kind": {} },
        "values": { "t.Kind.ONE": {}, "t.ONE": {} },
    }));
    let expected = [
        "docs.overlay: packages: there is no u",
        "docs.overlay: services: there is no S",
        "docs.overlay: methods: there is no t.S.Got",
        "docs.overlay: messages: there is no t.Kind",
        "docs.overlay: fields: there is no name",
        "docs.overlay: fields: there is no t.Thing.nam",
        "docs.overlay: values: there is no t.ONE",
    ];
    assert_eq!(overlay.idle(&schema()), expected);
}

#[test]
fn a_key_with_a_slip_is_refused() {
    let wrong = json!({ "methods": { "t.S.Get": { "sumary": "" } } });
    let error = serde_json::from_value::<Overlay>(wrong)
        .unwrap_err()
        .to_string();
    assert!(error.contains("sumary"), "{error}");
}
