//! The wish of operators that the gateway end, on its way to whoever can end it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::admin::Leave;

/// Both ends of the way. One wish is as good as many.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    is_heard: AtomicBool,
    wished: Arc<Notify>,
}

impl Leaving {
    /// Resolves at a wish, of which there may have been one already since somebody hears them.
    pub(super) fn heard(&self) -> impl Future<Output = ()> + Send + use<> {
        self.is_heard.store(true, Ordering::Release);
        let wished = Arc::clone(&self.wished);
        async move { wished.notified().await }
    }

    /// Wishes.
    pub(super) fn wish(&self) -> Leave {
        if !self.is_heard.load(Ordering::Acquire) {
            return Leave::Nobody;
        }
        self.wished.notify_one();
        Leave::Taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wish_is_taken_once_somebody_hears_it() {
        let leaving = Leaving::default();
        assert_eq!(leaving.wish(), Leave::Nobody);
        let heard = leaving.heard();
        assert_eq!(leaving.wish(), Leave::Taken);
        assert_eq!(leaving.wish(), Leave::Taken);
        heard.await;
    }
}
