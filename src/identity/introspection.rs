//! Tokens that only their issuer can read (RFC 7662): what it is asked, and what its answer means.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::object;
use super::principal::{Kind, Principal, Scopes};
use super::shown::Shown;

/// Bytes of an answer at most.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The media type of a request's body.
pub const REQUEST_TYPE: &str = "application/x-www-form-urlencoded";

/// The body of a request about a token.
#[must_use]
pub fn request(token: &str) -> Bytes {
    let mut body = String::from("token_type_hint=access_token&token=");
    for byte in token.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                body.push(char::from(byte))
            }
            _ => body.push_str(&format!("%{byte:02X}")),
        }
    }
    body.into()
}

/// What is expected of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The issuer's name; an answer that says another is refused, one that says none is this issuer's.
    pub iss: String,
    /// One of them has to be in `aud`. Empty: whom a token is for is left to the one that is asked.
    pub audiences: Vec<String>,
    /// Seconds by which clocks may differ.
    pub leeway: u64,
}

/// What an issuer says of a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It is good.
    Active(Box<Principal>),
    /// It is not, and why nobody says.
    Inactive,
}

/// An answer that is none, or not for us. The token is refused then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Too long.
    #[error("found an answer of {0} bytes about a token, expected at most {ANSWER_BYTES_MAX}")]
    TooLong(usize),
    /// Not an object.
    #[error("found an answer about a token that is no JSON object with each name once")]
    NoObject,
    /// A member of another type.
    #[error("found {found} as {name} in the answer about a token, expected {expected}")]
    Member {
        /// Which.
        name: &'static str,
        /// What is there.
        found: &'static str,
        /// What should be.
        expected: &'static str,
    },
    /// Active, it says, but over, or not begun.
    #[error("found an active token from {nbf} to {exp} in the answer, it is {now}")]
    Time {
        /// Its begin, in seconds since the epoch; 0 if none is said.
        nbf: u64,
        /// Its end; the largest number if none is said.
        exp: u64,
        /// Now.
        now: u64,
    },
    /// Another's.
    #[error("found iss {found} in the answer about a token, expected {expected}")]
    Issuer {
        /// The answer's.
        found: Shown,
        /// Ours.
        expected: Shown,
    },
    /// For others.
    #[error("found aud {found} in the answer about a token, expected one of {expected}")]
    Audience {
        /// Whom it is for.
        found: Shown,
        /// Who we are.
        expected: Shown,
    },
}

impl Answer {
    /// Reads an answer, at a moment in seconds since the epoch.
    ///
    /// # Errors
    /// It is none, or says what cannot be, or the token is for others.
    pub fn parse(text: &[u8], expected: &Expected, now: u64) -> Result<Self, AnswerError> {
        if text.len() > ANSWER_BYTES_MAX {
            return Err(AnswerError::TooLong(text.len()));
        }
        let members = object::parse(text).map_err(|_| AnswerError::NoObject)?;
        match members.get("active") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok(Self::Inactive),
            other => {
                let found = other.map_or("nothing", object::kind);
                return Err(AnswerError::Member {
                    name: "active",
                    found,
                    expected: "a boolean",
                });
            }
        }
        let exp = seconds(&members, "exp")?;
        let nbf = seconds(&members, "nbf")?;
        let is_over = exp.is_some_and(|exp| now >= exp.saturating_add(expected.leeway));
        let is_early = nbf.is_some_and(|nbf| nbf > now.saturating_add(expected.leeway));
        if is_over || is_early {
            return Err(AnswerError::Time {
                nbf: nbf.unwrap_or(0),
                exp: exp.unwrap_or(u64::MAX),
                now,
            });
        }
        if let Some(found) = text_of(&members, "iss")?.filter(|found| *found != expected.iss) {
            return Err(AnswerError::Issuer {
                found: Shown::of(found),
                expected: Shown::of(&expected.iss),
            });
        }
        let audience = audience(&members)?;
        let is_ours = audience
            .iter()
            .any(|found| expected.audiences.contains(found));
        if !expected.audiences.is_empty() && !is_ours {
            return Err(AnswerError::Audience {
                found: Shown::list(audience.iter().map(String::as_str)),
                expected: Shown::list(expected.audiences.iter().map(String::as_str)),
            });
        }
        // A client that acts for itself has no other name.
        let subject = text_of(&members, "sub")?
            .or(text_of(&members, "client_id")?)
            .map(Into::into);
        let scopes = Scopes::of_claims(&members).map_err(|bad| AnswerError::Member {
            name: bad.name,
            found: members.get(bad.name).map_or("nothing", object::kind),
            expected: bad.expected,
        })?;
        Ok(Self::Active(Box::new(Principal {
            kind: Kind::Token,
            issuer: expected.iss.as_str().into(),
            subject,
            audience,
            scopes,
            claims: members,
            expires_at: exp,
        })))
    }

    /// How long it may be relied on: the caller for a while, but not longer than the token lives; that a
    /// token is inactive for a second.
    #[must_use]
    pub fn lasts(&self, ttl: Duration, now: u64) -> Duration {
        match self {
            Self::Active(principal) => {
                let left = principal
                    .expires_at
                    .map(|exp| Duration::from_secs(exp.saturating_sub(now)));
                left.map_or(ttl, |left| left.min(ttl))
            }
            Self::Inactive => ttl.min(super::cache::REFUSAL_TTL),
        }
    }
}

fn seconds(members: &Map<String, Value>, name: &'static str) -> Result<Option<u64>, AnswerError> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    let expected = "whole seconds since the epoch, as a JSON number";
    match value.as_u64() {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(AnswerError::Member {
            name,
            found: object::kind(value),
            expected,
        }),
    }
}

fn text_of<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, AnswerError> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    match value.as_str().filter(|text| !text.is_empty()) {
        Some(text) => Ok(Some(text)),
        None => Err(AnswerError::Member {
            name,
            found: object::kind(value),
            expected: "a string that is not empty",
        }),
    }
}

fn audience(members: &Map<String, Value>) -> Result<Vec<String>, AnswerError> {
    let wrong = |value| AnswerError::Member {
        name: "aud",
        found: object::kind(value),
        expected: "a string or an array of strings",
    };
    match members.get("aud") {
        None => Ok(vec![]),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(all)) => all
            .iter()
            .map(|one| one.as_str().map(Into::into).ok_or_else(|| wrong(one)))
            .collect(),
        Some(other) => Err(wrong(other)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn expected(audiences: &[&str]) -> Expected {
        let audiences = audiences.iter().map(|&audience| audience.into()).collect();
        Expected {
            iss: "https://id.example".into(),
            audiences,
            leeway: 10,
        }
    }

    fn parse(text: &str) -> Result<Answer, AnswerError> {
        Answer::parse(text.as_bytes(), &expected(&["library"]), 1000)
    }

    #[test]
    fn a_token_is_sent_as_a_field_of_a_form() {
        assert_eq!(
            request("a-b._~+/=&x"),
            "token_type_hint=access_token&token=a-b._%7E%2B%2F%3D%26x"
        );
    }

    #[test]
    fn an_active_token_has_a_caller() {
        let answer = parse(
            r#"{"active":true,"sub":"ada","client_id":"app","aud":["x","library"],"scope":"read write",
                "iss":"https://id.example","exp":1100,"nbf":1005,"org":7}"#,
        );
        let answer = answer.unwrap();
        for (ttl, now, lasts) in [(60, 1000, 60), (300, 1000, 100), (60, 1200, 0)] {
            assert_eq!(
                answer.lasts(Duration::from_secs(ttl), now),
                Duration::from_secs(lasts)
            );
        }
        let Answer::Active(principal) = answer else {
            panic!()
        };
        assert_eq!(
            (&*principal.issuer, principal.subject.as_deref()),
            ("https://id.example", Some("ada"))
        );
        assert!(principal.scopes.contains("write"));
        assert_eq!(
            (principal.expires_at, &principal.claims["org"]),
            (Some(1100), &Value::from(7))
        );

        let machine = parse(r#"{"active":true,"client_id":"app","aud":"library"}"#).unwrap();
        assert_eq!(
            machine.lasts(Duration::from_secs(60), 1000),
            Duration::from_secs(60)
        );
        let Answer::Active(principal) = machine else {
            panic!()
        };
        assert_eq!(principal.subject.as_deref(), Some("app"));
    }

    #[test]
    fn an_inactive_token_is_nobodys_and_is_asked_for_again_in_a_second() {
        let answer = parse(r#"{"active":false,"sub":7,"exp":"never"}"#).unwrap();
        assert_eq!(answer, Answer::Inactive);
        assert_eq!(
            answer.lasts(Duration::from_secs(60), 1000),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn an_answer_that_can_be_read_differently_is_none() {
        for text in [
            "",
            "[]",
            "true",
            r#"{"active":true,"active":false}"#,
            "{}",
            r#"{"active":"true"}"#,
            r#"{"active":1}"#,
            r#"{"active":null}"#,
            r#"{"active":true}"#,
            r#"{"active":true,"aud":"others"}"#,
            r#"{"active":true,"aud":["library",1]}"#,
            r#"{"active":true,"aud":"library","exp":"2000"}"#,
            r#"{"active":true,"aud":"library","exp":2000.0}"#,
            r#"{"active":true,"aud":"library","exp":-1}"#,
            r#"{"active":true,"aud":"library","exp":990}"#,
            r#"{"active":true,"aud":"library","nbf":1011}"#,
            r#"{"active":true,"aud":"library","iss":"https://evil.example"}"#,
            r#"{"active":true,"aud":"library","sub":""}"#,
            r#"{"active":true,"aud":"library","scope":["a"]}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let long = " ".repeat(ANSWER_BYTES_MAX + 1);
        assert_eq!(
            parse(&long),
            Err(AnswerError::TooLong(ANSWER_BYTES_MAX + 1))
        );
        let any = Answer::parse(br#"{"active":true}"#, &expected(&[]), 0);
        assert!(matches!(any, Ok(Answer::Active(_))));
    }
}
