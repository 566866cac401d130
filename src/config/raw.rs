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

use super::text::{Address, HostName, NetworkRange, UpstreamName};
use super::units::Count;
use crate::listener;

#[macro_use]
mod section;
mod compat;
mod compression;
mod cors;
mod docs;
mod identity;
mod key;
mod limits;
mod observe;
mod options;
mod overload;
mod policy;
mod proxy_protocol;
mod route;
mod schema_reload;
mod tls;
mod upstream;

pub(super) use compat::Compat;
pub(super) use compression::Compression;
pub(super) use cors::Cors;
pub(super) use docs::Docs;
pub(super) use identity::{Identity, Issuer};
pub(super) use key::Key;
pub(super) use limits::{Limits, RouteLimits, RouteTimeouts, Timeouts};
pub(super) use observe::{AccessLog, Metrics, Sampling, Traces};
pub(super) use options::{Connect, Json, Metadata, MultiSegment, Rest, Validation};
pub(super) use overload::Overload;
pub(super) use policy::{
    Access, Ceiling, Claim, ExtAuthz, GlobalRateLimits, OnFailure, PolicyStep, RateLimit, Rule,
    When,
};
pub(super) use proxy_protocol::ProxyProtocol;
pub(super) use route::{Destination, HeaderMatch, Route, Routing};
pub(super) use schema_reload::SchemaReload;
pub(super) use section::Section;
pub(super) use tls::{ClientCertificates, Hsts, MinimumVersion, Tls, UnknownNames};
pub(super) use upstream::{
    Balance, BalancePolicy, CodeName, Health, Hedge, MethodRetry, Oauth2, Outlier, Retries, Retry,
    Shows, Upstream, UpstreamTls,
};

/// Configuration of `transom serve` and `transom check`. Every key is optional, but `upstreams` where
/// no flag names one; relative paths are relative to this file.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of configuration keys"
)]
#[schemars(title = "Transom configuration", rename = "Configuration")]
pub(super) struct File {
    /// Variables of the surroundings that said something where the file did not, by the keys.
    #[serde(skip)]
    pub(super) variables: BTreeMap<&'static str, &'static str>,
    /// Address and port that clients connect to. Port 0 picks a free one.
    pub(super) listen: Listen,
    /// TLS on the client address. Absent: clients connect in plaintext.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(super) tls: Key<Tls>,
    /// The PROXY protocol on the client address. Absent: nobody speaks it.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(super) proxy_protocol: Key<ProxyProtocol>,
    /// Proxies in front, such as `10.0.0.0/8`: what they say in `x-forwarded-for` and `x-forwarded-proto` of
    /// their clients is believed. What others say there never is.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Vec::<NetworkRange>::new()))]
    pub(super) trusted_proxies: Key<Vec<NetworkRange>>,
    /// Threads that serve connections. Absent: one for each core.
    pub(super) workers: Option<Count>,
    /// The admin listener: a status page, `/livez`, `/readyz`, `/config`, `/metrics`, gRPC health and more.
    pub(super) admin: Admin,
    /// The gRPC servers behind the gateway, by a name of your choice.
    #[schemars(with = "BTreeMap<UpstreamName, Upstream>")]
    pub(super) upstreams: Upstreams,
    /// Where descriptors come from, in order. Empty: every upstream is asked by reflection.
    #[schemars(with = "Vec<Source>")]
    pub(super) schema: Vec<Spanned<Source>>,
    /// How the schema follows its sources while the gateway runs.
    pub(super) schema_reload: SchemaReload,
    /// Google service configurations (YAML) whose `http` rules bind methods in place of their
    /// annotations. The last rule that selects a method counts.
    pub(super) http_rules: Vec<RulesFile>,
    /// What another system does where this file says nothing: `envoy` or `grpc-gateway`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Compat::None))]
    pub(super) compat: Key<Compat>,
    /// Which routes there are.
    pub(super) routing: Routing,
    /// REST: how requests are read and answered.
    pub(super) rest: Rest,
    /// JSON: how it is read and written.
    pub(super) json: Json,
    /// Headers that become metadata, and metadata that become headers.
    pub(super) metadata: Metadata,
    /// Connect, and so JSON, on `/pkg.Service/Method`.
    pub(super) connect: Connect,
    /// Validation by the rules of the schema (`buf.validate`).
    pub(super) validation: Validation,
    /// Who calls: tokens, API keys and client certificates.
    pub(super) identity: Identity,
    /// What stands before calls, step by step in this order.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(with = "Vec<PolicyStep>")]
    pub(super) policy: Key<Vec<Key<PolicyStep>>>,
    /// Calls that are refused because there is too little of something.
    pub(super) overload: Overload,
    /// CORS: pages of which other origins may call.
    pub(super) cors: Cors,
    /// Documentation: the site, and OpenAPI.
    pub(super) docs: Docs,
    /// Compression of answers in JSON.
    pub(super) compression: Compression,
    /// Bounds on what one client or backend may use.
    pub(super) limits: Limits,
    /// How long things may take. Durations have a unit: `250ms`, `15s`, `5m`, `1h`.
    pub(super) timeouts: Timeouts,
    /// Other choices for some methods or bindings. The first that applies counts, whole; what it
    /// leaves out is as for the gateway.
    #[schemars(with = "Vec<Route>")]
    pub(super) routes: Vec<Spanned<Route>>,
    /// What the gateway writes about itself, on standard error.
    pub(super) log: Log,
    /// The access log: which calls have a line.
    pub(super) access_log: AccessLog,
    /// Metrics, on the admin listener.
    pub(super) metrics: Metrics,
    /// Traces of calls, told to a collector of OpenTelemetry by OTLP over gRPC.
    pub(super) traces: Traces,
}

/// A service configuration file.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct RulesFile(pub(super) PathBuf);

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
    expecting = "a mapping with the keys `listen`, `hosts` and `reflection`"
)]
pub(super) struct Admin {
    /// Address and port of the admin listener. Absent: there is none.
    pub(super) listen: Option<Address>,
    /// Names under which it answers, such as `transom.ops.svc`, besides addresses and `localhost`: a page in
    /// a browser can have other names lead here. `/livez`, `/readyz`, `/metrics` and gRPC health answer
    /// under any.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Vec::<HostName>::new()))]
    pub(super) hosts: Key<Vec<HostName>>,
    /// Whether tools can ask by server reflection which gRPC services the admin listener has.
    pub(super) reflection: bool,
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
                // A name given twice is refused by the YAML reader.
                while let Some((name, spanned)) = map.next_entry::<_, Spanned<Upstream>>()? {
                    let mut upstream = spanned.value;
                    upstream.place.place = spanned.defined;
                    upstreams.push((name, upstream));
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
