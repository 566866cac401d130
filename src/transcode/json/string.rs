//! JSON strings: eight bytes at a time to the first byte that needs a look, then escapes.

use super::lex::Lexer;
use crate::transcode::error::Fault;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES * 0x80;

/// Bytes before the first quote, backslash or control character, or all of them.
///
/// Eight at a time: a byte of `x` is below `n` (or zero) where `(x - n) & !x` has its high bit
/// set. A borrow can only set bits above the lowest true one, and only that one is used.
pub(crate) fn plain(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        let special = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let special = special & HIGHS;
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    let tail = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    at + tail.unwrap_or(rest.len())
}

impl<'j> Lexer<'j> {
    /// Steps over the string that begins here and gives its content: a piece of the text, or,
    /// if it has escapes, of `buffer`.
    pub(crate) fn string<'b>(
        &mut self,
        buffer: &'b mut Vec<u8>,
        expected: &str,
    ) -> Result<&'b [u8], Fault>
    where
        'j: 'b,
    {
        let content = self.open(expected)?;
        let len = plain(content);
        if content.get(len) == Some(&b'"') {
            self.advance(len + 1);
            return Ok(content.get(..len).unwrap_or_default());
        }
        buffer.clear();
        self.unescape(buffer)?;
        Ok(buffer)
    }

    /// Steps over the string that begins here and appends its content to `out`.
    pub(crate) fn string_to(&mut self, out: &mut Vec<u8>, expected: &str) -> Result<(), Fault> {
        self.open(expected)?;
        self.unescape(out)
    }

    /// If the string that begins here has no escapes: its content, stepped over.
    pub(crate) fn plain_string(&mut self) -> Option<&'j [u8]> {
        let content = self.rest().strip_prefix(b"\"")?;
        let len = plain(content);
        if content.get(len) != Some(&b'"') {
            return None;
        }
        self.advance(len + 2);
        content.get(..len)
    }

    /// Steps over the string that begins here, checking it.
    pub(crate) fn skip_string(&mut self) -> Result<(), Fault> {
        match self.plain_string() {
            Some(_) => Ok(()),
            None => self.string_to(&mut Vec::new(), "a string"),
        }
    }

    /// Steps over the opening quote.
    fn open(&mut self, expected: &str) -> Result<&'j [u8], Fault> {
        if self.peek() != b'"' {
            return Err(self.unexpected(expected));
        }
        self.advance(1);
        Ok(self.rest())
    }

    /// From after the opening quote to after the closing one.
    fn unescape(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            let len = plain(rest);
            out.extend_from_slice(rest.get(..len).unwrap_or_default());
            self.advance(len);
            match rest.get(len) {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(());
                }
                Some(b'\\') => {
                    let mut utf8 = [0; 4];
                    out.extend_from_slice(self.escape()?.encode_utf8(&mut utf8).as_bytes());
                }
                Some(byte) => {
                    let message = format!(
                        "found the control character U+{byte:04X} in a string, expected it escaped"
                    );
                    return Err(Fault::invalid(Some(self.at()), message));
                }
                None => {
                    let message = "the text ends within a string";
                    return Err(Fault::invalid(Some(self.at()), message));
                }
            }
        }
    }

    /// From a backslash to after its escape.
    fn escape(&mut self) -> Result<char, Fault> {
        let at = self.at();
        let character = match self.rest().get(1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => {
                let message = "found a backslash that begins no JSON escape";
                return Err(Fault::invalid(Some(at), message));
            }
        };
        self.advance(2);
        Ok(character)
    }

    /// `\uXXXX`, or two of them that are a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let at = self.at();
        let Some(first) = code_unit(self.rest()) else {
            let message = "found \\u without four hexadecimal digits";
            return Err(Fault::invalid(Some(at), message));
        };
        self.advance(6);
        let code = match first {
            0xD800..0xDC00 => match code_unit(self.rest()) {
                Some(second @ 0xDC00..0xE000) => {
                    self.advance(6);
                    0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                }
                _ => first,
            },
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| {
            let message = "found half of a surrogate pair, expected both halves";
            Fault::invalid(Some(at), message)
        })
    }
}

/// The number in `\uXXXX`.
fn code_unit(text: &[u8]) -> Option<u32> {
    text.strip_prefix(b"\\u")?
        .first_chunk::<4>()?
        .iter()
        .try_fold(0, |code, byte| {
            Some(code << 4 | char::from(*byte).to_digit(16)?)
        })
}
