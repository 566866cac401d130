//! Who a caller is, however it was shown: what rules and logs see.

use std::fmt;

use serde_json::{Map, Value};

use super::sha256;

/// Hexadecimal digits of a pseudonym: enough that nobody shares one by chance.
pub const PSEUDONYM_DIGITS: usize = 16;

/// How a caller has shown who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// By a token, signed or looked up.
    Token,
    /// By an API key.
    Key,
    /// By a client certificate.
    Certificate,
}

impl Kind {
    /// In logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Key => "key",
            Self::Certificate => "certificate",
        }
    }
}

/// A caller. Its size is bounded by what it was read of: a token, a line, a certificate, an answer.
#[derive(Clone, PartialEq)]
pub struct Principal {
    /// How it was shown.
    pub kind: Kind,
    /// Who vouches for it: the `iss` of a token, the trust domain of a SPIFFE id. Empty if nobody but the
    /// gateway itself does.
    pub issuer: Box<str>,
    /// Who it is, for this issuer: `sub`, the name of a key, the name in a certificate. A token may leave
    /// it out; then only its claims and scopes say anything.
    pub subject: Option<Box<str>>,
    /// Whom the token is for.
    pub audience: Vec<String>,
    /// What it may do.
    pub scopes: Scopes,
    /// All that was said of it.
    pub claims: Map<String, Value>,
    /// Until when, in seconds since the epoch, leeway not counted.
    pub expires_at: Option<u64>,
}

impl Principal {
    /// The subject in logs: always the same for the same issuer, subject and salt, and without the salt
    /// nobody can try names. An empty salt protects no subject that can be guessed.
    #[must_use]
    pub fn pseudonym(&self, salt: &[u8]) -> Option<[u8; PSEUDONYM_DIGITS]> {
        let subject = self.subject.as_deref()?;
        // Lengths in front: no two ways to cut give the same text.
        let lengths = [salt.len() as u64, self.issuer.len() as u64].map(u64::to_be_bytes);
        let hash = sha256::hash(&[
            lengths.as_flattened(),
            salt,
            self.issuer.as_bytes(),
            subject.as_bytes(),
        ]);
        let mut digits = [0; PSEUDONYM_DIGITS];
        for (two, byte) in digits.chunks_exact_mut(2).zip(hash) {
            two.copy_from_slice(&[byte >> 4, byte & 0xf].map(sha256::digit));
        }
        Some(digits)
    }

    /// Whether its time is over: for streams that live longer than the token they began with.
    #[must_use]
    pub fn is_over(&self, now: u64, leeway: u64) -> bool {
        self.expires_at
            .is_some_and(|expires_at| now >= expires_at.saturating_add(leeway))
    }
}

/// Claims are what people told an issuer in confidence.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("kind", &self.kind)
            .field("issuer", &self.issuer)
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a caller may do, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Box<str>>);

impl Scopes {
    /// Of names in any order, some perhaps twice.
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut scopes: Vec<Box<str>> = names
            .into_iter()
            .filter(|name| !name.is_empty())
            .map(Into::into)
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }

    /// Those of claims: `scope` (RFC 8693: names with spaces between) and `scp` (a text like that, or an
    /// array of names). None if they are anything else.
    pub(super) fn of_claims(claims: &Map<String, Value>) -> Result<Self, BadScopes> {
        let mut names = Vec::new();
        match claims.get("scope") {
            None => {}
            Some(Value::String(text)) => names.extend(text.split(' ')),
            Some(_) => {
                return Err(BadScopes {
                    name: "scope",
                    expected: "a string",
                });
            }
        }
        let bad = BadScopes {
            name: "scp",
            expected: "a string or an array of strings",
        };
        match claims.get("scp") {
            None => {}
            Some(Value::String(text)) => names.extend(text.split(' ')),
            Some(Value::Array(all)) => {
                for name in all {
                    names.push(name.as_str().ok_or(bad)?);
                }
            }
            Some(_) => return Err(bad),
        }
        Ok(Self::of(names))
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0
            .binary_search_by(|found| (**found).cmp(scope))
            .is_ok()
    }

    /// All of them, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|scope| &**scope)
    }
}

/// A claim that should be scopes and is something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadScopes {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scopes(claims: Value) -> Result<Vec<String>, BadScopes> {
        let Value::Object(claims) = claims else {
            panic!()
        };
        Scopes::of_claims(&claims).map(|scopes| scopes.iter().map(Into::into).collect())
    }

    #[test]
    fn scopes_are_read_of_both_claims_in_each_form() {
        for (claims, expected) in [
            (json!({}), vec![]),
            (json!({"scope": ""}), vec![]),
            (json!({"scope": "write  read read "}), vec!["read", "write"]),
            (json!({"scp": "read write"}), vec!["read", "write"]),
            (json!({"scp": ["write", "a b"]}), vec!["a b", "write"]),
            (json!({"scope": "c a", "scp": ["b"]}), vec!["a", "b", "c"]),
        ] {
            assert_eq!(scopes(claims.clone()).unwrap(), expected, "{claims}");
        }
        for claims in [
            json!({"scope": ["a"]}),
            json!({"scope": 1}),
            json!({"scp": [1]}),
            json!({"scp": {}}),
        ] {
            assert!(scopes(claims.clone()).is_err(), "{claims}");
        }
    }

    fn principal(issuer: &str, subject: Option<&str>) -> Principal {
        Principal {
            kind: Kind::Token,
            issuer: issuer.into(),
            subject: subject.map(Into::into),
            audience: vec![],
            scopes: Scopes::of(["read", "write"]),
            claims: Map::from_iter([("email".to_owned(), json!("ada@example.com"))]),
            expires_at: Some(100),
        }
    }

    #[test]
    fn a_pseudonym_is_stable_and_of_one_issuer_subject_and_salt() {
        let of = |issuer, subject, salt: &str| {
            principal(issuer, Some(subject)).pseudonym(salt.as_bytes())
        };
        let all = [
            of("a", "bc", ""),
            of("ab", "c", ""),
            of("a", "bc", "s"),
            of("", "bc", "a"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(one.as_ref().unwrap().len(), PSEUDONYM_DIGITS);
            assert!(!all[..at].contains(one));
        }
        assert_eq!(all[0], of("a", "bc", ""));
        assert_eq!(principal("a", None).pseudonym(b""), None);
    }

    #[test]
    fn what_is_printed_tells_neither_subject_nor_claims() {
        let printed = format!("{:?}", principal("https://id.example", Some("ada")));
        assert!(
            printed.contains("https://id.example") && printed.contains("read"),
            "{printed}"
        );
        assert!(!printed.contains("ada"), "{printed}");
    }

    #[test]
    fn a_principal_is_over_at_the_second_it_expires_and_leeway_later() {
        let principal = principal("", None);
        assert!(!principal.is_over(99, 0) && principal.is_over(100, 0));
        assert!(!principal.is_over(159, 60) && principal.is_over(160, 60));
        assert!(
            !principal.is_over(u64::MAX - 1, u64::MAX),
            "nothing wraps around"
        );
    }
}
