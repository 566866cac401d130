//! JSON values, one after the other, cut out of bytes as they come.
//!
//! Only as much is understood as telling where a value ends takes: strings, escapes and brackets.
//! What lies between is the transcoder's matter. At most [`VALUE_MAX`] bytes are kept.

/// The longest value.
pub(super) const VALUE_MAX: usize = 64 << 20;

/// A value that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of more than {VALUE_MAX} bytes of JSON")]
pub(super) struct TooLong;

/// Bytes that hold values.
#[derive(Debug, Default)]
pub(super) struct Values {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were looked at.
    seen: usize,
    depth: usize,
    within: Within,
}

/// What the last byte that was looked at belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    /// The space before a value.
    #[default]
    Space,
    /// A string.
    Text,
    /// A string, behind a backslash.
    Escape,
    /// Brackets, outside of strings.
    Brackets,
    /// A number or a word at the top.
    Word,
}

impl Values {
    /// Takes more bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.buffer.len().saturating_add(bytes.len()) > VALUE_MAX {
            return Err(TooLong);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next value that is complete.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(&byte) = self.buffer.get(self.seen) {
            let ends = self.step(byte);
            match ends {
                Ends::Not => self.seen += 1,
                Ends::Behind => return Some(self.cut(self.seen + 1)),
                Ends::Before => return Some(self.cut(self.seen)),
            }
        }
        None
    }

    /// What is left at the end of the input: a word that only the end could end, or a broken value.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = self.cut(self.buffer.len());
        (!rest.iter().all(u8::is_ascii_whitespace)).then_some(rest)
    }

    fn cut(&mut self, end: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(end.min(self.buffer.len()));
        (self.seen, self.depth, self.within) = (0, 0, Within::Space);
        std::mem::replace(&mut self.buffer, rest)
    }

    fn step(&mut self, byte: u8) -> Ends {
        match (self.within, byte) {
            (Within::Escape, _) => self.within = Within::Text,
            (Within::Text, b'\\') => self.within = Within::Escape,
            (Within::Text, b'"') => {
                self.within = Within::Brackets;
                if self.depth == 0 {
                    return Ends::Behind;
                }
            }
            (Within::Text, _) => {}
            (Within::Space, byte) if byte.is_ascii_whitespace() => {}
            (Within::Word, byte) if byte.is_ascii_whitespace() || b"{[\"".contains(&byte) => {
                return Ends::Before;
            }
            (Within::Word, _) => {}
            (Within::Space | Within::Brackets, b'"') => self.within = Within::Text,
            (Within::Space | Within::Brackets, b'{' | b'[') => {
                self.within = Within::Brackets;
                self.depth += 1;
            }
            (Within::Brackets, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Ends::Behind;
                }
            }
            (Within::Brackets, _) => {}
            (Within::Space, _) => self.within = Within::Word,
        }
        Ends::Not
    }
}

/// Where the value ends, seen from the byte looked at.
enum Ends {
    Not,
    Behind,
    Before,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn split(chunks: &[&str]) -> Vec<String> {
        let mut values = Values::default();
        let mut found = Vec::new();
        for chunk in chunks {
            values.push(chunk.as_bytes()).unwrap();
            found.extend(std::iter::from_fn(|| values.next()));
        }
        found.extend(values.rest());
        found
            .into_iter()
            .map(|value| String::from_utf8(value).unwrap().trim().to_owned())
            .collect()
    }

    #[test]
    fn values_end_where_they_end() {
        for (text, expected) in [
            ("", &[][..]),
            (" \n", &[]),
            ("{}", &["{}"]),
            ("{}{}", &["{}", "{}"]),
            (
                r#"{"a":[1,{"b":"}]\"{"}]} {"c":2}"#,
                &[r#"{"a":[1,{"b":"}]\"{"}]}"#, r#"{"c":2}"#],
            ),
            (
                "1 true \"x y\"\"z\" null",
                &["1", "true", "\"x y\"", "\"z\"", "null"],
            ),
            ("1{}", &["1", "{}"]),
            ("{\"a\":", &["{\"a\":"]),
            ("}", &["}"]),
            ("[]]", &["[]", "]"]),
        ] {
            assert_eq!(split(&[text]), expected, "{text}");
            let bytes: Vec<String> = text.chars().map(String::from).collect();
            let chunks: Vec<&str> = bytes.iter().map(String::as_str).collect();
            assert_eq!(split(&chunks), expected, "{text}, byte by byte");
        }
    }

    #[test]
    fn an_endless_value_is_refused() {
        let mut values = Values::default();
        values.push(&vec![b'['; VALUE_MAX]).unwrap();
        assert_eq!(values.next(), None);
        assert_eq!(values.push(b"["), Err(TooLong));
    }
}
