//! The task that ends the intervals of outlier detection, and lets endpoints back in whose time is over.

use std::sync::{Arc, Weak};

use tokio::time::{Instant, sleep_until};

use super::cluster::Shared;
use super::task::Task;

/// Starts it; it ends when what is given back is dropped.
pub(super) fn start(shared: &Arc<Shared>) -> Option<Task> {
    Task::start(run(Arc::downgrade(shared)))
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
