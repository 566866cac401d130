//! Enums of editions, which are closed one by one.

use prost::Message as _;
use prost::encoding::encode_varint;
use prost_types::FileDescriptorSet;

use super::*;

const TEXT: &str = r#"syntax = "proto3"; package t;
    enum Color { NONE = 0; RED = 1; }
    message M { Color color = 1; }
    service S { rpc Do(M) returns (M); }"#;

/// `EnumDescriptorProto.options` with `features.enum_type = CLOSED`.
const CLOSED: &[u8] = b"\x1a\x04\x3a\x02\x10\x02";

/// `FileDescriptorProto` with `syntax = "editions"` and `edition = EDITION_2023`.
const EDITION: &[u8] = b"\x62\x08editions\x70\xe8\x07";

/// The text as a file of an edition, whose enums have these options.
fn of_edition(options: &[u8]) -> Source {
    let mut source = source("test", "up", &[("t.proto", TEXT)]);
    let mut set = FileDescriptorSet::decode(&*source.descriptors).unwrap();
    let mut out = Vec::new();
    let add = |key: u8, message: &[u8], out: &mut Vec<u8>| {
        out.push(key);
        encode_varint(message.len() as u64, out);
        out.extend_from_slice(message);
    };
    for file in &mut set.file {
        let enums = std::mem::take(&mut file.enum_type);
        let mut bytes = file.encode_to_vec();
        for of in enums {
            add(0x2a, &[&of.encode_to_vec(), options].concat(), &mut bytes);
        }
        bytes.extend_from_slice(EDITION);
        add(0x0a, &bytes, &mut out);
    }
    source.descriptors = out;
    source
}

#[test]
fn an_enum_that_its_edition_closes_has_declared_values_only() {
    let text = |options| {
        let document = document_from(of_edition(options), Version::V31);
        document["components"]["schemas"]["t.Color"].clone()
    };
    let open = text(b"");
    assert_eq!(open["enum"], json!(["NONE", "RED"]));
    let said = open["description"].as_str().unwrap();
    assert!(said.contains("written as its number"), "{said}");
    let closed = text(CLOSED);
    assert_eq!(closed["enum"], json!(["NONE", "RED"]));
    assert_eq!(closed.get("description"), None);
}
