//! `google.rpc.Status` and the standard error details the gateway itself attaches.
//!
//! Details from a backend stay wire bytes; only dialects that must show them open them, with
//! [`RpcStatus`], and a broken one is dropped, never fatal.

use bytes::Bytes;
use prost::Message as _;

use super::Code;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RpcStatus {
    /// The code's number.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// The developer-facing message.
    #[prost(string, tag = "2")]
    pub message: String,
    /// The details, each an Any.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`, unopened.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Any {
    /// `type.googleapis.com/full.Name`.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The message in wire form.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FieldViolation {
    /// The field's path, by proto names; empty for the whole message.
    #[prost(string, tag = "1")]
    pub field: String,
    /// What is wrong with it, in English.
    #[prost(string, tag = "2")]
    pub description: String,
    /// The same for programs: the id of a rule. Empty if there is none.
    #[prost(string, tag = "3")]
    pub reason: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Duration>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
struct Duration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// A `google.rpc.Status` in wire form that carries one `google.rpc.RetryInfo`.
#[must_use]
pub fn retry_info(code: Code, message: &str, delay: std::time::Duration) -> Bytes {
    let detail = RetryInfo {
        retry_delay: Some(Duration {
            seconds: i64::try_from(delay.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(delay.subsec_nanos()).unwrap_or_default(),
        }),
    };
    with(code, message, "RetryInfo", &detail)
}

/// A `google.rpc.Status` in wire form that carries one `google.rpc.BadRequest`.
#[must_use]
pub fn bad_request(code: Code, message: &str, field_violations: Vec<FieldViolation>) -> Bytes {
    with(
        code,
        message,
        "BadRequest",
        &BadRequest { field_violations },
    )
}

/// A status with one detail of `google.rpc`.
fn with(code: Code, message: &str, kind: &str, detail: &impl prost::Message) -> Bytes {
    let status = RpcStatus {
        code: code.number(),
        message: message.to_owned(),
        details: vec![Any {
            type_url: format!("type.googleapis.com/google.rpc.{kind}"),
            value: detail.encode_to_vec().into(),
        }],
    };
    status.encode_to_vec().into()
}
