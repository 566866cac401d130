//! Pools and bare catalogs out of `.proto` texts, for tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use prost_reflect::DescriptorPool;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

use super::Catalog;
use super::closure::Reader;
use crate::schema::Comments;
use crate::transcode::{Lowered, Plans};

/// What the texts of tests begin with.
const HEAD: &str = r#"
syntax = "proto3";
package t;
import "buf/validate/validate.proto";
import "gnostic/openapi/v3/annotations.proto";
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/api/field_info.proto";
import "google/api/httpbody.proto";
import "google/api/resource.proto";
import "google/protobuf/any.proto";
import "google/protobuf/descriptor.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "protoc-gen-openapiv2/options/annotations.proto";
import "protoc-gen-openapiv3/options/annotations.proto";
"#;

/// One file in memory.
struct Text(&'static str, String);

impl FileResolver for Text {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == self.0 {
            File::from_source(name, &self.1)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}

/// A descriptor set of this text beneath [`HEAD`], with everything it imports.
pub(crate) fn descriptors(body: &str) -> Vec<u8> {
    files("test.proto", format!("{HEAD}{body}"), &["test.proto"])
}

/// A descriptor set of files of the project.
pub(crate) fn of_project(names: &[&str]) -> Vec<u8> {
    files("test.proto", String::new(), names)
}

/// A descriptor set of one whole file.
pub(crate) fn of_file(text: &str) -> Vec<u8> {
    files("test.proto", text.to_owned(), &["test.proto"])
}

fn files(name: &'static str, text: String, open: &[&str]) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut chain = ChainFileResolver::new();
    chain.add(Text(name, text));
    chain.add(IncludeFileResolver::new(root.join("proto")));
    chain.add(IncludeFileResolver::new(root.join("tests/data/transcode")));
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    compiler.include_imports(true);
    compiler.open_files(open).unwrap();
    compiler.encode_file_descriptor_set()
}

/// The pool of this text beneath [`HEAD`].
pub(crate) fn pool(body: &str) -> DescriptorPool {
    DescriptorPool::decode(descriptors(body).as_slice()).unwrap()
}

/// Everything in a pool, without comments.
pub(crate) fn catalog(pool: &DescriptorPool) -> Catalog {
    let messages = pool
        .all_messages()
        .filter(|message| !message.is_map_entry());
    let (comments, labels) = (Comments::default(), BTreeSet::new());
    let plans = Plans::compile(pool, &Lowered::default());
    let reached = Reader::new(&comments, &labels, &plans).reach(messages);
    Catalog {
        messages: reached.messages,
        enums: reached.enums,
        ..Catalog::default()
    }
}
