//! Documents out of `.proto` texts, by the rows of what a document has to say.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::catalog::Audience;
use crate::protocol;
use crate::schema::tests::source;
use crate::schema::{Options as SchemaOptions, Schema, Source};

mod bodies;
mod enums;
mod operations;
mod queries;

/// What most files here begin with.
const HEAD: &str = r#"
syntax = "proto3";
package t;
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/api/httpbody.proto";
import "google/api/resource.proto";
import "google/api/visibility.proto";
import "google/protobuf/any.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "protoc-gen-openapiv2/options/annotations.proto";
"#;

/// The document of a whole file.
fn document_of(file: &str, version: Version) -> Value {
    document_from(source("test", "up", &[("t.proto", file)]), version)
}

fn document_from(source: Source, version: Version) -> Value {
    document_with(source, version, &Config::default())
}

fn document_with(source: Source, version: Version, config: &Config) -> Value {
    let schema = Schema::build(vec![source], &SchemaOptions::default()).unwrap();
    assert_eq!(schema.refusals(), [""; 0]);
    let (served, audience) = (protocol::Config::default(), Audience::default());
    let catalog = Catalog::new(&schema, &served, &audience, Ids::Short);
    let edition = Edition {
        scope: Scope::All,
        version,
        profile: Profile::Full,
        format: Format::Json,
    };
    document(&catalog, config, &edition, "http://test")
}

/// The document of a text beneath [`HEAD`].
fn written(text: &str, version: Version) -> Value {
    document_of(&format!("{HEAD}{text}"), version)
}

/// The same, by a configuration.
fn written_by(text: &str, version: Version, config: &Config) -> Value {
    let file = format!("{HEAD}{text}");
    document_with(source("test", "up", &[("t.proto", &file)]), version, config)
}

/// A method `M` from `Request` to `Answer` with a rule.
fn method(rule: &str) -> String {
    format!(
        "service S {{ rpc M(Request) returns (Answer) {{ option (google.api.http) = {{ {rule} }}; }} }}\n"
    )
}

/// The media types of a body, in order.
fn media(body: &Value) -> Vec<&str> {
    let content = body["content"].as_object().unwrap();
    content.keys().map(String::as_str).collect()
}

/// Every `operationId` of a document.
fn ids(document: &Value) -> Vec<String> {
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let ids = operations.filter_map(|operation| operation["operationId"].as_str());
    ids.map(str::to_owned).collect()
}
