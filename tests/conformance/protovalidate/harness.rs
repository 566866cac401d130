//! The messages of the suite's protocol.

use std::collections::HashMap;

use prost::bytes::Bytes;

/// A map entry of wire form: key and value, of any message.
#[derive(prost::Message)]
pub(super) struct Request {
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) set: Bytes,
    #[prost(map = "string, message", tag = "3")]
    pub(super) cases: HashMap<String, AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AnyValue {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) value: Bytes,
}

#[derive(prost::Message)]
pub(super) struct Response {
    #[prost(map = "string, message", tag = "1")]
    pub(super) results: HashMap<String, Outcome>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Outcome {
    #[prost(oneof = "Of", tags = "1, 2, 3, 4, 5")]
    pub(super) of: Option<Of>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Of {
    #[prost(bool, tag = "1")]
    Success(bool),
    #[prost(message, tag = "2")]
    Violations(ViolationsProto),
    #[prost(string, tag = "3")]
    CompilationError(String),
    #[prost(string, tag = "4")]
    RuntimeError(String),
    #[prost(string, tag = "5")]
    UnexpectedError(String),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ViolationsProto {
    #[prost(message, repeated, tag = "1")]
    pub(super) list: Vec<ViolationProto>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ViolationProto {
    #[prost(message, optional, tag = "5")]
    pub(super) field: Option<Path>,
    #[prost(message, optional, tag = "6")]
    pub(super) rule: Option<Path>,
    #[prost(string, optional, tag = "2")]
    pub(super) rule_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) message: Option<String>,
    #[prost(bool, optional, tag = "4")]
    pub(super) for_key: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Path {
    #[prost(message, repeated, tag = "1")]
    pub(super) elements: Vec<Step>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Step {
    #[prost(int32, optional, tag = "1")]
    pub(super) number: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(super) of_type: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub(super) key_type: Option<i32>,
    #[prost(int32, optional, tag = "5")]
    pub(super) value_type: Option<i32>,
    #[prost(oneof = "At", tags = "6, 7, 8, 9, 10")]
    pub(super) at: Option<At>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum At {
    #[prost(uint64, tag = "6")]
    Index(u64),
    #[prost(bool, tag = "7")]
    Bool(bool),
    #[prost(int64, tag = "8")]
    Int(i64),
    #[prost(uint64, tag = "9")]
    Uint(u64),
    #[prost(string, tag = "10")]
    Text(String),
}
