//! The TLS of one upstream, and the task that reads its files again.

use std::sync::Arc;

use super::config::Config;
use super::task::Task;
use super::tls::{Tls, TlsError};

/// TLS, and the task that reads its files again.
#[derive(Clone, Debug)]
pub(super) struct Security {
    pub(super) tls: Tls,
    _renewal: Option<Arc<Task>>,
}

impl Security {
    /// Reads the files that are configured, if there are any.
    pub(super) fn load(config: &Config, name: &Arc<str>) -> Result<Option<Self>, TlsError> {
        let Some(files) = &config.tls else {
            return Ok(None);
        };
        let (tls, keep_current) = Tls::load(files.clone(), Arc::clone(name))?;
        Ok(Some(Self {
            tls,
            _renewal: Task::start(keep_current).map(Arc::new),
        }))
    }
}
