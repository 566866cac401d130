//! What was wrong with an input, and where.
//!
//! While the transcoder runs, a failure is a [`Fault`]: one pointer wide, its path collected from
//! the inside out as the recursion unwinds, so that success pays nothing for it.

use std::fmt;

/// What was wrong with an input, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// `items[3].price.units`; empty at the root.
    pub path: String,
    /// What was found and what was expected; never more than 100 bytes of input.
    pub message: String,
    /// Byte offset into the input, where one helps (broken JSON).
    pub offset: Option<usize>,
    /// Which kind of failure it is.
    pub kind: ErrorKind,
}

/// Which kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input is wrong.
    Invalid,
    /// The output would exceed its bound.
    TooLarge,
}

/// A failure on its way out.
#[derive(Debug)]
pub(crate) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    offset: Option<usize>,
    kind: ErrorKind,
    /// Innermost first.
    path: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Field(String),
    Index(usize),
    Key(String),
}

/// Bytes of input that one excerpt shows at most.
pub(crate) const EXCERPT_MAX: usize = 40;

/// Bytes of one map key shown in a path.
const KEY_MAX: usize = 24;

/// Bytes of map keys that one path shows at most: field names are the schema's, keys are input.
const KEYS_MAX: usize = 48;

/// Bytes of a path at most; what is longer loses its front.
const PATH_MAX: usize = 512;

impl Fault {
    /// The input is wrong; `message` says what was found and what was expected.
    #[cold]
    pub(crate) fn invalid(offset: Option<usize>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            offset,
            kind: ErrorKind::Invalid,
            path: Vec::new(),
        }))
    }

    /// The output would exceed `max` bytes.
    #[cold]
    pub(crate) fn too_large(max: usize) -> Self {
        Self(Box::new(Inner {
            message: format!("the message exceeds the limit of {max} bytes"),
            offset: None,
            kind: ErrorKind::TooLarge,
            path: Vec::new(),
        }))
    }

    /// Which kind of failure it is.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Happened inside the field of this name.
    #[cold]
    pub(crate) fn under_field(mut self, name: &str) -> Self {
        self.0.path.push(Segment::Field(name.to_owned()));
        self
    }

    /// Happened inside this element of a list.
    #[cold]
    pub(crate) fn under_index(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    /// Happened inside the map entry of this key.
    #[cold]
    pub(crate) fn under_key(mut self, key: &[u8]) -> Self {
        self.0.path.push(Segment::Key(excerpt(key, KEY_MAX)));
        self
    }

    /// Gives an offset to a failure that has none yet.
    #[cold]
    pub(crate) fn at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Puts the path together.
    #[cold]
    pub(crate) fn into_error(self) -> Error {
        let mut path = String::new();
        let mut keys_left = KEYS_MAX;
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Segment::Index(index) => path.push_str(&format!("[{index}]")),
                Segment::Key(key) => match keys_left.checked_sub(key.len()) {
                    Some(left) => {
                        keys_left = left;
                        path.push_str(&format!("[{key:?}]"));
                    }
                    None => path.push_str("[…]"),
                },
            }
        }
        if path.len() > PATH_MAX {
            let mut from = path.len() - PATH_MAX;
            while !path.is_char_boundary(from) {
                from += 1;
            }
            path.replace_range(..from, "…");
        }
        Error {
            path,
            message: self.0.message,
            offset: self.0.offset,
            kind: self.0.kind,
        }
    }
}

/// At most `max` bytes of `text`, cut at a character, with `…` where it was cut.
#[cold]
pub(crate) fn excerpt(text: &[u8], max: usize) -> String {
    if text.len() <= max {
        return String::from_utf8_lossy(text).into_owned();
    }
    let mut end = max;
    while end > 0 && text.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end -= 1;
    }
    let mut shown = String::from_utf8_lossy(text.get(..end).unwrap_or_default()).into_owned();
    shown.push('…');
    shown
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
