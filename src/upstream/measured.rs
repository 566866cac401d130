//! One call from its beginning to its end, as metrics count it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::terms::Terms;
use crate::call::{Code, Deadline};
use crate::observe::meter::Repeats;

/// A call under way. Dropped without an end, its client has left, or its deadline has come.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) terms: Arc<Terms>,
    began: Instant,
    deadline: Deadline,
    repeats: Repeats,
    is_over: bool,
}

impl Measured {
    /// A call begins.
    pub(super) fn begin(terms: Arc<Terms>, deadline: Deadline) -> Self {
        Self {
            terms,
            began: Instant::now(),
            deadline,
            repeats: Repeats::default(),
            is_over: false,
        }
    }

    /// It is retried by a policy.
    pub(super) fn retried(&mut self) {
        self.repeats.retries += 1;
    }

    /// It is retried, and no application knows of the attempt before.
    pub(super) fn retried_transparently(&mut self) {
        self.repeats.transparent += 1;
    }

    /// It is made once more beside itself.
    pub(super) fn hedged(&mut self) {
        self.repeats.hedges += 1;
    }

    /// No attempt was under way for so long.
    pub(super) fn idled(&mut self, time: Duration) {
        self.repeats.delay += time;
    }

    /// It has ended.
    pub(super) fn ended(&mut self, code: Code) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let duration = self.began.elapsed();
        self.terms.meter.call_ended(code, duration, self.repeats);
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        if !self.is_over {
            self.ended(given_up(self.deadline));
        }
    }
}

/// How a call ended that nobody waits for any more.
pub(super) fn given_up(deadline: Deadline) -> Code {
    if deadline.has_passed() {
        Code::DeadlineExceeded
    } else {
        Code::Cancelled
    }
}
