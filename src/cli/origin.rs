//! A schema by one word: what `breaking` and `lint --against` compare.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::routes::{Loaded, load};
use crate::config::{self, Flags, FromUpstream, Named};
use crate::schema::Places;

/// A folder of `.proto` files, a descriptor set, a configuration file or the URL of a server.
#[derive(Clone, Debug)]
pub(super) struct Origin(String);

impl FromStr for Origin {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Origin {
    /// The schema, or a sentence that says why there is none.
    pub(super) async fn load(&self, http_rules: &[PathBuf]) -> Result<Loaded, String> {
        let mut settings = self.settings(http_rules)?;
        settings.gateway.schema_options.places = Places::Kept;
        let loaded = load(&settings.gateway).await;
        loaded.map_err(|error| error.to_string())
    }

    fn settings(&self, http_rules: &[PathBuf]) -> Result<config::Settings, String> {
        let mut flags = Flags {
            http_rules: http_rules.to_vec(),
            ..Flags::default()
        };
        let path = Path::new(&self.0);
        let mut file = None;
        if self.0.contains("://") {
            let named: Named = self.0.parse()?;
            flags.upstreams.push(named);
        } else if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("yaml" | "yml")
        ) {
            file = Some(path);
        } else {
            flags.upstreams.extend(Named::unreachable());
            let sources = if path.is_dir() {
                &mut flags.protos
            } else {
                &mut flags.descriptors
            };
            sources.push(FromUpstream(path.to_owned()));
        }
        config::load(file, &flags).map_err(|error| error.to_string())
    }
}
