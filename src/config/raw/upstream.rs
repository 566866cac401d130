//! One upstream: where its endpoints are, and how it is called.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::text::{EndpointAddress, UpstreamUrl};
use crate::config::units::{Count, Span, SpanOrNone};
use crate::upstream::config::{Connect, Limits};
pub(in crate::config) use balance::{Balance, BalancePolicy};
pub(in crate::config) use health::{Health, Outlier};
pub(in crate::config) use retries::{CodeName, Hedge, MethodRetry, RATIO, Retries, Retry, TOKENS};

mod balance;
mod health;
mod retries;

/// One upstream: exactly one of `url` and `endpoints`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with one of the keys `url` and `endpoints`"
)]
#[schemars(extend("oneOf" = [{ "required": ["url"] }, { "required": ["endpoints"] }]))]
pub(in crate::config) struct Upstream {
    /// Where the gRPC server listens, such as `http://127.0.0.1:50051` or `unix:/run/books.sock`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) url: Key<UpstreamUrl>,
    /// Where several servers of the same services listen; calls are spread over them.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) endpoints: Key<Vec<Endpoint>>,
    /// `:authority` of calls, such as `books.example`. Absent: the address of the endpoint.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) authority: Key<String>,
    /// How long one attempt to connect may take: name, TCP and HTTP/2 together.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(Connect::default().timeout))))]
    pub(in crate::config) connect_timeout: Key<Span>,
    /// Connections to each endpoint, of all workers together, of which each may have one in any case.
    /// One carries 100 calls at a time, or fewer where the server says so.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Count::of(Connect::default().connections))))]
    pub(in crate::config) connections: Key<Count>,
    /// A connection this old takes no more calls, so that calls spread over servers that came later.
    /// `none` keeps connections.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(SpanOrNone(Connect::default().max_age))))]
    pub(in crate::config) max_connection_age: Key<SpanOrNone>,
    /// PINGs that find out whether a connection is still alive.
    pub(in crate::config) keepalive: Keepalive,
    /// Which endpoint a call goes to.
    pub(in crate::config) balance: Balance,
    /// Health checks by `grpc.health.v1`.
    pub(in crate::config) health: Health,
    /// Endpoints that fail more than the others get no calls for a while.
    pub(in crate::config) outlier: Outlier,
    /// Which calls are made again.
    pub(in crate::config) retries: Retries,
    /// A gRPC service config (JSON), as the owner of the services may ship one: retries, hedging,
    /// time-outs and balancing. What this file says of the same goes before it.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) service_config: Key<PathBuf>,
    /// Bounds on what all calls to it use together. A call beyond them is refused at once.
    pub(in crate::config) limits: UpstreamLimits,
}

/// One of several endpoints.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with the key `address`")]
pub(in crate::config) struct Endpoint {
    /// Where it listens: `host:port`, or `unix:/path`.
    pub(in crate::config) address: EndpointAddress,
    /// Its share of the calls beside the others', where the balancing knows weights.
    #[serde(default, skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Count::of(1))))]
    pub(in crate::config) weight: Key<Count>,
}

section! {
    /// PINGs towards the endpoints, while calls run.
    Keepalive "a mapping of `keepalive` keys" {
        /// A PING this often. A server that finds it too often says so, and gets half as many.
        interval: Span = Span(Connect::default().keepalive_interval);
        /// How long the answer may take before the connection counts as lost.
        timeout: Span = Span(Connect::default().keepalive_timeout);
    }
}

section! {
    /// Bounds on what all calls to an upstream use together.
    UpstreamLimits "a mapping of an upstream's `limits` keys" {
        /// Calls under way, streams too.
        requests: Count = Count::of(Limits::default().requests);
        /// Calls that wait for a connection.
        pending: Count = Count::of(Limits::default().pending);
    }
}
