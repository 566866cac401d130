//! A look at the files that are named: for whoever wants to know beforehand whether they are any good.

use std::path::Path;

use super::{Config, KeysFrom, NoIdentity, key_file, keys};
use crate::files::{Content, Watch};

impl Config {
    /// Reads the files that it names, once.
    ///
    /// # Errors
    /// The first that cannot be read, or is no good.
    pub fn look(&self) -> Result<(), NoIdentity> {
        for issuer in &self.issuers {
            if let KeysFrom::File(path) = &issuer.keys {
                with(path, |contents| keys::keys_of(path, contents).map(drop))?;
            }
        }
        if let Some(keys) = &self.api_keys {
            let path = &keys.file;
            with(path, |contents| key_file::keys_of(path, contents).map(drop))?;
        }
        self.https().map(drop)
    }
}

fn with<T>(path: &Path, read: impl FnOnce(&[Content]) -> T) -> T {
    read(Watch::open(vec![path.to_owned()]).contents())
}
