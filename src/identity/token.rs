//! Signed tokens (RFC 7515, RFC 7519): read without trust, then checked by the issuer that they name.
//!
//! ```text
//! header . claims . signature        all of it at most as long as the issuer allows
//!   │        │          └ by a key of the issuer's own set, for the header's algorithm
//!   │        └ iss: which issuer; then exp, nbf, iat, aud, by its settings
//!   └ alg: one of the issuer's; kid: which key; crit: refused; jku, x5u, jwk, x5c: not looked at
//! ```

mod claims;
mod error;

pub use error::{Part, TokenError};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::issuer::{Issuer, TOKEN_BYTES_MAX, names};
use super::keys::{Found, Keys};
use super::principal::Principal;
use super::shown::Shown;
use super::{base64url, object};

/// A token that nothing is believed of yet.
pub struct Token<'a> {
    /// Header and claims as they were sent: what is signed.
    signed: &'a str,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signature: Vec<u8>,
    bytes: usize,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// Too long, not three parts, or parts that are not what they should be.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        let bytes = token.len();
        if bytes > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong {
                found: bytes,
                most: TOKEN_BYTES_MAX,
            });
        }
        let parts: Vec<_> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(TokenError::Parts(parts.len()));
        };
        let object = |text: &str, part| {
            let text = base64url::decode(text.as_bytes()).ok_or(TokenError::Encoding(part))?;
            object::parse(&text).map_err(|_| TokenError::Object(part))
        };
        Ok(Self {
            signed: token
                .get(..header.len() + 1 + claims.len())
                .unwrap_or_default(),
            header: object(header, Part::Header)?,
            claims: object(claims, Part::Claims)?,
            signature: base64url::decode(signature.as_bytes())
                .ok_or(TokenError::Encoding(Part::Signature))?,
            bytes,
        })
    }

    /// The issuer that it names, which is only good for looking that one up.
    ///
    /// # Errors
    /// None is named.
    pub fn unverified_iss(&self) -> Result<&str, TokenError> {
        claims::text(&self.claims, "iss")?.ok_or(TokenError::Missing("iss"))
    }

    /// Checks it by an issuer's settings and keys, at a moment in seconds since the epoch. Keys are not
    /// asked for if the issuer has a secret.
    ///
    /// # Errors
    /// It is not this issuer's, not for us, not now, or says something in a way that can be read
    /// differently. [`TokenError::asks_for_keys`] says whether newer keys might help.
    pub fn verify(
        self,
        issuer: &Issuer,
        keys: Option<&Keys>,
        now: u64,
    ) -> Result<Principal, TokenError> {
        let settings = issuer.settings();
        if self.bytes > settings.token_bytes_max {
            return Err(TokenError::TooLong {
                found: self.bytes,
                most: settings.token_bytes_max,
            });
        }
        let iss = self.unverified_iss()?;
        if iss != settings.iss {
            return Err(TokenError::Issuer(Shown::of(iss)));
        }
        let algorithm = self.algorithm(&settings.algorithms)?;
        self.check_header(settings.typ.as_deref())?;
        let kid = match self.header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.as_str()),
            Some(other) => {
                return Err(TokenError::HeaderType {
                    name: "kid",
                    found: object::kind(other),
                });
            }
        };
        let key = match issuer.secret() {
            Some(secret) => secret,
            None => match keys.ok_or(TokenError::NoKeys)?.find(kid, algorithm) {
                Found::One(named) => &named.key,
                Found::None => {
                    return Err(TokenError::UnknownKey {
                        kid: kid.map(Shown::of),
                        algorithm,
                    });
                }
                Found::Several => return Err(TokenError::SeveralKeys(algorithm)),
            },
        };
        if !key.verify(algorithm, self.signed.as_bytes(), &self.signature) {
            return Err(TokenError::Signature {
                kid: kid.map(Shown::of),
                algorithm,
            });
        }
        claims::principal(self.claims, settings, now)
    }

    fn algorithm(&self, allowed: &[Algorithm]) -> Result<Algorithm, TokenError> {
        let name = match self.header.get("alg") {
            None => return Err(TokenError::NoAlgorithm),
            Some(Value::String(name)) => name,
            Some(other) => {
                return Err(TokenError::HeaderType {
                    name: "alg",
                    found: object::kind(other),
                });
            }
        };
        let algorithm = Algorithm::named(name).filter(|algorithm| allowed.contains(algorithm));
        algorithm.ok_or_else(|| TokenError::Algorithm {
            found: Shown::of(name),
            expected: names(allowed),
        })
    }

    fn check_header(&self, expected: Option<&str>) -> Result<(), TokenError> {
        // Extensions that have to be understood: none is, whatever it is.
        if self.header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        let Some(expected) = expected else {
            return Ok(());
        };
        let found = self
            .header
            .get("typ")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if plain(found).eq_ignore_ascii_case(plain(expected)) {
            Ok(())
        } else {
            Err(TokenError::Typ {
                found: Shown::of(found),
                expected: Shown::of(expected),
            })
        }
    }
}

/// A type as headers may shorten it (RFC 7515, 4.1.9).
fn plain(typ: &str) -> &str {
    match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    }
}
