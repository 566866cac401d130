//! One issuer of tokens: what it is called, for whom its tokens have to be, and how they are signed.

use std::fmt;

use super::algorithm::{Algorithm, Family};
use super::signature::{Key, Unfit};

/// Seconds of leeway at most: clocks that differ by more are broken.
pub const LEEWAY_MAX: u64 = 60;

/// Bytes of a token at most, whatever is configured.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Issuers at most.
pub const ISSUERS_MAX: usize = 32;

/// What is configured of an issuer.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its `iss`, to the letter.
    pub iss: String,
    /// One of them has to be in a token's `aud`.
    pub audiences: Vec<String>,
    /// Which it may sign with. Of a shared secret only if there is one.
    pub algorithms: Vec<Algorithm>,
    /// The shared secret, if it signs with one; its tokens could then be made by everybody who checks them.
    pub secret: Option<Vec<u8>>,
    /// Seconds by which clocks may differ, at most [`LEEWAY_MAX`].
    pub leeway: u64,
    /// Seconds that a token may live, from its `iat`, or from now if it has none.
    pub lifetime_max: Option<u64>,
    /// Bytes of a token, at most [`TOKEN_BYTES_MAX`].
    pub token_bytes_max: usize,
    /// The `typ` that tokens need to have: with `at+jwt` (RFC 9068), say, an id token is no access token.
    pub typ: Option<String>,
}

impl Settings {
    /// An issuer with public keys, and defaults for the rest: leeway of a minute, tokens of any life.
    #[must_use]
    pub fn new(iss: impl Into<String>, audiences: Vec<String>) -> Self {
        Self {
            iss: iss.into(),
            audiences,
            algorithms: Algorithm::ASYMMETRIC.into(),
            secret: None,
            leeway: LEEWAY_MAX,
            lifetime_max: None,
            token_bytes_max: TOKEN_BYTES_MAX,
            typ: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("iss", &self.iss)
            .field("audiences", &self.audiences)
            .field("algorithms", &self.algorithms)
            .field("secret", &self.secret.as_ref().map(|_| "[redacted]"))
            .field("leeway", &self.leeway)
            .field("lifetime_max", &self.lifetime_max)
            .field("token_bytes_max", &self.token_bytes_max)
            .field("typ", &self.typ)
            .finish()
    }
}

/// Settings that make no issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Then every token without one would be its.
    #[error("found an issuer without a name, expected its iss")]
    NoName,
    /// Then tokens for others would be taken.
    #[error("found no audience, expected at least one that is not empty")]
    NoAudience,
    /// Then no token would be taken.
    #[error("found no algorithm, expected at least one of {}", names(&Algorithm::ASYMMETRIC))]
    NoAlgorithm,
    /// There is nothing to check it with.
    #[error(
        "found the algorithm {0} without a secret, expected a secret, or an asymmetric algorithm"
    )]
    NoSecret(Algorithm),
    /// An issuer has public keys or a secret: with both, a public key might be taken for the secret.
    #[error("found the algorithm {0} beside a secret, expected HS256, HS384 or HS512 alone")]
    Mixed(Algorithm),
    /// It is too short.
    #[error(transparent)]
    Secret(#[from] Unfit),
    /// Too much.
    #[error("found a leeway of {0} seconds, expected at most {LEEWAY_MAX}")]
    Leeway(u64),
    /// None, or too much.
    #[error("found a limit of {0} bytes for tokens, expected 1 to {TOKEN_BYTES_MAX}")]
    TokenBytes(usize),
    /// No token could be taken.
    #[error("found a longest life of 0 seconds, expected more")]
    Lifetime,
}

/// An issuer that is trusted.
#[derive(Clone, Debug)]
pub struct Issuer {
    settings: Settings,
    secret: Option<Key>,
}

impl Issuer {
    /// Checks the settings of an issuer.
    ///
    /// # Errors
    /// They would take every token, or none, or one that its issuer has not signed.
    pub fn new(mut settings: Settings) -> Result<Self, IssuerError> {
        if settings.iss.is_empty() {
            return Err(IssuerError::NoName);
        }
        if settings.audiences.iter().all(String::is_empty) {
            return Err(IssuerError::NoAudience);
        }
        settings.audiences.retain(|audience| !audience.is_empty());
        if settings.leeway > LEEWAY_MAX {
            return Err(IssuerError::Leeway(settings.leeway));
        }
        if !(1..=TOKEN_BYTES_MAX).contains(&settings.token_bytes_max) {
            return Err(IssuerError::TokenBytes(settings.token_bytes_max));
        }
        if settings.lifetime_max == Some(0) {
            return Err(IssuerError::Lifetime);
        }
        let longest = settings
            .algorithms
            .iter()
            .max_by_key(|algorithm| algorithm.hash_bytes());
        let longest = *longest.ok_or(IssuerError::NoAlgorithm)?;
        let mut algorithms = settings.algorithms.iter().copied();
        let secret = match settings.secret.take() {
            None => match algorithms.find(|algorithm| algorithm.family() == Family::Octets) {
                Some(algorithm) => return Err(IssuerError::NoSecret(algorithm)),
                None => None,
            },
            Some(secret) => match algorithms.find(|algorithm| algorithm.family() != Family::Octets)
            {
                Some(algorithm) => return Err(IssuerError::Mixed(algorithm)),
                None => Some(Key::secret(&secret, longest)?),
            },
        };
        Ok(Self { settings, secret })
    }

    /// What was configured, without the secret.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The secret that its tokens are signed with; without one, they are by public keys.
    pub(super) fn secret(&self) -> Option<&Key> {
        self.secret.as_ref()
    }
}

/// The issuers that are trusted. Which one a token is of its `iss` says, before anything is checked; what
/// is checked then is this issuer's alone.
#[derive(Clone, Debug, Default)]
pub struct Issuers(Vec<Issuer>);

/// Issuers that cannot be told apart, or too many.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuersError {
    /// Whose keys count nobody could say.
    #[error("found the issuer {0} twice, expected each once")]
    Twice(String),
    /// Every token is compared with all of them.
    #[error("found {0} issuers, expected at most {ISSUERS_MAX}")]
    TooMany(usize),
}

impl Issuers {
    /// Those, each of another name.
    ///
    /// # Errors
    /// Two of the same name, or more than [`ISSUERS_MAX`].
    pub fn new(issuers: Vec<Issuer>) -> Result<Self, IssuersError> {
        if issuers.len() > ISSUERS_MAX {
            return Err(IssuersError::TooMany(issuers.len()));
        }
        for (at, issuer) in issuers.iter().enumerate() {
            let name = &issuer.settings.iss;
            if issuers
                .iter()
                .take(at)
                .any(|earlier| earlier.settings.iss == *name)
            {
                return Err(IssuersError::Twice(name.clone()));
            }
        }
        Ok(Self(issuers))
    }

    /// The one of this name, and its number.
    #[must_use]
    pub fn named(&self, iss: &str) -> Option<(usize, &Issuer)> {
        let mut all = self.0.iter().enumerate();
        all.find(|(_, issuer)| issuer.settings.iss == iss)
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Issuer> {
        self.0.iter()
    }
}

/// Algorithms in a message.
pub(super) fn names(algorithms: &[Algorithm]) -> String {
    let names: Vec<_> = algorithms
        .iter()
        .map(|algorithm| algorithm.name())
        .collect();
    names.join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("https://id.example", vec!["library".to_owned()])
    }

    #[test]
    fn settings_that_take_everything_or_nothing_are_no_issuer() {
        let secret = || Some(vec![7; 32]);
        assert!(Issuer::new(settings()).is_ok());
        for (settings, error) in [
            (
                Settings {
                    iss: String::new(),
                    ..settings()
                },
                IssuerError::NoName,
            ),
            (
                Settings {
                    audiences: vec![],
                    ..settings()
                },
                IssuerError::NoAudience,
            ),
            (
                Settings {
                    audiences: vec![String::new()],
                    ..settings()
                },
                IssuerError::NoAudience,
            ),
            (
                Settings {
                    algorithms: vec![],
                    ..settings()
                },
                IssuerError::NoAlgorithm,
            ),
            (
                Settings {
                    leeway: 61,
                    ..settings()
                },
                IssuerError::Leeway(61),
            ),
            (
                Settings {
                    token_bytes_max: 0,
                    ..settings()
                },
                IssuerError::TokenBytes(0),
            ),
            (
                Settings {
                    token_bytes_max: 8193,
                    ..settings()
                },
                IssuerError::TokenBytes(8193),
            ),
            (
                Settings {
                    lifetime_max: Some(0),
                    ..settings()
                },
                IssuerError::Lifetime,
            ),
            (
                Settings {
                    algorithms: vec![Algorithm::Hs256],
                    ..settings()
                },
                IssuerError::NoSecret(Algorithm::Hs256),
            ),
            (
                Settings {
                    secret: secret(),
                    ..settings()
                },
                IssuerError::Mixed(Algorithm::Rs256),
            ),
            (
                Settings {
                    algorithms: vec![Algorithm::Hs256, Algorithm::Hs384],
                    secret: secret(),
                    ..settings()
                },
                IssuerError::Secret(Unfit::Secret {
                    found: 32,
                    expected: 48,
                }),
            ),
        ] {
            assert_eq!(Issuer::new(settings).unwrap_err(), error);
        }
    }

    #[test]
    fn a_secret_is_shown_to_nobody() {
        let secret = b"correct horse battery staple 1234".to_vec();
        let shown = format!("{secret:?}");
        let settings = Settings {
            algorithms: vec![Algorithm::Hs256],
            secret: Some(secret),
            ..settings()
        };
        assert!(!format!("{settings:?}").contains(&shown[1..20]));
        let issuer = Issuer::new(settings).unwrap();
        assert!(!format!("{issuer:?}").contains(&shown[1..20]));
        assert!(issuer.settings().secret.is_none() && issuer.secret().is_some());
    }

    #[test]
    fn an_issuer_is_found_by_its_whole_name() {
        let other = Settings {
            iss: "https://id.example/".to_owned(),
            ..settings()
        };
        let all = [settings(), other].map(|settings| Issuer::new(settings).unwrap());
        let issuers = Issuers::new(all.to_vec()).unwrap();
        assert_eq!(issuers.named("https://id.example/").unwrap().0, 1);
        assert!(issuers.named("https://ID.example").is_none() && issuers.named("").is_none());
        let twice = Issuers::new([&all[..], &all[..1]].concat());
        assert_eq!(
            twice.unwrap_err(),
            IssuersError::Twice("https://id.example".to_owned())
        );
        assert_eq!(
            Issuers::new(vec![all[0].clone(); 33]).unwrap_err(),
            IssuersError::TooMany(33)
        );
    }
}
