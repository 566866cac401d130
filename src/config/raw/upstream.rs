//! One upstream: where its endpoints are, and how it is called.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::text::{Address, EndpointAddress, UpstreamUrl};
use crate::config::units::{Count, Span, SpanOrNone};
use crate::upstream::Scheme;
use crate::upstream::config::{Connect, Limits};
pub(in crate::config) use balance::{Balance, BalancePolicy};
pub(in crate::config) use health::{Health, Outlier};
pub(in crate::config) use oauth2::{Oauth2, Shows};
pub(in crate::config) use retries::{CodeName, Hedge, MethodRetry, Retries, Retry};

mod balance;
mod health;
mod oauth2;
mod retries;

/// One upstream: exactly one of `url`, `endpoints`, `dns`, `srv` and `file`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with one of the keys `url`, `endpoints`, `dns`, `srv` and `file`"
)]
#[schemars(extend("oneOf" = [
    { "required": ["url"] },
    { "required": ["endpoints"] },
    { "required": ["dns"] },
    { "required": ["srv"] },
    { "required": ["file"] },
]))]
pub(in crate::config) struct Upstream {
    /// Where its keys begin.
    #[serde(skip)]
    pub(in crate::config) place: Key<()>,
    /// Where the gRPC server listens, such as `http://127.0.0.1:50051`, `https://books.example:443` or
    /// `unix:/run/books.sock`. A name is looked up by the system for each connection.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) url: Key<UpstreamUrl>,
    /// Where several servers of the same services listen; calls are spread over them.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) endpoints: Key<Vec<Endpoint>>,
    /// A name and a port, such as `books.example:50051`: calls are spread over all addresses of the name
    /// (A and AAAA), which is asked for again when its TTL is over, and when a connection is lost, yet
    /// not within 30 seconds. The last good answer stays in force for ever.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) dns: Key<EndpointAddress>,
    /// A name with SRV records, such as `_grpc._tcp.books.example`: calls are spread over those of the
    /// lowest priority number, by weight where the balancing knows weights. Asked for as `dns` is.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) srv: Key<String>,
    /// A file with a list as under `endpoints`, in YAML or JSON. It is watched; one that is broken or
    /// gone changes nothing, and `[]` is no endpoint.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) file: Key<PathBuf>,
    /// Whom `dns` and `srv` ask, such as `127.0.0.1:8600`. Absent: the system's name servers.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) nameservers: Key<Vec<Address>>,
    /// `:authority` of calls, such as `books.example`. Absent: the name under `dns`, else the address of
    /// the endpoint.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) authority: Key<String>,
    /// TLS towards the endpoints, by these keys; with a `url` it has to be an `https` one.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) tls: Key<UpstreamTls>,
    /// Tokens that calls carry in `authorization`, in place of what clients send by that name. The gateway
    /// gets them by its own client credentials (OAuth 2.0, RFC 6749 section 4.4).
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) oauth2: Key<Oauth2>,
    /// How long one attempt to connect may take: name, TCP, TLS and HTTP/2 together.
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
    /// time-outs, sizes of messages, waiting for an endpoint, balancing. What this file says of the same goes before it.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) service_config: Key<PathBuf>,
    /// How much less time a server is told that is left of a call (`grpc-timeout`), so that it gives up
    /// before the gateway does, and its own answer comes in time. Where no more than that is left, nothing
    /// is taken off.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(std::time::Duration::ZERO))))]
    pub(in crate::config) timeout_offset: Key<Span>,
    /// Bounds on what all calls to it use together. A call beyond them is refused at once.
    pub(in crate::config) limits: UpstreamLimits,
}

impl Upstream {
    /// Leads to this server alone; in the clear without what the file says of TLS.
    pub(in crate::config) fn lead_to(&mut self, url: &UpstreamUrl) {
        self.url = Key::of(url.clone());
        self.endpoints = Key::default();
        self.dns = Key::default();
        self.srv = Key::default();
        self.file = Key::default();
        self.nameservers = Key::default();
        if url.url().scheme == Scheme::Http {
            self.tls = Key::default();
        }
    }
}

/// TLS 1.2 and 1.3 towards the endpoints of an upstream, or a server of a policy. The files are watched: new
/// connections are made with what is in them then.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of the `tls` keys `ca`, `certificate`, `key` and `server_name`"
)]
pub(in crate::config) struct UpstreamTls {
    /// Certificates (PEM) of the authorities that certify the endpoints. Absent: those that the system
    /// trusts.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) ca: Key<PathBuf>,
    /// The certificate chain (PEM) that the gateway shows to endpoints which ask for one, its own
    /// certificate first.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) certificate: Key<PathBuf>,
    /// The private key of that certificate (PEM, without a passphrase).
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) key: Key<PathBuf>,
    /// The name that endpoints are asked for (SNI) and that their certificate has to have. Absent: the
    /// host of `authority`, else that of the endpoint's or server's address.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) server_name: Key<String>,
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
        /// Connections of all workers to all endpoints; each worker may have one to each endpoint in any case.
        connections: Count = Count::of(Limits::default().connections);
    }
}
