//! The section `identity` as the policy has it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderName;
use serde_saphyr::Location;

use super::choices::Wrong;
use super::places::Places;
use super::raw::{Identity, Issuer, Key, Section as _};
use super::units::quoted;
use super::{Error, load};
use crate::control::https::Url;
use crate::control::secret::SECRET_BYTES_MAX;
use crate::identity::algorithm::Algorithm;
use crate::identity::introspection::Expected;
use crate::identity::issuer::{self, IssuerError, Settings};
use crate::identity::refresh;
use crate::policy::asserted::{Asserted, Assertions, ClaimPath, Says};
use crate::policy::identify::{
    ApiKeysConfig, Config, Cookie, Forward, IntrospectionConfig, IssuerConfig, KeysFrom, Named,
    Secret,
};

/// Checks the keys with each other. Nothing where no way to show oneself is configured.
pub(super) fn identity(raw: &Identity) -> Result<Option<Config>, Wrong> {
    let mut issuers = Vec::new();
    for (index, key) in raw.issuers.or(Vec::new()).iter().enumerate() {
        let at = format!("identity.issuers[{index}]");
        issuers.push(of_issuer(&key.or(Issuer::default()), key.place, &at)?);
    }
    let api_keys = api_keys(raw)?;
    let introspection = introspection(raw)?;
    let cookie = raw.cookie.value.as_ref().map(|cookie| Cookie {
        name: cookie.name.or(String::new()),
        origins: cookie.origins.or(Vec::new()),
    });
    let cookie = cookie.filter(|cookie| !cookie.name.is_empty());
    if issuers.is_empty() && api_keys.is_none() && introspection.is_none() && raw.first().is_none()
    {
        return Ok(None);
    }
    let default = Config::default();
    Ok(Some(Config {
        issuers,
        introspection,
        api_keys,
        cookie,
        forward: if raw.forward.or(false) {
            Forward::Yes
        } else {
            Forward::No
        },
        cached_tokens: (raw.cached_tokens.value)
            .map_or(default.cached_tokens, super::units::Count::get),
        cached_for: raw
            .cached_for
            .value
            .map_or(default.cached_for, |span| span.0),
        ca: raw
            .ca
            .value
            .clone()
            .filter(|path| !path.as_os_str().is_empty()),
    }))
}

/// What backends are told of callers.
pub(super) fn asserted(raw: &Identity) -> Result<Assertions, Wrong> {
    let mut all = Vec::new();
    for (name, says) in raw.metadata.or(Default::default()) {
        let key = format!("identity.metadata.{name}");
        let place = raw.metadata.place;
        let wrong = |message: String| (place, key.clone(), message);
        let header = HeaderName::try_from(name.as_str());
        let header = header.ok().filter(|header| header.as_str() == name);
        let Some(header) = header.filter(|name| !name.as_str().ends_with("-bin")) else {
            let message = format!(
                "found {}, expected a name of metadata in small letters, without -bin",
                quoted(&name)
            );
            return Err(wrong(message));
        };
        let says = match says.as_str() {
            "subject" => Says::Subject,
            "issuer" => Says::Issuer,
            "scopes" => Says::Scopes,
            "kind" => Says::Kind,
            other => match other.strip_prefix("claim:") {
                Some(path) => {
                    Says::Claim(ClaimPath::new(path).map_err(|error| wrong(error.to_string()))?)
                }
                None => {
                    let message = format!(
                        "found {}, expected `subject`, `issuer`, `scopes`, `kind` or `claim:PATH`",
                        quoted(other)
                    );
                    return Err(wrong(message));
                }
            },
        };
        all.push(Asserted { name: header, says });
    }
    Ok(Assertions(all))
}

/// Where the section names files.
pub(super) fn places(raw: &Identity) -> Places {
    let issuers = raw.issuers.value.iter().flatten().enumerate();
    let keys = issuers.filter_map(|(index, issuer)| {
        let file = &issuer.value.as_ref()?.jwks_file;
        Some((named(Named::Keys(index)), file.place))
    });
    let api_keys = raw.api_keys.value.iter();
    let api_keys = api_keys.map(|keys| (named(Named::ApiKeys), keys.file.place));
    let ca = [(named(Named::Ca), raw.ca.place)];
    Places::of("identity".to_owned(), keys.chain(api_keys).chain(ca))
}

/// Reads the files, to see whether they are good.
pub(super) fn check(places: &Places, of: &Config, config: Option<&Path>) -> Result<(), Error> {
    of.look()
        .map_err(|(which, error)| places.error(&named(which), config, &error.to_string()))
}

/// The key of a file.
fn named(file: Named) -> String {
    match file {
        Named::Keys(index) => format!("issuers[{index}].jwks_file"),
        Named::ApiKeys => "api_keys.file".to_owned(),
        Named::Ca => "ca".to_owned(),
    }
}

fn of_issuer(raw: &Issuer, place: Location, at: &str) -> Result<IssuerConfig, Wrong> {
    let wrong =
        |place: Location, key: &str, message: String| (place, format!("{at}{key}"), message);
    let (keys, secret) = match (
        &raw.jwks_url.value,
        &raw.jwks_file.value,
        &raw.secret_file.value,
    ) {
        (Some(url), None, None) => {
            let url = Url::parse(url);
            let url =
                url.map_err(|error| wrong(raw.jwks_url.place, ".jwks_url", error.to_string()))?;
            (KeysFrom::Url(url), None)
        }
        (None, Some(path), None) => (KeysFrom::File(path.clone()), None),
        (None, None, Some(path)) => {
            let secret = secret(path, raw.secret_file.place, &format!("{at}.secret_file"))?;
            (KeysFrom::Secret, Some(secret.0.into_bytes()))
        }
        _ => {
            let message =
                "expected exactly one of `jwks_url`, `jwks_file` and `secret_file`".to_owned();
            return Err(wrong(place, "", message));
        }
    };
    let algorithms = match &raw.algorithms.value {
        None if secret.is_some() => Algorithm::SYMMETRIC.to_vec(),
        None => Algorithm::ASYMMETRIC.to_vec(),
        Some(names) => {
            let named = |name: &String| {
                Algorithm::named(name).ok_or_else(|| {
                    let message = format!(
                        "found {}, expected an algorithm such as ES256 or RS256",
                        quoted(name)
                    );
                    wrong(raw.algorithms.place, ".algorithms", message)
                })
            };
            names.iter().map(named).collect::<Result<_, _>>()?
        }
    };
    let seconds = |key: &Key<super::units::Span>| key.value.map(|span| span.0.as_secs());
    let settings = Settings {
        algorithms,
        secret,
        leeway: seconds(&raw.leeway).unwrap_or(issuer::LEEWAY_MAX),
        lifetime_max: seconds(&raw.max_lifetime),
        typ: raw.typ.value.clone(),
        ..Settings::new(raw.issuer.or(String::new()), raw.audiences.or(Vec::new()))
    };
    issuer::Issuer::new(settings.clone()).map_err(|error| match error {
        IssuerError::Secret(_) => wrong(raw.secret_file.place, ".secret_file", error.to_string()),
        _ => wrong(place, "", error.to_string()),
    })?;
    let default = refresh::Settings::default();
    Ok(IssuerConfig {
        settings,
        keys,
        refresh: refresh::Settings {
            ttl: raw.refresh.value.map_or(default.ttl, |span| span.0),
            stale_max: raw.stale.value.map_or(default.stale_max, |span| span.0),
            overlap: default.overlap,
        },
    })
}

fn api_keys(raw: &Identity) -> Result<Option<ApiKeysConfig>, Wrong> {
    let Some(keys) = &raw.api_keys.value else {
        return Ok(None);
    };
    let header = keys.header.or("x-api-key".to_owned());
    let Ok(name) = HeaderName::try_from(header.as_str()) else {
        let message = format!("found {}, expected the name of a header", quoted(&header));
        return Err((
            keys.header.place,
            "identity.api_keys.header".to_owned(),
            message,
        ));
    };
    match keys
        .file
        .value
        .clone()
        .filter(|path| !path.as_os_str().is_empty())
    {
        Some(file) => Ok(Some(ApiKeysConfig { file, header: name })),
        None => {
            let message = "found none, expected a file with a line for each key".to_owned();
            Err((
                raw.api_keys.place,
                "identity.api_keys.file".to_owned(),
                message,
            ))
        }
    }
}

fn introspection(raw: &Identity) -> Result<Option<IntrospectionConfig>, Wrong> {
    let Some(given) = &raw.introspection.value else {
        return Ok(None);
    };
    let at = "identity.introspection";
    let url = Url::parse(&given.url.or(String::new()))
        .map_err(|error| (given.url.place, format!("{at}.url"), error.to_string()))?;
    let file = given.client_secret_file.or(PathBuf::new());
    let place = given.client_secret_file.place;
    Ok(Some(IntrospectionConfig {
        url,
        client_id: given.client_id.or(String::new()),
        client_secret: secret(&file, place, &format!("{at}.client_secret_file"))?,
        expected: Expected {
            iss: given.issuer.or(String::new()),
            audiences: given.audiences.or(Vec::new()),
            leeway: issuer::LEEWAY_MAX,
        },
        ttl: given
            .cached_for
            .value
            .map_or(Duration::from_secs(60), |span| span.0),
        timeout: given
            .timeout
            .value
            .map_or(Duration::from_secs(2), |span| span.0),
    }))
}

/// A secret in a file of its own.
pub(super) fn secret(path: &Path, place: Location, key: &str) -> Result<Secret, Wrong> {
    let wrong = |message: String| {
        (
            place,
            key.to_owned(),
            format!("{}: {message}", path.display()),
        )
    };
    let bytes = load::bytes_to(path, SECRET_BYTES_MAX as u64).map_err(wrong)?;
    Secret::of_file(bytes).map_err(|message| wrong(message.to_owned()))
}
