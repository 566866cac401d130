//! The attempts of one call: each goes to an endpoint, and one that failed is made again where that is
//! safe.

use std::sync::Arc;

use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::exchange::{Answers, CallParts, Fate, Opened, Outgoing, Reading, Source};
use crate::call::{Call, Code, Retry, Status};

/// How often a request that never left may find its connection gone: once for every connection
/// of a full pool, and then some.
const UNSENT_MAX: usize = 16;

/// The attempts of one call.
pub(super) struct Attempts<'c> {
    cluster: &'c Shared,
    outgoing: Outgoing,
    reading: Reading,
}

impl<'c> Attempts<'c> {
    /// A call about to be made, and its messages.
    ///
    /// # Errors
    /// The method's path is none.
    pub(super) fn new(cluster: &'c Shared, call: Call) -> Result<(Self, Source), Status> {
        let source = Source::new(call.requests);
        let reading = Reading {
            upstream: Arc::clone(&cluster.name),
            shape: call.method.shape,
            accept: call.encodings.accept,
            max_message: cluster.config.max_message,
            deadline: call.deadline,
        };
        let outgoing = Outgoing::new(CallParts {
            method: call.method,
            metadata: call.metadata,
            encodings: call.encodings,
            deadline: call.deadline,
        })?;
        let attempts = Self {
            cluster,
            outgoing,
            reading,
        };
        Ok((attempts, source))
    }

    /// Sends the call until it is answered.
    ///
    /// A request that never left is sent elsewhere; one that a backend says it has not seen
    /// (REFUSED_STREAM, GOAWAY below it) is sent once more if it can be repeated.
    ///
    /// # Errors
    /// The last attempt's.
    pub(super) async fn run(&self, mut source: Source) -> Result<(Opened, Arc<Endpoint>), Status> {
        let mut tried: Vec<Arc<Endpoint>> = Vec::new();
        let mut refused = false;
        loop {
            let endpoint = self.cluster.set().pick(&tried).map(Arc::clone);
            let Some(endpoint) = endpoint else {
                return Err(self.without_endpoint());
            };
            let unanswered = match self.outgoing.send(&endpoint, source, 0).await {
                Ok(answered) => {
                    let opened = Answers::open(&self.reading, answered)?;
                    return Ok((opened, endpoint));
                }
                Err(unanswered) => unanswered,
            };
            let again = match unanswered.fate {
                Fate::NeverLeft => tried.len() < UNSENT_MAX,
                Fate::Refused => !std::mem::replace(&mut refused, true),
                Fate::Unknown | Fate::Broken => false,
            };
            source = match unanswered.source {
                Some(source) if again => source,
                Some(_) | None => return Err(unanswered.status),
            };
            tried.push(endpoint);
        }
    }

    fn without_endpoint(&self) -> Status {
        let message = format!("upstream {:?} has no endpoint", self.cluster.name);
        Status::upstream(Code::Unavailable, message).retry(Retry::Unsent)
    }
}
