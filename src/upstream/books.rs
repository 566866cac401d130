//! Where it is written down how calls went: what an endpoint did with an attempt, and that a call is
//! over.

use std::sync::Arc;

use tokio::time::Instant;

use super::balance::{Started, penalty};
use super::breaker::Admitted;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::outlier::{Outcome, Probe};
use super::set::Picked;
use crate::call::{Retry, Status};

/// One attempt's entry. Dropped without an end, nothing is learned of the endpoint: that a client has
/// left says nothing of it.
#[derive(Debug)]
pub(super) struct Books {
    cluster: Arc<Shared>,
    pub(super) endpoint: Arc<Endpoint>,
    /// Until the attempt is over.
    probe: Option<Probe>,
    /// Until the attempt is answered.
    started: Option<Started>,
}

impl Books {
    /// An attempt goes to the endpoint.
    pub(super) fn begin(cluster: &Arc<Shared>, picked: Picked) -> Self {
        Self {
            cluster: Arc::clone(cluster),
            started: Some(picked.endpoint.load.start(Instant::now())),
            endpoint: picked.endpoint,
            probe: picked.probe,
        }
    }

    /// The headers of an answer came.
    pub(super) fn answered(&mut self) {
        if let Some(started) = self.started.take() {
            started.answered(Instant::now());
        }
    }

    /// The attempt has ended.
    pub(super) fn ended(&mut self, status: &Status) {
        let outcome = Outcome::of(status.code, status.origin);
        if outcome == Outcome::Failure {
            let pushback = match status.retry {
                Retry::Pushback(delay) => Some(delay),
                Retry::Never | Retry::BeforeFirstByte | Retry::Unsent => None,
            };
            let now = Instant::now();
            match self.started.take() {
                Some(started) => started.failed(penalty(pushback), now),
                None => self.endpoint.load.failed(penalty(pushback), now),
            }
        }
        self.answered();
        let probe = self.probe.take();
        self.cluster.record(&self.endpoint, probe, outcome);
    }
}

/// A call that was answered, until its answer is over.
#[derive(Debug)]
pub(super) struct Ledger {
    books: Books,
    _admitted: Admitted,
}

impl Ledger {
    pub(super) const fn new(books: Books, admitted: Admitted) -> Self {
        Self {
            books,
            _admitted: admitted,
        }
    }

    /// The call's end.
    pub(super) fn ended(&mut self, status: &Status) {
        self.books.ended(status);
    }
}
