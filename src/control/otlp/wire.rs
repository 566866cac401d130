//! What of OTLP's messages is sent, by the numbers of their fields (opentelemetry-proto 1.x).

use crate::call::trace::Sampled;
use crate::observe::trace;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExportResponse {}

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(string, tag = "3")]
    trace_state: String,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    events: Vec<Event>,
    #[prost(uint32, tag = "12")]
    dropped_events_count: u32,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Link {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnyValue {
    #[prost(oneof = "Value", tags = "1, 2, 3")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Truth(bool),
    #[prost(int64, tag = "3")]
    Number(i64),
}

/// The trace is sampled.
const SAMPLED: u32 = 1;

/// `STATUS_CODE_ERROR`.
const ERROR: i32 = 2;

impl ExportRequest {
    pub(super) fn new(service: &str, spans: impl Iterator<Item = trace::Span>) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let attributes = [("service.name", service), ("service.version", version)];
        let attributes = attributes.map(|(key, text)| key_value(key, trace::Value::from(text)));
        Self {
            resource_spans: vec![ResourceSpans {
                resource: Some(Resource {
                    attributes: attributes.into(),
                }),
                scope_spans: vec![ScopeSpans {
                    scope: Some(Scope {
                        name: "transom".to_owned(),
                        version: version.to_owned(),
                    }),
                    spans: spans.map(Span::from).collect(),
                }],
            }],
        }
    }
}

impl From<trace::Span> for Span {
    fn from(span: trace::Span) -> Self {
        let state = span.state.as_ref().and_then(|state| state.to_str().ok());
        let parent = span.parent.map(|parent| parent.to_bytes().to_vec());
        let attributes = span.attributes.into_iter();
        Self {
            trace_id: span.context.trace.to_bytes().to_vec(),
            span_id: span.context.span.to_bytes().to_vec(),
            trace_state: state.unwrap_or_default().to_owned(),
            parent_span_id: parent.unwrap_or_default(),
            name: span.name,
            kind: match span.kind {
                trace::Kind::Internal => 1,
                trace::Kind::Server => 2,
                trace::Kind::Client => 3,
            },
            start_time_unix_nano: span.start,
            end_time_unix_nano: span.end,
            attributes: attributes
                .map(|(key, value)| key_value(key, value))
                .collect(),
            events: span.events.into_iter().map(Event::from).collect(),
            dropped_events_count: span.events_beyond,
            links: Vec::from_iter(span.link.map(|link| Link {
                trace_id: link.trace.to_bytes().to_vec(),
                span_id: link.span.to_bytes().to_vec(),
            })),
            status: span.error.map(|message| Status {
                message,
                code: ERROR,
            }),
            flags: match span.context.sampled {
                Sampled::Yes => SAMPLED,
                Sampled::No => 0,
            },
        }
    }
}

impl From<trace::Happened> for Event {
    fn from(happened: trace::Happened) -> Self {
        let attributes = happened.attributes.into_iter();
        Self {
            time_unix_nano: happened.at,
            name: happened.name.to_owned(),
            attributes: attributes
                .map(|(key, value)| key_value(key, value))
                .collect(),
        }
    }
}

fn key_value(key: &str, value: trace::Value) -> KeyValue {
    let value = match value {
        trace::Value::Text(text) => Value::Text(text),
        trace::Value::Number(number) => Value::Number(number),
        trace::Value::Truth(truth) => Value::Truth(truth),
    };
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
    }
}
