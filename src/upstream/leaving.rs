//! The end of the gateway, as calls see it: whatever is still under way when the grace of a drain is over
//! ends with UNAVAILABLE, which every dialect tells its client in its own way.
//!
//! Connections to endpoints are closed for that, since a call learns of its connection anyway: nothing is
//! registered for each call.

use tokio::sync::watch;

/// Whether the gateway is leaving. It never comes back.
#[derive(Debug)]
pub(super) struct Leaving(watch::Sender<bool>);

impl Default for Leaving {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Leaving {
    /// From now on there are no calls.
    pub(super) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether there are no calls any more.
    pub(super) fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when there are no calls any more.
    pub(super) async fn begun(&self) {
        let mut leaving = self.0.subscribe();
        // Its sender is here.
        let _ = leaving.wait_for(|begun| *begun).await;
    }
}
