//! Rules as schemas state them, on messages as they come.

#![allow(clippy::unwrap_used)]

use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use super::{Fault, Rules, Timestamp, Violation};

mod expressions;
mod hostile;
mod load;
mod messages;

const NOW: Timestamp = Timestamp {
    seconds: 1_700_000_000,
    nanos: 0,
};

/// A schema of one file.
#[derive(Debug)]
struct Text(String);

impl FileResolver for Text {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name {
            "test.proto" => File::from_source(name, &self.0),
            "buf/validate/validate.proto" => File::from_source(
                name,
                include_str!("../../proto/buf/validate/validate.proto"),
            ),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Compiles what stands in a file of package `t`.
fn pool(text: &str) -> DescriptorPool {
    let head = "syntax = \"proto3\"; package t; import \"buf/validate/validate.proto\"; \
        import \"google/protobuf/any.proto\"; import \"google/protobuf/duration.proto\"; \
        import \"google/protobuf/timestamp.proto\"; import \"google/protobuf/wrappers.proto\"; \
        import \"google/protobuf/struct.proto\"; import \"google/protobuf/field_mask.proto\"; ";
    of_text(format!("{head}{text}"))
}

fn of_text(text: String) -> DescriptorPool {
    let mut chain = ChainFileResolver::new();
    chain.add(Text(text));
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    compiler.include_imports(true);
    compiler.open_file("test.proto").unwrap();
    compiler.descriptor_pool()
}

/// A file of package `t`, and one that it imports as `old.proto`.
fn of_texts(text: &str, old: &str) -> DescriptorPool {
    #[derive(Debug)]
    struct Two(String, String);
    impl FileResolver for Two {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            match name {
                "test.proto" => File::from_source(name, &self.0),
                "old.proto" => File::from_source(name, &self.1),
                _ => Err(protox::Error::file_not_found(name)),
            }
        }
    }
    let mut chain = ChainFileResolver::new();
    let text = format!("syntax = \"proto3\"; package t; {text}");
    chain.add(Two(text, old.to_owned()));
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    compiler.include_imports(true);
    compiler.open_file("test.proto").unwrap();
    compiler.descriptor_pool()
}

/// Message `t.M` of a file.
fn message(text: &str) -> MessageDescriptor {
    pool(text).get_message_by_name("t.M").unwrap()
}

/// The rules of message `t.M` of a file.
fn rules(text: &str) -> Rules {
    Rules::of(&message(text)).unwrap().unwrap()
}

fn varint(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key(number, WireType::Varint, &mut out);
    encode_varint(value, &mut out);
    out
}

fn len(number: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut out);
    encode_varint(bytes.as_ref().len() as u64, &mut out);
    out.extend_from_slice(bytes.as_ref());
    out
}

/// `field: id` of all that is told, in its order.
fn told(rules: &Rules, wire: &[u8]) -> Vec<String> {
    violations(rules, wire)
        .iter()
        .map(|one| format!("{}: {}", one.field, one.reason))
        .collect()
}

fn violations(rules: &Rules, wire: &[u8]) -> Vec<Violation> {
    match rules.check(wire, NOW) {
        Ok(()) => Vec::new(),
        Err(Fault::Violated(violations)) => violations.list,
        Err(other) => panic!("{other}"),
    }
}
