//! Who is at the other end of the client's connection.

use std::net::SocketAddr;

/// The client, as the listener saw it. Inserted into every request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The socket's remote address.
    pub address: SocketAddr,
}
