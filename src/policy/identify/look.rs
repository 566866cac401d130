//! A look at the files that are named: for whoever wants to know beforehand whether they are any good.

use std::path::Path;

use super::{Config, KeysFrom, NoIdentity, key_file, keys};
use crate::files::{Content, Watch};

/// A file that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The keys of an issuer, counted from 0.
    Keys(usize),
    /// API keys.
    ApiKeys,
    /// The authorities that are trusted when issuers are asked.
    Ca,
}

impl Config {
    /// Reads the files that it names, once.
    ///
    /// # Errors
    /// The first that cannot be read, or is no good.
    pub fn look(&self) -> Result<(), (Named, NoIdentity)> {
        for (index, issuer) in self.issuers.iter().enumerate() {
            if let KeysFrom::File(path) = &issuer.keys {
                with(path, |contents| keys::keys_of(path, contents).map(drop))
                    .map_err(|error| (Named::Keys(index), error))?;
            }
        }
        if let Some(keys) = &self.api_keys {
            let path = &keys.file;
            with(path, |contents| key_file::keys_of(path, contents).map(drop))
                .map_err(|error| (Named::ApiKeys, error))?;
        }
        self.https().map(drop).map_err(|error| (Named::Ca, error))
    }
}

fn with<T>(path: &Path, read: impl FnOnce(&[Content]) -> T) -> T {
    read(Watch::open(vec![path.to_owned()]).contents())
}
