//! A cursor over JSON text that is known to be UTF-8. It looks at tokens where the caller expects
//! them and keeps no state but its place, so no tree and no token list exist.

use super::number::{self, Number};
use crate::transcode::error::{EXCERPT_MAX, Fault, excerpt};

/// A place in JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'j> {
    text: &'j [u8],
    at: usize,
}

/// A member of an object that is stepped over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'j> {
    /// Where its object begins.
    pub(crate) object: usize,
    /// Its key as it is written, with its quotes.
    pub(crate) key: &'j [u8],
    /// Where its value begins.
    pub(crate) value: usize,
}

impl Member<'_> {
    /// Whether the key says this, however it is written.
    pub(crate) fn is_named(&self, name: &[u8]) -> bool {
        let plain = self
            .key
            .get(1..self.key.len().saturating_sub(1))
            .unwrap_or_default();
        if memchr::memchr(b'\\', plain).is_none() {
            return plain == name;
        }
        let mut unescaped = Vec::new();
        let key = Lexer::new(self.key).string(&mut unescaped, "a key");
        key.is_ok_and(|key| key == name)
    }
}

impl<'j> Lexer<'j> {
    /// At the beginning of `text`, which the caller has checked to be UTF-8.
    pub(crate) fn new(text: &'j [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Offset of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &'j [u8] {
        self.text
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'j [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes to an offset seen before.
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// Steps over bytes already looked at.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The next byte; 0, which is nowhere legal outside strings, at the end.
    pub(crate) fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is not white space.
    pub(crate) fn token(&mut self) -> u8 {
        loop {
            match self.peek() {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                other => return other,
            }
        }
    }

    /// Steps over `literal` if it comes next.
    pub(crate) fn take(&mut self, literal: &[u8]) -> bool {
        let comes = self.rest().starts_with(literal);
        if comes {
            self.at += literal.len();
        }
        comes
    }

    /// Steps over white space and `byte`.
    pub(crate) fn expect(&mut self, byte: u8, expected: &str) -> Result<(), Fault> {
        if self.token() != byte {
            return Err(self.unexpected(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// After `{` or `[`: steps over `close` if the value is empty, else to its first token.
    pub(crate) fn closes(&mut self, close: u8) -> bool {
        let closes = self.token() == close;
        if closes {
            self.at += 1;
        }
        closes
    }

    /// After a member or element: true if another follows, and then stands on its first token.
    pub(crate) fn another(&mut self, close: u8) -> Result<bool, Fault> {
        match self.token() {
            b',' => {
                self.at += 1;
                self.token();
                Ok(true)
            }
            byte if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ if close == b'}' => Err(self.unexpected("`,` or `}`")),
            _ => Err(self.unexpected("`,` or `]`")),
        }
    }

    /// Steps over a number.
    pub(crate) fn number(&mut self, expected: &str) -> Result<Number<'j>, Fault> {
        let Some(number) = number::scan(self.rest()) else {
            return Err(self.unexpected(expected));
        };
        self.at += number.text.len();
        Ok(number)
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.token();
        if self.at < self.text.len() {
            return Err(self.unexpected("the end of the text"));
        }
        Ok(())
    }

    /// Steps over a value of any kind, checking that it is JSON, at most `depth` deep.
    pub(crate) fn skip(&mut self, depth: usize) -> Result<(), Fault> {
        self.skip_members(depth, &mut |_| {})
    }

    /// The same, and tells of every member of every object on the way.
    pub(crate) fn skip_members<F: FnMut(Member<'j>)>(
        &mut self,
        depth: usize,
        tell: &mut F,
    ) -> Result<(), Fault> {
        match self.token() {
            b'"' => self.skip_string(),
            b'-' | b'0'..=b'9' => self.number("a number").map(drop),
            b'{' | b'[' if depth == 0 => Err(Fault::invalid(
                Some(self.at),
                "the value is nested too deeply",
            )),
            b'{' => {
                let object = self.at;
                self.at += 1;
                if self.closes(b'}') {
                    return Ok(());
                }
                loop {
                    let key = self.skip_key()?;
                    self.token();
                    tell(Member {
                        object,
                        key,
                        value: self.at,
                    });
                    self.skip_members(depth - 1, tell)?;
                    if !self.another(b'}')? {
                        return Ok(());
                    }
                }
            }
            b'[' => {
                self.at += 1;
                if self.closes(b']') {
                    return Ok(());
                }
                loop {
                    self.skip_members(depth - 1, tell)?;
                    if !self.another(b']')? {
                        return Ok(());
                    }
                }
            }
            _ if self.take(b"true") || self.take(b"false") || self.take(b"null") => Ok(()),
            _ => Err(self.unexpected("a value")),
        }
    }

    /// Steps over a key and its colon; gives the key as it is written, with its quotes.
    fn skip_key(&mut self) -> Result<&'j [u8], Fault> {
        if self.token() != b'"' {
            return Err(self.unexpected("a key in double quotes"));
        }
        let from = self.at;
        self.skip_string()?;
        let key = self.text.get(from..self.at).unwrap_or_default();
        self.expect(b':', "`:`")?;
        Ok(key)
    }

    /// The failure that something else than `expected` comes next.
    #[cold]
    pub(crate) fn unexpected(&self, expected: &str) -> Fault {
        self.unexpected_at(self.at, expected)
    }

    /// The failure that something else than `expected` stands at an offset.
    #[cold]
    pub(crate) fn unexpected_at(&self, at: usize, expected: &str) -> Fault {
        let found = found(self.text.get(at..).unwrap_or_default());
        Fault::invalid(Some(at), format!("expected {expected}, found {found}"))
    }
}

/// Describes the token at the beginning of `text`, shortened.
#[cold]
fn found(text: &[u8]) -> String {
    match text.first() {
        None => "the end of the text".to_owned(),
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "a list".to_owned(),
        Some(b'"') => {
            let inner = text.get(1..).unwrap_or_default();
            let end = inner
                .iter()
                .take(EXCERPT_MAX + 1)
                .position(|byte| *byte == b'"');
            let shown = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
            format!("the string {:?}", excerpt(shown, EXCERPT_MAX))
        }
        Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
            let end = text
                .iter()
                .take(EXCERPT_MAX + 1)
                .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')));
            let shown = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
            format!("`{}`", excerpt(shown, EXCERPT_MAX))
        }
        Some(_) => {
            // One character; the text is UTF-8, so at most four bytes.
            let shown = String::from_utf8_lossy(text.get(..text.len().min(4)).unwrap_or_default());
            format!("the character {:?}", shown.chars().next().unwrap_or('?'))
        }
    }
}
