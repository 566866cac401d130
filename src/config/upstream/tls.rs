//! The section `tls` of an upstream: which keys go together, and where files stand that are no good.

use std::fmt;
use std::path::Path;

use rustls::pki_types::ServerName;
use serde_saphyr::Location;

use crate::config::Error;
use crate::config::choices::Wrong;
use crate::config::load::FileError;
use crate::config::raw::{Key, UpstreamTls};
use crate::config::units::quoted;
use crate::upstream::config::{Identity, Tls};
use crate::upstream::{self, Part};

/// Where the configuration names the files of one upstream.
#[derive(Clone)]
pub(in crate::config) struct Places {
    upstream: String,
    ca: Location,
    certificate: Location,
    key: Location,
}

/// Checks the keys with each other.
pub(super) fn tls(name: &str, section: &Key<UpstreamTls>) -> Result<Option<Tls>, Wrong> {
    let Some(raw) = &section.value else {
        return Ok(None);
    };
    let key = |key: &str| format!("upstreams.{name}.tls.{key}");
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
    Ok(Some(Tls {
        ca: raw.ca.value.clone(),
        identity,
        server_name,
    }))
}

/// Without lines: settings are compared as texts, and the same ones may stand at other places.
impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.upstream).finish()
    }
}

impl Places {
    /// Those of an upstream.
    pub(in crate::config) fn of(name: &str, section: &Key<UpstreamTls>) -> Self {
        let raw = section.value.as_ref();
        let place = |of: fn(&UpstreamTls) -> Location| raw.map_or(Location::UNKNOWN, of);
        Self {
            upstream: name.to_owned(),
            ca: place(|tls| tls.ca.place),
            certificate: place(|tls| tls.certificate.place),
            key: place(|tls| tls.key.place),
        }
    }

    /// Reads the files, to see whether they are good.
    pub(in crate::config) fn check(
        &self,
        upstreams: &[upstream::Config],
        config: Option<&Path>,
    ) -> Result<(), Error> {
        let named = upstreams.iter().find(|one| one.name == self.upstream);
        let Some(tls) = named.and_then(|upstream| upstream.tls.as_ref()) else {
            return Ok(());
        };
        tls.check().map_err(|error| {
            let (place, key) = match error.part {
                Part::Ca => (self.ca, "ca"),
                Part::Certificate => (self.certificate, "certificate"),
                Part::Key => (self.key, "key"),
            };
            match config {
                Some(config) => {
                    let key = format!("upstreams.{}.tls.{key}", self.upstream);
                    Error::File(FileError::at(config, place, &key, error.to_string()))
                }
                None => Error::Flags(format!("--upstream {}: {error}", self.upstream)),
            }
        })
    }
}
