//! A server that is asked about calls, over gRPC: where it is, by which TLS, and what becomes of a call that
//! it does not answer in time.
//!
//! A server that is gone costs one connection attempt at a time, and each call no more than its timeout.

use std::future::Future;
use std::io;
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use super::failure::{Fault, OnFailure};
use super::tasks::Tasks;
use crate::call::gate::{Passed, Refused};
use crate::control::tls::{Files, HTTP2, Tls, TlsError};

/// How long an answer may take at most.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Seconds between pings on a connection, so that a dead one is noticed.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long the answer to a ping may take.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The port of `https` where none is named.
const HTTPS_PORT: u16 = 443;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it is: `http://host:port`, or `https://host:port` with TLS.
    pub address: String,
    /// TLS towards it; none: in the clear.
    pub tls: Option<Files>,
    /// How it is asked.
    pub terms: Terms,
}

/// How long an answer is waited for, and what becomes of a call without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long an answer may take, at most [`TIMEOUT_MAX`]; less where the call has less time left.
    pub timeout: Duration,
    /// What becomes of a call without an answer.
    pub on_failure: OnFailure,
}

/// Why a server cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoServer {
    /// Its address is none.
    #[error("found {0:?} as a server, expected http://host:port or https://host:port")]
    Address(String),
    /// The files of TLS are no good.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Terms {
    /// What is decided of a call: what the answer says, if it comes as soon as both allow.
    pub(super) async fn decide<T>(
        self,
        by: &'static str,
        left: Option<Duration>,
        answer: impl Future<Output = Result<T, Fault>>,
        read: impl FnOnce(&T) -> Result<Result<Passed, Box<Refused>>, Fault>,
    ) -> Result<Passed, Box<Refused>> {
        let timeout = self.timeout.min(TIMEOUT_MAX);
        let timeout = left.map_or(timeout, |left| left.min(timeout));
        let known = match tokio::time::timeout(timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Slow(timeout)),
        };
        match known.and_then(|answer| read(&answer)) {
            Ok(decided) => decided,
            Err(fault) => self.on_failure.decide(by, &fault),
        }
    }
}

impl Config {
    /// A channel to it, which connects when it is first asked. Must be made in a runtime; the files of TLS
    /// are watched by one of `tasks`.
    ///
    /// # Errors
    /// See [`NoServer`].
    pub(super) fn channel(&self, tasks: &mut Tasks) -> Result<Channel, NoServer> {
        let address = self.address.clone();
        let endpoint = Endpoint::from_shared(address.clone());
        let endpoint = endpoint
            .map_err(|_| NoServer::Address(address.clone()))?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let Some(files) = self.tls.clone() else {
            return Ok(endpoint.connect_lazy());
        };
        let (tls, keep_current) = Tls::load(files, format!("server {address}"))?;
        tasks.spawn(keep_current);
        let connector = tower::service_fn(move |uri: Uri| {
            let tls = tls.clone();
            async move {
                let opened = open(&uri, &tls).await.map(TokioIo::new);
                opened.inspect_err(|error| {
                    tracing::warn!(server = %uri, %error, "a policy server cannot be reached");
                })
            }
        });
        Ok(endpoint.connect_with_connector_lazy(connector))
    }
}

async fn open(uri: &Uri, tls: &Tls) -> io::Result<TlsStream<TcpStream>> {
    let host = uri.host().unwrap_or_default();
    let name = tls
        .name(host)
        .ok_or_else(|| io::Error::other("its address cannot be the name in a certificate"))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let socket = TcpStream::connect((bare, uri.port_u16().unwrap_or(HTTPS_PORT))).await?;
    // Only latency is at stake if it fails.
    let _ = socket.set_nodelay(true);
    let stream = TlsConnector::from(tls.client())
        .connect(name, socket)
        .await?;
    match stream.get_ref().1.alpn_protocol() {
        Some(HTTP2) => Ok(stream),
        Some(_) | None => Err(io::Error::other("it does not agree on HTTP/2 by ALPN")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
