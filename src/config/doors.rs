//! What stands beside the listener's address: who speaks the PROXY protocol, what browsers are told of TLS, and
//! by which names operators ask.

use http::HeaderValue;

use super::choices::Wrong;
use super::raw::{File, Hsts};
use crate::call::Network;
use crate::gateway::Hosts;
use crate::listener::Redirect;

/// Networks at most; every connection is looked for in them.
const NETWORKS_MAX: usize = 100;

/// Names of the admin listener at most; every request is looked for in them.
const HOSTS_MAX: usize = 100;

/// Who has to speak the PROXY protocol; nobody if there is no section.
pub(super) fn proxies(raw: &File) -> Result<Vec<Network>, Wrong> {
    let Some(section) = &raw.proxy_protocol.value else {
        return Ok(Vec::new());
    };
    let networks = section.from.value.as_deref().unwrap_or_default();
    let place = if section.from.is_absent() {
        raw.proxy_protocol.place
    } else {
        section.from.place
    };
    let wrong = |found: &str| {
        let message = format!(
            "found {found}, expected the addresses of balancers, {NETWORKS_MAX} ranges at most"
        );
        Err((place, "proxy_protocol.from".to_owned(), message))
    };
    match networks.len() {
        0 => wrong("none"),
        1..=NETWORKS_MAX => Ok(networks.iter().map(|range| range.0).collect()),
        _ => wrong("more"),
    }
}

/// Proxies whose word about their clients counts.
pub(super) fn trusted(raw: &File) -> Result<Vec<Network>, Wrong> {
    let networks = raw.trusted_proxies.value.as_deref().unwrap_or_default();
    if networks.len() > NETWORKS_MAX {
        let message = format!("found more, expected {NETWORKS_MAX} ranges of addresses at most");
        return Err((
            raw.trusted_proxies.place,
            "trusted_proxies".to_owned(),
            message,
        ));
    }
    Ok(networks.iter().map(|range| range.0).collect())
}

/// Names under which the admin listener answers.
pub(super) fn admin_hosts(raw: &File) -> Result<Hosts, Wrong> {
    let key = &raw.admin.hosts;
    let names = key.value.as_deref().unwrap_or_default();
    if names.len() > HOSTS_MAX {
        let message = format!("found more, expected {HOSTS_MAX} names at most");
        return Err((key.place, "admin.hosts".to_owned(), message));
    }
    Ok(Hosts::of(names.iter().map(ToString::to_string).collect()))
}

/// The address that sends clients to `https`.
pub(super) fn redirect(raw: &File) -> Result<Option<Redirect>, Wrong> {
    let key = raw.tls.value.as_ref().map(|tls| &tls.redirect);
    let Some((key, redirect)) = key.and_then(|key| Some((key, key.value.as_ref()?))) else {
        return Ok(None);
    };
    let address = redirect.listen.0;
    let admin = raw.admin.listen.map(|admin| admin.0);
    if address.port() != 0 && (address == raw.listen.0.0 || Some(address) == admin) {
        let message =
            format!("found `{address}`, which is taken already; expected an address of its own");
        return Err((key.place, "tls.redirect.listen".to_owned(), message));
    }
    Ok(Some(Redirect {
        address,
        port: redirect.port.map(Into::into),
    }))
}

/// `strict-transport-security`, where browsers are told.
pub(super) fn hsts(raw: &File) -> Option<HeaderValue> {
    let hsts: &Hsts = raw.tls.value.as_ref()?.hsts.value.as_ref()?;
    let mut text = format!("max-age={}", hsts.max_age.0.as_secs());
    if hsts.include_subdomains {
        text += "; includeSubDomains";
    }
    HeaderValue::try_from(text).ok()
}
