//! What an upstream is configured with. Plain values: the YAML keys are `config`'s matter.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::Authority;

use super::address::{Address, Scheme, Url};
use super::balance;
use super::health;
use super::outlier::{self, Panic};
use super::plan::Retries;
use crate::control::oauth;
pub use crate::control::tls::{Files as Tls, Identity};

/// Bytes of one reply message.
pub const MESSAGE_MAX: usize = 4 * 1024 * 1024;

/// The largest share of an endpoint: with it the calls of all others would be one in a million.
pub const WEIGHT_MAX: u32 = 1_000_000;

/// One upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Its name: in `Method::upstream`, in messages and in logs.
    pub name: String,
    /// Where its endpoints come from.
    pub discovery: Discovery,
    /// Name servers for its discovery by DNS; none: the system's.
    pub nameservers: Vec<SocketAddr>,
    /// `:authority` of its calls; else the name whose addresses its endpoints are, or the address of
    /// each.
    pub authority: Option<Authority>,
    /// TLS towards its endpoints; none: in the clear.
    pub tls: Option<Tls>,
    /// Whose tokens its calls carry; none: what clients send.
    pub oauth: Option<oauth::Settings>,
    /// How its connections are made and kept.
    pub connect: Connect,
    /// How calls are spread over its endpoints.
    pub balance: balance::Config,
    /// Who is left out for failing more than the others.
    pub outlier: outlier::Config,
    /// How endpoints are asked for their health; not at all unless configured.
    pub health: Option<health::Config>,
    /// What is done when an attempt fails, or takes long.
    pub retries: Retries,
    /// When health is ignored.
    pub panic: Panic,
    /// How much less time a backend is told that is left of a call, where more than that is left.
    pub timeout_offset: Duration,
    /// Bounds on what all calls to it use together.
    pub limits: Limits,
    /// Largest reply message in bytes; a larger one ends the call with RESOURCE_EXHAUSTED.
    pub max_message: usize,
}

impl Config {
    /// An upstream of one endpoint, with the default limits.
    #[must_use]
    pub fn new(name: impl Into<String>, url: Url) -> Self {
        let endpoint = Listed {
            address: url.address,
            weight: 1,
        };
        Self {
            tls: match url.scheme {
                Scheme::Http => None,
                Scheme::Https => Some(Tls::default()),
            },
            ..Self::found_by(name, Discovery::Static(vec![endpoint]))
        }
    }

    /// An upstream whose endpoints come from there, with the default limits.
    #[must_use]
    pub fn found_by(name: impl Into<String>, discovery: Discovery) -> Self {
        Self {
            name: name.into(),
            discovery,
            nameservers: Vec::new(),
            authority: None,
            tls: None,
            oauth: None,
            connect: Connect::default(),
            balance: balance::Config::default(),
            outlier: outlier::Config::default(),
            health: None,
            retries: Retries::default(),
            panic: Panic::default(),
            timeout_offset: Duration::ZERO,
            limits: Limits::default(),
            max_message: MESSAGE_MAX,
        }
    }
}

/// Where the endpoints of an upstream come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// The configuration itself.
    Static(Vec<Listed>),
    /// The A and AAAA records of a name, all with this port.
    Dns {
        /// The name, as it stands in `:authority` with the port behind it.
        authority: Authority,
        /// The port.
        port: u16,
    },
    /// The SRV records of a name, such as `_grpc._tcp.books.example`.
    Srv {
        /// The name.
        name: String,
    },
    /// A file that is watched.
    File(PathBuf),
}

impl Discovery {
    /// The name that all of the endpoints go by, if they have one in common.
    #[must_use]
    pub fn authority(&self) -> Option<&Authority> {
        match self {
            Self::Dns { authority, .. } => Some(authority),
            Self::Static(_) | Self::Srv { .. } | Self::File(_) => None,
        }
    }
}

impl Config {
    /// Where its endpoints are, for people: a URL if there is one.
    #[must_use]
    pub fn place(&self) -> String {
        let address = |address: &Address| match (address, &self.tls) {
            (Address::Unix(_), _) => address.to_string(),
            (Address::Tcp { .. }, None) => format!("http://{address}"),
            (Address::Tcp { .. }, Some(_)) => format!("https://{address}"),
        };
        match &self.discovery {
            Discovery::Static(listed) => match listed.as_slice() {
                [] => "no endpoint".to_owned(),
                [only] => address(&only.address),
                [first, others @ ..] => {
                    format!("{} and {} more", address(&first.address), others.len())
                }
            },
            Discovery::Dns { authority, .. } => format!("dns:{authority}"),
            Discovery::Srv { name } => format!("srv:{name}"),
            Discovery::File(path) => format!("file:{}", path.display()),
        }
    }
}

/// One endpoint, as its source names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listed {
    /// Where it is.
    pub address: Address,
    /// Its share of the calls beside others: 1 to [`WEIGHT_MAX`].
    pub weight: u32,
}

/// How connections are made and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Longest time for name, TCP, TLS and HTTP/2 handshake together.
    pub timeout: Duration,
    /// Connections to one endpoint, of all workers together (gRFC A105); each worker may have one
    /// in any case.
    pub connections: usize,
    /// A PING this often while calls run (gRFC A8).
    pub keepalive_interval: Duration,
    /// How long its answer may take before the connection counts as lost.
    pub keepalive_timeout: Duration,
    /// A connection this old takes no more calls; none unless asked for. Varied by a tenth.
    pub max_age: Option<Duration>,
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            connections: 10,
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(20),
            max_age: None,
        }
    }
}

/// Bounds on what all calls to an upstream use together: its circuit breaker (gRFC A32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls under way, streams too.
    pub requests: usize,
    /// Calls that wait for a connection.
    pub pending: usize,
    /// Connections of all workers to all endpoints; each worker may have one to each endpoint in any
    /// case.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 1024,
            pending: 1024,
            connections: 1024,
        }
    }
}
