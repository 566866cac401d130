//! Tasks that end with whoever started them.

use std::future::Future;

use tokio::task::JoinSet;

/// Some tasks.
#[derive(Debug, Default)]
pub(in crate::policy) struct Tasks(JoinSet<()>);

impl Tasks {
    /// Begins one more.
    pub(in crate::policy) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }
}
