//! TLS of the public port: certificates by the names that clients ask for, their keys, and whose
//! certificates clients have to show.
//!
//! A [`Tls`] that exists had good files once: what was given is PEM, certificate and key belong together.
//! It speaks TLS 1.2 and 1.3, or 1.3 alone, and offers HTTP/2 before HTTP/1.1 by ALPN; a client that asks
//! for neither is heard all the same, since the first bytes tell which of the two it speaks.
//!
//! A handshake takes what is there when it begins, so files can be others for the handshakes after it
//! (`tls/kept`) and no connection notices.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ProtocolVersion;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::socket;
use crate::call::{Certificate, Secured, TlsVersion};
use crate::files::Watch;
use crate::observe::listeners;
use crate::pem::{Facts, PemError};

mod handshakes;
mod kept;
mod names;
mod serving;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use kept::Files;

use handshakes::Handshakes;
pub(super) use names::Names;
use serving::{Serving, Texts};

/// Everything that a TLS handshake needs. Clones are the same one.
#[derive(Clone)]
pub struct Tls(Arc<Live>);

struct Live {
    choices: Choices,
    serving: ArcSwap<Serving>,
    /// The files, until somebody keeps them current.
    kept: Mutex<Option<(Files, Watch)>>,
    handshakes: Handshakes,
    /// How often other files were taken.
    taken: AtomicU64,
    /// How often a file was no good.
    refused: AtomicU64,
}

/// What is chosen, beside the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Whether clients show certificates.
    pub clients: Asked,
    /// The oldest version that is spoken.
    pub minimum: Version,
    /// What becomes of clients that ask for a name that no certificate has, or for none.
    pub unknown: Unknown,
}

/// Whether clients show certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// Nobody is asked for one.
    #[default]
    Nobody,
    /// Whoever shows one has to show one by the authorities; whoever shows none is welcome.
    Optional,
    /// Everybody shows one by the authorities.
    Required,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 1.2 and newer.
    #[default]
    Tls12,
    /// 1.3 alone.
    Tls13,
}

/// What becomes of clients that ask for a name that no certificate has, or for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// They get the first certificate, and may judge for themselves.
    #[default]
    First,
    /// Their handshake is refused.
    Refuse,
}

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

/// The part of a [`Tls`] that is wrong. Certificates are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A chain, the server's own certificate first.
    Certificate(usize),
    /// The key of a chain's first certificate.
    Key(usize),
    /// The authorities of clients.
    ClientCa,
    /// The certificates of clients that were revoked.
    ClientCrl,
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

impl From<rustls::Error> for Wrong {
    fn from(error: rustls::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Part {
    fn error(self, wrong: impl Into<Wrong>) -> TlsError {
        TlsError {
            part: self,
            wrong: wrong.into(),
        }
    }
}

/// A handshake that came to its end.
#[derive(Debug)]
pub(super) struct Opened {
    /// In a box, since it is large and connections without it shall not be.
    pub(super) stream: Box<TlsStream<TcpStream>>,
    pub(super) secured: Arc<Secured>,
    /// The names of all certificates, where there are several.
    pub(super) names: Option<Arc<Names>>,
}

impl Tls {
    /// One certificate from texts in PEM: a chain, the server's own certificate first, and its key.
    ///
    /// # Errors
    /// The first part that is not what it should be.
    pub fn new(certificate: &[u8], key: &[u8], clients: Clients<'_>) -> Result<Self, TlsError> {
        let (asked, client_ca) = match clients {
            Clients::Unasked => (Asked::Nobody, None),
            Clients::Optional(text) => (Asked::Optional, Some(text)),
            Clients::Required(text) => (Asked::Required, Some(text)),
        };
        let texts = Texts {
            identities: vec![(Ok(certificate.to_owned()), Ok(key.to_owned()))],
            client_ca: client_ca.map(|text| Ok(text.to_owned())),
            client_crl: None,
        };
        let choices = Choices {
            clients: asked,
            ..Choices::default()
        };
        Self::of(&texts, choices, None)
    }

    /// From files, at least one certificate with its key. They are kept current once the port is served.
    ///
    /// # Errors
    /// The first of them that is not what it should be.
    pub fn open(files: Files, choices: Choices) -> Result<Self, TlsError> {
        let (watch, texts) = files.open();
        Self::of(&texts, choices, Some((files, watch)))
    }

    fn of(texts: &Texts, choices: Choices, kept: Option<(Files, Watch)>) -> Result<Self, TlsError> {
        let serving = Serving::first(texts, choices)?;
        Ok(Self(Arc::new(Live {
            choices,
            serving: ArcSwap::from_pointee(serving),
            kept: Mutex::new(kept),
            handshakes: Handshakes::default(),
            taken: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })))
    }

    /// What is wrong with those of its certificates that are not good at `now`, in seconds since 1970.
    #[must_use]
    pub fn out_of_force(&self, now: u64) -> Vec<TlsError> {
        let serving = self.0.serving.load();
        let identities = serving.identities.iter().cloned().enumerate();
        let judged = identities.map(|(index, identity)| identity.in_force(index, now));
        judged.filter_map(Result::err).collect()
    }

    /// Whether clients show certificates.
    #[must_use]
    pub fn clients(&self) -> Asked {
        self.0.choices.clients
    }

    /// Agrees with the client on keys, once fewer handshakes than `room` are under way.
    ///
    /// # Errors
    /// The client said something else, or nothing that would be enough in time. What it still
    /// sends has been thrown away for a while, so that it can read why.
    pub(super) async fn handshake(
        &self,
        socket: TcpStream,
        within: Duration,
        room: &Semaphore,
    ) -> Result<Opened, Failure> {
        let opened = self.agree(socket, within, room).await;
        match &opened {
            Ok(opened) => {
                let kind = opened.stream.get_ref().1.handshake_kind();
                self.0.handshakes.made(kind);
            }
            Err(failure) => self.0.handshakes.failed(failure),
        }
        opened
    }

    async fn agree(
        &self,
        socket: TcpStream,
        within: Duration,
        room: &Semaphore,
    ) -> Result<Opened, Failure> {
        let agreeing = async {
            let _place = room.acquire().await;
            let serving = self.0.serving.load_full();
            let accept = TlsAcceptor::from(Arc::clone(&serving.server)).accept(socket);
            (accept.into_fallible().await, serving)
        };
        match tokio::time::timeout(within, agreeing).await {
            Ok((Ok(stream), serving)) => Ok(Opened {
                secured: Arc::new(secured(stream.get_ref().1)),
                names: (serving.names.are_of_several()).then(|| Arc::clone(&serving.names)),
                stream: Box::new(stream),
            }),
            Ok((Err((error, socket)), _)) => {
                socket::linger(socket).await;
                Err(Failure::of(error))
            }
            Err(_) => Err(Failure::Slow),
        }
    }

    /// Whether a certificate is for this host.
    pub(super) fn has(&self, host: &str) -> bool {
        self.0.serving.load().names.has(host)
    }

    /// Writes down what is to be seen of it.
    pub(super) fn observe(&self, seen: &mut listeners::Listener) {
        let serving = self.0.serving.load();
        let identities = serving.identities.iter();
        let names = identities.flat_map(|identity| {
            let hosts = identity.hosts.iter().map(|host| host.to_string());
            let nameless = identity.hosts.is_empty().then(String::new);
            let names = hosts.chain(nameless);
            names.map(|name| (name, identity.not_after))
        });
        // Where several have a name, the one that ends first is told of.
        let mut certificates = BTreeMap::new();
        for (name, not_after) in names {
            let least = certificates.entry(name).or_insert(not_after);
            *least = not_after.min(*least);
        }
        seen.certificates = certificates.into_iter().collect();
        seen.handshakes = self.0.handshakes.counts();
        seen.files_taken = self.0.taken.load(Ordering::Relaxed);
        seen.files_refused = self.0.refused.load(Ordering::Relaxed);
    }

    fn take_files(&self) -> Option<(Files, Watch)> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take()
    }
}

/// What was agreed on, and what the client showed.
fn secured(session: &rustls::ServerConnection) -> Secured {
    let shown = session.peer_certificates().and_then(<[_]>::first);
    let certificate = shown.and_then(|shown| {
        let facts = Facts::of(shown)?;
        Some(Certificate {
            der: shown.as_ref().into(),
            names: facts.names,
            not_after: facts.not_after,
        })
    });
    Secured {
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
            Some(_) | None => TlsVersion::Tls13,
        },
        server_name: session.server_name().map(Into::into),
        certificate,
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
