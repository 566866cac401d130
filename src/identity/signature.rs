//! Public keys and secrets, checked before they are used, and signatures checked by them. Everything
//! that knows the cryptography is in this file.

use std::fmt;

use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};

use super::algorithm::{Algorithm, Family};

/// Bits of an RSA modulus at least (RFC 7518, 3.3).
pub const RSA_BITS_MIN: usize = 2048;

/// Bits of an RSA modulus at most: checking a signature takes longer with each.
pub const RSA_BITS_MAX: usize = 4096;

/// A public exponent is smaller: what libraries agree on.
const RSA_EXPONENT_END: u64 = 1 << 33;

/// Bytes of a point on edwards25519, and of each half of a signature.
const ED25519_BYTES: usize = 32;

/// The points of edwards25519 whose order is small, without the sign: as keys they have signatures
/// that fit any text. Two of them are written in two ways.
const ED25519_WEAK: [[u8; ED25519_BYTES]; 7] = [
    [0; ED25519_BYTES],
    ends(1, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    // The field's prime less one, the prime, and one more.
    ends(0xec, 0xff),
    ends(0xed, 0xff),
    ends(0xee, 0xff),
];

/// A coordinate of a first byte and others, without the sign.
const fn ends(first: u8, others: u8) -> [u8; ED25519_BYTES] {
    let mut bytes = [others; ED25519_BYTES];
    bytes[0] = first;
    bytes[ED25519_BYTES - 1] = others & 0x7f;
    bytes
}

/// A key that cannot be used, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// An RSA modulus outside of the bounds, or even.
    #[error(
        "found an RSA modulus of {0} bits, expected an odd one of {RSA_BITS_MIN} to {RSA_BITS_MAX}"
    )]
    Modulus(usize),
    /// An RSA exponent that makes no key.
    #[error("found an RSA exponent that is even, below 3 or longer than 33 bits")]
    Exponent,
    /// Not as long as a point of the curve. Whether it is one is seen when it is used: then nothing verifies.
    #[error("found no point of the curve")]
    Point,
    /// A point whose signatures fit any text.
    #[error("found an Ed25519 point of small order, whose signatures fit any text")]
    Weak,
    /// Shorter than the hash that it goes into.
    #[error(
        "found a secret of {found} bytes, expected at least {expected}, as the longest hash of its `algorithms` has: \
         32 for HS256, 48 for HS384, 64 for HS512; without the key all three are taken"
    )]
    Secret {
        /// Its bytes.
        found: usize,
        /// Those of the hash.
        expected: usize,
    },
}

/// What checks signatures of its family.
#[derive(Clone)]
pub(super) struct Key {
    family: Family,
    material: Material,
    /// Of what it was made: two keys are the same if this is.
    print: super::sha256::Hash,
}

#[derive(Clone)]
enum Material {
    Rsa {
        modulus: Box<[u8]>,
        exponent: Box<[u8]>,
    },
    Point(Box<[u8]>),
    Secret(Box<[u8]>),
}

impl Key {
    /// An RSA key of its numbers, most significant byte first.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Unfit> {
        let modulus = trimmed(modulus);
        let zeros = modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
        let bits = modulus.len() * 8 - zeros;
        let is_odd = modulus.last().is_some_and(|byte| byte % 2 == 1);
        if !is_odd || !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
            return Err(Unfit::Modulus(bits));
        }
        let exponent = trimmed(exponent);
        // More than eight bytes do not fit the end either.
        let number = exponent
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        if exponent.len() > 8
            || number.is_multiple_of(2)
            || !(3..RSA_EXPONENT_END).contains(&number)
        {
            return Err(Unfit::Exponent);
        }
        let material = Material::Rsa {
            modulus: modulus.into(),
            exponent: exponent.into(),
        };
        Ok(Self::of(Family::Rsa, material, &[modulus, exponent]))
    }

    /// A key on P-256 of its coordinates.
    pub(super) fn p256(x: &[u8], y: &[u8]) -> Result<Self, Unfit> {
        Self::point(Family::P256, 32, x, y)
    }

    /// A key on P-384 of its coordinates.
    pub(super) fn p384(x: &[u8], y: &[u8]) -> Result<Self, Unfit> {
        Self::point(Family::P384, 48, x, y)
    }

    fn point(family: Family, bytes: usize, x: &[u8], y: &[u8]) -> Result<Self, Unfit> {
        if x.len() != bytes || y.len() != bytes {
            return Err(Unfit::Point);
        }
        let point = Material::Point([&[4], x, y].concat().into());
        Ok(Self::of(family, point, &[x, y]))
    }

    /// A key on edwards25519.
    pub(super) fn ed25519(x: &[u8]) -> Result<Self, Unfit> {
        let mut unsigned: [u8; ED25519_BYTES] = x.try_into().map_err(|_| Unfit::Point)?;
        unsigned[ED25519_BYTES - 1] &= 0x7f;
        if ED25519_WEAK.contains(&unsigned) {
            return Err(Unfit::Weak);
        }
        Ok(Self::of(Family::Ed25519, Material::Point(x.into()), &[x]))
    }

    /// A secret, for this algorithm at least.
    pub(super) fn secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, Unfit> {
        let (found, expected) = (secret.len(), algorithm.hash_bytes());
        if found < expected {
            return Err(Unfit::Secret { found, expected });
        }
        Ok(Self::of(
            Family::Octets,
            Material::Secret(secret.into()),
            &[secret],
        ))
    }

    fn of(family: Family, material: Material, parts: &[&[u8]]) -> Self {
        let print = super::sha256::hash(parts);
        Self {
            family,
            material,
            print,
        }
    }

    /// Whose algorithms it is for.
    #[must_use]
    pub(super) fn family(&self) -> Family {
        self.family
    }

    /// Whether it is the same key as another.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.family == other.family && self.print == other.print
    }

    /// Whether this is a signature of the text by this algorithm and the key's other half.
    pub(super) fn verify(&self, algorithm: Algorithm, text: &[u8], signature: &[u8]) -> bool {
        match (way(algorithm), &self.material) {
            (Way::Rsa(way), Material::Rsa { modulus, exponent }) => {
                let (n, e) = (&**modulus, &**exponent);
                RsaPublicKeyComponents { n, e }
                    .verify(way, text, signature)
                    .is_ok()
            }
            (Way::Point(way), Material::Point(point)) if algorithm.family() == self.family => {
                UnparsedPublicKey::new(way, point)
                    .verify(text, signature)
                    .is_ok()
            }
            (Way::Secret(way), Material::Secret(secret)) => {
                hmac::verify(&hmac::Key::new(way, secret), text, signature).is_ok()
            }
            (Way::Rsa(_) | Way::Point(_) | Way::Secret(_), _) => false,
        }
    }
}

/// Which key it is nobody has to know, and a secret nobody may.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

/// A number without the zeros in front.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// How an algorithm is checked.
enum Way {
    Rsa(&'static RsaParameters),
    Point(&'static dyn VerificationAlgorithm),
    Secret(hmac::Algorithm),
}

fn way(algorithm: Algorithm) -> Way {
    match algorithm {
        Algorithm::Rs256 => Way::Rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Way::Rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Way::Rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Way::Rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Way::Rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Way::Rsa(&RSA_PSS_2048_8192_SHA512),
        Algorithm::Es256 => Way::Point(&ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => Way::Point(&ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDsa => Way::Point(&ED25519),
        Algorithm::Hs256 => Way::Secret(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Way::Secret(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Way::Secret(hmac::HMAC_SHA512),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_small_order_would_let_anybody_sign_anything() {
        let mut neutral = [0; ED25519_BYTES];
        neutral[0] = 1;
        assert_eq!(Key::ed25519(&neutral).unwrap_err(), Unfit::Weak);
        let key = Key::of(Family::Ed25519, Material::Point(neutral.into()), &[]);
        let signature = [neutral, [0; ED25519_BYTES]].concat();
        assert!(
            key.verify(Algorithm::EdDsa, b"anything", &signature),
            "so it must not become a key"
        );
    }

    #[test]
    fn a_key_is_used_for_its_family_alone_and_shown_to_nobody() {
        let secret = Key::secret(&[9; 64], Algorithm::Hs512).unwrap();
        for algorithm in Algorithm::ASYMMETRIC {
            assert!(!secret.verify(algorithm, b"text", &[0; 64]));
        }
        assert_eq!(format!("{secret:?}"), "Key { family: Octets, .. }");
        for (algorithm, expected) in [
            (Algorithm::Hs256, 32),
            (Algorithm::Hs384, 48),
            (Algorithm::Hs512, 64),
        ] {
            let short = Key::secret(&[9; 31], algorithm).unwrap_err();
            let found = 31;
            assert_eq!(short, Unfit::Secret { found, expected });
            let said = short.to_string();
            let begins = format!("found a secret of 31 bytes, expected at least {expected}, as ");
            assert!(said.starts_with(&begins), "{said}");
            assert!(
                said.contains(&format!("{expected} for {algorithm}")),
                "{said}"
            );
        }
    }
}
