//! The section `tls` of an upstream, or of a server of a policy: which keys go together, and where files
//! stand that are no good.

use std::path::Path;

use rustls::pki_types::ServerName;

use crate::config::Error;
use crate::config::choices::Wrong;
use crate::config::places::{Notice, Places};
use crate::config::raw::{Key, UpstreamTls};
use crate::config::units::quoted;
use crate::control::tls::{Files, Identity, Part, TlsError};

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

/// Where a section with this key names files.
pub(in crate::config) fn places(at: String, section: &Key<UpstreamTls>) -> Places {
    let raw = section.value.iter();
    let keys = raw.flat_map(|raw| {
        [
            ("ca", raw.ca.place),
            ("certificate", raw.certificate.place),
            ("key", raw.key.place),
        ]
    });
    Places::of(at, keys)
}

/// Reads the files, to see whether they are good; `now` is in seconds since 1970.
///
/// # Errors
/// They are not. What is good, but not now, comes as a notice.
pub(in crate::config) fn check(
    places: &Places,
    files: &Files,
    config: Option<&Path>,
    now: u64,
) -> Result<Option<Notice>, Error> {
    let error = |error: TlsError| {
        let key = match error.part {
            Part::Ca => "ca",
            Part::Certificate => "certificate",
            Part::Key => "key",
        };
        places.error(key, config, &error.to_string())
    };
    let out_of_force = files.check(now).map_err(error)?;
    Ok(out_of_force.map(|found| Notice::File(error(found))))
}
