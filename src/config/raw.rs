//! The configuration file, key by key, as people write it.
//!
//! The doc comments here are the descriptions in the JSON Schema, and the defaults are those of
//! the modules themselves: no number is written twice. Keys are `snake_case`; unknown ones are
//! refused.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_saphyr::{Location, Spanned};

use super::text::{Address, UpstreamName, UpstreamUrl};
use super::units::{ByteSize, Count, Span, SpanOrNone};
use crate::{listener, protocol, schema, transcode, upstream};

/// Configuration of `transom serve` and `transom check`. Every key is optional; relative paths are
/// relative to this file.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of configuration keys"
)]
#[schemars(title = "Transom configuration", rename = "Configuration")]
pub(super) struct File {
    /// Address and port that clients connect to. Port 0 picks a free one.
    pub(super) listen: Listen,
    /// Threads that serve connections. Absent: one for each core.
    pub(super) workers: Option<Count>,
    /// The admin listener: `/livez`, `/readyz`, `/routes` and gRPC health.
    pub(super) admin: Admin,
    /// The gRPC servers behind the gateway, by a name of your choice.
    #[schemars(with = "BTreeMap<UpstreamName, Upstream>")]
    pub(super) upstreams: Upstreams,
    /// Where descriptors come from, in order. Empty: every upstream is asked by reflection.
    #[schemars(with = "Vec<Source>")]
    pub(super) schema: Vec<Spanned<Source>>,
    /// REST: how requests are matched and bound.
    pub(super) rest: Rest,
    /// JSON: how it is read and written.
    pub(super) json: Json,
    /// Bounds on what one client or backend may use.
    pub(super) limits: Limits,
    /// How long things may take. Durations have a unit: `250ms`, `15s`, `5m`, `1h`.
    pub(super) timeouts: Timeouts,
    /// What the gateway writes about itself, on standard error.
    pub(super) log: Log,
}

/// The client address, with its default.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct Listen(pub(super) Address);

impl Default for Listen {
    fn default() -> Self {
        Self(Address(listener::Config::default().address))
    }
}

/// The admin listener.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with the key `listen`"
)]
pub(super) struct Admin {
    /// Address and port of the admin listener. Absent: there is none.
    pub(super) listen: Option<Address>,
}

/// One upstream.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with the key `url`")]
pub(super) struct Upstream {
    /// Where the gRPC server listens, such as `http://127.0.0.1:50051`.
    pub(super) url: UpstreamUrl,
    /// How long one attempt to connect may take.
    #[serde(default = "connect_timeout")]
    pub(super) connect_timeout: Span,
}

/// The upstream module's own default.
pub(super) fn connect_timeout() -> Span {
    Span(upstream::CONNECT_TIMEOUT)
}

/// Upstreams in the order of the file, which is the order of their reflected schemas.
#[derive(Debug, Default)]
pub(super) struct Upstreams(pub(super) Vec<(UpstreamName, Upstream)>);

/// One source of descriptors: exactly one of `reflection`, `descriptors` and `protos`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with one of the keys `reflection`, `descriptors` and `protos`"
)]
#[schemars(extend("oneOf" = [
    { "required": ["reflection"] }, { "required": ["descriptors"] }, { "required": ["protos"] }
]))]
pub(super) struct Source {
    /// Ask this upstream by gRPC server reflection (v1, else v1alpha).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reflection: Option<String>,
    /// A FileDescriptorSet file, as `protoc --descriptor_set_out --include_imports` or
    /// `buf build -o` writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) descriptors: Option<PathBuf>,
    /// An import root: every `.proto` file beneath it is compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protos: Option<PathBuf>,
    /// Which upstream serves the services found here. May be left out when there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upstream: Option<String>,
}

/// REST.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `rest` keys")]
pub(super) struct Rest {
    /// A query parameter that names no field: ignored, or refused with 400.
    pub(super) unknown_query: Strictness,
    /// Whether methods also answer on `POST /pkg.Service/Method` with a JSON body.
    pub(super) unannotated: bool,
    /// A binding that clashes with an earlier one, or whose template is wrong: `skip` serves
    /// everything else and says so, `refuse` starts nothing.
    pub(super) bad_bindings: BadBindings,
}

/// Whether something unknown matters.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Strictness {
    /// It is passed over.
    Ignore,
    /// It is an error that names it.
    Refuse,
}

/// What happens to the schema when one of its bindings is bad.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum BadBindings {
    /// Only that binding is left out.
    Skip,
    /// The whole schema is refused.
    Refuse,
}

impl Default for Rest {
    fn default() -> Self {
        let (protocol, schema) = (protocol::Options::default(), schema::Options::default());
        Self {
            unknown_query: match protocol.rest.unknown_query {
                protocol::rest::UnknownQuery::Ignore => Strictness::Ignore,
                protocol::rest::UnknownQuery::Refuse => Strictness::Refuse,
            },
            unannotated: schema.unannotated == schema::Unannotated::Serve,
            bad_bindings: if schema.strict {
                BadBindings::Refuse
            } else {
                BadBindings::Skip
            },
        }
    }
}

/// JSON.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `json` keys")]
pub(super) struct Json {
    /// A field in a request, or the name of an enum value, that the schema does not know: refused
    /// with 400, or ignored.
    pub(super) unknown_fields: Strictness,
    /// Write fields that hold their default value.
    pub(super) emit_defaults: bool,
    /// Write field names as in the proto file (`page_size`) instead of `pageSize`.
    pub(super) proto_names: bool,
    /// Write enum values as numbers.
    pub(super) enum_numbers: bool,
}

impl Default for Json {
    fn default() -> Self {
        let protocol::Options { read, print, .. } = protocol::Options::default();
        Self {
            unknown_fields: match read.unknown {
                transcode::Unknown::Ignore => Strictness::Ignore,
                transcode::Unknown::Refuse => Strictness::Refuse,
            },
            emit_defaults: print.emit_defaults,
            proto_names: print.proto_names,
            enum_numbers: print.enum_numbers,
        }
    }
}

/// Limits. Sizes are bytes or have a unit: `16KiB`, `4MiB`.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `limits` keys")]
pub(super) struct Limits {
    /// One request message, and the body of a unary request (413, RESOURCE_EXHAUSTED).
    pub(super) request_message: ByteSize,
    /// One message of an answer (RESOURCE_EXHAUSTED).
    pub(super) response_message: ByteSize,
    /// Nesting of messages, lists and objects, in JSON and on the wire (400). At most 200.
    pub(super) depth: Count,
    /// Path and query together (414).
    pub(super) url: ByteSize,
    /// All request headers together (431).
    pub(super) header_bytes: ByteSize,
    /// How many request headers (431).
    pub(super) headers: Count,
    /// Concurrent streams on one HTTP/2 connection.
    pub(super) streams_per_connection: Count,
    /// Concurrent client connections; further ones wait to be accepted.
    pub(super) connections: Count,
}

impl Default for Limits {
    fn default() -> Self {
        let (listener, protocol) = (listener::Config::default(), protocol::Options::default());
        let head = crate::protocol::HeadLimits::default();
        Self {
            request_message: ByteSize(protocol.limits.request_message),
            response_message: ByteSize(protocol.limits.response_message),
            depth: Count::of(protocol.read.depth_max),
            url: ByteSize(head.url),
            header_bytes: ByteSize(head.metadata),
            headers: Count::of(listener.limits.headers),
            streams_per_connection: Count(listener.limits.streams_per_connection),
            connections: Count::of(listener.limits.connections),
        }
    }
}

/// Time-outs. Only the drain's may be `0s`.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of `timeouts` keys"
)]
pub(super) struct Timeouts {
    /// Deadline of a unary call for which the client names none (504). `none`: it has no deadline.
    #[schemars(with = "SpanOrNone")]
    pub(super) unary: Spanned<SpanOrNone>,
    /// The longest deadline a client can ask for in a unary call.
    pub(super) unary_cap: Span,
    /// Receiving the whole body of a unary request (408).
    pub(super) request_body: Span,
    /// A stream on which no message travels either way.
    pub(super) stream_idle: Span,
    /// A client connection without a request.
    pub(super) connection_idle: Span,
    /// A client that takes nothing more of a response that is there.
    pub(super) write_stall: Span,
    /// Receiving the head of an HTTP/1.1 request.
    pub(super) request_head: Span,
    /// Receiving the HTTP/2 preface of a new connection.
    pub(super) preface: Span,
    /// After a stop signal: how long the gateway still accepts while readiness already fails.
    pub(super) drain_delay: Span,
    /// After a stop signal: how long running calls may take to end.
    pub(super) drain_grace: Span,
}

impl Default for Timeouts {
    fn default() -> Self {
        let (listener, protocol) = (listener::Config::default(), protocol::Options::default());
        Self {
            unary: unplaced(SpanOrNone(protocol.timeouts.unary_default)),
            unary_cap: Span(protocol.timeouts.unary_cap),
            request_body: Span(protocol.timeouts.request_body),
            stream_idle: Span(protocol.timeouts.stream_idle),
            connection_idle: Span(listener.timeouts.idle),
            write_stall: Span(listener.timeouts.write_stall),
            request_head: Span(listener.timeouts.head),
            preface: Span(listener.timeouts.preface),
            drain_delay: Span(listener.drain.delay),
            drain_grace: Span(listener.drain.grace),
        }
    }
}

/// Logs.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `log` keys")]
pub struct Log {
    /// `human` for short lines to read, `json` for one object a line with everything, `auto` for
    /// human on a terminal and JSON otherwise.
    pub format: LogFormat,
    /// The least important lines that are written. The environment's `RUST_LOG` wins over it.
    pub level: LogLevel,
}

/// The form of log lines.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// Short lines for reading.
    Human,
    /// One JSON object a line, with everything.
    Json,
}

/// How much is logged.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LogLevel {
    /// What needs somebody.
    Error,
    /// And what is suspicious.
    Warn,
    /// And one line a call.
    #[default]
    Info,
    /// And connections, reconnects, decisions.
    Debug,
    /// And everything else.
    Trace,
}

/// A value that stands in no file.
pub(super) const fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned {
        value,
        referenced: Location::UNKNOWN,
        defined: Location::UNKNOWN,
    }
}

impl<'de> Deserialize<'de> for Upstreams {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Upstreams;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping from upstream names to their settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Upstreams, A::Error> {
                let mut upstreams = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    upstreams.push(entry); // a name given twice is refused by the YAML reader
                }
                Ok(Upstreams(upstreams))
            }
        }
        from.deserialize_map(InOrder)
    }
}

impl Serialize for Upstreams {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, upstream)| (name, upstream)))
    }
}
