//! The file of API keys: watched, and a bad one changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::NoIdentity;
use super::config::text;
use crate::files::{Content, Watch};
use crate::identity::api_keys::ApiKeys;
use crate::policy::tasks::Tasks;

/// The keys that count now.
#[derive(Debug)]
pub(super) struct KeyFile(ArcSwap<ApiKeys>);

impl KeyFile {
    /// Reads it, and begins to watch it.
    ///
    /// # Errors
    /// It cannot be read, or a line is none.
    pub(super) fn start(path: PathBuf, tasks: &mut Tasks) -> Result<Arc<Self>, NoIdentity> {
        let mut watch = Watch::open(vec![path.clone()]);
        let keys = keys_of(&path, watch.contents())?;
        let file = Arc::new(Self(ArcSwap::from_pointee(keys)));
        let kept = Arc::clone(&file);
        tasks.spawn(async move {
            loop {
                match keys_of(&path, watch.changed().await) {
                    Ok(keys) => {
                        tracing::info!(file = %path.display(), keys = keys.len(), "the API keys were read again");
                        kept.0.store(Arc::new(keys));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the API keys are no good; those before count on");
                    }
                }
            }
        });
        Ok(file)
    }

    /// The keys.
    pub(super) fn keys(&self) -> Guard<Arc<ApiKeys>> {
        self.0.load()
    }
}

pub(super) fn keys_of(path: &Path, contents: &[Content]) -> Result<ApiKeys, NoIdentity> {
    ApiKeys::parse(text(path, contents)?).map_err(|cause| NoIdentity::ApiKeys {
        path: path.to_owned(),
        cause,
    })
}
