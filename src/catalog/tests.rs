//! Catalogs of `.proto` texts, by the rows of what a document has to say.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::protocol::Config;
use crate::schema::tests::source;
use crate::schema::{Options as SchemaOptions, Schema, Source};

mod demo;
mod difference;
mod example;
mod filter;
mod message;
mod names;
mod path;
mod probe;
mod query;

/// What most files here begin with.
const HEAD: &str = r#"
syntax = "proto3";
package b.v1;
import "google/api/annotations.proto";
import "google/api/client.proto";
import "google/api/field_behavior.proto";
import "google/api/field_info.proto";
import "google/api/httpbody.proto";
import "google/api/resource.proto";
import "google/api/visibility.proto";
import "google/protobuf/any.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
"#;

/// The schema of one file.
fn schema(text: &str) -> Schema {
    let text = format!("{HEAD}{text}");
    let sources = vec![source("test", "up", &[("t.proto", &text)])];
    Schema::build(sources, &SchemaOptions::default()).unwrap()
}

fn catalog(text: &str) -> Catalog {
    of(&schema(text))
}

fn of(schema: &Schema) -> Catalog {
    Catalog::new(schema, &Config::default(), &Audience::default(), Ids::Short)
}

/// A service `Books` whose methods `M0`, `M1` and so on take `Book` and have these rules.
fn bound(rules: &[&str], messages: &str) -> String {
    let methods: Vec<_> = rules
        .iter()
        .enumerate()
        .map(|(n, rule)| {
            format!("rpc M{n}(Book) returns (Book) {{ option (google.api.http) = {{ {rule} }}; }}")
        })
        .collect();
    format!("service Books {{ {} }}\n{messages}", methods.join("\n"))
}

fn operations(catalog: &Catalog) -> impl Iterator<Item = &Operation> {
    let methods = catalog.methods();
    methods.flat_map(|(_, _, method)| &method.operations)
}

/// The operation of an id.
fn operation<'c>(catalog: &'c Catalog, id: &str) -> &'c Operation {
    operations(catalog)
        .find(|own| own.id == id)
        .unwrap_or_else(|| {
            let ids: Vec<_> = operations(catalog).map(|own| own.id.as_str()).collect();
            panic!("{id} is not among {ids:?}")
        })
}

/// Findings of a kind, as `element: text`.
fn findings(catalog: &Catalog, kind: FindingKind) -> Vec<String> {
    let all = catalog
        .findings
        .iter()
        .filter(|finding| finding.kind == kind);
    all.map(|finding| format!("{}: {}", finding.element, finding.text))
        .collect()
}

/// The schema of the demo.
fn demo_schema() -> Schema {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let compiled = Source::proto_files(&root, "demo".into()).unwrap();
    Schema::build(vec![compiled.source], &SchemaOptions::default()).unwrap()
}
