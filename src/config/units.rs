//! Quantities with units, and counts: text in the file, checked numbers in the program.
//!
//! A value that exists is valid: sizes fit a `usize`, durations stay below [`DURATION_MAX`].

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest duration a file may name: a year. Timers add it to "now" without overflow.
pub const DURATION_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The largest size a file may name: 1 GiB. gRPC's own length field ends at 4 GiB.
pub const SIZE_MAX: usize = 1 << 30;

/// The largest count a file may name.
pub const COUNT_MAX: u32 = 1_000_000;

/// What was wrong with a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found}, expected {expected}")]
pub struct UnitError {
    found: String,
    expected: &'static str,
}

impl UnitError {
    fn new(found: &str, expected: &'static str) -> Self {
        Self {
            found: quoted(found),
            expected,
        }
    }
}

/// Text in back quotes, cut to a length that fits a terminal line.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    if text.chars().count() <= SHOWN {
        return format!("`{text}`");
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("`{head}…`")
}

/// A number of bytes: `4096`, `512B`, `16KiB`, `4MiB`, `1GiB` (and `kB`, `MB`, `GB`, by thousands).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub usize);

const SIZE: &str = "a size of 1 byte to 1 GiB, such as `16KiB` or `4MiB`";

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        match bytes(text).map(usize::try_from) {
            Some(Ok(bytes @ 1..=SIZE_MAX)) => Ok(Self(bytes)),
            Some(_) | None => Err(UnitError::new(text, SIZE)),
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(u64::try_from(self.0).unwrap_or(u64::MAX), f)
    }
}

/// A whole number of bytes, with its unit or without.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text);
    let factor: u64 = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Writes them in the largest unit that fits.
fn written(bytes: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >> shift != 0 && bytes.trailing_zeros() >= shift {
            return write!(f, "{}{unit}", bytes >> shift);
        }
    }
    write!(f, "{bytes}B")
}

/// A span of time: `250ms`, `15s`, `5m`, `1h`, `1.5s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

const SPAN: &str = "a duration with its unit, such as `250ms`, `15s`, `5m` or `1h`";

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::new(text, SPAN);
        let (number, unit) = split_number(text);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        // Digits and at most one point: `f64` alone would also take `inf` and `1e9`.
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let span = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
        if span > DURATION_MAX {
            return Err(UnitError::new(text, "a duration of at most a year"));
        }
        Ok(Self(span))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match (millis % 3_600_000, millis % 60_000, millis % 1000) {
            _ if millis == 0 => f.write_str("0s"),
            (0, _, _) => write!(f, "{}h", millis / 3_600_000),
            (_, 0, _) => write!(f, "{}m", millis / 60_000),
            (_, _, 0) => write!(f, "{}s", millis / 1000),
            (_, _, _) => write!(f, "{millis}ms"),
        }
    }
}

/// A [`Span`], or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanOrNone(pub Option<Duration>);

impl From<Span> for SpanOrNone {
    fn from(span: Span) -> Self {
        Self(Some(span.0))
    }
}

impl SpanOrNone {
    /// True for a span that is over before anything can happen.
    pub(super) fn is_nothing(&self) -> bool {
        self.0.is_some_and(|span| span.is_zero())
    }
}

const SPAN_OR_NONE: &str = "a duration such as `15s`, or `none`";

impl FromStr for SpanOrNone {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if text == "none" {
            return Ok(Self(None));
        }
        match text.parse::<Span>() {
            Ok(span) => Ok(Self(Some(span.0))),
            Err(_) => Err(UnitError::new(text, SPAN_OR_NONE)),
        }
    }
}

impl fmt::Display for SpanOrNone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(span) => Span(span).fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// How many: 1 to [`COUNT_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u32);

const COUNT: &str = "a whole number from 1 to 1000000";

impl Count {
    /// The number as a `usize`.
    #[must_use]
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// A module's default as a count; one out of range is the nearest count.
    #[must_use]
    pub fn of(number: usize) -> Self {
        Self(
            u32::try_from(number)
                .unwrap_or(COUNT_MAX)
                .clamp(1, COUNT_MAX),
        )
    }
}

impl FromStr for Count {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text.parse::<u32>() {
            Ok(number @ 1..=COUNT_MAX) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(UnitError::new(text, COUNT)),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An upstream's share of calls: 0 to [`WEIGHT_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(pub u32);

/// The largest weight, as of Gateway API's `backendRefs`.
pub const WEIGHT_MAX: u32 = 1_000_000;

const WEIGHT: &str = "a whole number from 0 to 1000000";

impl Default for Weight {
    fn default() -> Self {
        Self(1)
    }
}

impl FromStr for Weight {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text.parse::<u32>() {
            Ok(number @ 0..=WEIGHT_MAX) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(UnitError::new(text, WEIGHT)),
        }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A part of a whole: 0 is nothing, 1 all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fraction(pub f64);

const FRACTION: &str = "a number from 0 to 1, such as `0.1`";

impl FromStr for Fraction {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text.parse::<f64>() {
            Ok(number) if (0.0..=1.0).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(UnitError::new(text, FRACTION)),
        }
    }
}

/// Splits `12.5ms` behind its last digit or point.
fn split_number(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    (
        text.get(..end).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    )
}

/// Reads a quantity from YAML text or from a bare number, which is parsed as its own text.
struct QuantityVisitor<T> {
    expected: &'static str,
    of: std::marker::PhantomData<T>,
}

impl<T: FromStr<Err = UnitError>> Visitor<'_> for QuantityVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

macro_rules! quantity {
    ($type:ident, $expected:expr, $ask:ident, $schema:tt) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.$ask(QuantityVisitor {
                    expected: $expected,
                    of: std::marker::PhantomData,
                })
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

macro_rules! serialized_as_text {
    ($($type:ident)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )*};
}

mod memory;

pub use memory::MemorySize;

quantity!(ByteSize, SIZE, deserialize_any, {
    "anyOf": [
        { "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB|kB|KB|MB|GB)?$" },
        { "type": "integer", "minimum": 1, "maximum": SIZE_MAX }
    ]
});
quantity!(Span, SPAN, deserialize_any, {
    "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$"
});
quantity!(SpanOrNone, SPAN_OR_NONE, deserialize_any, {
    "type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h)|none)$"
});
quantity!(Count, COUNT, deserialize_any, {
    "type": "integer", "minimum": 1, "maximum": COUNT_MAX
});
quantity!(Weight, WEIGHT, deserialize_any, {
    "type": "integer", "minimum": 0, "maximum": WEIGHT_MAX
});
quantity!(Fraction, FRACTION, deserialize_any, {
    "type": "number", "minimum": 0, "maximum": 1
});
serialized_as_text!(ByteSize Span SpanOrNone);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(self.0)
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(self.0)
    }
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed_alike() {
        for (text, bytes) in [
            ("4MiB", 4 << 20),
            ("16KiB", 16 << 10),
            ("512B", 512),
            ("1GiB", 1 << 30),
        ] {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!(size.0, bytes);
            assert_eq!(size.to_string(), text);
        }
        assert_eq!("10kB".parse::<ByteSize>().unwrap().0, 10_000);
        assert_eq!("4096".parse::<ByteSize>().unwrap().0, 4096);
        for wrong in [
            "",
            "0",
            "4 MiB",
            "4mib",
            "1.5MiB",
            "-1",
            "2GiB",
            "99999999999999999999GiB",
            "MiB",
        ] {
            assert!(wrong.parse::<ByteSize>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn durations_are_read_and_printed_alike() {
        for (text, millis) in [
            ("250ms", 250),
            ("15s", 15_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("0s", 0),
            ("75s", 75_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0, Duration::from_millis(millis));
            assert_eq!(span.to_string(), text);
        }
        assert_eq!(
            "1.5s".parse::<Span>().unwrap().0,
            Duration::from_millis(1500)
        );
        for wrong in [
            "", "15", "s", "-1s", "1e9s", "inf", "1..5s", "15 s", "15sec", "99999h", "1m30s",
        ] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong:?}");
        }
        assert_eq!("none".parse::<SpanOrNone>().unwrap().0, None);
    }

    #[test]
    fn fractions_are_of_one() {
        assert_eq!("0.25".parse::<Fraction>().unwrap().0, 0.25);
        for wrong in ["", "-0.1", "1.01", "NaN", "inf", "10%"] {
            assert!(wrong.parse::<Fraction>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_error_says_what_was_found_and_expected() {
        assert_eq!(
            "15".parse::<Span>().unwrap_err().to_string(),
            "found `15`, expected a duration with its unit, such as `250ms`, `15s`, `5m` or `1h`"
        );
        let long = "x".repeat(5000);
        assert!(long.parse::<ByteSize>().unwrap_err().to_string().len() < 200);
    }
}
