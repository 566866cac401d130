//! One value against one rule: no wire, no descriptors, no words.

use std::sync::Arc;

use regex::Regex;

use super::formats::Format;

/// What a rule asks.
#[derive(Debug)]
pub(super) enum Test {
    Int(Number<i64>),
    Uint(Number<u64>),
    Double(Number<f64>),
    /// A duration or a moment, in nanoseconds.
    Nanos(Number<i128>),
    Finite,
    Bool(bool),
    Text(Text),
    Bytes(Bytes),
    /// A number of the enum's own, sorted.
    Defined(Arc<[i32]>),
    Moment(Moment),
    /// The type URL of an Any is one of these, or none of them.
    TypeUrl(Box<[String]>, Wanted),
    Paths(Paths),
    /// How many elements or entries.
    Count(Count),
    Unique,
}

/// Whether a value has to be in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    In,
    NotIn,
}

/// Of numbers.
#[derive(Debug)]
pub(super) enum Number<T> {
    Is(T),
    List(Box<[T]>, Wanted),
    Range(Range<T>),
}

/// Between bounds; outside of them where the lower one is above the upper one.
#[derive(Debug)]
pub(super) struct Range<T> {
    pub(super) low: Option<Bound<T>>,
    pub(super) high: Option<Bound<T>>,
}

/// One end of a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound<T> {
    pub(super) at: T,
    /// The bound itself is within.
    pub(super) inclusive: bool,
}

/// Of text.
#[derive(Debug)]
pub(super) enum Text {
    Is(String),
    List(Box<[String]>, Wanted),
    /// Characters.
    Len(Length),
    /// Bytes.
    ByteLen(Length),
    Pattern(Box<Regex>),
    Prefix(String),
    Suffix(String),
    Contains(String),
    NotContains(String),
    Format(Format),
    /// Formats tell of an empty text by another rule.
    NotEmpty,
}

/// A length.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Exactly(u64),
    AtLeast(u64),
    AtMost(u64),
}

/// Of bytes.
#[derive(Debug)]
pub(super) enum Bytes {
    Is(Vec<u8>),
    List(Box<[Vec<u8>]>, Wanted),
    Len(Length),
    Pattern(Box<Regex>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Vec<u8>),
    /// Empty, or one of these lengths.
    OneOf(&'static [usize]),
    NotEmpty,
}

/// Of a moment, beside its range.
#[derive(Debug)]
pub(super) enum Moment {
    BeforeNow,
    AfterNow,
    /// Nanoseconds.
    Within(i128),
}

/// Of a field mask.
#[derive(Debug)]
pub(super) enum Paths {
    Is(Box<[String]>),
    /// Each is one of these or beneath one; or none is.
    Beneath(Box<[String]>, Wanted),
}

/// Of a list or map.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    AtLeast(u64),
    AtMost(u64),
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Input<'m> {
    Int(i64),
    Uint(u64),
    Double(f64),
    Bool(bool),
    Text(&'m str),
    Bytes(&'m [u8]),
    Duration(i128),
    Moment(i128),
    TypeUrl(&'m str),
    Paths(Vec<&'m str>),
    /// Another message: no standard rule is about it.
    Message,
}

impl Test {
    /// Whether the value passes; a rule of another type has nothing against it. An error says why that
    /// cannot be told.
    pub(super) fn passes(&self, input: &Input<'_>, now: i128) -> Result<bool, &'static str> {
        Ok(match (self, input) {
            (Self::Int(test), Input::Int(value)) => test.passes(value),
            (Self::Uint(test), Input::Uint(value)) => test.passes(value),
            (Self::Double(test), Input::Double(value)) => test.passes(value),
            (Self::Nanos(test), Input::Duration(value) | Input::Moment(value)) => {
                test.passes(value)
            }
            (Self::Finite, Input::Double(value)) => value.is_finite(),
            (Self::Bool(wanted), Input::Bool(value)) => wanted == value,
            (Self::Text(test), Input::Text(value)) => test.passes(value),
            (Self::Bytes(test), Input::Bytes(value)) => return test.passes(value),
            (Self::Defined(numbers), Input::Int(value)) => {
                i32::try_from(*value).is_ok_and(|value| numbers.binary_search(&value).is_ok())
            }
            (Self::Moment(test), Input::Moment(value)) => match test {
                Moment::BeforeNow => *value <= now,
                Moment::AfterNow => *value >= now,
                Moment::Within(nanos) => *value >= now - nanos && *value <= now + nanos,
            },
            (Self::TypeUrl(list, wanted), Input::TypeUrl(url)) => {
                list.iter().any(|one| one == url) == (*wanted == Wanted::In)
            }
            (Self::Paths(test), Input::Paths(paths)) => test.passes(paths),
            _ => true,
        })
    }
}

impl Count {
    pub(super) fn passes(self, count: u64) -> bool {
        match self {
            Self::AtLeast(least) => count >= least,
            Self::AtMost(most) => count <= most,
        }
    }
}

impl<T: PartialOrd> Number<T> {
    fn passes(&self, value: &T) -> bool {
        match self {
            Self::Is(wanted) => value == wanted,
            Self::List(list, wanted) => list.contains(value) == (*wanted == Wanted::In),
            Self::Range(range) => range.has(value),
        }
    }
}

impl<T: PartialOrd> Range<T> {
    /// What compares with nothing (NaN) is in no range.
    fn has(&self, value: &T) -> bool {
        let above = |low: &Bound<T>| *value > low.at || (low.inclusive && *value == low.at);
        let below = |high: &Bound<T>| *value < high.at || (high.inclusive && *value == high.at);
        match (&self.low, &self.high) {
            (None, None) => true,
            (Some(low), None) => above(low),
            (None, Some(high)) => below(high),
            (Some(low), Some(high)) if high.at < low.at => above(low) || below(high),
            (Some(low), Some(high)) => above(low) && below(high),
        }
    }

    /// It is what is outside of its bounds.
    pub(super) fn is_exclusive(&self) -> bool {
        matches!((&self.low, &self.high), (Some(low), Some(high)) if high.at < low.at)
    }
}

impl Text {
    fn passes(&self, value: &str) -> bool {
        match self {
            Self::Is(wanted) => value == wanted,
            Self::List(list, wanted) => {
                list.iter().any(|one| one == value) == (*wanted == Wanted::In)
            }
            Self::Len(length) => length.passes_chars(value),
            Self::ByteLen(length) => length.passes(value.len() as u64),
            Self::Pattern(pattern) => pattern.is_match(value),
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Suffix(suffix) => value.ends_with(suffix),
            Self::Contains(part) => value.contains(part),
            Self::NotContains(part) => !value.contains(part),
            Self::Format(format) => format.has(value),
            Self::NotEmpty => !value.is_empty(),
        }
    }
}

impl Length {
    const fn passes(self, length: u64) -> bool {
        match self {
            Self::Exactly(wanted) => length == wanted,
            Self::AtLeast(least) => length >= least,
            Self::AtMost(most) => length <= most,
        }
    }

    /// A character takes one to four bytes, so the length in bytes often tells already.
    fn passes_chars(self, value: &str) -> bool {
        let bytes = value.len() as u64;
        match self {
            Self::AtMost(most) if bytes <= most => true,
            Self::AtLeast(least) if bytes < least => false,
            Self::AtLeast(least) if bytes.div_ceil(4) >= least => true,
            _ => self.passes(value.chars().count() as u64),
        }
    }
}

impl Bytes {
    fn passes(&self, value: &[u8]) -> Result<bool, &'static str> {
        Ok(match self {
            Self::Is(wanted) => value == wanted,
            Self::List(list, wanted) => {
                list.iter().any(|one| one == value) == (*wanted == Wanted::In)
            }
            Self::Len(length) => length.passes(value.len() as u64),
            Self::Pattern(pattern) => {
                let text = std::str::from_utf8(value)
                    .map_err(|_| "the bytes are not UTF-8, which a pattern needs")?;
                pattern.is_match(text)
            }
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Suffix(suffix) => value.ends_with(suffix),
            Self::Contains(part) => contains(value, part),
            Self::OneOf(lengths) => value.is_empty() || lengths.contains(&value.len()),
            Self::NotEmpty => !value.is_empty(),
        })
    }
}

/// Whether bytes have a part, in linear time.
pub(super) fn contains(value: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(value, part).is_some()
}

impl Paths {
    fn passes(&self, paths: &[&str]) -> bool {
        match self {
            Self::Is(wanted) => paths == &**wanted,
            Self::Beneath(list, wanted) => paths
                .iter()
                .all(|path| beneath(path, list) == (*wanted == Wanted::In)),
        }
    }
}

/// Whether a path is one of these, or a part of one of them.
fn beneath(path: &str, list: &[String]) -> bool {
    list.iter().any(|one| {
        path.strip_prefix(one.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
