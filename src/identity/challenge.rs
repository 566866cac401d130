//! What a client is told that may not pass: RFC 6750's three errors in `www-authenticate`, in words of
//! our own. Why exactly a token was refused operators read; whoever forges one does not.

use http::{HeaderValue, StatusCode};

use super::api_keys::KeyError;
use super::bearer::BearerError;
use super::introspection::AnswerError;
use super::token::TokenError;

/// Bytes of scopes that are told at most.
const SCOPE_BYTES_MAX: usize = 1024;

/// Why a client may not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// It has shown nothing; then no error is named (RFC 6750, 3.1).
    Missing,
    /// It has shown something in a way that nobody can take.
    InvalidRequest,
    /// It has shown a token, or a key, that is none here.
    InvalidToken(Hint),
    /// It is known, but needs these.
    InsufficientScope(Vec<String>),
}

/// What a client can do about a token, or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Get another one by another way.
    Invalid,
    /// Get a new one.
    Expired,
    /// Wait.
    NotYet,
    /// Get another key: this is none, whatever it is like.
    NoKey,
    /// Get a new key. Nobody but who has the old one reads this.
    KeyExpired,
}

impl Hint {
    const fn words(self) -> &'static str {
        match self {
            Self::Invalid => "the token is not valid here",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is not valid yet",
            Self::NoKey => "the key is not valid here",
            Self::KeyExpired => "the key has expired",
        }
    }
}

impl Challenge {
    /// The status of an HTTP answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
        }
    }

    /// What the client reads, in a sentence.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Missing => "the call needs a token, a key or a certificate that says who calls",
            Self::InvalidRequest => "expected one token or key, in one place",
            Self::InvalidToken(hint) => hint.words(),
            Self::InsufficientScope(_) => "the caller may not do this",
        }
    }

    /// The name of the error, if there is one.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        match self {
            Self::Missing => None,
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken(_) => Some("invalid_token"),
            Self::InsufficientScope(_) => Some("insufficient_scope"),
        }
    }

    /// The value of `www-authenticate`: nothing in it comes from the request.
    #[must_use]
    pub fn www_authenticate(&self) -> HeaderValue {
        let Some(error) = self.error() else {
            return HeaderValue::from_static("Bearer");
        };
        let mut value = format!("Bearer error=\"{error}\"");
        match self {
            Self::Missing => {}
            Self::InvalidRequest => {
                value.push_str(", error_description=\"expected one token, in one place\"");
            }
            Self::InvalidToken(hint) => {
                value.push_str(&format!(", error_description=\"{}\"", hint.words()));
            }
            Self::InsufficientScope(scopes) => {
                let scopes = joined(scopes);
                if !scopes.is_empty() {
                    value.push_str(&format!(", scope=\"{scopes}\""));
                }
            }
        }
        // Made of printable ASCII only.
        HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

/// Scopes with spaces between, those left out that could not stand there (RFC 6749, 3.3).
fn joined(scopes: &[String]) -> String {
    let is_scope = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let mut all = String::new();
    for scope in scopes {
        if scope.is_empty()
            || !scope.bytes().all(is_scope)
            || all.len() + scope.len() >= SCOPE_BYTES_MAX
        {
            continue;
        }
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(scope);
    }
    all
}

impl From<&TokenError> for Challenge {
    fn from(error: &TokenError) -> Self {
        Self::InvalidToken(match error {
            TokenError::Expired { .. } => Hint::Expired,
            TokenError::NotYet { .. } | TokenError::FromTheFuture { .. } => Hint::NotYet,
            TokenError::TooLong { .. }
            | TokenError::Parts(_)
            | TokenError::Encoding(_)
            | TokenError::Object(_)
            | TokenError::NoAlgorithm
            | TokenError::Algorithm { .. }
            | TokenError::HeaderType { .. }
            | TokenError::Critical
            | TokenError::Typ { .. }
            | TokenError::Issuer(_)
            | TokenError::NoKeys
            | TokenError::UnknownKey { .. }
            | TokenError::SeveralKeys(_)
            | TokenError::Signature { .. }
            | TokenError::Missing(_)
            | TokenError::ClaimType { .. }
            | TokenError::Lifetime { .. }
            | TokenError::Audience { .. } => Hint::Invalid,
        })
    }
}

/// An answer that nobody understands is no reason to let anybody pass.
impl From<&AnswerError> for Challenge {
    fn from(_: &AnswerError) -> Self {
        Self::InvalidToken(Hint::Invalid)
    }
}

impl From<&KeyError> for Challenge {
    fn from(error: &KeyError) -> Self {
        Self::InvalidToken(match error {
            KeyError::Unknown => Hint::NoKey,
            KeyError::Expired { .. } => Hint::KeyExpired,
        })
    }
}

impl From<&BearerError> for Challenge {
    fn from(error: &BearerError) -> Self {
        match error {
            BearerError::TooLong { .. } => Self::InvalidToken(Hint::Invalid),
            BearerError::Several(_) | BearerError::TwoPlaces | BearerError::Malformed(_) => {
                Self::InvalidRequest
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_137_every_refusal_has_a_header_of_our_own() {
        for (challenge, status, value) in [
            (Challenge::Missing, 401, "Bearer"),
            (
                Challenge::InvalidRequest,
                400,
                r#"Bearer error="invalid_request", error_description="expected one token, in one place""#,
            ),
            (
                Challenge::InvalidToken(Hint::Invalid),
                401,
                r#"Bearer error="invalid_token", error_description="the token is not valid here""#,
            ),
            (
                Challenge::InvalidToken(Hint::Expired),
                401,
                r#"Bearer error="invalid_token", error_description="the token has expired""#,
            ),
            (
                Challenge::InsufficientScope(vec![
                    "a".into(),
                    "b:c".into(),
                    "d\"e".into(),
                    "f g".into(),
                ]),
                403,
                r#"Bearer error="insufficient_scope", scope="a b:c""#,
            ),
            (
                Challenge::InsufficientScope(vec![]),
                403,
                r#"Bearer error="insufficient_scope""#,
            ),
        ] {
            assert_eq!(challenge.status().as_u16(), status);
            assert_eq!(challenge.www_authenticate(), value);
        }
        let many = Challenge::InsufficientScope(vec!["x".repeat(100); 1000]);
        assert!(many.www_authenticate().len() < 1200);
    }

    #[test]
    fn a_key_is_called_a_key_and_one_that_is_none_is_told_nothing_of_those_there_are() {
        let expired = KeyError::Expired {
            expires_at: 10,
            now: 11,
        };
        for (error, words) in [
            (KeyError::Unknown, "the key is not valid here"),
            (expired, "the key has expired"),
        ] {
            let challenge = Challenge::from(&error);
            assert_eq!(challenge.words(), words);
            assert_eq!(challenge.error(), Some("invalid_token"));
        }
    }
}
