//! The section `tls` of an upstream, or of a server of a policy: which keys go together, and where files
//! stand that are no good.

use std::fmt;
use std::path::Path;

use rustls::pki_types::ServerName;
use serde_saphyr::Location;

use crate::config::Error;
use crate::config::choices::Wrong;
use crate::config::load::FileError;
use crate::config::raw::{Key, UpstreamTls};
use crate::config::units::quoted;
use crate::control::tls::{Files, Identity, Part};

/// Where the configuration names the files of one section.
#[derive(Clone)]
pub(in crate::config) struct Places {
    /// The key of the section.
    at: String,
    ca: Location,
    certificate: Location,
    key: Location,
}

/// Checks the keys with each other; `at` is the key of the section.
pub(in crate::config) fn tls(at: &str, section: &Key<UpstreamTls>) -> Result<Option<Files>, Wrong> {
    let Some(raw) = &section.value else {
        return Ok(None);
    };
    let key = |key: &str| format!("{at}.{key}");
    let lacks = |place, this: &str, other: &str| {
        let message = format!("found it without `{other}`, expected them together");
        Err((place, key(this), message))
    };
    let identity = match (&raw.certificate.value, &raw.key.value) {
        (Some(certificate), Some(key)) => Some(Identity {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        (None, None) => None,
        (Some(_), None) => return lacks(raw.certificate.place, "certificate", "key"),
        (None, Some(_)) => return lacks(raw.key.place, "key", "certificate"),
    };
    let server_name = match &raw.server_name.value {
        None => None,
        Some(text) => Some(ServerName::try_from(text.clone()).map_err(|_| {
            let message = format!(
                "found {}, expected a name as in a certificate, such as `books.example`",
                quoted(text)
            );
            (raw.server_name.place, key("server_name"), message)
        })?),
    };
    Ok(Some(Files {
        ca: raw.ca.value.clone(),
        identity,
        server_name,
    }))
}

/// Without lines: settings are compared as texts, and the same ones may stand at other places.
impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.at).finish()
    }
}

impl Places {
    /// Those of a section with this key.
    pub(in crate::config) fn of(at: String, section: &Key<UpstreamTls>) -> Self {
        let raw = section.value.as_ref();
        let place = |of: fn(&UpstreamTls) -> Location| raw.map_or(Location::UNKNOWN, of);
        Self {
            at,
            ca: place(|tls| tls.ca.place),
            certificate: place(|tls| tls.certificate.place),
            key: place(|tls| tls.key.place),
        }
    }

    /// Reads the files, to see whether they are good.
    pub(in crate::config) fn check(
        &self,
        files: &Files,
        config: Option<&Path>,
    ) -> Result<(), Error> {
        files.check().map_err(|error| {
            let (place, key) = match error.part {
                Part::Ca => (self.ca, "ca"),
                Part::Certificate => (self.certificate, "certificate"),
                Part::Key => (self.key, "key"),
            };
            match config {
                Some(config) => {
                    let key = format!("{}.{key}", self.at);
                    Error::File(FileError::at(config, place, &key, error.to_string()))
                }
                None => {
                    let name = self.at.strip_prefix("upstreams.");
                    let name = name.and_then(|name| name.strip_suffix(".tls"));
                    let name = name.unwrap_or(&self.at);
                    Error::Flags(format!("--upstream {name}: {error}"))
                }
            }
        })
    }
}
