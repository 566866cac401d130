//! JSON tokens, written: strings, numbers, bytes.
//!
//! A string is looked at eight bytes at a time for what needs an escape *and* for what is not ASCII;
//! plain text is then one copy, and only text beyond ASCII is checked as UTF-8. Escaped are control
//! characters, `"` and `\`, and nothing else: JSON asks for no more.

/// Text that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of a byte of the result is set where that byte of ASCII is `"`, `\` or below 0x20;
/// where it is not ASCII the bit means nothing. A borrow can mark a byte too many, above one that is
/// rightly marked; never one too few, and the first mark is always right.
#[inline]
fn marks(word: u64) -> u64 {
    let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    let control = word.wrapping_sub(ONES * 0x20);
    quote | backslash | control
}

/// Whether bytes can go into a JSON string as they are.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    // The tail once more from eight bytes before the end: overlap is cheaper than a loop.
    let Some(tail) = bytes.last_chunk::<8>() else {
        return rest
            .iter()
            .all(|&byte| byte < 0x80 && ESCAPE[usize::from(byte)] == 0);
    };
    let tail = u64::from_le_bytes(*tail);
    let mut found = marks(tail) | tail;
    for word in words {
        let word = u64::from_le_bytes(*word);
        found |= marks(word) | word;
    }
    found & HIGH == 0
}

/// A string with its quotes. Text that is not UTF-8 writes nothing.
#[inline]
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NotUtf8> {
    if is_plain(bytes) {
        out.reserve(bytes.len() + 2);
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
        return Ok(());
    }
    if simdutf8::basic::from_utf8(bytes).is_err() {
        return Err(NotUtf8);
    }
    out.push(b'"');
    escaped(out, bytes);
    out.push(b'"');
    Ok(())
}

/// For each byte what follows its backslash: 0 for none, `u` for `\u00xx`.
static ESCAPE: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// Text that is known to be UTF-8, without quotes.
fn escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut from = 0;
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        // Words without anything to escape are skipped; non-ASCII does not matter any more.
        if let Some(word) = rest.first_chunk::<8>() {
            let word = u64::from_le_bytes(*word);
            let marked = marks(word) & !word & HIGH;
            if marked == 0 {
                at += 8;
                continue;
            }
            at += (marked.trailing_zeros() / 8) as usize;
        }
        let Some(&byte) = bytes.get(at) else { break };
        let escape = ESCAPE[usize::from(byte)];
        at += 1;
        if escape != 0 {
            out.extend_from_slice(bytes.get(from..at - 1).unwrap_or_default());
            from = at;
            if escape == b'u' {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            } else {
                out.extend_from_slice(&[b'\\', escape]);
            }
        }
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
}

/// An integer.
#[inline]
pub(crate) fn integer<I: itoa::Integer>(out: &mut Vec<u8>, value: I) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// An integer within quotes, as ProtoJSON writes those of 64 bits.
#[inline]
pub(crate) fn quoted_integer<I: itoa::Integer>(out: &mut Vec<u8>, value: I) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value).as_bytes();
    out.reserve(digits.len() + 2);
    out.push(b'"');
    out.extend_from_slice(digits);
    out.push(b'"');
}

/// The shortest text that reads back as the same double. Not finite: the quoted word.
#[inline]
pub(crate) fn double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        number(out, zmij::Buffer::new().format_finite(value));
    } else {
        not_finite(out, value);
    }
}

/// The shortest text that reads back as the same float. Not finite: the quoted word.
#[inline]
pub(crate) fn float(out: &mut Vec<u8>, value: f32) {
    if value.is_finite() {
        number(out, zmij::Buffer::new().format_finite(value));
    } else {
        not_finite(out, f64::from(value));
    }
}

/// A whole number goes without its `.0`, as the C++ and Go printers do.
#[inline]
fn number(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

#[cold]
fn not_finite(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(if value.is_nan() {
        b"\"NaN\"".as_slice()
    } else if value > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    });
}

/// `true` or `false`.
#[inline]
pub(crate) fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true".as_slice() } else { b"false" });
}

/// Bytes as a string of standard base64 with padding.
pub(crate) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    base64_simd::STANDARD.encode_append(bytes, out);
    out.push(b'"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn printed(print: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        print(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_agree_with_serde_json_wherever_the_special_character_stands() {
        let specials = [
            "\"",
            "\\",
            "\n",
            "\0",
            "\u{1f}",
            "\u{7f}",
            "é",
            "\u{2028}",
            "😀",
            "!",
            "\u{8}\u{c}\r\t",
        ];
        for special in specials {
            for before in 0..20 {
                for after in 0..20 {
                    let text = format!("{}{special}{}", "a".repeat(before), "z".repeat(after));
                    let expected = serde_json::to_string(&text).unwrap();
                    assert_eq!(
                        printed(|out| string(out, text.as_bytes()).unwrap()),
                        expected
                    );
                }
            }
        }
        for text in [
            "",
            "\"\"\"\"\"\"\"\"\"",
            "\\\"!#[]\u{1f} \u{80}",
            "\0\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}",
        ] {
            let expected = serde_json::to_string(text).unwrap();
            assert_eq!(
                printed(|out| string(out, text.as_bytes()).unwrap()),
                expected
            );
        }
    }

    #[test]
    fn text_that_is_not_utf8_writes_nothing() {
        for bytes in [
            &b"\xff"[..],
            b"abcdefgh\xc3",
            b"\xed\xa0\x80",
            b"\xc0\x80",
            b"aaaaaaaaaaaaaaaa\x80aaaa",
        ] {
            let mut out = Vec::new();
            assert_eq!(string(&mut out, bytes), Err(NotUtf8));
            assert_eq!(out, b"");
        }
    }

    #[test]
    fn numbers_are_shortest() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (100.0, "100"),
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(printed(|out| double(out, value)), expected);
        }
        for value in [
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1e21,
            1e-7,
            123_456_789.125,
            9e15,
        ] {
            assert_eq!(
                printed(|out| double(out, value)).parse::<f64>().unwrap(),
                value
            );
        }
        assert_eq!(printed(|out| float(out, 0.1)), "0.1");
        assert_eq!(printed(|out| float(out, f32::NAN)), "\"NaN\"");
        assert_eq!(printed(|out| integer(out, i32::MIN)), "-2147483648");
        assert_eq!(
            printed(|out| quoted_integer(out, u64::MAX)),
            "\"18446744073709551615\""
        );
        assert_eq!(printed(|out| base64(out, b"\xfb\xff")), "\"+/8=\"");
    }
}
