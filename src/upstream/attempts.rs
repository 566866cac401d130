//! The attempts of one call: each goes to an endpoint, and one that failed is made again where that is
//! safe.

use std::sync::Arc;

use super::balance::{Policy, xxh64};
use super::books::Books;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::exchange::{Answers, CallParts, Fate, Opened, Outgoing, Reading, Source};
use crate::call::{Call, Code, Status};

/// How often a request that never left may find its connection gone: once for every connection
/// of a full pool, and then some.
const UNSENT_MAX: usize = 16;

/// The attempts of one call.
pub(super) struct Attempts<'c> {
    cluster: &'c Arc<Shared>,
    outgoing: Outgoing,
    reading: Reading,
    /// What the call is kept to one endpoint by.
    key: Option<u64>,
    /// The attempt that is under way.
    current: Option<Books>,
}

impl<'c> Attempts<'c> {
    /// A call about to be made, and its messages.
    ///
    /// # Errors
    /// The method's path is none.
    pub(super) fn new(cluster: &'c Arc<Shared>, call: Call) -> Result<(Self, Source), Status> {
        let source = Source::new(call.requests);
        let key = match &cluster.config.balance.policy {
            Policy::RingHash { header, .. } => {
                let value = call.metadata.0.get(header);
                value.map(|value| xxh64(value.as_bytes(), 0))
            }
            Policy::PeakEwma(_) | Policy::RoundRobin | Policy::Weighted | Policy::PickFirst => None,
        };
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
            key,
            current: None,
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
    pub(super) async fn run(&mut self, mut source: Source) -> Result<(Opened, Books), Status> {
        let mut tried: Vec<Arc<Endpoint>> = Vec::new();
        let mut refused = false;
        loop {
            let picked = self.cluster.pick(self.key, &tried).await?;
            let endpoint = Arc::clone(&picked.endpoint);
            self.current = Some(Books::begin(self.cluster, picked));
            let unanswered = match self.outgoing.send(&endpoint, source, 0).await {
                Ok(answered) => match Answers::open(&self.reading, answered) {
                    Ok(opened) => return self.opened(opened),
                    Err(status) => return Err(self.given_up(status)),
                },
                Err(unanswered) => unanswered,
            };
            let status = self.given_up(unanswered.status);
            let again = match unanswered.fate {
                Fate::NeverLeft => tried.len() < UNSENT_MAX,
                Fate::Refused => !std::mem::replace(&mut refused, true),
                Fate::Unknown | Fate::Broken => false,
            };
            source = match unanswered.source {
                Some(source) if again => source,
                Some(_) | None => return Err(status),
            };
            tried.push(endpoint);
        }
    }

    /// The attempt under way was answered.
    fn opened(&mut self, opened: Opened) -> Result<(Opened, Books), Status> {
        let Some(mut books) = self.current.take() else {
            return Err(Status::gateway(Code::Internal, "the attempt has no books"));
        };
        match &opened {
            Opened::Ended(end) => books.ended(&end.status),
            Opened::Live(_) => books.answered(),
        }
        Ok((opened, books))
    }

    /// The attempt under way, if there is one, ended with this.
    pub(super) fn given_up(&mut self, status: Status) -> Status {
        if let Some(mut books) = self.current.take() {
            books.ended(&status);
        }
        status
    }
}
