//! A task that ends with whoever started it.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// A running task; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Task(AbortHandle);

impl Task {
    /// Starts it on the runtime of whoever builds the upstream. Without one there are no calls
    /// either, and no task.
    pub(super) fn start(future: impl Future<Output = ()> + Send + 'static) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        Some(Self(runtime.spawn(future).abort_handle()))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
