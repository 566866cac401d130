//! The vocabulary of the road's middle: a [`Call`] goes out, a [`Reply`] comes back.
//!
//! Only `protocol` knows dialects. Behind it everything is gRPC in meaning, and nobody can tell
//! from a `Call` whether a browser, a REST client or a gRPC client made it.

use std::future::Future;
use std::sync::Arc;

use crate::schema::Method;

pub mod buffers;
pub mod cause;
pub mod code;
pub mod compression;
pub mod deadline;
pub mod details;
pub mod frame;
pub mod gate;
#[cfg(test)]
pub(crate) mod heard;
pub mod message;
pub mod metadata;
pub mod network;
mod peer;
pub(crate) mod random;
pub mod status;
pub mod stream;
pub mod tenure;
pub mod timeout;
pub mod trace;
pub mod trail;

pub use buffers::{Buffers, Crowded, Share};
pub use cause::Cause;
pub use code::Code;
pub use compression::{Accept, Coding, Codings, Encodings, Packed};
pub use deadline::Deadline;
pub use frame::{FrameDecoder, FrameError};
pub use gate::{Gate, Gates};
pub use message::Message;
pub use metadata::Metadata;
pub use network::{Network, NetworkError};
pub use peer::{Certificate, Peer, Secured, TlsVersion, Transport};
pub use status::{Origin, Retry, Status};
pub use stream::{Answer, End, Replies, Requests};
pub use tenure::{Taken, Tenure};
pub use trail::Trail;

/// One call of one method, as it travels from a dialect to a backend.
#[derive(Debug)]
pub struct Call {
    /// What is called; registration facts live there, request facts here.
    pub method: Arc<Method>,
    /// The upstream that a route names; else the method's own.
    pub upstream: Option<Arc<str>>,
    /// Request metadata, already filtered: what is in here is sent to the backend.
    pub metadata: Metadata,
    /// When the call has to have ended, trailers included.
    pub deadline: Deadline,
    /// Who asked.
    pub peer: Peer,
    /// How request messages are compressed, and in what form reply messages are wanted.
    pub encodings: Encodings,
    /// Where it is written down where the call has been, if somebody wants to know.
    pub trail: Option<Arc<Trail>>,
    /// The request messages; their end is the half-close.
    pub requests: Requests,
}

/// A backend's answer: metadata, then messages, then a status with trailers.
#[derive(Debug)]
pub struct Reply {
    /// Response metadata, unfiltered: each dialect decides what its client may see.
    pub metadata: Metadata,
    /// What the messages that have their compressed flag set are compressed in. Always something
    /// that the call takes.
    pub encoding: Option<Coding>,
    /// Messages and, always last, the [`End`].
    pub replies: Replies,
}

impl Reply {
    /// A reply that is nothing but its end.
    #[must_use]
    pub fn ended(end: End) -> Self {
        Self {
            metadata: Metadata::new(),
            encoding: None,
            replies: Replies::end(end),
        }
    }
}

/// Whatever can answer calls: an upstream, or a policy around one.
///
/// There is no readiness: whether a call is admitted depends on the call (its method, identity
/// and deadline), so it is decided inside `call`, and a refusal is a [`Status`].
pub trait Service: Clone + Send + Sync + 'static {
    /// Makes the call.
    ///
    /// # Errors
    /// A `Status` when no answer has begun: the gateway's own refusal, or a backend that could
    /// not be reached. A backend's failure after its answer began is the reply's [`End`].
    /// Dropping the future, or the reply, cancels the call at the backend.
    fn call(&self, call: Call) -> impl Future<Output = Result<Reply, Status>> + Send;
}
