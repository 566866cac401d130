//! The signature algorithms of tokens (RFC 7518, RFC 8037). What is not listed here does not exist:
//! there is no `none`.

use std::fmt;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA, PKCS#1 v1.5, SHA-256.
    Rs256,
    /// RSA, PKCS#1 v1.5, SHA-384.
    Rs384,
    /// RSA, PKCS#1 v1.5, SHA-512.
    Rs512,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// RSA, PSS, SHA-384.
    Ps384,
    /// RSA, PSS, SHA-512.
    Ps512,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// ECDSA on P-384, SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256: whoever can check can also sign.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

/// Which keys an algorithm takes. A key has one family, so it is never used for another's algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A modulus and an exponent.
    Rsa,
    /// A point on P-256.
    P256,
    /// A point on P-384.
    P384,
    /// A point on edwards25519.
    Ed25519,
    /// A shared secret.
    Octets,
}

impl Algorithm {
    /// Those whose keys may be public: what an issuer takes if nothing is said.
    pub const ASYMMETRIC: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Those of a shared secret.
    pub const SYMMETRIC: [Self; 3] = [Self::Hs256, Self::Hs384, Self::Hs512];

    /// The one with this name. Names are compared with their case (RFC 7515, 4.1.1).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // The name of RFC 9864, which says the curve.
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        let mut all = Self::ASYMMETRIC.into_iter().chain(Self::SYMMETRIC);
        all.find(|algorithm| algorithm.name() == name)
    }

    /// Its name in the header of a token.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// Which keys it takes.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                Family::Rsa
            }
            Self::Es256 => Family::P256,
            Self::Es384 => Family::P384,
            Self::EdDsa => Family::Ed25519,
            Self::Hs256 | Self::Hs384 | Self::Hs512 => Family::Octets,
        }
    }

    /// The bytes of its hash, and of the shortest secret for it (RFC 7518, 3.2).
    #[must_use]
    pub const fn hash_bytes(self) -> usize {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Hs256 => 32,
            Self::Rs384 | Self::Ps384 | Self::Es384 | Self::Hs384 => 48,
            Self::Rs512 | Self::Ps512 | Self::EdDsa | Self::Hs512 => 64,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_found_by_its_name_and_by_nothing_else() {
        for algorithm in Algorithm::ASYMMETRIC
            .into_iter()
            .chain(Algorithm::SYMMETRIC)
        {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::named(&algorithm.name().to_lowercase()), None);
        }
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDsa));
        for name in [
            "", "none", "None", "NONE", "nOnE", "RS256 ", "ES512", "ES256K", "Ed448", "RS1",
        ] {
            assert_eq!(Algorithm::named(name), None, "{name:?}");
        }
    }
}
