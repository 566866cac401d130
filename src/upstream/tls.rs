//! TLS with the endpoints of an upstream: the handshake, and what went wrong with it in words for operators.

use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::transport::Transport;
use crate::control::tls::{HTTP2, Tls};

mod failure;

pub(super) use failure::Failure;
use failure::Shown;

/// Agrees with the peer on keys and on HTTP/2.
///
/// # Errors
/// See [`Failure`].
pub(super) async fn handshake(
    tls: &Tls,
    name: ServerName<'static>,
    socket: Transport,
) -> Result<Box<TlsStream<Transport>>, Failure> {
    let connector = TlsConnector::from(tls.client());
    let stream = connector.connect(name, socket).await.map_err(|error| {
        tracing::debug!(%error, "a TLS handshake with an upstream failed");
        Failure::of_handshake(&error, shown(tls))
    })?;
    match stream.get_ref().1.alpn_protocol() {
        Some(HTTP2) => Ok(Box::new(stream)),
        Some(_) | None => Err(Failure::NoHttp2),
    }
}

/// Why the peer broke an open connection off, if TLS knows: by TLS 1.3 it may refuse a certificate
/// after the handshake.
pub(super) fn broken(tls: &Tls, error: &std::io::Error) -> Option<Failure> {
    Failure::of_alert(error, shown(tls))
}

fn shown(tls: &Tls) -> Shown {
    if tls.shows_a_certificate() {
        Shown::Certificate
    } else {
        Shown::Nothing
    }
}
