//! Pools and bare catalogs out of `.proto` texts, for tests.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, MessageDescriptor};
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

use super::message::{Behavior, Enum, EnumValue, Field, Format, Message, Oneof, Resource};
use super::record::{Packing, Record, Scalar};
use super::{Catalog, annotations, rules};

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
    let mut out = Catalog::default();
    for descriptor in pool
        .all_messages()
        .filter(|message| !message.is_map_entry())
    {
        out.messages
            .insert(descriptor.full_name().to_owned(), message(descriptor));
    }
    for descriptor in pool.all_enums() {
        out.enums
            .insert(descriptor.full_name().to_owned(), enumeration(descriptor));
    }
    out
}

fn message(descriptor: MessageDescriptor) -> Message {
    let resource = Record::of_options(|| descriptor.options(), 1053).map(|record| Resource {
        kind: record.text(1).unwrap(),
        patterns: record.texts(2),
        name_field: record.text(3).unwrap_or_else(|| "name".to_owned()),
    });
    let name_field = resource.as_ref().map(|of| of.name_field.clone());
    let mut fields: Vec<Field> = descriptor
        .fields()
        .map(|of| field(of, name_field.as_deref()))
        .collect();
    // In the order of declaration, which the pool does not keep.
    let declared: Vec<_> = descriptor.descriptor_proto().field.clone();
    fields.sort_by_key(|field| {
        declared
            .iter()
            .position(|own| own.name() == field.descriptor.name())
    });
    let oneofs = descriptor
        .oneofs()
        .filter(|oneof| !oneof.is_synthetic() && oneof.fields().len() > 1)
        .map(|oneof| Oneof {
            name: oneof.name().to_owned(),
            comment: String::new(),
            fields: oneof.fields().map(|of| of.json_name().to_owned()).collect(),
            required: rules::oneof_required(&oneof),
        })
        .collect();
    Message {
        comment: String::new(),
        deprecated: descriptor
            .descriptor_proto()
            .options
            .as_ref()
            .is_some_and(|of| of.deprecated()),
        fields,
        oneofs,
        resource,
        annotations: annotations::Schema::of_message(&descriptor),
        rules: rules::of_message(&descriptor),
        used_by: Vec::new(),
        descriptor,
    }
}

fn field(descriptor: FieldDescriptor, name_field: Option<&str>) -> Field {
    let options = prost::Message::encode_to_vec(&descriptor.options());
    let options = Record::read(options.into());
    let mut behaviors: Vec<Behavior> = options
        .list(1052, Packing::Varint)
        .into_iter()
        .filter_map(|scalar| match scalar {
            Scalar::Varint(1) => Some(Behavior::Optional),
            Scalar::Varint(2) => Some(Behavior::Required),
            Scalar::Varint(3) => Some(Behavior::OutputOnly),
            Scalar::Varint(4) => Some(Behavior::InputOnly),
            Scalar::Varint(5) => Some(Behavior::Immutable),
            Scalar::Varint(6) => Some(Behavior::UnorderedList),
            Scalar::Varint(7) => Some(Behavior::NonEmptyDefault),
            Scalar::Varint(8) => Some(Behavior::Identifier),
            _ => None,
        })
        .collect();
    behaviors.sort();
    let format = options
        .message(291_403_980)
        .and_then(|info| match info.varint(1) {
            Some(1) => Some(Format::Uuid4),
            Some(2) => Some(Format::Ipv4),
            Some(3) => Some(Format::Ipv6),
            Some(4) => Some(Format::Ipv4OrIpv6),
            _ => None,
        });
    let reference = options
        .message(1055)
        .and_then(|reference| reference.text(1).or_else(|| reference.text(2)));
    Field {
        json_name: descriptor.json_name().to_owned(),
        comment: String::new(),
        deprecated: options.flag(3),
        behaviors,
        format,
        reference,
        names_resource: name_field == Some(descriptor.name()),
        rules: rules::of_field(&descriptor),
        annotations: annotations::Schema::of_field(&descriptor),
        descriptor,
    }
}

fn enumeration(descriptor: EnumDescriptor) -> Enum {
    let values = descriptor.values().map(|value| EnumValue {
        name: value.name().to_owned(),
        number: value.number(),
        comment: String::new(),
        deprecated: Record::read(prost::Message::encode_to_vec(&value.options()).into()).flag(1),
    });
    Enum {
        comment: String::new(),
        deprecated: false,
        values: values.collect(),
        annotations: annotations::Schema::of_enum(&descriptor),
        used_by: Vec::new(),
        descriptor,
    }
}
