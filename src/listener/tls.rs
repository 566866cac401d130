//! TLS of the public port: a certificate, its key, and whose certificates clients have to show.
//!
//! A [`Tls`] that exists is valid: what was given is PEM, certificate and key belong together. It
//! speaks TLS 1.2 and 1.3, and offers HTTP/2 before HTTP/1.1 by ALPN; a client that asks for
//! neither is heard all the same, since the first bytes tell which of the two it speaks.
//!
//! The certificate stands behind rustls' resolver and a connection takes its `Tls` when it begins,
//! so either can be another one for the connections after it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::SingleCertAndKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::socket;
use super::stream::Stream;
use crate::pem::{self, PemError};

/// What is offered by ALPN, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Everything that a TLS handshake needs.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// Whose certificates clients have to show; the authorities are certificates in PEM.
#[derive(Clone, Copy, Debug)]
pub enum Clients<'p> {
    /// Nobody is asked for one.
    Unasked,
    /// Whoever shows one has to show one by these authorities; whoever shows none is welcome.
    Optional(&'p [u8]),
    /// Everybody shows one by these authorities.
    Required(&'p [u8]),
}

/// The part of a [`Tls`] that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The chain, the server's own certificate first.
    Certificate,
    /// The key of the first certificate.
    Key,
    /// The authorities of clients.
    ClientCa,
}

/// Why there is no [`Tls`]: what was found and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wrong}")]
pub struct TlsError {
    /// Where.
    pub part: Part,
    wrong: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error("{0}")]
    Refused(String),
}

impl Part {
    fn error(self, wrong: impl Into<Wrong>) -> TlsError {
        TlsError {
            part: self,
            wrong: wrong.into(),
        }
    }
}

impl Tls {
    /// From texts in PEM: a chain, the server's own certificate first, and its key.
    ///
    /// # Errors
    /// The first part that is not what it should be.
    pub fn new(certificate: &[u8], key: &[u8], clients: Clients<'_>) -> Result<Self, TlsError> {
        let provider = pem::provider();
        let chain =
            pem::certificates(certificate).map_err(|error| Part::Certificate.error(error))?;
        let identity = pem::private_key(key)
            .and_then(|key| pem::identity(chain, key, &provider))
            .map_err(|error| Part::Key.error(error))?;
        let verifier = verifier(clients, &provider)?;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Part::Certificate.error(Wrong::Refused(error.to_string())))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
        server.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
        Ok(Self(Arc::new(server)))
    }

    /// Agrees with the client on keys.
    ///
    /// # Errors
    /// The client said something else, or nothing that would be enough in time. What it still
    /// sends has been thrown away for a while, so that it can read why.
    pub(super) async fn handshake(
        &self,
        socket: TcpStream,
        within: Duration,
    ) -> Result<Stream, Failure> {
        let accept = TlsAcceptor::from(Arc::clone(&self.0)).accept(socket);
        match tokio::time::timeout(within, accept.into_fallible()).await {
            Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
            Ok(Err((error, socket))) => {
                socket::linger(socket).await;
                Err(Failure::of(error))
            }
            Err(_) => Err(Failure::Slow),
        }
    }
}

/// Equal are those that were made at once; what is in them is not compared.
impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Tls {}

/// Nothing of a key is ever printed.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Why a connection has no TLS.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the handshake was not over in time")]
    Slow,
    #[error("the client does not speak TLS; this port takes nothing else")]
    NotTls,
    #[error("{0}")]
    Refused(io::Error),
}

impl Failure {
    fn of(error: io::Error) -> Self {
        use rustls::{Error, InvalidMessage};
        let cause = error.get_ref().and_then(|error| error.downcast_ref());
        match cause {
            Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => Self::NotTls,
            Some(_) | None => Self::Refused(error),
        }
    }
}

fn verifier(
    clients: Clients<'_>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let part = Part::ClientCa;
    let of = |text| {
        let roots = pem::authorities(text).map_err(|error| part.error(error))?;
        let provider = Arc::clone(provider);
        Ok(WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            provider,
        ))
    };
    let builder = match clients {
        Clients::Unasked => return Ok(WebPkiClientVerifier::no_client_auth()),
        Clients::Optional(text) => of(text)?.allow_unauthenticated(),
        Clients::Required(text) => of(text)?,
    };
    builder
        .build()
        .map_err(|error| part.error(Wrong::Refused(error.to_string())))
}
