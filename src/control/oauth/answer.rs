//! What a token endpoint answers: a token, or why there is none. It is read strictly, and nothing of it is
//! repeated but what is known here anyway.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use serde_json::{Map, Value};

use crate::identity::bearer::is_token;
use crate::identity::object;

/// Bytes of an answer at most.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a token at most: with more, backends refuse the headers.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The value of `authorization` with it, which is not printed.
    pub bearer: HeaderValue,
    /// How long it is good from when it was asked for; none where the server does not say.
    pub lifetime: Option<Duration>,
}

/// An answer that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not an object.
    #[error("found an answer that is no JSON object with each name once, expected a token")]
    NoObject,
    /// A member of another type, or none.
    #[error("found {found} as {name} in the answer, expected {expected}")]
    Member {
        /// Which.
        name: &'static str,
        /// What is there.
        found: &'static str,
        /// What should be.
        expected: &'static str,
    },
    /// One that is not simply carried.
    #[error("found a token of another type, expected token_type Bearer")]
    Type,
    /// One that no header can carry.
    #[error(
        "found a token of {0} bytes with others than those of b64token (RFC 6750), or too many, expected at most {TOKEN_BYTES_MAX}"
    )]
    Token(usize),
    /// Over already.
    #[error("found a token that is good for 0 seconds, expected at least one")]
    Over,
}

impl Token {
    /// Reads an answer.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub fn parse(text: &[u8]) -> Result<Self, AnswerError> {
        let members = object::parse(text).map_err(|_| AnswerError::NoObject)?;
        if !string(&members, "token_type")?.eq_ignore_ascii_case("bearer") {
            return Err(AnswerError::Type);
        }
        let token = string(&members, "access_token")?;
        let unfit = AnswerError::Token(token.len());
        if token.len() > TOKEN_BYTES_MAX || !is_token(token.as_bytes()) {
            return Err(unfit);
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| unfit)?;
        bearer.set_sensitive(true);
        let lifetime = match members.get("expires_in") {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_u64() {
                Some(0) => return Err(AnswerError::Over),
                Some(seconds) => Some(Duration::from_secs(seconds)),
                None => {
                    return Err(AnswerError::Member {
                        name: "expires_in",
                        found: object::kind(value),
                        expected: "a whole number of seconds",
                    });
                }
            },
        };
        Ok(Self { bearer, lifetime })
    }
}

fn string<'m>(members: &'m Map<String, Value>, name: &'static str) -> Result<&'m str, AnswerError> {
    match members.get(name) {
        Some(Value::String(text)) => Ok(text),
        other => Err(AnswerError::Member {
            name,
            found: other.map_or("nothing", object::kind),
            expected: "a string",
        }),
    }
}

/// Why a server gives no token (RFC 6749, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot make anything of the question.
    InvalidRequest,
    /// It does not know the client, or its secret is another.
    InvalidClient,
    /// What was shown does not count.
    InvalidGrant,
    /// The client may not ask like this.
    UnauthorizedClient,
    /// Nobody may.
    UnsupportedGrantType,
    /// It does not know the scope, or the client may not have it.
    InvalidScope,
    /// It does not know whom the token is for (RFC 8707).
    InvalidTarget,
    /// It does not say, or says something else.
    Unsaid,
}

impl Refusal {
    const ALL: [(&'static str, Self); 7] = [
        ("invalid_request", Self::InvalidRequest),
        ("invalid_client", Self::InvalidClient),
        ("invalid_grant", Self::InvalidGrant),
        ("unauthorized_client", Self::UnauthorizedClient),
        ("unsupported_grant_type", Self::UnsupportedGrantType),
        ("invalid_scope", Self::InvalidScope),
        ("invalid_target", Self::InvalidTarget),
    ];

    /// What a body says.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let members = object::parse(body).unwrap_or_default();
        let said = members.get("error").and_then(Value::as_str);
        let mut all = Self::ALL.into_iter();
        all.find(|(word, _)| said == Some(word))
            .map_or(Self::Unsaid, |(_, refusal)| refusal)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Self::ALL.into_iter();
        let word = all.find(|(_, refusal)| refusal == self);
        f.write_str(word.map_or("no reason that is known", |(word, _)| word))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_bearer_token_and_says_how_long_it_is_good() {
        let parse = |text: &str| Token::parse(text.as_bytes());
        let token = parse(
            r#"{"access_token":"s3cret-._~+/==","token_type":"bEARER","expires_in":60,"scope":"a"}"#,
        )
        .unwrap();
        assert_eq!(token.bearer, "Bearer s3cret-._~+/==");
        assert_eq!(token.lifetime, Some(Duration::from_secs(60)));
        assert!(!format!("{token:?}").contains("s3cret"), "{token:?}");
        let token = parse(r#"{"access_token":"a","token_type":"Bearer"}"#).unwrap();
        assert_eq!(token.lifetime, None);
    }

    #[test]
    fn an_answer_that_is_none_is_refused_and_not_repeated() {
        let with = |members: &str| format!("{{\"token_type\":\"Bearer\",{members}}}");
        let long = format!("\"access_token\":\"{}\"", "s3cret".repeat(2000));
        for (text, error) in [
            (String::new(), AnswerError::NoObject),
            ("[\"s3cret\",\"Bearer\"]".to_owned(), AnswerError::NoObject),
            (
                with(r#""access_token":"s3cret","access_token":"b""#),
                AnswerError::NoObject,
            ),
            (
                r#"{"access_token":"s3cret","token_type":"mac"}"#.to_owned(),
                AnswerError::Type,
            ),
            (
                with(r#""access_token":"s3cret\r\nx: y""#),
                AnswerError::Token(12),
            ),
            (with(r#""access_token":"""#), AnswerError::Token(0)),
            (with(r#""access_token":"s3cret é""#), AnswerError::Token(9)),
            (with(&long), AnswerError::Token(12_000)),
            (
                with(r#""access_token":"s3cret","expires_in":0"#),
                AnswerError::Over,
            ),
        ] {
            assert_eq!(Token::parse(text.as_bytes()), Err(error), "{text}");
        }
        for (members, said) in [
            (
                r#""access_token":7"#,
                "found a whole number as access_token",
            ),
            (r#""a":7"#, "found nothing as access_token"),
            (
                r#""access_token":"s3cret","expires_in":-1"#,
                "found a negative number",
            ),
            (
                r#""access_token":"s3cret","expires_in":"60""#,
                "found a string as expires_in",
            ),
            (
                r#""access_token":"s3cret","expires_in":1e99"#,
                "found a number with a fraction",
            ),
        ] {
            let error = Token::parse(with(members).as_bytes())
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(said) && !error.contains("s3cret"),
                "{error}"
            );
        }
    }

    #[test]
    fn of_a_refusal_only_the_words_of_the_standard_are_repeated() {
        let said = |body: &str| Refusal::of(body.as_bytes()).to_string();
        let known = r#"{"error":"invalid_client","error_description":"s3cret"}"#;
        assert_eq!(said(known), "invalid_client");
        for body in ["", "<html>", r#"{"error":"s3cret"}"#, r#"{"error":7}"#] {
            assert_eq!(said(body), "no reason that is known");
        }
    }
}
