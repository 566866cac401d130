//! Percent-decoding of path captures and query pieces, once and strictly.
//!
//! A malformed escape or a result that is not UTF-8 is an error, never passed on as it stands: the
//! backend would see text that the client did not mean. Nothing is decoded twice (`%252f` is `%2f`).

use super::MultiSegment;

pub(super) use crate::schema::percent::escape;

/// What stays undecoded, and what `+` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A variable of one segment: every escape is decoded.
    Segment,
    /// A variable of several segments: some escapes stay as received, `%2F` above all, or it would
    /// look like a separator.
    Segments(MultiSegment),
    /// A query key or value: every escape is decoded, and `+` is a space.
    Query,
}

impl Form {
    /// True if the escape of this byte stays as it is.
    fn keeps(self, value: u8) -> bool {
        match self {
            Self::Segment | Self::Query | Self::Segments(MultiSegment::DecodeAll) => false,
            Self::Segments(MultiSegment::KeepSlash) => value == b'/',
            Self::Segments(MultiSegment::KeepReserved) => RESERVED.contains(&value),
        }
    }
}

/// The reserved characters of RFC 6570 (and RFC 3986).
const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=";

/// Why text cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// `%` without two hexadecimal digits.
    #[error(
        "found `%` without two hexadecimal digits after it; write a literal percent sign as `%25`"
    )]
    Escape,
    /// Not UTF-8 after decoding.
    #[error("found bytes that are not UTF-8 once the percent escapes are decoded")]
    NotUtf8,
}

/// Decodes `text`, into `decoded` if there is anything to decode.
pub(super) fn decode<'t>(
    text: &'t str,
    form: Form,
    decoded: &'t mut Vec<u8>,
) -> Result<&'t str, Malformed> {
    let bytes = text.as_bytes();
    let first = match form {
        Form::Segment | Form::Segments(_) => memchr::memchr(b'%', bytes),
        Form::Query => memchr::memchr2(b'%', b'+', bytes),
    };
    let Some(first) = first else {
        return Ok(text);
    };
    let (plain, mut rest) = bytes.split_at(first);
    decoded.clear();
    decoded.reserve(bytes.len());
    decoded.extend_from_slice(plain);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' => {
                let (value, after) = escape(rest).ok_or(Malformed::Escape)?;
                if form.keeps(value) {
                    decoded.push(b'%');
                    decoded.extend_from_slice(&rest[..rest.len() - after.len()]);
                } else {
                    decoded.push(value);
                }
                rest = after;
            }
            b'+' if form == Form::Query => decoded.push(b' '),
            other => decoded.push(other),
        }
    }
    std::str::from_utf8(decoded).map_err(|_| Malformed::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLASH: Form = Form::Segments(MultiSegment::KeepSlash);
    const RESERVED: Form = Form::Segments(MultiSegment::KeepReserved);
    const ALL: Form = Form::Segments(MultiSegment::DecodeAll);

    #[test]
    fn each_form_decodes_its_own_escapes_once() {
        let rows: [(&str, Form, Result<&str, Malformed>); 19] = [
            ("plain", Form::Segment, Ok("plain")),
            ("a%2Fb", Form::Segment, Ok("a/b")),
            ("a%2fb%20c", SLASH, Ok("a%2fb c")),
            ("a%2Fb/c", SLASH, Ok("a%2Fb/c")),
            ("a%3ab%2F%20", SLASH, Ok("a:b%2F ")),
            ("a%3ab%2F%20%5b%2b%7e", RESERVED, Ok("a%3ab%2F %5b%2b~")),
            ("%252F%2f%41", RESERVED, Ok("%2F%2fA")),
            ("a%2Fb%3ac%20", ALL, Ok("a/b:c ")),
            ("%252F", ALL, Ok("%2F")),
            ("%2", RESERVED, Err(Malformed::Escape)),
            ("%252f", Form::Segment, Ok("%2f")),
            ("a+b", Form::Segment, Ok("a+b")),
            ("a+b%2B", Form::Query, Ok("a b+")),
            ("%c3%bc", Form::Query, Ok("ü")),
            ("%zz", Form::Segment, Err(Malformed::Escape)),
            ("%", Form::Query, Err(Malformed::Escape)),
            ("a%2", SLASH, Err(Malformed::Escape)),
            ("%+1", Form::Query, Err(Malformed::Escape)),
            ("%ff%fe", Form::Segment, Err(Malformed::NotUtf8)),
        ];
        for (text, form, expected) in rows {
            assert_eq!(decode(text, form, &mut Vec::new()), expected, "{text}");
        }
    }
}
