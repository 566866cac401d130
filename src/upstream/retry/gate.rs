//! Whether an upstream may be asked once more on behalf of one call: both its tokens and its share of
//! retries have to allow it.

use std::sync::Arc;

use super::attempts::Why;
use super::budget::{Budget, UnderWay};
use super::throttle::Throttle;
use crate::call::Retry;

/// What bounds the retries of an upstream.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Gate<'a> {
    /// By what failed lately.
    pub(in crate::upstream) throttle: &'a Throttle,
    /// By what is under way.
    pub(in crate::upstream) budget: &'a Arc<Budget>,
    /// Calls that the upstream has now, the one that asks included.
    pub(in crate::upstream) active: usize,
}

impl Gate<'_> {
    /// A place for one more attempt.
    pub(super) fn pass(&self) -> Result<UnderWay, Why> {
        if !self.throttle.allows() {
            return Err(Why::Throttled);
        }
        self.budget.start(self.active).ok_or(Why::Budget)
    }

    /// A place for one more attempt after one that failed like this.
    ///
    /// Where a connection is gone, so are all calls on it at once, a third of all with one of three
    /// backends. A share of those is no storm but an outage for the others: they take places, and are not
    /// refused one. The tokens hold for them as well.
    pub(super) fn after(&self, failed: Retry) -> Result<UnderWay, Why> {
        match failed {
            Retry::Lost if self.throttle.allows() => Ok(self.budget.begin()),
            Retry::Lost => Err(Why::Throttled),
            Retry::Never
            | Retry::BeforeFirstByte
            | Retry::Unsent
            | Retry::Refused
            | Retry::Forbidden
            | Retry::Pushback(_) => self.pass(),
        }
    }
}
