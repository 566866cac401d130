//! Answers that fit their schema, and answers that do not.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::catalog::{Audience, Ids};
use crate::protocol::Config;
use crate::schema::tests::source;
use crate::schema::{Options, Schema};

const TEXT: &str = r#"
syntax = "proto3";
package t;
import "google/api/annotations.proto";
import "google/api/httpbody.proto";
service S {
  rpc Get(Thing) returns (Thing) { option (google.api.http) = { get: "/v1/{name=things/*}" }; }
  rpc Raw(Thing) returns (google.api.HttpBody) { option (google.api.http) = { get: "/v1/raw" }; }
}
message Thing { string name = 1; int32 count = 2; map<string, int32> labels = 3; }
"#;

/// Checks answers of a binding by its place.
fn checked(answers: &[(usize, &str)]) -> Tally {
    let sources = vec![source("test", "up", &[("t.proto", TEXT)])];
    let schema = Schema::build(sources, &Options::default()).unwrap();
    let (config, audience) = (Config::default(), Audience::default());
    let catalog = Catalog::new(&schema, &config, &audience, Ids::Short);
    let (mut judge, tally) = (Judge::default(), Tally::default());
    for (binding, json) in answers {
        let options = openapi::Options::default();
        judge.check(&catalog, &options, *binding, json.as_bytes(), &tally);
    }
    tally
}

#[test]
fn answers_that_are_as_the_document_says_are_counted() {
    let tally = checked(&[(0, r#"{"name":"things/a","count":3}"#), (0, "{}")]);
    assert_eq!(tally.counts(), (2, 0, 0));
    assert!(tally.mismatches().is_empty());
}

#[test]
fn a_mismatch_is_told_once_for_an_operation_by_its_place_in_the_schema_and_without_values() {
    let wrong = r#"{"labels":{"secret key":"secret value"}}"#;
    let tally = checked(&[(0, wrong), (0, r#"{"count":"secret"}"#)]);
    assert_eq!(tally.counts(), (2, 2, 0));
    let mismatches = tally.mismatches();
    let mismatch = &mismatches["GET /v1/things/{thing}"];
    assert_eq!((mismatch.method.as_str(), mismatch.count), ("/t.S/Get", 2));
    assert!(
        mismatch.place.contains("labels/additionalProperties/type"),
        "{mismatch:?}"
    );
    assert!(!format!("{tally:?}").contains("secret"));
}

#[test]
fn bytes_and_what_no_document_has_are_not_checked() {
    let tally = checked(&[(1, "{}"), (99, "{}")]);
    assert_eq!(tally.counts(), (0, 0, 0));
}
