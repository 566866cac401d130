//! A short name for some bytes: for validators and for names of files that never change.

use std::hash::{DefaultHasher, Hasher};

/// Sixteen hexadecimal digits; the same for the same bytes as long as the program is the same.
pub(super) fn of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish())
}
