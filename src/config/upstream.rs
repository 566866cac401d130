//! One upstream of the file as the gateway has it.

use http::uri::Authority;
use serde_saphyr::Location;

use super::choices::Wrong;
use super::raw::{Key, Upstream};
use super::units::{Count, Span, quoted};
use crate::upstream::config::{Connect, Limits, Tls};
use crate::upstream::{Config, Scheme};

mod balance;
mod discovery;
mod oauth2;
mod retries;
mod tls;

use discovery::{discovery, nameservers};
use oauth2::oauth2;
pub(super) use oauth2::{check_oauth, oauth_places};
pub(super) use tls::{check, places, tls};

/// The least interval of PINGs: servers take more for an attack (gRFC A8).
const KEEPALIVE_MIN: Span = Span(std::time::Duration::from_secs(10));

/// Checks the keys with each other.
pub(super) fn upstream(name: &str, raw: &Upstream, max_message: usize) -> Result<Config, Wrong> {
    let key = |key: &str| format!("upstreams.{name}.{key}");
    let discovery = discovery(name, raw)?;
    let tls = tls(&key("tls"), &raw.tls)?.or_else(|| is_https(raw).then(Tls::default));
    let authority = match &raw.authority.value {
        None => None,
        Some(text) => Some(text.parse::<Authority>().map_err(|_| {
            let message = format!(
                "found {}, expected a host, such as `books.example`",
                quoted(text)
            );
            (raw.authority.place, key("authority"), message)
        })?),
    };
    let nothing = |place: Location, key: String| {
        let message = "found `0s`, expected more than that".to_owned();
        Err((place, key, message))
    };
    let timeout = span(&raw.connect_timeout, Connect::default().timeout);
    if timeout.is_zero() {
        return nothing(raw.connect_timeout.place, key("connect_timeout"));
    }
    let keepalive = &raw.keepalive;
    if let Some(interval) = keepalive.interval.value
        && interval.0 < KEEPALIVE_MIN.0
    {
        let message = format!(
            "found `{interval}`, expected at least {KEEPALIVE_MIN}: servers take more for an attack"
        );
        return Err((keepalive.interval.place, key("keepalive.interval"), message));
    }
    let default = Connect::default();
    let connect = Connect {
        timeout,
        connections: count(&raw.connections, default.connections),
        keepalive_interval: span(&keepalive.interval, default.keepalive_interval),
        keepalive_timeout: span(&keepalive.timeout, default.keepalive_timeout),
        max_age: raw
            .max_connection_age
            .value
            .map_or(default.max_age, |age| age.0),
    };
    if connect.keepalive_timeout.is_zero() {
        return nothing(keepalive.timeout.place, key("keepalive.timeout"));
    }
    let default = Limits::default();
    let (balance, panic) = balance::balance(&raw.balance, &key)?;
    Ok(Config {
        nameservers: nameservers(name, raw)?,
        authority,
        oauth: oauth2(&key("oauth2"), &raw.oauth2, tls.as_ref())?,
        tls,
        connect,
        balance,
        panic,
        health: balance::health(&raw.health, &key)?,
        outlier: balance::outlier(&raw.outlier, &key)?,
        retries: retries::retries(&raw.retries, &key)?,
        timeout_offset: span(&raw.timeout_offset, std::time::Duration::ZERO),
        limits: Limits {
            requests: count(&raw.limits.requests, default.requests),
            pending: count(&raw.limits.pending, default.pending),
            connections: count(&raw.limits.connections, default.connections),
        },
        max_message,
        ..Config::found_by(name, discovery)
    })
}

/// Lays the service config that the file names, if it does, beneath what it says itself.
///
/// # Errors
/// It cannot be read, or is none.
pub(super) fn with_service_config(raw: &Upstream, config: &mut Config) -> Result<(), Wrong> {
    match &raw.service_config.value {
        Some(path) => retries::service_config(path, raw, config),
        None => Ok(()),
    }
}

fn span(key: &Key<Span>, default: std::time::Duration) -> std::time::Duration {
    key.value.map_or(default, |span| span.0)
}

fn count(key: &Key<Count>, default: usize) -> usize {
    key.value.map_or(default, Count::get)
}

fn is_https(raw: &Upstream) -> bool {
    let url = raw.url.value.as_ref();
    url.is_some_and(|url| url.url().scheme == Scheme::Https)
}
