//! What handshakes are made with at one moment: certificates, and whose certificates clients show.
//!
//! It is made of the contents of files, each certificate with its key and the authorities by themselves:
//! what is no good keeps the part that was there before, and the others are renewed all the same.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use super::names::Names;
use super::{Asked, Choices, Part, TlsError, Version, Wrong};
use crate::files::Content;
use crate::pem;

/// What is offered by ALPN, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What is in the files.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    /// Chains with the keys of their first certificates, the one for everybody else first.
    pub(super) identities: Vec<(Content, Content)>,
    pub(super) client_ca: Option<Content>,
    pub(super) client_crl: Option<Content>,
}

/// A certificate that is shown.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    key: Arc<CertifiedKey>,
    /// The hosts in it, in small letters.
    pub(super) hosts: Box<[Box<str>]>,
    /// The addresses in it, as they stand in URLs.
    addresses: Box<[Box<str>]>,
    /// The last second in which it is good, since 1970.
    pub(super) not_after: u64,
}

/// What handshakes are made with.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) server: Arc<ServerConfig>,
    pub(super) names: Arc<Names>,
    pub(super) identities: Vec<Identity>,
    verifier: Arc<dyn ClientCertVerifier>,
    ticketer: Arc<dyn ProducesTickets>,
}

impl Serving {
    /// The first one, all of which has to be good. Whether its certificates are good now is not asked:
    /// there are no others.
    pub(super) fn first(texts: &Texts, choices: Choices) -> Result<Self, TlsError> {
        let identities = texts.identities.iter().enumerate();
        let identities = identities.map(|(index, texts)| Identity::of(index, texts));
        let identities: Vec<_> = identities.collect::<Result<_, _>>()?;
        let verifier = verifier(texts, choices.clients)?;
        let ticketer = Ticketer::new().map_err(|error| Part::Certificate(0).error(error))?;
        Self::of(identities, verifier, ticketer, choices)
    }

    /// The next one, and what was no good and is therefore as before. `now` is in seconds since 1970.
    pub(super) fn next(
        &self,
        texts: &Texts,
        choices: Choices,
        now: u64,
    ) -> (Result<Self, TlsError>, Vec<TlsError>) {
        let mut kept = Vec::new();
        let identities = texts.identities.iter().zip(&self.identities).enumerate();
        let identities = identities.map(|(index, (texts, before))| {
            let next = Identity::of(index, texts);
            let next = next.and_then(|next| next.in_force(index, now));
            next.unwrap_or_else(|error| {
                kept.push(error);
                before.clone()
            })
        });
        let identities = identities.collect();
        let verifier = verifier(texts, choices.clients).unwrap_or_else(|error| {
            kept.push(error);
            Arc::clone(&self.verifier)
        });
        let ticketer = Arc::clone(&self.ticketer);
        (Self::of(identities, verifier, ticketer, choices), kept)
    }

    fn of(
        identities: Vec<Identity>,
        verifier: Arc<dyn ClientCertVerifier>,
        ticketer: Arc<dyn ProducesTickets>,
        choices: Choices,
    ) -> Result<Self, TlsError> {
        let shown = identities.iter();
        let shown = shown.map(|identity| {
            let hosts = identity.hosts.iter().chain(&identity.addresses);
            let hosts = hosts.map(|host| &**host).collect();
            (Arc::clone(&identity.key), hosts)
        });
        let names = Arc::new(Names::new(shown, choices.unknown));
        let versions: &[_] = match choices.minimum {
            Version::Tls12 => &[&TLS13, &TLS12],
            Version::Tls13 => &[&TLS13],
        };
        let mut server = ServerConfig::builder_with_provider(pem::provider())
            .with_protocol_versions(versions)
            .map_err(|error| Part::Certificate(0).error(error))?
            .with_client_cert_verifier(Arc::clone(&verifier))
            .with_cert_resolver(Arc::clone(&names) as _);
        server.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
        match choices.clients {
            // The ticketer takes another key every six hours, and the one before counts six more.
            Asked::Nobody => server.ticketer = Arc::clone(&ticketer),
            // Whoever resumes a session is not asked again, so a certificate that was revoked, or whose
            // authority went, would count until the session ends.
            Asked::Optional | Asked::Required => {
                server.session_storage = Arc::new(NoServerSessionStorage {});
                server.send_tls13_tickets = 0;
            }
        }
        Ok(Self {
            server: Arc::new(server),
            names,
            identities,
            verifier,
            ticketer,
        })
    }
}

impl Identity {
    fn of(index: usize, (certificate, key): &(Content, Content)) -> Result<Self, TlsError> {
        let part = Part::Certificate(index);
        let chain = pem::certificates(text(part, certificate)?);
        let chain = chain.map_err(|error| part.error(error))?;
        let facts = pem::facts(&chain).map_err(|error| part.error(error))?;
        let part = Part::Key(index);
        let key = pem::private_key(text(part, key)?)
            .and_then(|key| pem::identity(chain, key, &pem::provider()))
            .map_err(|error| part.error(error))?;
        let hosts = facts.hosts().map(|host| host.to_ascii_lowercase().into());
        let addresses = facts.addresses.iter().map(|address| match address {
            IpAddr::V4(address) => address.to_string().into(),
            IpAddr::V6(address) => format!("[{address}]").into(),
        });
        Ok(Self {
            key: Arc::new(key),
            hosts: hosts.collect(),
            addresses: addresses.collect(),
            not_after: facts.not_after,
        })
    }

    /// Itself, if it is good at `now`, in seconds since 1970.
    pub(super) fn in_force(self, index: usize, now: u64) -> Result<Self, TlsError> {
        let part = Part::Certificate(index);
        pem::facts(&self.key.cert)
            .and_then(|facts| pem::in_force(&facts, now))
            .map_err(|error| part.error(error))?;
        Ok(self)
    }
}

fn text(part: Part, content: &Content) -> Result<&[u8], TlsError> {
    match content {
        Ok(text) => Ok(text),
        Err(message) => Err(part.error(Wrong::Refused(message.clone()))),
    }
}

/// Who looks at clients' certificates. Of a list of revoked ones every authority has to have one there,
/// since a client of whom nobody can say whether its certificate was revoked is refused.
fn verifier(texts: &Texts, asked: Asked) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let Some(authorities) = &texts.client_ca else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let part = Part::ClientCa;
    let roots = pem::authorities(text(part, authorities)?).map_err(|error| part.error(error))?;
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), pem::provider());
    let builder = match asked {
        Asked::Nobody => return Ok(WebPkiClientVerifier::no_client_auth()),
        Asked::Optional => builder.allow_unauthenticated(),
        Asked::Required => builder,
    };
    let (builder, part) = match &texts.client_crl {
        None => (builder, part),
        Some(revoked) => {
            let part = Part::ClientCrl;
            let lists = pem::revoked(text(part, revoked)?).map_err(|error| part.error(error))?;
            let builder = builder.with_crls(lists);
            (builder.only_check_end_entity_revocation(), part)
        }
    };
    builder.build().map_err(|error| {
        part.error(Wrong::Refused(match part {
            Part::ClientCrl => format!(
                "found a list of revoked certificates that cannot be used ({error}), expected X.509 version 2 with \
                 the extensions of RFC 5280 alone"
            ),
            _ => error.to_string(),
        }))
    })
}
