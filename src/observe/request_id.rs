//! Ids of requests: a client's own if it is a harmless one, else made here.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;

/// Characters of a client's own request id, at most.
const REQUEST_ID_MAX: usize = 128;

/// Ids that no two requests share, not even across restarts. Not secrets.
#[derive(Debug)]
pub(super) struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        use std::hash::{BuildHasher, RandomState};
        let seed = RandomState::new();
        Self {
            process: seed.hash_one(0_u8),
            next: AtomicU64::new(seed.hash_one(1_u8)),
        }
    }
}

impl RequestIds {
    pub(super) fn next(&self) -> HeaderValue {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = (u128::from(self.process) << 64) | u128::from(number);
        let mut text = [0_u8; 32];
        for (at, digit) in text.iter_mut().enumerate() {
            let nibble = (id >> (124 - 4 * at)) & 0xf;
            *digit = DIGITS[usize::try_from(nibble).unwrap_or(0)];
        }
        // Hexadecimal digits are always a header value.
        let mut id = HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("0"));
        // Never the same twice: kept out of HPACK's table, where it would only push others out.
        id.set_sensitive(true);
        id
    }
}

/// An id that can stand in a log line, a header and a URL as it is.
pub(super) fn is_harmless(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=REQUEST_ID_MAX).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_differ_and_are_harmless() {
        let ids = RequestIds::default();
        let (one, two) = (ids.next(), ids.next());
        assert_ne!(one, two);
        assert!(is_harmless(&one) && one.len() == 32);
        for (text, harmless) in [
            ("a.b-c_9", true),
            ("", false),
            ("a b", false),
            ("a\"", false),
        ] {
            let id = HeaderValue::from_static(text);
            assert_eq!(is_harmless(&id), harmless, "{text:?}");
        }
        // Row 118.
        let long: HeaderValue = "a".repeat(10 << 10).parse().unwrap();
        assert!(!is_harmless(&long));
        assert!(!is_harmless(&HeaderValue::from_bytes(b"a\xff").unwrap()));
    }
}
