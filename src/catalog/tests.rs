//! Catalogs of `.proto` texts, by the rows of what a document has to say.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::protocol::Config;
use crate::schema::tests::source;
use crate::schema::{Options as SchemaOptions, Schema, Source};

mod demo;

/// The schema of one file.
fn schema(text: &str) -> Schema {
    let sources = vec![source("test", "up", &[("t.proto", text)])];
    Schema::build(sources, &SchemaOptions::default()).unwrap()
}

fn catalog(text: &str) -> Catalog {
    of(&schema(text))
}

fn of(schema: &Schema) -> Catalog {
    Catalog::new(schema, &Config::default(), &Audience::default(), Ids::Short)
}

/// The operation of an id.
fn operation<'c>(catalog: &'c Catalog, id: &str) -> &'c Operation {
    let mut all = catalog
        .methods()
        .flat_map(|(_, _, method)| &method.operations);
    let ids = || {
        let all = catalog
            .methods()
            .flat_map(|(_, _, method)| &method.operations);
        all.map(|operation| operation.id.as_str())
            .collect::<Vec<_>>()
    };
    all.find(|operation| operation.id == id)
        .unwrap_or_else(|| panic!("{id} is not among {:?}", ids()))
}

/// The schema of the demo.
fn demo_schema() -> Schema {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let compiled = Source::proto_files(&root, "demo".into()).unwrap();
    Schema::build(vec![compiled.source], &SchemaOptions::default()).unwrap()
}
