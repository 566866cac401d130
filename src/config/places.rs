//! Where the configuration names files, so that what is wrong with one is told with line and key; and what is
//! not as it should be, yet no reason not to start.

use std::fmt;
use std::path::Path;

use serde_saphyr::Location;

use super::Error;
use super::load::FileError;

/// What operators should know of a configuration with which a gateway starts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A file is no good now, and another one may take its place while the gateway runs: a certificate that is
    /// not in force, a list of endpoints that cannot be read.
    #[error(transparent)]
    File(Error),
    /// A variable wants traces to be told by a protocol that is not spoken.
    #[error(
        "{variable}: found {found}, expected `grpc`, which alone is spoken here: no traces are sent to what \
         {endpoint} names"
    )]
    Protocol {
        /// The variable.
        variable: &'static str,
        /// What it says.
        found: String,
        /// The variable of the endpoint.
        endpoint: &'static str,
    },
}

impl Notice {
    /// True if it is a fault of what the configuration names; else it is one of the surroundings.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Protocol { .. } => false,
        }
    }
}

/// Where the keys of one section stand that name files.
#[derive(Clone)]
pub(super) struct Places {
    /// The key of the section.
    at: String,
    keys: Vec<(String, Location)>,
}

impl Places {
    /// Those of the section with this key.
    pub(super) fn of<K: Into<String>>(
        at: String,
        keys: impl IntoIterator<Item = (K, Location)>,
    ) -> Self {
        let keys = keys.into_iter().map(|(key, place)| (key.into(), place));
        Self {
            at,
            keys: keys.collect(),
        }
    }

    /// What is wrong with the file that a key names; `config` is the file that has the section.
    pub(super) fn error(&self, key: &str, config: Option<&Path>, message: &str) -> Error {
        let Some(config) = config else {
            let name = self.at.strip_prefix("upstreams.");
            return Error::Flags(match name.and_then(|name| name.strip_suffix(".tls")) {
                Some(name) => format!("--upstream {name}: {message}"),
                None => format!("{}.{key}: {message}", self.at),
            });
        };
        let place = self.keys.iter().find(|(known, _)| known == key);
        let place = place.map_or(Location::UNKNOWN, |(_, place)| *place);
        let key = format!("{}.{key}", self.at);
        Error::File(FileError::at(config, place, &key, message.to_owned()))
    }
}

/// Without lines: settings are compared as texts, and the same ones may stand at other places.
impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.at).finish()
    }
}
