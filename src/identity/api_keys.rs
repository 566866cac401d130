//! API keys, out of the text of a file that has only their hashes.
//!
//! ```text
//! # hash of the key                         name     scopes          and perhaps its end
//! sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e…  billing  read,write      expires=2027-01-31
//! sha256:486ea46224d1bb4fb680f34f7c9ad96a…  reports  -               expires=2027-01-31T12:00:00Z
//! ```
//!
//! Two keys may have one name, for the time in which the new one takes the old one's place. A hash without
//! salt is enough for keys that nobody can guess: they are random, not chosen. Looking a hash up tells
//! whoever measures something of hashes, from which no key follows.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Map;

use super::date;
use super::principal::{Kind, Principal, Scopes};
use super::sha256::{self, Hash};

/// Bytes of the file at most.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Keys at most.
pub const KEYS_MAX: usize = 10_000;

/// Bytes of a name, and of a scope, at most.
const NAME_BYTES_MAX: usize = 128;

/// Scopes of a key at most.
const SCOPES_MAX: usize = 64;

/// Bytes of a key that a client shows: less nobody should have made, more nobody has.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=512;

/// In front of a hash.
const ALGORITHM: &str = "sha256:";

/// In front of the end.
const EXPIRES: &str = "expires=";

/// The keys of a file.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys(HashMap<Hash, Arc<Principal>>);

/// A file that is none of keys: a line, and nothing of what stands in it, which might be a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct FileError {
    /// From 1.
    pub line: usize,
    /// What is there, and what should be.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The whole file is too long.
    #[error("found a file of {0} bytes, expected at most {FILE_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("found bytes that are no UTF-8")]
    NoText,
    /// One too many.
    #[error("found another key, expected at most {KEYS_MAX}")]
    TooMany,
    /// Too few or too many words.
    #[error("found {0} words, expected 3 or 4: sha256:HASH NAME SCOPES, and perhaps expires=DATE")]
    Words(usize),
    /// Perhaps the key itself.
    #[error(
        "found {0} characters that are no hash, expected sha256: and 64 hexadecimal digits; never write a key itself here"
    )]
    Hash(usize),
    /// A name that logs could not show.
    #[error(
        "found a name of {0} characters, expected at most {NAME_BYTES_MAX} letters, digits and -._@/:"
    )]
    Name(usize),
    /// A scope that is none, or too many.
    #[error(
        "found {0} characters that are no scopes, expected at most {SCOPES_MAX} names with commas between, or - for none"
    )]
    Scopes(usize),
    /// Not the end of a key.
    #[error(
        "found {0} characters that are no end, expected expires= and a day like 2027-01-31, or a moment like 2027-01-31T12:00:00Z"
    )]
    Expires(usize),
    /// Which name it has nobody could say.
    #[error("found the hash of line {0} again, expected each once")]
    Again(usize),
}

/// A key that opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// None of the file.
    #[error("found an API key that is not in the file")]
    Unknown,
    /// It was one.
    #[error("found an API key that expired at {expires_at}, it is {now}")]
    Expired {
        /// Its end, in seconds since the epoch.
        expires_at: u64,
        /// Now.
        now: u64,
    },
}

impl ApiKeys {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first line that is not of the form; then nothing of the file counts.
    pub fn parse(text: &[u8]) -> Result<Self, FileError> {
        let whole = |fault| FileError { line: 1, fault };
        if text.len() > FILE_BYTES_MAX {
            return Err(whole(Fault::TooLong(text.len())));
        }
        let mut lines = HashMap::new();
        let mut keys = HashMap::new();
        for (at, text) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = at + 1;
            let failed = |fault| FileError { line, fault };
            let text = std::str::from_utf8(text).map_err(|_| failed(Fault::NoText))?;
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (hash, principal) = entry(text).map_err(failed)?;
            if keys.len() == KEYS_MAX {
                return Err(failed(Fault::TooMany));
            }
            if let Some(earlier) = lines.insert(hash, line) {
                return Err(failed(Fault::Again(earlier)));
            }
            keys.insert(hash, Arc::new(principal));
        }
        Ok(Self(keys))
    }

    /// Whose key this is, at a moment in seconds since the epoch.
    ///
    /// # Errors
    /// Nobody's, or no more.
    pub fn find(&self, key: &[u8], now: u64) -> Result<Arc<Principal>, KeyError> {
        if !KEY_BYTES.contains(&key.len()) {
            return Err(KeyError::Unknown);
        }
        let principal = self.0.get(&sha256::hash(&[key])).ok_or(KeyError::Unknown)?;
        match principal.expires_at {
            Some(expires_at) if now >= expires_at => Err(KeyError::Expired { expires_at, now }),
            _ => Ok(Arc::clone(principal)),
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn entry(line: &str) -> Result<(Hash, Principal), Fault> {
    let words: Vec<_> = line.split_whitespace().collect();
    // The hash first: if it is a key instead, the message is about that.
    let first = words.first().copied().unwrap_or_default();
    let hash = first.strip_prefix(ALGORITHM).and_then(sha256::from_hex);
    let hash = hash.ok_or(Fault::Hash(first.chars().count()))?;
    let (name, scopes, expires) = match words[..] {
        [_, name, scopes] => (name, scopes, None),
        [_, name, scopes, expires] => (name, scopes, Some(expires)),
        _ => return Err(Fault::Words(words.len())),
    };
    if !is_name(name) {
        return Err(Fault::Name(name.chars().count()));
    }
    let expires_at = match expires {
        None => None,
        Some(text) => {
            let date = text.strip_prefix(EXPIRES).and_then(date::parse);
            Some(date.ok_or_else(|| Fault::Expires(text.chars().count()))?)
        }
    };
    let principal = Principal {
        kind: Kind::Key,
        issuer: "".into(),
        subject: Some(name.into()),
        audience: vec![],
        scopes: scopes_of(scopes).ok_or_else(|| Fault::Scopes(scopes.chars().count()))?,
        claims: Map::new(),
        expires_at,
    };
    Ok((hash, principal))
}

fn is_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._@/:".contains(&byte);
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_fit)
}

fn scopes_of(text: &str) -> Option<Scopes> {
    if text == "-" {
        return Some(Scopes::default());
    }
    let scopes: Vec<_> = text.split(',').collect();
    let is_fit = scopes.len() <= SCOPES_MAX && scopes.iter().all(|scope| is_name(scope));
    is_fit.then(|| Scopes::of(scopes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KEY: &str = "k-3f9a1c0de5b7428896d1";

    fn hash(key: &str) -> String {
        sha256::hash(&[key.as_bytes()])
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn a_key_is_found_by_its_hash() {
        let other = hash("another key of a client");
        let text = format!(
            "# keys\r\n\n  sha256:{}\tbilling  read,write expires=1970-01-02\r\nsha256:{other} reports -",
            hash(KEY).to_uppercase()
        );
        let keys = ApiKeys::parse(text.as_bytes()).unwrap();
        assert_eq!(keys.len(), 2);
        let principal = keys.find(KEY.as_bytes(), 86_399).unwrap();
        assert_eq!(
            (principal.kind, principal.subject.as_deref()),
            (Kind::Key, Some("billing"))
        );
        assert!(principal.scopes.contains("read") && !principal.scopes.contains("admin"));
        let expired = KeyError::Expired {
            expires_at: 86_400,
            now: 86_400,
        };
        assert_eq!(keys.find(KEY.as_bytes(), 86_400), Err(expired));
        assert_eq!(
            keys.find(b"another key of a client", u64::MAX)
                .unwrap()
                .scopes,
            Scopes::default()
        );
        for key in [
            "",
            "short",
            &format!("{KEY} "),
            &hash(KEY),
            &"x".repeat(513),
        ] {
            assert_eq!(
                keys.find(key.as_bytes(), 0),
                Err(KeyError::Unknown),
                "{key}"
            );
        }
    }

    #[test]
    fn a_line_that_is_not_of_the_form_is_said_with_its_number() {
        let hash = hash(KEY);
        let fault = |line: &str| {
            let error = ApiKeys::parse(format!("# one\n{line}\n").as_bytes()).unwrap_err();
            assert_eq!(error.line, 2);
            error.to_string()
        };
        for (line, expected) in [
            (format!("sha256:{hash}"), "line 2: found 1 words"),
            (
                format!("sha256:{hash} a b expires=2027-01-01 e"),
                "line 2: found 5 words",
            ),
            (
                format!("sha256:{} a b", &hash[1..]),
                "line 2: found 70 characters that are no hash",
            ),
            (
                format!("md5:{hash} a b"),
                "line 2: found 68 characters that are no hash",
            ),
            (
                format!("sha256:{hash} n\u{e4}me b"),
                "line 2: found a name of 4 characters",
            ),
            (
                format!("sha256:{hash} a b,,c"),
                "line 2: found 4 characters that are no scopes",
            ),
            (
                format!("sha256:{hash} a b until=2027-01-01"),
                "line 2: found 16 characters that are no end",
            ),
            (
                format!("sha256:{hash} a b expires=2027-02-30"),
                "line 2: found 18 characters that are no end",
            ),
        ] {
            let fault = fault(&line);
            assert!(fault.starts_with(expected), "{fault}");
        }
        let twice = format!("sha256:{hash} a b\nsha256:{hash} c d");
        let error = ApiKeys::parse(twice.as_bytes()).unwrap_err();
        assert_eq!(
            error,
            FileError {
                line: 2,
                fault: Fault::Again(1)
            }
        );
        assert_eq!(ApiKeys::parse(b"#\n\xff").unwrap_err().fault, Fault::NoText);
    }

    #[test]
    fn a_key_written_in_the_file_itself_is_not_repeated_in_the_message() {
        let hash = hash("another");
        for line in [
            KEY.to_owned(),
            format!("{KEY} billing read"),
            format!("sha256:{KEY} billing read"),
            format!("sha256:{hash} {KEY}+ read"),
            format!("sha256:{hash} billing {KEY}+"),
            format!("sha256:{hash} billing read {KEY}"),
        ] {
            let error = ApiKeys::parse(line.as_bytes()).unwrap_err();
            assert!(
                !error.to_string().contains(KEY) && !format!("{error:?}").contains(KEY),
                "{error}"
            );
        }
        let keys = ApiKeys::parse(format!("sha256:{} a b", self::hash(KEY)).as_bytes()).unwrap();
        assert!(!format!("{:?}", keys.find(b"0123456789abcdefg", 0)).contains("0123456789"));
    }

    #[test]
    fn the_file_is_bounded() {
        let long = vec![b'#'; FILE_BYTES_MAX + 1];
        assert_eq!(
            ApiKeys::parse(&long).unwrap_err().fault,
            Fault::TooLong(FILE_BYTES_MAX + 1)
        );
        let lines: String = (0..=KEYS_MAX)
            .map(|at| format!("sha256:{at:064x} a -\n"))
            .collect();
        let error = ApiKeys::parse(lines.as_bytes()).unwrap_err();
        assert_eq!(
            error,
            FileError {
                line: KEYS_MAX + 1,
                fault: Fault::TooMany
            }
        );
    }
}
