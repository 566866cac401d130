//! How long a connection may be held that was taken over from HTTP by an upgrade.
//!
//! The listener counts connections, closes idle ones and drains; an upgraded one is out of its
//! hands. So it puts a [`Tenure`] into the extensions of every request that can be an upgrade, and
//! whoever upgrades keeps it: until it is dropped the connection counts, and is at work.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// How much a client has taken of what was sent to it: one that takes little at a time reads all the
/// same.
#[derive(Clone, Debug, Default)]
pub struct Taken(Arc<AtomicU64>);

impl Taken {
    /// Counts bytes that have left.
    pub fn count(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A place on a connection, or on a stream of one, until it is dropped.
#[derive(Clone)]
pub struct Tenure {
    /// How long a client may take nothing of what was sent to it.
    pub write_stall: Duration,
    /// What it takes; stands still where the connection has others too.
    pub taken: Taken,
    over: watch::Receiver<()>,
    _held: Arc<dyn Any + Send + Sync>,
}

impl Tenure {
    /// A tenure that keeps `held`, and is over when something is sent on `over`, or nobody can.
    pub fn new(
        held: impl Any + Send + Sync,
        over: watch::Receiver<()>,
        write_stall: Duration,
        taken: Taken,
    ) -> Self {
        Self {
            write_stall,
            taken,
            over,
            _held: Arc::new(held),
        }
    }

    /// Ends when the holder has to say his last words and leave.
    pub fn over(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut over = self.over.clone();
        async move {
            let _ = over.changed().await; // its sender is gone: it is over as well
        }
    }
}

impl fmt::Debug for Tenure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenure")
            .field("write_stall", &self.write_stall)
            .finish_non_exhaustive()
    }
}
