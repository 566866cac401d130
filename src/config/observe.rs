//! What is told of calls: the access log, and traces.

use http::Uri;
use http::uri::Scheme;
use serde_saphyr::Location;

use super::raw::{AccessLog, Sampling, Traces};
use super::units::quoted;
use crate::control::otlp::Collector;
use crate::gateway;
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

/// # Errors
/// Where and of which key a value is none, what was found and what was expected.
pub(super) fn traces(
    raw: &Traces,
) -> Result<Option<gateway::Traces>, (Location, &'static str, String)> {
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
        is_bare && url.scheme() == Some(&Scheme::HTTP) && url.host().is_some()
    });
    let Some(url) = url else {
        let expected = "a URL such as `http://127.0.0.1:4317`; a collector beyond this machine's network is \
                        reached by an agent on it";
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
    };
    let collector = Collector { url, service };
    Ok(Some(gateway::Traces { tracing, collector }))
}
