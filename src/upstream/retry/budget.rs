//! What part of an upstream's calls may be retries at one time: a fifth, and always three. Where the
//! tokens of the throttle look back, this looks at now: it holds for slow failures too, of which few
//! end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Retries under way in a hundred calls.
const PERCENT: usize = 20;

/// Retries that may be under way however few calls there are.
const RETRIES_MIN: usize = 3;

/// The retries of one upstream.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(in crate::upstream) struct Budget {
    under_way: AtomicUsize,
}

/// A retry that is under way, from its decision to its end.
#[derive(Debug)]
pub(in crate::upstream) struct UnderWay(Arc<Budget>);

impl Budget {
    /// One more retry, if there may be one while so many calls are active, this one included.
    pub(in crate::upstream) fn start(self: &Arc<Self>, active: usize) -> Option<UnderWay> {
        let most = (active.saturating_mul(PERCENT) / 100).max(RETRIES_MIN);
        self.under_way
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |retries| {
                (retries < most).then(|| retries + 1)
            })
            .ok()
            .map(|_| UnderWay(Arc::clone(self)))
    }

    /// One more retry, whatever is under way.
    pub(in crate::upstream) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// Retries that are under way.
    pub(in crate::upstream) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
