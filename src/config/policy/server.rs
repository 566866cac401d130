//! A server that a step of the policy asks: which keys go together.

use http::Uri;

use crate::config::choices::Wrong;
use crate::config::places::Places;
use crate::config::raw::{ExtAuthz, GlobalRateLimits, Key, OnFailure, PolicyStep, UpstreamTls};
use crate::config::units::{Span, quoted};
use crate::config::upstream::{places, tls};
use crate::control::redacted::without_secrets;
use crate::control::tls::Files;
use crate::policy::StepConfig;
use crate::policy::server::{Config, Terms};
use crate::policy::{ext_authz, global_limits};

/// The keys that every step with a server has.
struct Raw<'r> {
    server: &'r Key<String>,
    tls: &'r Key<UpstreamTls>,
    timeout: Key<Span>,
    on_failure: Key<OnFailure>,
}

pub(super) fn of_global(raw: &GlobalRateLimits, at: &str) -> Result<Config, Wrong> {
    let raw = Raw {
        server: &raw.server,
        tls: &raw.tls,
        timeout: raw.timeout.clone(),
        on_failure: raw.on_failure.clone(),
    };
    raw.server(global_limits::TERMS, at)
}

pub(super) fn of_ext_authz(raw: &ExtAuthz, at: &str) -> Result<Config, Wrong> {
    let raw = Raw {
        server: &raw.server,
        tls: &raw.tls,
        timeout: raw.timeout.clone(),
        on_failure: raw.on_failure.clone(),
    };
    raw.server(ext_authz::TERMS, at)
}

impl Raw<'_> {
    /// Checks the keys with each other.
    fn server(&self, default: Terms, at: &str) -> Result<Config, Wrong> {
        let address = self.server.or(String::new());
        let files = tls(&format!("{at}.tls"), self.tls)?;
        let wrong = |message: String| Err((self.server.place, format!("{at}.server"), message));
        let uri = address.parse::<Uri>().ok();
        let uri = uri.filter(|uri| uri.host().is_some() && uri.port_u16().is_some());
        let tls = match (uri.as_ref().and_then(Uri::scheme_str), files) {
            (Some("http"), None) => None,
            (Some("https"), files) => Some(files.unwrap_or_default()),
            (Some("http"), Some(_)) => {
                let found = quoted(&without_secrets(&address));
                return wrong(format!(
                    "found {found} beside `tls`, expected https://host:port"
                ));
            }
            (_, _) => {
                let found = quoted(&without_secrets(&address));
                return wrong(format!(
                    "found {found}, expected http://host:port or https://host:port"
                ));
            }
        };
        Ok(Config {
            address,
            tls,
            terms: Terms {
                timeout: self.timeout.value.map_or(default.timeout, |span| span.0),
                on_failure: (self.on_failure.value).map_or(default.on_failure, Into::into),
            },
        })
    }
}

/// The files of TLS towards servers, and where the configuration names them.
pub(in crate::config) fn files(
    raw: &Key<Vec<Key<PolicyStep>>>,
    made: &[StepConfig],
) -> Vec<(Places, Files)> {
    let raw = raw.value.iter().flatten().enumerate();
    let all = raw.zip(made).filter_map(|((index, raw), made)| {
        let raw = raw.value.as_ref()?;
        let (server, key, section) = match made {
            StepConfig::GlobalLimits { server, .. } => {
                let raw = raw.global_rate_limits.value.as_ref()?;
                (server, "global_rate_limits", &raw.tls)
            }
            StepConfig::ExtAuthz { server, .. } => {
                let raw = raw.ext_authz.value.as_ref()?;
                (server, "ext_authz", &raw.tls)
            }
            StepConfig::Access(_)
            | StepConfig::Limits { .. }
            | StepConfig::Concurrency(_)
            | StepConfig::Identify
            | StepConfig::Custom { .. } => return None,
        };
        let at = format!("policy[{index}].{key}.tls");
        Some((places(at, section), server.tls.clone()?))
    });
    all.collect()
}
