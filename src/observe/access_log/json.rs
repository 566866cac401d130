//! One line of JSON, field by field, into a buffer that is there already: a call's line is the dearest
//! thing that is told of it.

use std::fmt::Display;
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A line that is being written.
pub(super) struct Line<'o> {
    out: &'o mut Vec<u8>,
    next: u8,
}

impl<'o> Line<'o> {
    pub(super) fn begin(out: &'o mut Vec<u8>) -> Self {
        Self { out, next: b'{' }
    }

    fn key(&mut self, key: &str) {
        self.out.push(self.next);
        self.next = b',';
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A word of the gateway's own.
    pub(super) fn word(&mut self, key: &str, word: &'static str) {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'"');
    }

    /// Words of the gateway's own, with commas between; nothing if there are none.
    pub(super) fn words(&mut self, key: &str, words: impl Iterator<Item = &'static str>) {
        let mut words = words.peekable();
        if words.peek().is_none() {
            return;
        }
        self.key(key);
        let mut before = b'"';
        for word in words {
            self.out.push(before);
            self.out.extend_from_slice(word.as_bytes());
            before = b',';
        }
        self.out.push(b'"');
    }

    /// What somebody else has chosen: cut after so many bytes, and quoted.
    pub(super) fn text(&mut self, key: &str, text: Option<&[u8]>, max: usize) {
        let Some(text) = text else {
            return;
        };
        self.key(key);
        quote(text, max, self.out);
    }

    pub(super) fn number(&mut self, key: &str, number: Option<u64>) {
        let Some(number) = number else {
            return;
        };
        self.key(key);
        let mut digits = itoa::Buffer::new();
        self.out.extend_from_slice(digits.format(number).as_bytes());
    }

    /// Milliseconds, to the microsecond.
    pub(super) fn milliseconds(&mut self, key: &str, span: Option<Duration>) {
        let Some(span) = span else {
            return;
        };
        self.key(key);
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let mut digits = itoa::Buffer::new();
        let whole = digits.format(micros / 1000);
        self.out.extend_from_slice(whole.as_bytes());
        let rest = micros % 1000;
        if rest > 0 {
            self.out.push(b'.');
            digit3(rest, self.out);
        }
    }

    /// What shows itself in harmless letters, such as an address.
    pub(super) fn shown(&mut self, key: &str, value: Option<impl Display>) {
        let Some(value) = value else {
            return;
        };
        self.key(key);
        // Writing to a vector does not fail.
        let _ = write!(self.out, "\"{value}\"");
    }

    /// A moment in RFC 3339, in UTC.
    pub(super) fn time(&mut self, key: &str, at: SystemTime) {
        self.key(key);
        self.out.push(b'"');
        stamp(at, self.out);
        self.out.push(b'"');
    }

    pub(super) fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }
}

fn digit2(number: u64, out: &mut Vec<u8>) {
    out.extend([number / 10 % 10, number % 10].map(digit));
}

fn digit3(number: u64, out: &mut Vec<u8>) {
    out.extend([number / 100 % 10, number / 10 % 10, number % 10].map(digit));
}

fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number).unwrap_or(0)
}

/// Appends a moment as `2026-11-22T20:41:20.375033Z`.
pub(super) fn stamp(at: SystemTime, out: &mut Vec<u8>) {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs(), u64::from(since.subsec_micros()));
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    digit2(year / 100, out);
    digit2(year % 100, out);
    out.push(b'-');
    digit2(month, out);
    out.push(b'-');
    digit2(day, out);
    out.push(b'T');
    digit2(second / 3600, out);
    out.push(b':');
    digit2(second / 60 % 60, out);
    out.push(b':');
    digit2(second % 60, out);
    out.push(b'.');
    digit3(micros / 1000, out);
    digit3(micros % 1000, out);
    out.push(b'Z');
}

/// Year, month and day, so many days after 1970 began: years are counted from a March, so that a leap
/// day is the last of its year.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + later, month, day)
}

/// Appends text as a JSON string. What is no UTF-8 becomes U+FFFD; whatever a terminal or a reader of
/// lines may take for more than a letter is escaped.
fn quote(text: &[u8], max: usize, out: &mut Vec<u8>) {
    let text = text.get(..max).unwrap_or(text);
    out.push(b'"');
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.iter().all(is_plain) {
        out.extend_from_slice(text);
    } else {
        for chunk in text.utf8_chunks() {
            chunk.valid().chars().for_each(|c| letter(c, out));
            // A letter that the cut broke is not a fault of its writer.
            let is_cut = text.len() == max && ends_with(text, chunk.invalid());
            if !chunk.invalid().is_empty() && !is_cut {
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
    }
    out.push(b'"');
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.as_ptr_range().end == end.as_ptr_range().end
}

fn letter(c: char, out: &mut Vec<u8>) {
    match c {
        '"' | '\\' => {
            out.push(b'\\');
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        // Beside control characters, those that break lines or turn the way of reading.
        _ if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn quoted(text: &[u8], max: usize) -> String {
        let mut out = Vec::new();
        quote(text, max, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_breaks_out_of_its_string() {
        for (text, shown) in [
            (&b"a b~"[..], r#""a b~""#),
            (b"\",\"x\":1}\n{\\", r#""\",\"x\":1}\u000a{\\""#),
            (b"\x1b[31m\x7f\0", r#""\u001b[31m\u007f\u0000""#),
            (
                "é\u{85}\u{2028}\u{202e}".as_bytes(),
                r#""é\u0085\u2028\u202e""#,
            ),
            (b"a\xff\xfeb", "\"a\u{fffd}\u{fffd}b\""),
        ] {
            assert_eq!(quoted(text, 100), shown);
            let back: String = serde_json::from_str(shown).unwrap();
            assert_eq!(back, String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_letter() {
        assert_eq!(quoted("ééé".as_bytes(), 4), "\"éé\"");
        assert_eq!(quoted("ééé".as_bytes(), 3), "\"é\"");
        assert_eq!(quoted(b"abc", 2), "\"ab\"");
    }

    #[test]
    fn moments_are_written_as_rfc_3339() {
        for (seconds, micros, shown) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000001Z"),
            (1_735_689_599, 999_999, "2024-12-31T23:59:59.999999Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
        ] {
            let at = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros);
            let mut out = Vec::new();
            stamp(at, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), shown);
        }
    }

    #[test]
    fn milliseconds_have_three_places_where_they_need_them() {
        let mut out = Vec::new();
        let mut line = Line::begin(&mut out);
        line.milliseconds("a", Some(Duration::from_micros(1_050)));
        line.milliseconds("b", Some(Duration::from_secs(2)));
        line.milliseconds("c", None);
        line.end();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\":1.050,\"b\":2000}\n"
        );
    }
}
