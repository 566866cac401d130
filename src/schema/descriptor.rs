//! Descriptors as they come over the wire, with options kept as bytes.
//!
//! `prost-types` drops what it does not know: editions, features and every custom option, of which
//! `google.api.http` is one. An embedded message and a `bytes` field look alike on the wire, so
//! here options stay the bytes that came, and a descriptor goes through decoding, rewriting and
//! encoding without losing one.
//!
//! Nesting is bounded by prost's recursion limit (100); what is deeper does not decode.

use prost::bytes::Bytes;

/// `google.protobuf.FileDescriptorSet`, its files unopened, so that a broken one can be named.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FileSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(super) file: Vec<Bytes>,
}

/// `google.protobuf.FileDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct File {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) package: Option<String>,
    #[prost(string, repeated, tag = "3")]
    pub(super) dependency: Vec<String>,
    #[prost(int32, repeated, packed = "false", tag = "10")]
    pub(super) public_dependency: Vec<i32>,
    #[prost(int32, repeated, packed = "false", tag = "11")]
    pub(super) weak_dependency: Vec<i32>,
    #[prost(message, repeated, tag = "4")]
    pub(super) message: Vec<Message>,
    #[prost(message, repeated, tag = "5")]
    pub(super) enumeration: Vec<Enum>,
    #[prost(message, repeated, tag = "6")]
    pub(super) service: Vec<Service>,
    #[prost(message, repeated, tag = "7")]
    pub(super) extension: Vec<Field>,
    #[prost(bytes = "bytes", optional, tag = "8")]
    pub(super) options: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "9")]
    pub(super) source_code_info: Option<Bytes>,
    #[prost(string, optional, tag = "12")]
    pub(super) syntax: Option<String>,
    #[prost(int32, optional, tag = "14")]
    pub(super) edition: Option<i32>,
}

/// `google.protobuf.DescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Message {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) field: Vec<Field>,
    #[prost(message, repeated, tag = "6")]
    pub(super) extension: Vec<Field>,
    #[prost(message, repeated, tag = "3")]
    pub(super) nested: Vec<Self>,
    #[prost(message, repeated, tag = "4")]
    pub(super) enumeration: Vec<Enum>,
    #[prost(message, repeated, tag = "5")]
    pub(super) extension_range: Vec<ExtensionRange>,
    #[prost(message, repeated, tag = "8")]
    pub(super) oneof: Vec<Oneof>,
    #[prost(bytes = "bytes", optional, tag = "7")]
    pub(super) options: Option<Bytes>,
    #[prost(message, repeated, tag = "9")]
    pub(super) reserved_range: Vec<Range>,
    #[prost(string, repeated, tag = "10")]
    pub(super) reserved_name: Vec<String>,
}

/// `DescriptorProto.ReservedRange` and `EnumDescriptorProto.EnumReservedRange`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Range {
    #[prost(int32, optional, tag = "1")]
    pub(super) start: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(super) end: Option<i32>,
}

/// `DescriptorProto.ExtensionRange`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExtensionRange {
    #[prost(int32, optional, tag = "1")]
    pub(super) start: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(super) end: Option<i32>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(super) options: Option<Bytes>,
}

/// `google.protobuf.FieldDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Field {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(super) number: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub(super) label: Option<i32>,
    #[prost(int32, optional, tag = "5")]
    pub(super) kind: Option<i32>,
    #[prost(string, optional, tag = "6")]
    pub(super) type_name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) extendee: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(super) default_value: Option<String>,
    #[prost(int32, optional, tag = "9")]
    pub(super) oneof_index: Option<i32>,
    #[prost(string, optional, tag = "10")]
    pub(super) json_name: Option<String>,
    #[prost(bytes = "bytes", optional, tag = "8")]
    pub(super) options: Option<Bytes>,
    #[prost(bool, optional, tag = "17")]
    pub(super) proto3_optional: Option<bool>,
}

/// `google.protobuf.OneofDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Oneof {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub(super) options: Option<Bytes>,
}

/// `google.protobuf.EnumDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Enum {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) value: Vec<EnumValue>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(super) options: Option<Bytes>,
    #[prost(message, repeated, tag = "4")]
    pub(super) reserved_range: Vec<Range>,
    #[prost(string, repeated, tag = "5")]
    pub(super) reserved_name: Vec<String>,
}

/// `google.protobuf.EnumValueDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct EnumValue {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "2")]
    pub(super) number: Option<i32>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(super) options: Option<Bytes>,
}

/// `google.protobuf.ServiceDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Service {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) method: Vec<Method>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(super) options: Option<Bytes>,
}

/// `google.protobuf.MethodDescriptorProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Method {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) input_type: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) output_type: Option<String>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub(super) options: Option<Bytes>,
    #[prost(bool, optional, tag = "5")]
    pub(super) client_streaming: Option<bool>,
    #[prost(bool, optional, tag = "6")]
    pub(super) server_streaming: Option<bool>,
}

/// `FieldDescriptorProto.Label` and `.Type`, as far as they are told apart here.
pub(super) mod number {
    pub(in crate::schema) const LABEL_REQUIRED: i32 = 2;
    pub(in crate::schema) const LABEL_REPEATED: i32 = 3;
    pub(in crate::schema) const TYPE_STRING: i32 = 9;
    pub(in crate::schema) const TYPE_GROUP: i32 = 10;
    pub(in crate::schema) const TYPE_MESSAGE: i32 = 11;
    pub(in crate::schema) const TYPE_BYTES: i32 = 12;
    pub(in crate::schema) const TYPE_ENUM: i32 = 14;
    pub(in crate::schema) const TYPE_DOUBLE: i32 = 1;
    pub(in crate::schema) const TYPE_FLOAT: i32 = 2;
}

#[derive(Clone, PartialEq, prost::Message)]
struct MessageOptions {
    #[prost(bool, optional, tag = "7")]
    map_entry: Option<bool>,
}

impl Message {
    /// Whether the compiler made it for a map field.
    pub(super) fn is_map_entry(&self) -> bool {
        options::<MessageOptions>(self.options.as_ref())
            .map_entry
            .unwrap_or(false)
    }
}

impl Field {
    /// `repeated`, maps included.
    pub(super) fn is_repeated(&self) -> bool {
        self.label == Some(number::LABEL_REPEATED)
    }

    /// A message or group.
    pub(super) fn is_message(&self) -> bool {
        matches!(self.kind, Some(number::TYPE_MESSAGE | number::TYPE_GROUP))
    }
}

/// Decodes what is known of some options. Ones that do not decode are as good as absent here; the
/// pool refuses their file.
pub(super) fn options<T: prost::Message + Default>(bytes: Option<&Bytes>) -> T {
    bytes
        .and_then(|bytes| T::decode(bytes.clone()).ok())
        .unwrap_or_default()
}

/// `parent.name`, or `name` at the top.
pub(super) fn join(parent: &str, name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}.{name}")
    }
}
