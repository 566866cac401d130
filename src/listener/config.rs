//! Where and how to listen, and the bounds on what one client may use.

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;

use super::Tls;
use crate::call::{Network, Transport};

/// Where and how to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address; port 0 picks a free one.
    pub address: SocketAddr,
    /// TLS; without it connections are plaintext.
    pub tls: Option<Tls>,
    /// `strict-transport-security` of all answers under TLS.
    pub hsts: Option<HeaderValue>,
    /// Who has to tell by the PROXY protocol whose connection it is, before anything else; nobody else is
    /// let in then. Empty: nobody tells.
    pub proxies: Vec<Network>,
    /// What one client may use.
    pub limits: Limits,
    /// How long a client may take.
    pub timeouts: Timeouts,
    /// How to stop.
    pub drain: Drain,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
            hsts: None,
            proxies: Vec::new(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            drain: Drain::default(),
        }
    }
}

impl Config {
    /// What connections travel in.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.tls {
            None => Transport::Plaintext,
            Some(_) => Transport::Tls,
        }
    }
}

/// What one client may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of request header fields (names and values); 431 above.
    pub header_bytes: u32,
    /// Number of request header fields; 431 above.
    pub headers: usize,
    /// Concurrent HTTP/2 streams of one connection.
    pub streams_per_connection: u32,
    /// Open connections; further ones wait in the kernel's queue.
    pub connections: usize,
    /// TLS handshakes under way; further ones wait, and their time runs.
    pub handshakes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 16 * 1024,
            headers: 100,
            streams_per_connection: 100,
            connections: 10_000,
            handshakes: 1_000,
        }
    }
}

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a request head to its last.
    pub head: Duration,
    /// From the connection to the end of its TLS handshake.
    pub tls_handshake: Duration,
    /// From the connection, or the end of its TLS handshake, to its first request head, or HTTP/2
    /// preface with SETTINGS.
    pub preface: Duration,
    /// Without any call, until the connection is closed.
    pub idle: Duration,
    /// Without taking any more of a response that is there; then the HTTP/2 stream is reset, or
    /// the HTTP/1.1 connection closed.
    pub write_stall: Duration,
    /// Between two PINGs to a client of HTTP/2, which find out whether it is still there.
    pub keepalive_interval: Duration,
    /// Between a PING and its answer; then the connection is closed, and its calls are cancelled.
    pub keepalive_timeout: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            tls_handshake: Duration::from_secs(10),
            preface: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write_stall: Duration::from_secs(60),
            keepalive_interval: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
        }
    }
}

/// How to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Between "not ready" and the end of accepting, for load balancers to notice.
    pub delay: Duration,
    /// For calls to finish, before their connections are cut.
    pub grace: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            grace: Duration::from_secs(30),
        }
    }
}
