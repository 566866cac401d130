//! What is told of calls: the access log, and traces.

use std::path::{Path, PathBuf};

use http::Uri;
use http::uri::Scheme;
use serde_saphyr::Location;

use super::raw::{AccessLog, Key, Sampling, Traces};
use super::units::quoted;
use super::{headers, load};
use crate::control::otlp::{Authorities, Collector};
use crate::gateway;
use crate::identity::Salt;
use crate::observe::{access_log, trace};

/// Keys of baggage, and letters of a name, at most.
const KEYS_MAX: usize = 64;
const NAME_MAX: usize = 255;

pub(super) fn access_log(raw: &AccessLog) -> access_log::Rules {
    let default = access_log::Rules::default();
    access_log::Rules {
        sample: raw.sample.value.map_or(default.sample, |share| share.0),
        errors: raw.errors.value.map_or(default.errors, Into::into),
        slower_than: (raw.slower_than.value).map_or(default.slower_than, |span| span.0),
    }
}

/// What is wrong with a key, and where it stands.
type Wrong = (Location, &'static str, String);

/// What pseudonyms are made with, if that is configured.
///
/// # Errors
/// The file cannot be read, or is empty.
pub(super) fn salt(raw: &AccessLog) -> Result<Option<Salt>, Wrong> {
    let key = "access_log.salt_file";
    let Some(path) = named(&raw.salt_file) else {
        return Ok(None);
    };
    let secret = read(path, raw.salt_file.place, key)?;
    let secret = secret.trim_ascii();
    if secret.is_empty() {
        let message = format!("{}: found an empty file, expected a secret", path.display());
        return Err((raw.salt_file.place, key, message));
    }
    Ok(Some(Salt::of(secret)))
}

/// The file that a key names, if it names one.
fn named(key: &Key<PathBuf>) -> Option<&Path> {
    let path = key.value.as_deref();
    path.filter(|path| !path.as_os_str().is_empty())
}

fn read(path: &Path, place: Location, key: &'static str) -> Result<Vec<u8>, Wrong> {
    let bytes = load::bytes(path);
    bytes.map_err(|message| (place, key, format!("{}: {message}", path.display())))
}

/// # Errors
/// Where and of which key a value is none, what was found and what was expected.
pub(super) fn traces(raw: &Traces) -> Result<Option<gateway::Traces>, Wrong> {
    let Some(endpoint) = raw.endpoint.value.as_ref().filter(|url| !url.is_empty()) else {
        return Ok(None);
    };
    let wrong = |key, place, found: &str, expected: &str| {
        let message = format!("found {}, expected {expected}", quoted(found));
        (place, key, message)
    };
    let url: Option<Uri> = endpoint.parse().ok();
    let url = url.filter(|url| {
        let is_bare = url.path() == "/" && url.query().is_none();
        let is_spoken = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&url.scheme());
        is_bare && is_spoken && url.host().is_some()
    });
    let Some(url) = url else {
        let expected = "a URL such as `http://127.0.0.1:4317` or `https://otlp.example:4317`";
        return Err(wrong(
            "traces.endpoint",
            raw.endpoint.place,
            endpoint,
            expected,
        ));
    };
    let service = raw.service.or("transom".to_owned());
    if service.is_empty() || service.len() > NAME_MAX {
        let expected = "a name of 1 to 255 letters";
        return Err(wrong(
            "traces.service",
            raw.service.place,
            &service,
            expected,
        ));
    }
    let formats: Vec<_> = match &raw.formats.value {
        Some(formats) => formats.iter().copied().map(Into::into).collect(),
        None => vec![crate::call::trace::Format::W3c],
    };
    let baggage = raw.baggage.or(Vec::new());
    if baggage.len() > KEYS_MAX {
        let (found, expected) = (baggage.len().to_string(), "64 keys at most");
        return Err(wrong("traces.baggage", raw.baggage.place, &found, expected));
    }
    let authorities = match named(&raw.ca) {
        None => Authorities::System,
        Some(path) => {
            let (place, key) = (raw.ca.place, "traces.ca");
            let authorities = Authorities::of_pem(&read(path, place, key)?);
            authorities.map_err(|error| (place, key, format!("{}: {error}", path.display())))?
        }
    };
    let headers = match named(&raw.headers_file) {
        None => Vec::new(),
        Some(path) => {
            let (place, key) = (raw.headers_file.place, "traces.headers_file");
            let text = String::from_utf8_lossy(&read(path, place, key)?).into_owned();
            headers::of_lines(&text)
                .map_err(|error| (place, key, format!("{}: {error}", path.display())))?
        }
    };
    let ratio = raw.ratio.value.map_or(1.0, |ratio| ratio.0);
    let tracing = trace::Config {
        sampling: match raw.sampling.or(Sampling::Parent) {
            Sampling::Parent => trace::Sampling::Parent(ratio),
            Sampling::Always => trace::Sampling::Always,
            Sampling::Never => trace::Sampling::Never,
        },
        inbound: match raw.trust_inbound.value {
            Some(true) => trace::Inbound::Trusted,
            Some(false) => trace::Inbound::Linked,
            None => trace::Inbound::default(),
        },
        formats: formats.into(),
        baggage,
        failures: match raw.errors.value {
            Some(true) => trace::Failures::Told,
            Some(false) => trace::Failures::Untold,
            None => trace::Failures::default(),
        },
        messages: match raw.message_events.value {
            Some(true) => trace::Messages::Told,
            Some(false) => trace::Messages::Untold,
            None => trace::Messages::default(),
        },
    };
    let collector = Collector {
        url,
        authorities,
        headers,
        service,
    };
    if collector.reveals() {
        let message =
            "found headers for a collector that is spoken to in plaintext, expected an `endpoint` \
                       of https, or an address of this host"
                .to_owned();
        return Err((raw.headers_file.place, "traces.headers_file", message));
    }
    Ok(Some(gateway::Traces { tracing, collector }))
}
