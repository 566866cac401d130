//! The section `oauth2` of an upstream: which keys go together, and where files stand that are no good.

use std::path::Path;

use serde_saphyr::Location;

use crate::config::Error;
use crate::config::choices::Wrong;
use crate::config::places::Places;
use crate::config::raw::{Key, Oauth2, Shows};
use crate::config::units::{Span, quoted};
use crate::control::https::Url;
use crate::control::oauth::{Auth, NoCredentials, Settings, TIMEOUT, TIMEOUT_MAX};
use crate::control::tls::Files;

/// Checks the keys with each other; `at` is the key of the section, `tls` what the upstream sees.
pub(super) fn oauth2(
    at: &str,
    section: &Key<Oauth2>,
    tls: Option<&Files>,
) -> Result<Option<Settings>, Wrong> {
    let Some(raw) = &section.value else {
        return Ok(None);
    };
    let wrong =
        |place: Location, key: &str, message: String| Err((place, format!("{at}.{key}"), message));
    let (Some(endpoint), Some(client_id)) = (&raw.token_endpoint.value, &raw.client_id.value)
    else {
        let message = "expected `token_endpoint` and `client_id`".to_owned();
        return Err((section.place, at.to_owned(), message));
    };
    let token_endpoint = match Url::parse(endpoint) {
        Ok(url) => url,
        Err(error) => {
            return wrong(
                raw.token_endpoint.place,
                "token_endpoint",
                error.to_string(),
            );
        }
    };
    let auth = match (raw.auth.or(Shows::Basic), &raw.client_secret_file.value) {
        (Shows::Basic, Some(file)) => Auth::Basic(file.clone()),
        (Shows::Post, Some(file)) => Auth::Post(file.clone()),
        (Shows::Basic | Shows::Post, None) => {
            let message = "found none, expected a file with the password of the client".to_owned();
            return wrong(section.place, "client_secret_file", message);
        }
        (Shows::TlsClient, Some(_)) => {
            let message =
                "found it beside `auth: tls_client`, expected none: a certificate is shown"
                    .to_owned();
            return wrong(raw.client_secret_file.place, "client_secret_file", message);
        }
        (Shows::TlsClient, None) if tls.is_none_or(|tls| tls.identity.is_none()) => {
            let message = NoCredentials::Certificate.to_string();
            return wrong(raw.auth.place, "auth", message);
        }
        (Shows::TlsClient, None) => Auth::Certificate,
    };
    let timeout = raw.timeout.or(Span(TIMEOUT));
    if timeout.0.is_zero() || timeout.0 > TIMEOUT_MAX {
        let most = Span(TIMEOUT_MAX);
        let message = format!("found `{timeout}`, expected more than 0s and at most {most}");
        return wrong(raw.timeout.place, "timeout", message);
    }
    let mut words = raw.scopes.value.iter().flatten();
    if let Some(scope) = words.find(|scope| scope.is_empty() || scope.contains(' ')) {
        let message = format!("found {}, expected a scope without spaces", quoted(scope));
        return wrong(raw.scopes.place, "scopes", message);
    }
    Ok(Some(Settings {
        token_endpoint,
        client_id: client_id.clone(),
        auth,
        scopes: raw.scopes.or(Vec::new()),
        audience: raw.audience.value.clone(),
        resources: raw.resources.or(Vec::new()),
        ca: raw.ca.value.clone(),
        timeout: timeout.0,
    }))
}

/// Where the section of an upstream names files.
pub(in crate::config) fn oauth_places(name: &str, section: &Key<Oauth2>) -> Places {
    let raw = section.value.iter();
    let keys = raw.flat_map(|raw| {
        [
            ("client_secret_file", raw.client_secret_file.place),
            ("ca", raw.ca.place),
        ]
    });
    Places::of(format!("upstreams.{name}.oauth2"), keys)
}

/// Reads the files, to see whether they are good.
pub(in crate::config) fn check_oauth(
    places: &Places,
    settings: &Settings,
    config: Option<&Path>,
) -> Result<(), Error> {
    settings.check().map_err(|error| {
        let key = match &error {
            NoCredentials::Secret { .. } => "client_secret_file",
            NoCredentials::Tls(_) => "ca",
            NoCredentials::Certificate => "auth",
        };
        places.error(key, config, &error.to_string())
    })
}
