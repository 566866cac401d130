//! Where it is written down how calls went: what an endpoint did with an attempt, and that a call is
//! over.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::balance::{Started, penalty};
use super::breaker::Admitted;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::outlier::{Outcome, Probe};
use super::retry::UnderWay;
use super::set::Picked;
use crate::call::{Deadline, Retry, Status};

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
    deadline: Deadline,
    is_over: bool,
    /// Of a retry: its place among those that may be under way.
    _under_way: Option<UnderWay>,
}

impl Books {
    /// An attempt goes to the endpoint.
    pub(super) fn begin(
        cluster: &Arc<Shared>,
        picked: Picked,
        deadline: Deadline,
        under_way: Option<UnderWay>,
    ) -> Self {
        picked.endpoint.calls.fetch_add(1, Ordering::Relaxed);
        picked.endpoint.attempts.fetch_add(1, Ordering::Relaxed);
        Self {
            cluster: Arc::clone(cluster),
            started: Some(picked.endpoint.load.start(Instant::now())),
            endpoint: picked.endpoint,
            probe: picked.probe,
            deadline,
            is_over: false,
            _under_way: under_way,
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
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        if status.is_ok() {
            self.cluster.throttle.succeeded();
        }
        let outcome = Outcome::of(status.code, status.origin);
        if outcome == Outcome::Failure {
            self.endpoint.failures.fetch_add(1, Ordering::Relaxed);
            let pushback = match status.retry {
                Retry::Pushback(delay) => Some(delay),
                Retry::Never
                | Retry::Forbidden
                | Retry::BeforeFirstByte
                | Retry::Unsent
                | Retry::Refused => None,
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

/// Given up. If that is because the deadline has come, the endpoint had the call and did not answer.
impl Drop for Books {
    fn drop(&mut self) {
        self.endpoint.calls.fetch_sub(1, Ordering::Relaxed);
        if !self.is_over && self.deadline.has_passed() {
            self.ended(&Status::deadline_exceeded());
        }
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
