//! Percent-decoding, strict: a `%` without two hexadecimal digits is an error, never text.

use std::borrow::Cow;

/// Decodes; `None` if a `%` is malformed. Text without a `%` is not copied.
pub(super) fn decode(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(b'%', raw).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (digit(*bytes.next()?)?, digit(*bytes.next()?)?);
            out.push(high << 4 | low);
        } else {
            out.push(byte);
        }
    }
    Some(Cow::Owned(out))
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
    use super::decode;

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
        }
    }
}
