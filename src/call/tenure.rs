//! How long a connection may be held that was taken over from HTTP by an upgrade.
//!
//! The listener counts connections, closes idle ones and drains; an upgraded one is out of its
//! hands. So it puts a [`Tenure`] into the extensions of every request that can be an upgrade, and
//! whoever upgrades keeps it: until it is dropped the connection counts, and is at work.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// A place on a connection, or on a stream of one, until it is dropped.
#[derive(Clone)]
pub struct Tenure {
    /// How long a client may let lie what was sent to it.
    pub write_stall: Duration,
    over: watch::Receiver<()>,
    _held: Arc<dyn Any + Send + Sync>,
}

impl Tenure {
    /// A tenure that keeps `held`, and is over when something is sent on `over`, or nobody can.
    pub fn new(
        held: impl Any + Send + Sync,
        over: watch::Receiver<()>,
        write_stall: Duration,
    ) -> Self {
        Self {
            write_stall,
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
