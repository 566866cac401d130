//! What an upstream is configured with. Plain values: the YAML keys are `config`'s matter.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::Authority;

use super::address::{Address, Url};
use super::balance;
use super::health;
use super::outlier::{self, Panic};
use super::plan::Retries;

/// Bytes of one reply message.
pub const MESSAGE_MAX: usize = 4 * 1024 * 1024;

/// One upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Its name: in `Method::upstream`, in messages and in logs.
    pub name: String,
    /// Where its endpoints come from.
    pub discovery: Discovery,
    /// `:authority` of its calls; else that of each endpoint's address.
    pub authority: Option<Authority>,
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
        Self::found_by(name, Discovery::Static(vec![endpoint]))
    }

    /// An upstream whose endpoints come from there, with the default limits.
    #[must_use]
    pub fn found_by(name: impl Into<String>, discovery: Discovery) -> Self {
        Self {
            name: name.into(),
            discovery,
            authority: None,
            connect: Connect::default(),
            balance: balance::Config::default(),
            outlier: outlier::Config::default(),
            health: None,
            retries: Retries::default(),
            panic: Panic::default(),
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

impl fmt::Display for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static(listed) => match listed.as_slice() {
                [] => f.write_str("no endpoint"),
                [only] => only.address.fmt_url(f),
                [first, others @ ..] => {
                    first.address.fmt_url(f)?;
                    write!(f, " and {} more", others.len())
                }
            },
            Self::Dns { authority, .. } => write!(f, "dns:{authority}"),
            Self::Srv { name } => write!(f, "srv:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// One endpoint, as its source names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub address: Address,
    /// Its share of the calls beside others; at least 1.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 1024,
            pending: 1024,
        }
    }
}
