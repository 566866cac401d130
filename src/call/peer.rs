//! Who is at the other end of the client's connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::Extensions;

use crate::pem::Name;

/// The client, as the listener saw it. Inserted into every request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address: the socket's, or what a trusted proxy told by the PROXY protocol.
    pub address: SocketAddr,
    /// What its bytes travel in.
    pub transport: Transport,
    /// What TLS told, where it ends at the listener; one value for all requests of a connection.
    pub secured: Option<Arc<Secured>>,
}

impl Peer {
    /// Where there is no listener.
    const UNKNOWN: Self = Self {
        address: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        transport: Transport::Plaintext,
        secured: None,
    };

    /// The one whom the listener put into a request; an unspecified one where there is no listener.
    #[must_use]
    pub fn of(request: &Extensions) -> Self {
        request.get().cloned().unwrap_or(Self::UNKNOWN)
    }

    /// The certificate that it has shown. The listener has checked it: it is by one of the authorities
    /// that are trusted, for clients, and was good then.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.secured.as_ref()?.certificate.as_ref()
    }
}

/// What the bytes of a connection travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP alone: whoever is on the way can read along.
    Plaintext,
    /// TLS, which ends at the listener.
    Tls,
}

impl Transport {
    /// The scheme of URLs.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Plaintext => "http",
            Self::Tls => "https",
        }
    }
}

/// What TLS told of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// The version that was agreed on.
    pub version: TlsVersion,
    /// The host that the client asked for (SNI), in small letters.
    pub server_name: Option<Box<str>>,
    /// What the client has shown of itself.
    pub certificate: Option<Certificate>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl TlsVersion {
    /// As logs have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

/// A client's own certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// As it was sent (X.509 in DER).
    pub der: Box<[u8]>,
    /// Its alternative names, in its order; IP addresses are left out.
    pub names: Vec<Name>,
    /// The last second in which it is good, since 1970.
    pub not_after: u64,
}

impl Certificate {
    /// The SPIFFE id among its names; nothing if there is none, or more than one.
    #[must_use]
    pub fn spiffe_id(&self) -> Option<&str> {
        let mut ids = self.names.iter().filter_map(|name| match name {
            Name::Uri(uri) => Some(uri.as_str()).filter(|uri| uri.starts_with("spiffe://")),
            Name::Dns(_) | Name::Email(_) => None,
        });
        ids.next().filter(|_| ids.next().is_none())
    }
}
