//! The step that finds out who calls, by what the request shows: a key, a token, a client certificate.
//!
//! ```text
//! headers ─┬─ API key ─► the file's keys ──────────────────────────────────────► Principal
//!          ├─ token ─► cache ─┬─ issuer's keys ─► verified ─► cache ───────────► Principal
//!          │                  └─ opaque ─► introspection (one question a token) ► Principal
//!          └─ nothing ─► the connection's certificate, or nobody
//! ```
//!
//! It refuses what is shown and wrong. Whoever shows nothing passes, and the rules say whether that is
//! enough. What was shown does not go to the backend unless that is configured.

use std::hash::RandomState;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, header};
use tokio::time::Instant;

use super::tasks::Tasks;
use crate::call::gate::{Asked, Decision, Gate, Passed, Refused};
use crate::call::{Cause, Code, Status};
use crate::identity::bearer::{Bearer, Places};
use crate::identity::cache::{Cache, Known, Place, Stamp};
use crate::identity::challenge::Challenge;
use crate::identity::issuer::{Issuer, Issuers};
use crate::identity::shown::Shown;
use crate::identity::token::{Token, TokenError};
use crate::identity::{Principal, certificate};

mod config;
mod cookie;
mod introspect;
mod key_file;
mod keys;
mod look;

pub use config::{
    ApiKeysConfig, Config, Cookie, Forward, IntrospectionConfig, IssuerConfig, KeysFrom,
    NoIdentity, Secret,
};
use introspect::Introspection;
use key_file::KeyFile;
use keys::IssuerKeys;
pub use look::Named;

/// Its name in logs and metrics.
pub const NAME: &str = "identify";

/// Who calls. Dropping the last clone ends the tasks that keep keys fresh.
#[derive(Clone, Debug)]
pub struct Identify(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: Places,
    /// The origins whose pages may use the cookie.
    origins: Vec<String>,
    /// Where tokens and keys stand, unless the backend is to see them.
    taken_away: Option<Arc<[HeaderName]>>,
    /// So is the cookie of this name, out of those that pass.
    hidden_cookie: Option<String>,
    issuers: Issuers,
    /// Those of each issuer, in the order of the issuers.
    keys: Vec<Arc<IssuerKeys>>,
    introspection: Option<Introspection>,
    api_keys: Option<(HeaderName, Arc<KeyFile>)>,
    cache: Cache,
    _tasks: Tasks,
}

impl Identify {
    /// Reads what there is of files, and begins to keep keys fresh, on the runtime of the caller.
    ///
    /// # Errors
    /// See [`NoIdentity`].
    pub fn start(config: Config) -> Result<Self, NoIdentity> {
        let mut tasks = Tasks::default();
        let https = config.https()?;
        let mut issuers = Vec::new();
        let mut keys = Vec::new();
        for issuer in config.issuers {
            let IssuerConfig {
                settings,
                keys: from,
                refresh,
            } = issuer;
            keys.push(IssuerKeys::start(
                &settings.iss,
                from,
                refresh,
                &https,
                &mut tasks,
            )?);
            issuers.push(Issuer::new(settings).map_err(NoIdentity::Issuer)?);
        }
        let api_keys = match config.api_keys {
            None => None,
            Some(config) => Some((config.header, KeyFile::start(config.file, &mut tasks)?)),
        };
        let key = api_keys.as_ref().map(|(name, _)| name);
        Ok(Self(Arc::new(Shared {
            taken_away: taken_away(config.forward, key),
            hidden_cookie: match (config.forward, &config.cookie) {
                (Forward::No, Some(cookie)) => Some(cookie.name.clone()),
                (Forward::Yes, _) | (_, None) => None,
            },
            places: Places {
                cookie: config.cookie.as_ref().map(|cookie| cookie.name.clone()),
            },
            origins: config.cookie.map_or_else(Vec::new, |cookie| cookie.origins),
            issuers: Issuers::new(issuers).map_err(NoIdentity::Issuers)?,
            keys,
            introspection: config
                .introspection
                .map(|config| Introspection::new(config, https)),
            api_keys,
            cache: Cache::new(config.cached_tokens, config.cached_for, RandomState::new()),
            _tasks: tasks,
        })))
    }

    /// Waits until the keys of every issuer were asked for once, so that the first calls have them.
    pub async fn ready(&self) {
        for keys in &self.0.keys {
            keys.asked_once().await;
        }
    }
}

impl Gate for Identify {
    fn ask<'r>(&'r self, asked: Asked<'r>, _: &Passed) -> Decision<'r> {
        let hidden = self.0.hidden_cookie.as_deref();
        let hidden = hidden.and_then(|name| cookie::without(asked.headers, name));
        let Some(change) = hidden else {
            return self.find(asked);
        };
        let with = |known: Result<Passed, Box<Refused>>| {
            known.map(|mut passed| {
                passed.changes.push(change);
                passed
            })
        };
        match self.find(asked) {
            Decision::Now(known) => Decision::Now(with(known)),
            Decision::Later(asking) => Decision::Later(Box::pin(async { with(asking.await) })),
        }
    }
}

impl Identify {
    /// Who calls.
    fn find<'r>(&'r self, asked: Asked<'r>) -> Decision<'r> {
        let this = &*self.0;
        if let Some((name, file)) = &this.api_keys
            && asked.headers.contains_key(name)
        {
            return Decision::Now(this.by_key(name, file, &asked));
        }
        if !this.reads_tokens() {
            return Decision::Now(this.by_certificate(&asked));
        }
        let bearer = match Bearer::of(asked.headers, &this.places) {
            Ok(Some(bearer)) => bearer,
            Ok(None) => return Decision::Now(this.by_certificate(&asked)),
            Err(error) => return Decision::refuse(refused(&(&error).into())),
        };
        if bearer.place.is_ambient()
            && let Err(refused) = this.check_origin(&asked)
        {
            return Decision::refuse(refused);
        }
        let unknown = move |error| Unknown::token(&error, &asked);
        let place = Place::of(&bearer.token);
        let now = Instant::now();
        let known = match this
            .cache
            .get(&place, now, |stamp| this.is_current(stamp, now))
        {
            Some(Known::Good(principal, _)) => Verified::Known(Ok(principal)),
            Some(Known::Refused(error)) => Verified::Known(Err(error)),
            None => this.verify(&bearer.token, &place, now, asked.now),
        };
        match known {
            Verified::Known(known) => Decision::Now(this.passed(known.map_err(unknown))),
            Verified::Opaque(introspection) => Decision::Later(Box::pin(async move {
                this.passed(introspection.ask(&bearer.token, &place, &asked).await)
            })),
            Verified::WithoutKey(keys, error) => Decision::Later(Box::pin(async move {
                if !keys.ask_again().await {
                    return this.passed(Err(unknown(error)));
                }
                let again = this.verify(&bearer.token, &place, Instant::now(), asked.now);
                this.passed(match again {
                    Verified::Known(known) => known.map_err(unknown),
                    Verified::WithoutKey(_, error) => Err(unknown(error)),
                    Verified::Opaque(introspection) => {
                        introspection.ask(&bearer.token, &place, &asked).await
                    }
                })
            })),
        }
    }
}

/// What can be said of a token without asking anybody.
enum Verified<'s> {
    /// Whose it is, or that it is refused.
    Known(Result<Arc<Principal>, TokenError>),
    /// Its issuer may have newer keys.
    WithoutKey(&'s IssuerKeys, TokenError),
    /// Only its issuer can read it.
    Opaque(&'s Introspection),
}

/// Nobody knows who calls.
#[derive(Debug)]
enum Unknown {
    /// What was shown is none here.
    Refused(Challenge),
    /// Who could say is not there: our outage, not the client's mistake.
    Outage,
}

impl Unknown {
    /// Why exactly is for operators.
    fn token(error: &TokenError, asked: &Asked<'_>) -> Self {
        tracing::debug!(%error, request_id = asked.request_id(), "a token was refused");
        if error.is_outage() {
            Self::Outage
        } else {
            Self::Refused(error.into())
        }
    }
}

impl From<Unknown> for Box<Refused> {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Refused(challenge) => Self::new(refused(&challenge)),
            Unknown::Outage => {
                let message = "whose token it is cannot be found out at the moment";
                Self::new(Refused::new(
                    NAME,
                    Status::gateway(Code::Unavailable, message).because(Cause::PolicyUnanswered),
                ))
            }
        }
    }
}

/// A refusal with its challenge. The words are the challenge's: nothing of the request is in it.
fn refused(challenge: &Challenge) -> Refused {
    let status = Status::gateway(Code::Unauthenticated, challenge.words());
    Refused {
        headers: vec![(header::WWW_AUTHENTICATE, challenge.www_authenticate())],
        rule: challenge.error().map(Into::into),
        ..Refused::new(NAME, status)
    }
}

/// Where a token and a key of this name stand, if they end here.
fn taken_away(forward: Forward, key: Option<&HeaderName>) -> Option<Arc<[HeaderName]>> {
    match forward {
        Forward::Yes => None,
        Forward::No => {
            let names = [Some(&header::AUTHORIZATION), key].into_iter().flatten();
            Some(names.cloned().collect())
        }
    }
}

impl Shared {
    /// Where no issuer is trusted, tokens are for others.
    const fn reads_tokens(&self) -> bool {
        !self.keys.is_empty() || self.introspection.is_some()
    }

    fn is_current(&self, stamp: Stamp, now: Instant) -> bool {
        let keys = self.keys.get(stamp.issuer);
        keys.is_some_and(|keys| keys.generation(now) == stamp.generation)
    }

    fn verify(&self, token: &str, place: &Place, now: Instant, epoch: u64) -> Verified<'_> {
        let refused = |error: TokenError| match (&self.introspection, &error) {
            // What is no signed token of an issuer that is known here may be one of those.
            (Some(introspection), TokenError::Parts(_) | TokenError::Issuer(_)) => {
                Verified::Opaque(introspection)
            }
            _ => {
                self.cache.refuse(place, error.clone(), now);
                Verified::Known(Err(error))
            }
        };
        let parsed = match Token::parse(token) {
            Ok(parsed) => parsed,
            Err(error) => return refused(error),
        };
        let (at, issuer) = match parsed.unverified_iss() {
            Err(error) => return refused(error),
            Ok(iss) => match self.issuers.named(iss) {
                Some(found) => found,
                None => return refused(TokenError::Issuer(Shown::of(iss))),
            },
        };
        let Some(keys) = self.keys.get(at) else {
            return refused(TokenError::NoKeys); // each issuer has some
        };
        let edition = keys.current(now);
        let known = edition.as_ref().map(|edition| &*edition.keys);
        match parsed.verify(issuer, known, epoch) {
            Ok(principal) => {
                let principal = Arc::new(principal);
                let generation = edition.map_or(0, |edition| edition.generation);
                let stamp = Stamp {
                    issuer: at,
                    generation,
                };
                let (remembered, leeway) = (Arc::clone(&principal), issuer.settings().leeway);
                self.cache.put(place, remembered, stamp, leeway, now, epoch);
                Verified::Known(Ok(principal))
            }
            Err(error) if error.asks_for_keys() => Verified::WithoutKey(keys, error),
            Err(error) => refused(error),
        }
    }

    /// What a call goes on with, whose caller is known.
    fn passed(&self, known: Result<Arc<Principal>, Unknown>) -> Result<Passed, Box<Refused>> {
        let principal = known.map_err(Box::<Refused>::from)?;
        Ok(Passed {
            principal: Some(principal),
            taken_away: self.taken_away.clone(),
            ..Passed::default()
        })
    }

    fn by_key(
        &self,
        name: &HeaderName,
        file: &KeyFile,
        asked: &Asked<'_>,
    ) -> Result<Passed, Box<Refused>> {
        let mut keys = asked.headers.get_all(name).iter();
        let found = match (keys.next(), keys.next()) {
            (Some(key), None) => file.keys().find(key.as_bytes(), asked.now).map_err(|error| {
                tracing::debug!(%error, request_id = asked.request_id(), "an API key was refused");
                Unknown::Refused((&error).into())
            }),
            // Two readers could take two different ones.
            _ => Err(Unknown::Refused(Challenge::InvalidRequest)),
        };
        self.passed(found)
    }

    fn by_certificate(&self, asked: &Asked<'_>) -> Result<Passed, Box<Refused>> {
        let Some(shown) = asked.peer.certificate() else {
            return Ok(Passed {
                taken_away: self.taken_away.clone(),
                ..Passed::default()
            });
        };
        let principal = certificate::principal(&shown.names, shown.not_after);
        match principal {
            Ok(principal) => self.passed(Ok(Arc::new(principal))),
            Err(error) => {
                // One without a name is good for the listener, and for nobody else.
                let request_id = asked.request_id();
                tracing::debug!(%error, request_id, "a client certificate names nobody");
                Ok(Passed {
                    taken_away: self.taken_away.clone(),
                    ..Passed::default()
                })
            }
        }
    }

    /// Pages of other origins have a browser send the cookie too.
    fn check_origin(&self, asked: &Asked<'_>) -> Result<(), Box<Refused>> {
        let origin = asked.headers.get(header::ORIGIN);
        let is_own = match origin.map(HeaderValue::to_str) {
            // No page of another origin can leave it out where the call could do harm.
            None => return Ok(()),
            Some(Err(_)) => false,
            Some(Ok(origin)) => {
                let scheme = asked.peer.transport.scheme();
                let own = origin
                    .strip_prefix(scheme)
                    .and_then(|rest| rest.strip_prefix("://"));
                own.is_some_and(|host| host.eq_ignore_ascii_case(asked.host))
                    || self.origins.iter().any(|known| known == origin)
            }
        };
        if is_own {
            return Ok(());
        }
        let message = "the token is in a cookie, and the page is of another origin";
        let status = Status::gateway(Code::PermissionDenied, message);
        Err(Box::new(Refused {
            rule: Some("origin".into()),
            ..Refused::new(NAME, status)
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
