//! The name of some bytes: for ETags, and for assets that are kept for ever.

use ring::digest::{SHA256, digest};

/// Bytes of the digest that a name shows.
const SHOWN: usize = 12;

/// Hexadecimal digits that stand for these bytes and, as far as anybody will ever see, for no others.
pub(super) fn hash(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let shown = digest.as_ref().iter().take(SHOWN);
    shown.map(|byte| format!("{byte:02x}")).collect()
}
