//! Who is at the other end of the client's connection.

use std::net::SocketAddr;

/// The client, as the listener saw it. Inserted into every request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The socket's remote address.
    pub address: SocketAddr,
    /// What its bytes travel in.
    pub transport: Transport,
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
