//! gRFC A6 in tables, and whole calls against random upstreams.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::call::{Code, Retry, Status};

mod attempts;
mod hedge;
mod limits;
mod schedules;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What an upstream's calls share, with all tokens there.
struct Shared {
    throttle: Throttle,
    budget: Arc<Budget>,
    active: usize,
}

impl Shared {
    fn new() -> Self {
        Self {
            throttle: Throttle::new(Throttling::default()),
            budget: Arc::default(),
            active: 1,
        }
    }

    fn gate(&self) -> Gate<'_> {
        Gate {
            throttle: &self.throttle,
            budget: &self.budget,
            active: self.active,
        }
    }
}

/// A backend's failure with this code and answer to "is a second try safe?".
fn failure(code: Code, retry: Retry) -> Status {
    Status::upstream(code, "").retry(retry)
}

fn unavailable() -> Status {
    failure(Code::Unavailable, Retry::BeforeFirstByte)
}

/// A policy that names the method: four attempts, after 100, 200 and 400 ms, for UNAVAILABLE and
/// ABORTED.
fn policy() -> Policy {
    Policy {
        max_attempts: MaxAttempts::new(4).unwrap(),
        delays: Delays::new(millis(100), millis(1000), 2.0).unwrap(),
        codes: CodeSet::of(&[Code::Unavailable, Code::Aborted]),
        covers: Covers::Named,
    }
}
