//! A server that is asked about calls, over gRPC: where it is, by which TLS, and what becomes of a call that
//! it does not answer in time.
//!
//! A server that is gone costs one connection attempt at a time, and each call no more than its timeout.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use super::failure::{Fault, OnFailure};
use super::outage::Outage;
use super::tasks::Tasks;
use crate::call::gate::{Passed, Refused};
use crate::control::redacted::without_secrets;
use crate::control::tls::{Files, HTTP2, Tls, TlsError};

/// How long an answer may take at most.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long what was sent may go without a word from the other side: then the connection is dead. PINGs would
/// tell too, but servers of gRPC end connections on which nothing but PINGs comes.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// The ports where none is named.
const HTTP_PORT: u16 = 80;
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
        (by, outage): (&'static str, &Outage),
        left: Option<Duration>,
        answer: impl Future<Output = Result<T, Fault>>,
        read: impl FnOnce(&T) -> Result<Result<Passed, Box<Refused>>, Fault>,
    ) -> Result<Passed, Box<Refused>> {
        let own = self.timeout.min(TIMEOUT_MAX);
        let timeout = left.map_or(own, |left| left.min(own));
        let known = match tokio::time::timeout(timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Slow(timeout)),
        };
        match known.and_then(|answer| read(&answer)) {
            Ok(decided) => {
                if outage.answered(Instant::now()) {
                    tracing::info!(step = by, "a policy server answers every call again");
                }
                decided
            }
            Err(fault) => {
                // That a call has no time is not its server's doing.
                if fault != Fault::Slow(timeout) || timeout == own {
                    self.tell(by, &fault, outage);
                }
                self.on_failure.decide(by, &fault)
            }
        }
    }

    fn tell(self, by: &'static str, fault: &Fault, outage: &Outage) {
        let fails = self.on_failure.name();
        match outage.unanswered(Instant::now()) {
            Some(calls) => {
                tracing::warn!(step = by, %fault, calls, fails, "a policy server does not answer as it should");
            }
            None => tracing::debug!(step = by, %fault, fails, "a policy server did not answer"),
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
            .map_err(|_| NoServer::Address(without_secrets(&address)))?
            .connect_timeout(CONNECT_TIMEOUT);
        let news = Arc::<News>::default();
        let Some(files) = self.tls.clone() else {
            let connector = tower::service_fn(move |uri: Uri| {
                let news = Arc::clone(&news);
                async move { news.of(&uri, socket(&uri, HTTP_PORT).await) }
            });
            return Ok(endpoint.connect_with_connector_lazy(connector));
        };
        let (tls, keep_current) =
            Tls::load(files, format!("server {}", without_secrets(&address)))?;
        tasks.spawn(keep_current);
        let connector = tower::service_fn(move |uri: Uri| {
            let (tls, news) = (tls.clone(), Arc::clone(&news));
            async move { news.of(&uri, secured(&uri, &tls).await) }
        });
        Ok(endpoint.connect_with_connector_lazy(connector))
    }
}

/// Whether a server could be reached, logged when that changes.
#[derive(Debug, Default)]
struct News(AtomicBool);

impl News {
    fn of<S>(&self, server: &Uri, opened: io::Result<S>) -> io::Result<TokioIo<S>> {
        let was_lost = self.0.swap(opened.is_err(), Ordering::Relaxed);
        let server = || without_secrets(&server.to_string());
        match &opened {
            Err(error) if !was_lost => {
                tracing::warn!(server = server(), %error, "a policy server cannot be reached");
            }
            Ok(_) if was_lost => {
                tracing::info!(server = server(), "a policy server is reached again")
            }
            Err(_) | Ok(_) => {}
        }
        opened.map(TokioIo::new)
    }
}

/// A connection to it in the clear.
async fn socket(uri: &Uri, port: u16) -> io::Result<TcpStream> {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let socket = TcpStream::connect((bare, uri.port_u16().unwrap_or(port))).await?;
    // Only latency is at stake if it fails.
    let _ = socket.set_nodelay(true);
    #[cfg(target_os = "linux")]
    SockRef::from(&socket).set_tcp_user_timeout(Some(SILENCE_MAX))?;
    Ok(socket)
}

/// The same by TLS.
async fn secured(uri: &Uri, tls: &Tls) -> io::Result<TlsStream<TcpStream>> {
    let name = tls
        .name(uri.host().unwrap_or_default())
        .ok_or_else(|| io::Error::other("its address cannot be the name in a certificate"))?;
    let socket = socket(uri, HTTPS_PORT).await?;
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
