//! base64url without padding, as tokens and keys have it: one text for one value.

/// The bytes of a text; none if it is not what this alphabet would have written for them.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_written_is_read() {
        assert_eq!(decode(b"AQAB"), Some(vec![1, 0, 1]));
        assert_eq!(decode(b""), Some(vec![]));
        assert_eq!(decode(b"_-8"), Some(vec![0xff, 0xef]));
        for text in [
            "A", "/+8", "AQ==", "AQ=", "AR", "_-9", "AQ\n", " AQ", "AQAB.", "\u{e9}",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}
