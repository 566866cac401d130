//! Tokens for the gateway's own calls, from an authorization server, by client credentials (RFC 6749,
//! section 4.4).
//!
//! ```text
//! Settings ─► Credentials (secret, TLS) ─ question ─► token endpoint ─ answer ─► Token
//! ```
//!
//! When one is asked for, and how long it counts, is the matter of who uses it. No error, no log line and
//! nothing that can be printed has a secret or a token in it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::https::{Ask, Https, HttpsError, Url};
use super::secret::Secret;
use super::tls::{Tls, TlsError};
use crate::files::{Content, Watch};

pub mod answer;
mod question;

pub use answer::{AnswerError, Refusal, Token};

/// How long an answer is waited for, if nothing is said.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer is waited for at most.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// Who is asked for tokens, and for which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where.
    pub token_endpoint: Url,
    /// The gateway's name there.
    pub client_id: String,
    /// How it shows that this is its name.
    pub auth: Auth,
    /// What its tokens are to be good for; empty: what the server thinks fit.
    pub scopes: Vec<String>,
    /// Whom they are for, as some servers want to be told.
    pub audience: Option<String>,
    /// Whom they are for, by RFC 8707.
    pub resources: Vec<String>,
    /// A file (PEM) of the authorities that certify the token endpoint; without one, the system's.
    pub ca: Option<PathBuf>,
    /// How long an answer is waited for, at most [`TIMEOUT_MAX`].
    pub timeout: Duration,
}

/// How the gateway shows a token endpoint who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// By a secret in a file, in the header `authorization` (`client_secret_basic`).
    Basic(PathBuf),
    /// By a secret in a file, in the body (`client_secret_post`).
    Post(PathBuf),
    /// By the client certificate that the upstream sees, which tokens are bound to then (RFC 8705).
    Certificate,
}

impl Auth {
    const fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Basic(file) | Self::Post(file) => Some(file),
            Self::Certificate => None,
        }
    }
}

impl Settings {
    /// Reads the files, to see whether they are good.
    ///
    /// # Errors
    /// See [`NoCredentials`].
    pub fn check(&self) -> Result<(), NoCredentials> {
        self.https()?;
        self.secret().map(drop)
    }

    fn https(&self) -> Result<Https, TlsError> {
        Https::trusting(self.ca.as_deref(), [&self.token_endpoint])
    }

    /// The secret, and the file that it is in.
    fn secret(&self) -> Result<Option<(Secret, Watch)>, NoCredentials> {
        let Some(file) = self.auth.file() else {
            return Ok(None);
        };
        let watch = Watch::open(vec![file.clone()]);
        match secret(watch.contents()) {
            Ok(secret) => Ok(Some((secret, watch))),
            Err(message) => Err(NoCredentials::Secret {
                file: file.clone(),
                message,
            }),
        }
    }
}

/// Why tokens cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCredentials {
    /// The token endpoint cannot be trusted.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The file of the secret is no good.
    #[error("{}: {message}", .file.display())]
    Secret {
        /// Which.
        file: PathBuf,
        /// What was found.
        message: String,
    },
    /// There is no certificate to be shown.
    #[error(
        "found `auth: tls_client` without a client certificate, expected one in the upstream's `tls`"
    )]
    Certificate,
}

/// Why there is no token, in words for operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// Nobody has answered.
    #[error(transparent)]
    Https(HttpsError),
    /// Not in time.
    #[error("{host} gave no answer within {time:?}")]
    Late {
        /// Who.
        host: String,
        /// How long it was waited for.
        time: Duration,
    },
    /// It gives none.
    #[error("{host} answered {status}: {refusal}")]
    Refused {
        /// Who.
        host: String,
        /// With what.
        status: http::StatusCode,
        /// Why.
        refusal: Refusal,
    },
    /// The answer is none.
    #[error("{host}: {error}")]
    Answer {
        /// Who.
        host: String,
        /// What is wrong with it.
        error: AnswerError,
    },
}

/// What tokens are asked for with. The file of the secret is watched.
#[derive(Debug)]
pub struct Credentials {
    settings: Settings,
    https: Https,
    secret: Option<(Secret, Watch)>,
}

impl Credentials {
    /// Reads the files. `tls` is what the upstream sees.
    ///
    /// # Errors
    /// See [`NoCredentials`].
    pub fn open(settings: Settings, tls: Option<&Tls>) -> Result<Self, NoCredentials> {
        let https = settings.https()?;
        let https = match (&settings.auth, tls.filter(|tls| tls.shows_a_certificate())) {
            (Auth::Basic(_) | Auth::Post(_), _) => https,
            (Auth::Certificate, Some(tls)) => https.showing(Arc::new(tls.clone())),
            (Auth::Certificate, None) => return Err(NoCredentials::Certificate),
        };
        Ok(Self {
            secret: settings.secret()?,
            settings,
            https,
        })
    }

    /// Asks for a token.
    ///
    /// # Errors
    /// See [`NoToken`].
    pub async fn ask(&self) -> Result<Token, NoToken> {
        let secret = self.secret.as_ref().map(|(secret, _)| secret);
        let (form, authorization) = question::of(&self.settings, secret);
        let url = &self.settings.token_endpoint;
        let asking = self.https.ask(Ask {
            url,
            form: Some(form),
            authorization,
            most: answer::ANSWER_BYTES_MAX,
        });
        let host = || url.host().to_owned();
        let time = self.settings.timeout.min(TIMEOUT_MAX);
        match tokio::time::timeout(time, asking).await {
            Ok(Ok(text)) => {
                let host = host();
                Token::parse(&text).map_err(|error| NoToken::Answer { host, error })
            }
            Ok(Err(HttpsError::Status { host, status, body })) => Err(NoToken::Refused {
                host,
                status,
                refusal: Refusal::of(&body),
            }),
            Ok(Err(error)) => Err(NoToken::Https(error)),
            Err(_) => Err(NoToken::Late { host: host(), time }),
        }
    }

    /// Resolves when there is another secret, which counts from then on. One that is no good changes
    /// nothing, and is told.
    pub async fn renewed(&mut self) {
        let Some((current, watch)) = &mut self.secret else {
            return std::future::pending().await;
        };
        loop {
            match secret(watch.changed().await) {
                Ok(new) if new != *current => {
                    *current = new;
                    return;
                }
                Ok(_) => {}
                Err(error) => {
                    let client = &self.settings.client_id;
                    tracing::warn!(
                        client,
                        error,
                        "the file of a client's secret is no good; the one before counts on"
                    );
                }
            }
        }
    }
}

fn secret(contents: &[Content]) -> Result<Secret, String> {
    match contents.first() {
        Some(Ok(content)) => Secret::of_file(content.clone()).map_err(str::to_owned),
        Some(Err(message)) => Err(message.clone()),
        None => Err("the file was not read".to_owned()),
    }
}
