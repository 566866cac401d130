//! Where it is written down how calls went: what an endpoint did with an attempt, and that a call is
//! over.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::balance::{Started, penalty};
use super::breaker::Admitted;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::measured::{Measured, given_up};
use super::outlier::{Outcome, Probe};
use super::pool::Lease;
use super::retry::{UnderWay, counts};
use super::set::Picked;
use super::terms::Terms;
use super::traffic::Traffic;
use crate::call::{Code, Deadline, Retry, Status};

/// One attempt's entry. Dropped without an end, nothing is learned of the endpoint: that a client has
/// left says nothing of it.
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
    is_over: bool,
    /// Of a retry: its place among those that may be under way.
    _under_way: Option<UnderWay>,
}

impl Books {
    /// An attempt goes to the endpoint.
    pub(super) fn begin(
        cluster: &Arc<Shared>,
        terms: &Arc<Terms>,
        picked: Picked,
        deadline: Deadline,
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
            is_over: false,
            _under_way: under_way,
        }
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
        self.measure(status.code);
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
                | Retry::Lost
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

    /// Counts the attempt, which has ended like this.
    fn measure(&self, code: Code) {
        let traffic = self.lease.as_ref().map(|lease| lease.traffic());
        self.terms.meter.attempt_ended(
            code,
            self.began.elapsed(),
            traffic.map_or(0, Traffic::sent),
            traffic.map_or(0, Traffic::received),
        );
    }
}

/// Given up. If that is because the deadline has come, the endpoint had the call and did not answer.
impl Drop for Books {
    fn drop(&mut self) {
        self.endpoint.calls.fetch_sub(1, Ordering::Relaxed);
        if self.is_over {
            return;
        }
        match given_up(self.deadline) {
            Code::DeadlineExceeded => self.ended(&Status::deadline_exceeded()),
            code => self.measure(code),
        }
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
