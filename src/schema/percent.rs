//! Percent-decoding, strict: a `%` without two hexadecimal digits is an error, never text.
//!
//! Templates and verbs are decoded here; what a REST request carries, by its protocol, which has
//! the escapes from here.

use std::borrow::Cow;

/// Decodes; `None` if a `%` is malformed. Text without a `%` is not copied.
pub(super) fn decode(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(b'%', raw).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = match byte {
            b'%' => escape(after)?,
            byte => (byte, after),
        };
        out.push(byte);
        rest = after;
    }
    Some(Cow::Owned(out))
}

/// Longest text with escapes that is decoded in place.
const IN_PLACE: usize = 256;

/// What `with` makes of the decoded text; `None` if a `%` is malformed. Short text, escaped or not,
/// costs no allocation.
pub(super) fn decoded<R>(raw: &[u8], with: impl FnOnce(&[u8]) -> R) -> Option<R> {
    if raw.len() > IN_PLACE || memchr::memchr(b'%', raw).is_none() {
        return decode(raw).map(|decoded| with(&decoded));
    }
    let mut buffer = [0; IN_PLACE];
    let (mut rest, mut length) = (raw, 0);
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = match byte {
            b'%' => escape(after)?,
            byte => (byte, after),
        };
        // Decoding never makes text longer.
        *buffer.get_mut(length)? = byte;
        length += 1;
        rest = after;
    }
    buffer.get(..length).map(with)
}

/// The value of the two hexadecimal digits that `rest` begins with, and what follows them.
pub(crate) fn escape(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], after) = rest.split_first_chunk::<2>()?;
    Some((digit(high)? << 4 | digit(low)?, after))
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, decoded};

    #[test]
    fn decodes_once_and_refuses_half_an_escape() {
        for (raw, expected) in [
            ("", Some("")),
            ("a%2Fb", Some("a/b")),
            ("a%2fb", Some("a/b")),
            ("%252f", Some("%2f")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%4%31", None),
        ] {
            let decoded = decode(raw.as_bytes());
            assert_eq!(decoded.as_deref(), expected.map(str::as_bytes), "{raw:?}");
            let again = super::decoded(raw.as_bytes(), <[u8]>::to_vec);
            assert_eq!(again.as_deref(), expected.map(str::as_bytes), "{raw:?}");
        }
    }

    #[test]
    fn long_text_decodes_alike() {
        for length in [80, 85, 86, 300] {
            let raw = "%41".repeat(length);
            let expected = "A".repeat(length);
            assert_eq!(
                decoded(raw.as_bytes(), |text| text == expected.as_bytes()),
                Some(true)
            );
        }
    }
}
