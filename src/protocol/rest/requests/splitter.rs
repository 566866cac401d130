//! JSON text to the texts of its values, chunk by chunk: NDJSON, concatenated JSON or one array.
//!
//! Only borders are found here; whether a value is JSON at all, its reader says. So the state is a
//! depth and a mode, every byte is looked at once, and memory grows with the bytes of one value,
//! never above the limit. A value that lies within one chunk shares the chunk's memory.

use bytes::{Bytes, BytesMut};

use crate::protocol::json::is_blank;

/// White space between two values, at most. None of it is sent on, so no backend that is slow holds
/// it up, and compressed it is next to nothing.
const BLANK_MAX: usize = 1 << 20;

/// Why text is not a sequence of values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SplitError {
    /// Something stands where a value, a comma or the end has to.
    #[error("found {found}, expected {expected} (at byte {offset} of the body)")]
    Unexpected {
        /// The character.
        found: String,
        /// What may stand there.
        expected: &'static str,
        /// Its place in the whole text.
        offset: u64,
    },
    /// A value longer than the limit.
    #[error("its JSON text exceeds the limit of {max} bytes")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// More than [`BLANK_MAX`] bytes of white space.
    #[error("found more than {BLANK_MAX} bytes of white space, expected {expected}")]
    Blank {
        /// What may stand behind them.
        expected: &'static str,
    },
    /// The text ends where it may not.
    #[error("the body ends, expected {expected} (at byte {offset} of the body)")]
    Truncated {
        /// Where it ends.
        offset: u64,
        /// What has to follow.
        expected: &'static str,
    },
}

/// What the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Values one after the other, with white space between them or not.
    Sequence,
    /// The same, but text that begins with `[` is one array of the values.
    Detected,
}

/// Cuts a text into values.
#[derive(Debug)]
pub(super) struct Splitter {
    form: Form,
    place: Place,
    scan: Scan,
    max: usize,
    /// The beginning of a value that no single chunk holds.
    partial: BytesMut,
    /// Bytes of white space since the last value.
    blank: usize,
    /// What has not been looked at.
    chunk: Bytes,
    /// Where in the text the chunk begins.
    offset: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Anything: nothing but white space has come yet.
    Start,
    /// A value, or the end.
    Between,
    /// A value's next byte, and whether an array is around it.
    Inside(Around),
    /// An array's first element, or its `]`.
    FirstElement,
    /// An element.
    Element,
    /// `,` or `]`.
    Separator,
    /// White space.
    Closed,
}

/// What stands around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    Nothing,
    Array,
}

impl Splitter {
    /// Values of at most `max` bytes of text.
    pub(super) fn new(form: Form, max: usize) -> Self {
        Self {
            form,
            place: Place::Start,
            scan: Scan::default(),
            max,
            partial: BytesMut::new(),
            blank: 0,
            chunk: Bytes::new(),
            offset: 0,
        }
    }

    /// Adds text. To be called when [`next`](Self::next) has given `None`.
    pub(super) fn push(&mut self, bytes: Bytes) {
        debug_assert!(self.chunk.is_empty(), "what is there has not been read");
        self.chunk = bytes;
    }

    /// Bytes that are held of a value that is not whole.
    pub(super) fn held(&self) -> usize {
        self.partial.capacity()
    }

    /// The next whole value; `None` until more text is pushed.
    #[allow(clippy::should_implement_trait)] // an iterator would promise an end
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, SplitError> {
        loop {
            if let Place::Inside(around) = self.place {
                return self.value(around);
            }
            let blank = self.chunk.iter().position(|byte| !is_blank(*byte));
            let blank = self.take(blank.unwrap_or(self.chunk.len())).len();
            self.blank = self.blank.saturating_add(blank);
            if self.blank > BLANK_MAX {
                let expected = self.place.expects();
                return Err(SplitError::Blank { expected });
            }
            let Some(&byte) = self.chunk.first() else {
                return Ok(None);
            };
            self.place = match (self.place, byte) {
                (Place::Start, b'[') if self.form == Form::Detected => {
                    self.take(1);
                    Place::FirstElement
                }
                (Place::FirstElement | Place::Separator, b']') => {
                    self.take(1);
                    Place::Closed
                }
                (Place::Separator, b',') => {
                    self.take(1);
                    Place::Element
                }
                (Place::Start | Place::Between, byte) if begins_value(byte) => {
                    self.scan = Scan::new(byte);
                    Place::Inside(Around::Nothing)
                }
                (Place::FirstElement | Place::Element, byte) if begins_value(byte) => {
                    self.scan = Scan::new(byte);
                    Place::Inside(Around::Array)
                }
                (place, _) => {
                    return Err(SplitError::Unexpected {
                        found: self.found(),
                        expected: place.expects(),
                        offset: self.offset,
                    });
                }
            };
        }
    }

    /// Says that the text has ended; a number or word at its end is whole only now.
    pub(super) fn finish(&mut self) -> Result<Option<Bytes>, SplitError> {
        match self.place {
            Place::Start | Place::Between | Place::Closed => Ok(None),
            Place::Inside(Around::Nothing) if self.scan.mode == Mode::Scalar => {
                self.place = Place::Between;
                Ok(Some(std::mem::take(&mut self.partial).freeze()))
            }
            place => Err(SplitError::Truncated {
                offset: self.offset,
                expected: place.expects(),
            }),
        }
    }

    /// The rest of a value that has begun.
    fn value(&mut self, around: Around) -> Result<Option<Bytes>, SplitError> {
        let end = self.scan.run(&self.chunk);
        let part = self.take(end.unwrap_or(self.chunk.len()));
        if self.partial.len() + part.len() > self.max {
            return Err(SplitError::TooLarge { max: self.max });
        }
        if end.is_none() {
            self.partial.extend_from_slice(&part);
            return Ok(None);
        }
        self.blank = 0;
        self.place = match around {
            Around::Nothing => Place::Between,
            Around::Array => Place::Separator,
        };
        if self.partial.is_empty() {
            return Ok(Some(part));
        }
        self.partial.extend_from_slice(&part);
        Ok(Some(std::mem::take(&mut self.partial).freeze()))
    }

    fn take(&mut self, bytes: usize) -> Bytes {
        self.offset = self
            .offset
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.chunk.split_to(bytes.min(self.chunk.len()))
    }

    /// The character that comes next.
    #[cold]
    fn found(&self) -> String {
        // At most four bytes are one; a chunk may end within it.
        let shown = self.chunk.get(..self.chunk.len().min(4));
        let shown = String::from_utf8_lossy(shown.unwrap_or_default());
        format!("the character {:?}", shown.chars().next().unwrap_or('?'))
    }
}

impl Place {
    const fn expects(self) -> &'static str {
        match self {
            Self::Start | Self::Between | Self::Element => "a JSON value",
            Self::Inside(_) => "the rest of its JSON value",
            Self::FirstElement => "a JSON value or `]`",
            Self::Separator => "`,` or `]`",
            Self::Closed => "nothing behind the array",
        }
    }
}

/// Finds the end of one value.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// Open braces and brackets. Which is which does not matter: a value that mixes them up ends
    /// somewhere, and is refused by its reader.
    depth: usize,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Outside of strings.
    #[default]
    Plain,
    /// In a string.
    Text,
    /// In a string, behind a backslash.
    Escape,
    /// In a number or a word, which ends before what delimits it.
    Scalar,
}

impl Scan {
    fn new(first: u8) -> Self {
        let mode = match first {
            b'{' | b'[' | b'"' => Mode::Plain,
            _ => Mode::Scalar,
        };
        Self { depth: 0, mode }
    }

    /// Looks at the next bytes of the value: how many of them are left of it, if it ends here.
    fn run(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            match self.mode {
                Mode::Scalar => {
                    let end = rest.iter().position(|byte| ends_scalar(*byte))?;
                    return Some(at + end);
                }
                Mode::Escape => {
                    at += 1;
                    self.mode = Mode::Text;
                }
                Mode::Text => {
                    let found = memchr::memchr2(b'"', b'\\', rest)?;
                    at += found + 1;
                    if rest.get(found) == Some(&b'\\') {
                        self.mode = Mode::Escape;
                        continue;
                    }
                    self.mode = Mode::Plain;
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
                Mode::Plain => {
                    let found = rest
                        .iter()
                        .position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))?;
                    at += found + 1;
                    match rest.get(found) {
                        Some(b'"') => self.mode = Mode::Text,
                        Some(b'{' | b'[') => self.depth = self.depth.saturating_add(1),
                        _ => {
                            self.depth = self.depth.saturating_sub(1);
                            if self.depth == 0 {
                                return Some(at);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Anything but a delimiter: what is no JSON value, its reader describes better.
const fn begins_value(byte: u8) -> bool {
    !matches!(byte, b',' | b']' | b'}' | b':')
}

const fn ends_scalar(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b',' | b':' | b'"' | b'[' | b']' | b'{' | b'}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
