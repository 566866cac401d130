//! Who is at the other end of the client's connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::Extensions;

/// The client, as the listener saw it. Inserted into every request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The socket's remote address.
    pub address: SocketAddr,
    /// What its bytes travel in.
    pub transport: Transport,
}

impl Peer {
    /// Where there is no listener.
    const UNKNOWN: Self = Self {
        address: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        transport: Transport::Plaintext,
    };

    /// The one whom the listener put into a request; an unspecified one where there is no listener.
    #[must_use]
    pub fn of(request: &Extensions) -> Self {
        request.get().copied().unwrap_or(Self::UNKNOWN)
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
