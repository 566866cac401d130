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

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::socket;
use super::stream::Stream;

/// What is offered by ALPN, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How an encrypted key shows in PEM: PKCS #8's own label, and the header of older forms.
const ENCRYPTED: [&[u8]; 2] = [
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
    b"Proc-Type: 4,ENCRYPTED",
];

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
    #[error("found {found}, expected {expected} in PEM")]
    Absent {
        found: &'static str,
        expected: &'static str,
    },
    #[error("found {0}, expected PEM")]
    Broken(&'static str),
    #[error("found {0} private keys, expected one")]
    Several(usize),
    #[error("found an encrypted private key, expected one without a passphrase")]
    Encrypted,
    #[error(
        "found a private key that cannot be used, expected RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519"
    )]
    Unusable,
    #[error(
        "found the private key of another certificate, expected that of the first one in the chain"
    )]
    Mismatch,
    #[error("found a certificate that cannot be read (number {0}), expected X.509 version 3")]
    Unreadable(usize),
    #[error("{0}")]
    Refused(String),
}

impl Part {
    const fn expected(self) -> &'static str {
        match self {
            Self::Certificate | Self::ClientCa => "a certificate",
            Self::Key => "a private key",
        }
    }

    const fn nothing(self) -> &'static str {
        match self {
            Self::Certificate | Self::ClientCa => "no certificate",
            Self::Key => "no private key",
        }
    }

    fn error(self, wrong: Wrong) -> TlsError {
        TlsError { part: self, wrong }
    }
}

impl Tls {
    /// From texts in PEM: a chain, the server's own certificate first, and its key.
    ///
    /// # Errors
    /// The first part that is not what it should be.
    pub fn new(certificate: &[u8], key: &[u8], clients: Clients<'_>) -> Result<Self, TlsError> {
        // Named, because rustls does not guess where several are linked.
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(certificate, Part::Certificate)?;
        let identity = CertifiedKey::from_der(chain, private_key(key)?, &provider)
            .map_err(|error| Part::Key.error(Wrong::of_key(&error)))?;
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

impl Wrong {
    fn of_key(error: &rustls::Error) -> Self {
        use rustls::{Error, InconsistentKeys};
        match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Self::Mismatch,
            _ => Self::Unusable,
        }
    }
}

/// The certificates of a text, at least one.
fn certificates(pem: &[u8], part: Part) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let sections = sections(pem, part)?;
    let found = part.nothing();
    let certificates: Vec<_> = sections
        .iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| CertificateDer::from(der.clone()))
        .collect();
    if certificates.is_empty() {
        return Err(part.error(absent(&sections, part, found)));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        ParsedCertificate::try_from(certificate)
            .map_err(|_| part.error(Wrong::Unreadable(index + 1)))?;
    }
    Ok(certificates)
}

/// The one private key of a text.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    let part = Part::Key;
    let has = |mark: &&[u8]| pem.windows(mark.len()).any(|window| window == *mark);
    if ENCRYPTED.iter().any(has) {
        return Err(part.error(Wrong::Encrypted));
    }
    let sections = sections(pem, part)?;
    let mut keys: Vec<_> = sections
        .iter()
        .filter_map(|(kind, der)| PrivateKeyDer::from_pem(*kind, der.clone()))
        .collect();
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (Some(_), more) => Err(part.error(Wrong::Several(more + 1))),
        (None, _) => Err(part.error(absent(&sections, part, part.nothing()))),
    }
}

type Section = (SectionKind, Vec<u8>);

fn sections(text: &[u8], part: Part) -> Result<Vec<Section>, TlsError> {
    let sections: Result<Vec<Section>, pem::Error> = Section::pem_slice_iter(text).collect();
    sections.map_err(|error| {
        part.error(Wrong::Broken(match error {
            pem::Error::MissingSectionEnd { .. } => "a section without its `-----END` line",
            pem::Error::IllegalSectionStart { .. } => {
                "a `-----BEGIN` line without the dashes at its end"
            }
            pem::Error::Base64Decode(_) => "a section that is not base64",
            _ => "a section that cannot be read",
        }))
    })
}

/// What is there in place of what is missing: files are easily taken for each other.
fn absent(sections: &[Section], part: Part, nothing: &'static str) -> Wrong {
    let found = sections.first().map_or(nothing, |(kind, _)| match kind {
        SectionKind::Certificate => "a certificate",
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
            "a private key"
        }
        SectionKind::PublicKey => "a public key",
        SectionKind::Csr => "a request for a certificate",
        _ => nothing,
    });
    let expected = if found == nothing {
        "one"
    } else {
        part.expected()
    };
    Wrong::Absent { found, expected }
}

fn verifier(
    clients: Clients<'_>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let part = Part::ClientCa;
    let of = |pem| {
        let mut roots = RootCertStore::empty();
        for (index, authority) in certificates(pem, part)?.into_iter().enumerate() {
            roots
                .add(authority)
                .map_err(|_| part.error(Wrong::Unreadable(index + 1)))?;
        }
        let provider = Arc::clone(provider);
        Ok(WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            provider,
        ))
    };
    let builder = match clients {
        Clients::Unasked => return Ok(WebPkiClientVerifier::no_client_auth()),
        Clients::Optional(pem) => of(pem)?.allow_unauthenticated(),
        Clients::Required(pem) => of(pem)?,
    };
    builder
        .build()
        .map_err(|error| part.error(Wrong::Refused(error.to_string())))
}
