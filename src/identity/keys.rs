//! The public keys of one issuer, out of a JSON Web Key Set (RFC 7517). What is not understood is passed
//! over and said; only what makes the whole doubtful is an error.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::shown::Shown;
use super::signature::Key;
pub use super::signature::{RSA_BITS_MAX, RSA_BITS_MIN, Unfit};
use super::{base64url, object};

/// Bytes of a set at most.
pub const SET_BYTES_MAX: usize = 1024 * 1024;

/// Keys of a set at most, those that are passed over too.
pub const KEYS_MAX: usize = 100;

/// The keys of an issuer.
#[derive(Clone, Debug, Default)]
pub struct Keys(pub(super) Vec<Arc<Named>>);

/// A key, and what its set says of it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its `kid`.
    pub kid: Option<Box<str>>,
    /// The one algorithm that it is for, if the set says one.
    pub algorithm: Option<Algorithm>,
    pub(super) key: Key,
}

/// A set read: the keys to use, and why others are not.
#[derive(Clone, Debug)]
pub struct Set {
    /// Those to use, perhaps none.
    pub keys: Keys,
    /// Which were passed over.
    pub ignored: Vec<Ignored>,
}

/// A key passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {at}: {why}")]
pub struct Ignored {
    /// Its place in the set, from 0.
    pub at: usize,
    /// Why.
    pub why: Why,
}

/// Why a key is passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Not an object, or one with a name twice.
    #[error("found no JSON object with each name once")]
    NoObject,
    /// Of a type that is not used: a secret (`oct`) in a public set is none.
    #[error("found kty {0}, expected RSA, EC or OKP")]
    Type(Shown),
    /// On a curve that is not used.
    #[error("found crv {0}, expected P-256 or P-384 for EC, Ed25519 for OKP")]
    Curve(Shown),
    /// For something else than signatures.
    #[error("found use or key_ops {0}, expected sig and verify, or neither")]
    Use(Shown),
    /// For an algorithm that is unknown, or that such a key is not for.
    #[error("found alg {0}, which does not fit the key's kty and crv")]
    Algorithm(Shown),
    /// A member that is not there, or no text of its form.
    #[error("found no text in base64url without padding in {0}")]
    Member(&'static str),
    /// A `kid` that is no text.
    #[error("found a kid that is no string")]
    Kid,
    /// It is none to rely on.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Which of them signed nobody could say; the first one counts.
    #[error("found the kid {0} again, expected each once")]
    Again(Shown),
}

/// A text that is no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Too long.
    #[error("found a key set of {0} bytes, expected at most {SET_BYTES_MAX}")]
    TooLong(usize),
    /// Too many keys.
    #[error("found a key set of {0} keys, expected at most {KEYS_MAX}")]
    TooMany(usize),
    /// Not of the form.
    #[error("found no JSON object with an array of keys at line {line}, column {column}")]
    Malformed {
        /// From 1; 0 if it is no question of place.
        line: usize,
        /// From 1.
        column: usize,
    },
}

/// Which key of a set a token is to be checked with.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// This one.
    One(&'a Arc<Named>),
    /// None has the `kid`, or none is for the algorithm.
    None,
    /// Without a `kid`, several could be it.
    Several,
}

impl Keys {
    /// Reads a set.
    ///
    /// # Errors
    /// Too long, too many, or no set at all.
    pub fn parse(text: &[u8]) -> Result<Set, SetError> {
        if text.len() > SET_BYTES_MAX {
            return Err(SetError::TooLong(text.len()));
        }
        let document: Document =
            serde_json::from_slice(text).map_err(|error| SetError::Malformed {
                line: error.line(),
                column: error.column(),
            })?;
        if document.keys.count > KEYS_MAX {
            return Err(SetError::TooMany(document.keys.count));
        }
        let mut set = Set {
            keys: Self::default(),
            ignored: vec![],
        };
        for (at, jwk) in document.keys.first.iter().enumerate() {
            match Named::of(jwk).and_then(|key| set.keys.add(key)) {
                Ok(()) => {}
                Err(why) => set.ignored.push(Ignored { at, why }),
            }
        }
        Ok(set)
    }

    fn add(&mut self, key: Named) -> Result<(), Why> {
        let is_same = |earlier: &Arc<Named>| {
            earlier.kid == key.kid && earlier.key.family() == key.key.family()
        };
        match &key.kid {
            Some(kid) if self.0.iter().any(is_same) => Err(Why::Again(Shown::of(kid))),
            _ => {
                self.0.push(Arc::new(key));
                Ok(())
            }
        }
    }

    /// The key for a token with this header.
    #[must_use]
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let mut fitting = self.0.iter().filter(|key| {
            (kid.is_none() || key.kid.as_deref() == kid)
                && key.key.family() == algorithm.family()
                && key.algorithm.is_none_or(|only| only == algorithm)
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Found::One(key),
            (None, _) => Found::None,
            (Some(_), Some(_)) => Found::Several,
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing can be checked with them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Named {
    /// Whether it is the same key, called the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.kid == other.kid && self.algorithm == other.algorithm && self.key.is(&other.key)
    }

    fn of(jwk: &Value) -> Result<Self, Why> {
        let Value::Object(jwk) = jwk else {
            return Err(Why::NoObject);
        };
        let text = |name| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name| bytes(jwk, name);
        let curve = || Why::Curve(Shown::of(text("crv")));
        check_use(jwk)?;
        let key = match (text("kty"), text("crv")) {
            ("RSA", _) => Key::rsa(&number("n")?, &number("e")?)?,
            ("EC", "P-256") => Key::p256(&number("x")?, &number("y")?)?,
            ("EC", "P-384") => Key::p384(&number("x")?, &number("y")?)?,
            ("OKP", "Ed25519") => Key::ed25519(&number("x")?)?,
            ("EC" | "OKP", _) => return Err(curve()),
            (kty, _) => return Err(Why::Type(Shown::of(kty))),
        };
        let algorithm = match jwk.get("alg") {
            None => None,
            Some(name) => {
                let name = name.as_str().unwrap_or_default();
                let algorithm =
                    Algorithm::named(name).filter(|algorithm| algorithm.family() == key.family());
                Some(algorithm.ok_or_else(|| Why::Algorithm(Shown::of(name)))?)
            }
        };
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().ok_or(Why::Kid)?.into()),
        };
        Ok(Self {
            kid,
            algorithm,
            key,
        })
    }
}

/// Refuses keys that are for encryption.
fn check_use(jwk: &Map<String, Value>) -> Result<(), Why> {
    match jwk.get("use") {
        None => {}
        Some(Value::String(what)) if what == "sig" => {}
        Some(other) => {
            return Err(Why::Use(Shown::of(
                other.as_str().unwrap_or(object::kind(other)),
            )));
        }
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(all)) if all.iter().any(|what| what == "verify") => Ok(()),
        Some(other) => Err(Why::Use(Shown::of(object::kind(other)))),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, Why> {
    let text = jwk.get(name).and_then(Value::as_str);
    text.and_then(|text| base64url::decode(text.as_bytes()))
        .ok_or(Why::Member(name))
}

#[derive(serde::Deserialize)]
struct Document {
    keys: First,
}

/// The first keys of an array, and how many there are.
struct First {
    first: Vec<Value>,
    count: usize,
}

impl<'de> serde::Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counted;
        impl<'de> Visitor<'de> for Counted {
            type Value = First;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of keys")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<First, A::Error> {
                let mut first = Vec::new();
                while first.len() < KEYS_MAX
                    && let Some(key) = all.next_element()?
                {
                    first.push(key);
                }
                let mut count = first.len();
                // The rest is counted only.
                while all.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(First { first, count })
            }
        }
        deserializer.deserialize_seq(Counted)
    }
}
