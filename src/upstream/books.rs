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
use std::time::Duration;

use tokio::time::Instant;

use super::balance::{Started, penalty};
use super::breaker::Admitted;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::exchange::is_due;
use super::measured::{Measured, given_up};
use super::outlier::{Outcome, Probe};
use super::pool::Lease;
use super::retry::{UnderWay, counts};
use super::set::Picked;
use super::terms::Terms;
use super::traffic::Traffic;
use crate::call::trail::Step;
use crate::call::{Code, Deadline, Origin, Retry, Status};
use crate::schema::method::Shape;

/// One attempt's entry. Dropped without an end, it was given up.
#[derive(Debug)]
pub(super) struct Books {
    cluster: Arc<Shared>,
    terms: Arc<Terms>,
    pub(super) endpoint: Arc<Endpoint>,
    /// Until the attempt is over.
    probe: Option<Probe>,
    began: Instant,
    /// Until the attempt is answered.
    started: Option<Started>,
    /// Once it has a stream.
    lease: Option<Arc<Lease>>,
    deadline: Deadline,
    shape: Shape,
    is_over: bool,
    /// Its place in the call's trail.
    step: Option<Step>,
    /// Of a retry: its place among those that may be under way.
    _under_way: Option<UnderWay>,
}

impl Books {
    /// An attempt goes to the endpoint.
    pub(super) fn begin(
        cluster: &Arc<Shared>,
        terms: &Arc<Terms>,
        picked: Picked,
        (deadline, shape): (Deadline, Shape),
        under_way: Option<UnderWay>,
    ) -> Self {
        let now = Instant::now();
        picked.endpoint.calls.fetch_add(1, Ordering::Relaxed);
        picked.endpoint.attempts.fetch_add(1, Ordering::Relaxed);
        terms.meter.attempt_started();
        Self {
            cluster: Arc::clone(cluster),
            terms: Arc::clone(terms),
            began: now,
            started: Some(picked.endpoint.load.start(now)),
            endpoint: picked.endpoint,
            probe: picked.probe,
            lease: None,
            deadline,
            shape,
            is_over: false,
            step: None,
            _under_way: under_way,
        }
    }

    /// The attempt leaves a trail there.
    pub(super) fn leaves(&mut self, step: Option<Step>) {
        self.step = step;
    }

    /// The attempt is, or was, on this stream.
    pub(super) fn sent(&mut self, lease: Option<Arc<Lease>>) {
        self.lease = lease;
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
        let now = Instant::now();
        self.measure(status.code, now);
        if let Some(bearer) = &self.cluster.bearer
            && status.code == Code::Unauthenticated
            && status.origin == Origin::Upstream
        {
            bearer.refused();
        }
        if status.is_ok() {
            self.cluster.throttle.succeeded();
        }
        let outcome = self.outcome(status, now);
        if is_unsent(status) {
            self.endpoint.failures.fetch_add(1, Ordering::Relaxed);
        }
        let pushback = match status.retry {
            Retry::Pushback(delay) => Some(delay),
            Retry::Never
            | Retry::Forbidden
            | Retry::BeforeFirstByte
            | Retry::Lost
            | Retry::Unsent
            | Retry::Refused => None,
        };
        self.close(outcome, pushback, now);
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
        if self.shape == Shape::Unary && self.endpoint.load.is_silent(self.began, now) {
            Outcome::Failure
        } else {
            Outcome::Neutral
        }
    }

    /// Draws the conclusions.
    fn close(&mut self, outcome: Outcome, pushback: Option<Duration>, now: Instant) {
        match (outcome, self.started.take()) {
            (Outcome::Failure, started) => {
                self.endpoint.failures.fetch_add(1, Ordering::Relaxed);
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

    /// Counts the attempt, which has ended like this.
    fn measure(&self, code: Code, now: Instant) {
        if let Some(step) = &self.step {
            step.ended(code);
        }
        let traffic = self.lease.as_ref().map(|lease| lease.traffic());
        self.terms.meter.attempt_ended(
            code,
            now.saturating_duration_since(self.began),
            traffic.map_or(0, Traffic::sent),
            traffic.map_or(0, Traffic::received),
        );
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
        if self.is_over {
            return;
        }
        let now = Instant::now();
        self.measure(given_up(self.deadline), now);
        self.close(self.abandoned(now), None, now);
    }
}

/// A call that was answered, until its answer is over.
#[derive(Debug)]
pub(super) struct Ledger {
    books: Books,
    measured: Measured,
    _admitted: Admitted,
}

impl Ledger {
    pub(super) const fn new(books: Books, measured: Measured, admitted: Admitted) -> Self {
        Self {
            books,
            measured,
            _admitted: admitted,
        }
    }

    /// The call's end. A failure behind an answer can be followed by no attempt, and takes its token all
    /// the same; one that ended its attempt already has taken it.
    pub(super) fn ended(&mut self, status: &Status) {
        let Books {
            cluster,
            terms,
            is_over,
            ..
        } = &self.books;
        if !is_over && counts(status, terms.plan.codes()) {
            cluster.throttle.failed();
        }
        self.books.ended(status);
        self.measured.ended(status.code);
    }
}
