//! What is configured of who may call, as values.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::control::https::{Https, Url};
pub use crate::control::secret::Secret;
use crate::control::tls::TlsError;
use crate::files::Content;
use crate::identity::api_keys::FileError;
use crate::identity::cache;
use crate::identity::introspection::Expected;
use crate::identity::issuer::{IssuerError, IssuersError, Settings};
use crate::identity::keys::SetError;
use crate::identity::refresh;
use http::HeaderName;

/// Who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whose signed tokens are taken.
    pub issuers: Vec<IssuerConfig>,
    /// Who is asked about other tokens.
    pub introspection: Option<IntrospectionConfig>,
    /// Keys in a file.
    pub api_keys: Option<ApiKeysConfig>,
    /// A cookie that has a token.
    pub cookie: Option<Cookie>,
    /// Whether backends see what was shown.
    pub forward: Forward,
    /// Tokens that are remembered at most.
    pub cached_tokens: usize,
    /// For how long at most.
    pub cached_for: Duration,
    /// A file (PEM) of the authorities that are trusted when issuers are asked; without one, the system's.
    pub ca: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            introspection: None,
            api_keys: None,
            cookie: None,
            forward: Forward::No,
            cached_tokens: cache::CAPACITY,
            cached_for: cache::TTL,
            ca: None,
        }
    }
}

impl Config {
    /// Whoever shows a client certificate is known, and nothing else is looked at.
    #[must_use]
    pub fn of_certificates() -> Self {
        Self {
            forward: Forward::Yes,
            ..Self::default()
        }
    }

    /// True if nothing but a client's certificate tells who calls.
    #[must_use]
    pub fn is_of_certificates(&self) -> bool {
        self.issuers.is_empty() && self.introspection.is_none() && self.api_keys.is_none()
    }

    pub(super) fn https(&self) -> Result<Https, NoIdentity> {
        let issuers = self.issuers.iter().filter_map(|issuer| match &issuer.keys {
            KeysFrom::Url(url) => Some(url),
            KeysFrom::File(_) | KeysFrom::Secret => None,
        });
        let introspection = self.introspection.iter().map(|asked| &asked.url);
        Ok(Https::trusting(
            self.ca.as_deref(),
            issuers.chain(introspection),
        )?)
    }
}

/// An issuer of signed tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerConfig {
    /// What its tokens have to be.
    pub settings: Settings,
    /// Where its keys are.
    pub keys: KeysFrom,
    /// How long they count.
    pub refresh: refresh::Settings,
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysFrom {
    /// It tells them.
    Url(Url),
    /// They are in a file, which is watched.
    File(PathBuf),
    /// It has a shared secret instead, in its settings.
    Secret,
}

/// Who is asked about tokens that only their issuer can read (RFC 7662).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntrospectionConfig {
    /// Where.
    pub url: Url,
    /// Who asks.
    pub client_id: String,
    /// With what it shows that.
    pub client_secret: Secret,
    /// What has to be in the answer.
    pub expected: Expected,
    /// How long an answer is relied on.
    pub ttl: Duration,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

/// API keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeysConfig {
    /// The file, one key a line, hashed.
    pub file: PathBuf,
    /// The header in which clients send them.
    pub header: HeaderName,
}

/// A cookie that has a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// The origins whose pages may use it, besides the gateway's own.
    pub origins: Vec<String>,
}

/// Whether backends see what was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forward {
    /// It ends here.
    #[default]
    No,
    /// It goes on as it came.
    Yes,
}

/// Why nobody can be told from anybody.
#[derive(Debug, thiserror::Error)]
pub enum NoIdentity {
    /// An issuer that makes no sense.
    #[error(transparent)]
    Issuer(IssuerError),
    /// Issuers that make none together.
    #[error(transparent)]
    Issuers(IssuersError),
    /// A file that cannot be read.
    #[error("{}: {cause}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A file without keys.
    #[error("{}: {cause}", .path.display())]
    Keys {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        cause: SetError,
    },
    /// A file whose API keys are none.
    #[error("{}: {cause}", .path.display())]
    ApiKeys {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        cause: FileError,
    },
    /// Nobody is trusted.
    #[error("no issuer can be asked over HTTPS: {0}")]
    Tls(#[from] TlsError),
}

/// What is in the only file that is watched.
///
/// # Errors
/// Why nobody knows.
pub(super) fn text<'c>(path: &Path, contents: &'c [Content]) -> Result<&'c [u8], NoIdentity> {
    let cause = match contents.first() {
        Some(Ok(text)) => return Ok(text),
        Some(Err(cause)) => cause.as_str(),
        None => "the file was not read",
    };
    Err(NoIdentity::File {
        path: path.to_owned(),
        cause: cause.to_owned(),
    })
}
