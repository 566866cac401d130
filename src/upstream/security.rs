//! The TLS of one upstream, and the task that reads its files again; what makes it that there is none.

use std::sync::Arc;

use super::BuildError;
use super::config::Config;
use super::task::Task;
use crate::control::oauth::NoCredentials;
use crate::control::tls::{Tls, TlsError};

/// Why an upstream cannot be as it is configured.
#[derive(Debug)]
pub(super) enum Insecure {
    /// Its files of TLS are no good.
    Tls(TlsError),
    /// Its files for tokens are no good.
    Oauth(NoCredentials),
}

impl Insecure {
    /// The same of the upstream of this name.
    pub(super) fn of(self, upstream: &str) -> BuildError {
        let upstream = upstream.to_owned();
        match self {
            Self::Tls(cause) => BuildError::Tls { upstream, cause },
            Self::Oauth(cause) => BuildError::Oauth { upstream, cause },
        }
    }
}

/// TLS, and the task that reads its files again.
#[derive(Clone, Debug)]
pub(super) struct Security {
    pub(super) tls: Tls,
    _renewal: Option<Arc<Task>>,
}

impl Security {
    /// Reads the files that are configured, if there are any.
    pub(super) fn load(config: &Config, name: &Arc<str>) -> Result<Option<Self>, Insecure> {
        let Some(files) = &config.tls else {
            return Ok(None);
        };
        let (tls, keep_current) =
            Tls::load(files.clone(), format!("upstream {name}")).map_err(Insecure::Tls)?;
        Ok(Some(Self {
            tls,
            _renewal: Task::start(keep_current).map(Arc::new),
        }))
    }
}
