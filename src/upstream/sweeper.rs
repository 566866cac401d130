//! The task that ends the intervals of outlier detection, and lets endpoints back in whose time is over.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::cluster::Shared;

/// The task; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Sweeper(Option<AbortHandle>);

impl Sweeper {
    /// Starts it, on the runtime of whoever builds the upstream. Without one nobody calls either.
    pub(super) fn start(shared: &Arc<Shared>) -> Self {
        let shared = Arc::downgrade(shared);
        Self(
            Handle::try_current()
                .ok()
                .map(|runtime| runtime.spawn(run(shared)).abort_handle()),
        )
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn run(shared: Weak<Shared>) {
    let Some(interval) = shared
        .upgrade()
        .map(|shared| shared.config.outlier.interval)
    else {
        return;
    };
    let mut next = Instant::now() + interval;
    let mut wake = next;
    loop {
        sleep_until(wake).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let now = Instant::now();
        if next <= now {
            shared.sweep(now);
            next = now + interval;
        }
        // An ejection made until then is noticed at the interval's end: none is shorter than that.
        wake = shared.release(now).map_or(next, |due| due.min(next));
    }
}
