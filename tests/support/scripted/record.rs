//! What a scripted backend saw.

use std::sync::Arc;

use bytes::Bytes;
use h2::Reason;
use tokio::time::Instant;

use super::Seen;

/// Request bytes of one call that are kept; of what is beyond, only the length.
pub(super) const KEPT_MAX: usize = 64 * 1024;

/// All that happened, in the order in which it happened.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) connections: Vec<Connection>,
    pub(crate) calls: Vec<Call>,
    /// RST_STREAM frames from the client.
    pub(crate) resets: Vec<Reset>,
    /// Calls that were forgotten, so that numbers go on.
    pub(super) next_call: usize,
}

/// One connection that was accepted.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) open: bool,
    /// Calls on it.
    pub(crate) calls: usize,
    /// PING frames that asked for an answer.
    pub(crate) pings: usize,
    /// Reasons of the client's GOAWAY frames.
    pub(crate) goaways: Vec<Reason>,
}

/// One call that was received.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) seen: Arc<Seen>,
    /// Its messages, as far as a script has read them and [`KEPT_MAX`] holds them.
    pub(crate) messages: Vec<Bytes>,
    /// Bytes of its body that a script has read.
    pub(crate) read: usize,
    /// The body was read to its end: the call may have had an effect.
    pub(crate) whole: bool,
}

/// The client reset a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reset {
    pub(crate) connection: usize,
    pub(crate) stream: u32,
    pub(crate) reason: Reason,
    pub(crate) at: Instant,
}

impl Record {
    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.connections.iter().filter(|one| one.open).count()
    }

    /// Calls that may have had an effect.
    pub(crate) fn effects(&self) -> usize {
        self.calls.iter().filter(|call| call.whole).count()
    }

    /// The reset of a call's stream.
    pub(crate) fn reset_of(&self, seen: &Seen) -> Option<Reset> {
        let mut resets = self.resets.iter();
        resets
            .find(|reset| (reset.connection, reset.stream) == (seen.connection, seen.stream))
            .copied()
    }

    pub(super) fn call(&mut self, seen: &Seen) -> Option<&mut Call> {
        let mut calls = self.calls.iter_mut().rev();
        calls.find(|call| call.seen.number == seen.number)
    }
}
