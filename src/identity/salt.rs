//! What keeps pseudonyms from being undone: who does not know the salt cannot try names.

use std::fmt;
use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};

/// Bytes of a salt that nobody has chosen.
const LENGTH: usize = 32;

/// A salt. Its default is another for each process: pseudonyms are the same as long as it lives.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt(Arc<[u8]>);

impl Salt {
    /// One that several gateways may share, and keep.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(secret.into())
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Default for Salt {
    fn default() -> Self {
        let mut bytes = [0; LENGTH];
        // A system without randomness has no TLS either: then two hash keys have to do.
        if SystemRandom::new().fill(&mut bytes).is_err() {
            let bits = [(); 2].map(|()| {
                use std::hash::{BuildHasher as _, RandomState};
                RandomState::new().hash_one(0_u8).to_ne_bytes()
            });
            return Self(bits.as_flattened().into());
        }
        Self(bytes.as_slice().into())
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_that_nobody_chose_differ_and_none_is_printed() {
        assert_ne!(Salt::default(), Salt::default());
        assert_eq!(Salt::of(b"known"), Salt::of(b"known"));
        assert_eq!(format!("{:?}", Salt::of(b"known")), "Salt(..)");
    }
}
