//! Where it is written down how calls went: what an endpoint did with an attempt, and that a call is
//! over.
//!
//! An attempt may be given up: by its deadline, by a client that leaves, or since another was faster. How
//! little a client waits is no fault of the endpoint, so that counts as a failure only if the endpoint is
//! silent: a unary call has waited a second at least, four times as long as the last answer took, and
//! nobody was answered meanwhile. An attempt that never left counts as nothing: an endpoint that cannot
//! be connected to is left alone for a while anyway, and no longer than until it is up again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::balance::{Started, penalty};
use super::breaker::Admitted;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::exchange::is_due;
use super::outlier::{Outcome, Probe};
use super::retry::UnderWay;
use super::set::Picked;
use crate::call::{Code, Deadline, Origin, Retry, Status};
use crate::schema::method::Shape;

/// One attempt's entry. Dropped without an end, it was given up.
#[derive(Debug)]
pub(super) struct Books {
    cluster: Arc<Shared>,
    pub(super) endpoint: Arc<Endpoint>,
    /// Until the attempt is over.
    probe: Option<Probe>,
    /// Until the attempt is answered.
    started: Option<Started>,
    begun: Instant,
    deadline: Deadline,
    shape: Shape,
    is_over: bool,
    /// Of a retry: its place among those that may be under way.
    _under_way: Option<UnderWay>,
}

impl Books {
    /// An attempt goes to the endpoint.
    pub(super) fn begin(
        cluster: &Arc<Shared>,
        picked: Picked,
        (deadline, shape): (Deadline, Shape),
        under_way: Option<UnderWay>,
    ) -> Self {
        let begun = Instant::now();
        picked.endpoint.calls.fetch_add(1, Ordering::Relaxed);
        picked.endpoint.attempts.fetch_add(1, Ordering::Relaxed);
        Self {
            cluster: Arc::clone(cluster),
            started: Some(picked.endpoint.load.start(begun)),
            endpoint: picked.endpoint,
            probe: picked.probe,
            begun,
            deadline,
            shape,
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
        let now = Instant::now();
        let outcome = self.outcome(status, now);
        if outcome == Outcome::Failure || is_unsent(status) {
            self.endpoint.failures.fetch_add(1, Ordering::Relaxed);
        }
        match (outcome, self.started.take()) {
            (Outcome::Failure, started) => {
                let pushback = match status.retry {
                    Retry::Pushback(delay) => Some(delay),
                    Retry::Never
                    | Retry::Forbidden
                    | Retry::BeforeFirstByte
                    | Retry::Unsent
                    | Retry::Refused => None,
                };
                match started {
                    Some(started) => started.failed(penalty(pushback), now),
                    None => self.endpoint.load.failed(penalty(pushback), now),
                }
            }
            (Outcome::Success, Some(started)) => started.answered(now),
            (Outcome::Neutral, Some(started)) => started.given_up(now),
            (Outcome::Success | Outcome::Neutral, None) => {}
        }
        let probe = self.probe.take();
        self.cluster.record(&self.endpoint, probe, outcome);
    }

    /// What the end of the attempt says of the endpoint.
    fn outcome(&self, status: &Status, now: Instant) -> Outcome {
        if is_unsent(status) {
            return Outcome::Neutral;
        }
        // A backend that knows the deadline may be the first to say that it has passed.
        let is_ours = status.origin == Origin::Gateway || is_due(self.deadline);
        if status.code == Code::DeadlineExceeded && is_ours {
            return self.abandoned(now);
        }
        Outcome::of(status.code, status.origin)
    }

    /// What it says of the endpoint that nobody waits for it any more. A stream may be silent on purpose,
    /// and an answer to a client's stream is due when the client is done.
    fn abandoned(&self, now: Instant) -> Outcome {
        if self.shape == Shape::Unary && self.endpoint.load.is_silent(self.begun, now) {
            Outcome::Failure
        } else {
            Outcome::Neutral
        }
    }
}

/// True if the attempt never reached the endpoint.
fn is_unsent(status: &Status) -> bool {
    status.retry == Retry::Unsent
}

/// Given up: by its deadline, or by who waited for it.
impl Drop for Books {
    fn drop(&mut self) {
        self.endpoint.calls.fetch_sub(1, Ordering::Relaxed);
        if !self.is_over {
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
