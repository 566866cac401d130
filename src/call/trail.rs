//! Where a call has been: written by whoever makes its attempts, read by whoever tells of it when it is
//! over. A call that is given up half-way has left its trail too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// The trail of one call, shared between its two ends.
#[derive(Debug, Default)]
pub struct Trail(Mutex<Steps>);

/// Where a call has been so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The upstream that it went to.
    pub upstream: Option<Arc<str>>,
    /// The address of the endpoint where its last attempt went.
    pub endpoint: Option<Arc<str>>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it came to the upstream.
    pub came: Option<Instant>,
    /// When an endpoint answered.
    pub answered: Option<Instant>,
}

impl Trail {
    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call came to this upstream.
    pub fn came(&self, upstream: &Arc<str>) {
        let mut steps = self.steps();
        steps.upstream = Some(Arc::clone(upstream));
        steps.came = Some(Instant::now());
    }

    /// An attempt goes to the endpoint at this address.
    pub fn goes(&self, endpoint: &Arc<str>) {
        let mut steps = self.steps();
        steps.endpoint = Some(Arc::clone(endpoint));
        steps.attempts += 1;
    }

    /// The endpoint at this address answered.
    pub fn answered(&self, endpoint: &Arc<str>) {
        let mut steps = self.steps();
        steps.endpoint = Some(Arc::clone(endpoint));
        steps.answered.get_or_insert_with(Instant::now);
    }

    /// Where it has been.
    #[must_use]
    pub fn so_far(&self) -> Steps {
        self.steps().clone()
    }
}
