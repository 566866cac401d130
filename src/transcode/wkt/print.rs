//! The texts of `Timestamp`, `Duration` and `FieldMask`, written.
//!
//! A value outside its type's range is refused: no client could read its text back. Seconds get 0, 3,
//! 6 or 9 digits of a fraction, the fewest that say it exactly.

use super::duration::SECONDS_MAX as DURATION_MAX;
use super::timestamp::{SECONDS_MAX as TIMESTAMP_MAX, SECONDS_MIN as TIMESTAMP_MIN};
use crate::transcode::error::excerpt;

/// Nanos of a second at most.
const NANOS_MAX: u32 = 999_999_999;
const SECONDS_PER_DAY: i64 = 86_400;
/// Bytes of a FieldMask path that an error repeats.
const PATH_SHOWN: usize = 60;

/// `"1970-01-01T00:00:00Z"`.
pub(crate) fn timestamp(out: &mut Vec<u8>, seconds: i64, nanos: i32) -> Result<(), String> {
    if !(TIMESTAMP_MIN..=TIMESTAMP_MAX).contains(&seconds) {
        return Err(format!(
            "a Timestamp of {seconds} seconds is not within the years 1 to 9999"
        ));
    }
    let Some(nanos) = u32::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos <= NANOS_MAX)
    else {
        return Err(format!(
            "a Timestamp has 0 to {NANOS_MAX} nanos, not {nanos}"
        ));
    };
    let (year, month, day) = civil(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY) as u32;
    let mut text = *b"\"0000-00-00T00:00:00";
    for (at, value) in [
        (1, year / 100),
        (3, year % 100),
        (6, month),
        (9, day),
        (12, second / 3600),
        (15, second / 60 % 60),
        (18, second % 60),
    ] {
        text[at] = b'0' + (value / 10) as u8;
        text[at + 1] = b'0' + (value % 10) as u8;
    }
    out.extend_from_slice(&text);
    fraction(out, nanos);
    out.extend_from_slice(b"Z\"");
    Ok(())
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that a leap day is a year's last; within an era of 400 years
/// (146 097 days) everything repeats.
fn civil(days: i64) -> (u32, u32, u32) {
    // From 0000-03-01: never negative within the range of a Timestamp.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year + i64::from(month <= 2);
    (year as u32, month as u32, day_of_month as u32)
}

/// `"1.500s"`.
pub(crate) fn duration(out: &mut Vec<u8>, seconds: i64, nanos: i32) -> Result<(), String> {
    if !(-DURATION_MAX..=DURATION_MAX).contains(&seconds) {
        return Err(format!(
            "a Duration of {seconds} seconds is not within {DURATION_MAX} seconds either way"
        ));
    }
    if nanos.unsigned_abs() > NANOS_MAX {
        return Err(format!(
            "a Duration has up to {NANOS_MAX} nanos either way, not {nanos}"
        ));
    }
    if (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0) {
        return Err(format!(
            "a Duration of {seconds} seconds and {nanos} nanos has two signs"
        ));
    }
    out.push(b'"');
    if seconds < 0 || nanos < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(
        itoa::Buffer::new()
            .format(seconds.unsigned_abs())
            .as_bytes(),
    );
    fraction(out, nanos.unsigned_abs());
    out.extend_from_slice(b"s\"");
    Ok(())
}

fn fraction(out: &mut Vec<u8>, nanos: u32) {
    let shown = match nanos {
        0 => return,
        _ if nanos.is_multiple_of(1_000_000) => 4,
        _ if nanos.is_multiple_of(1_000) => 7,
        _ => 10,
    };
    let mut text = *b".000000000";
    let mut rest = nanos;
    for digit in text.iter_mut().skip(1).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(text.get(..shown).unwrap_or(&text));
}

/// One path of a FieldMask in lowerCamelCase, without quotes. Refused is what would not come back the
/// same: an upper-case letter, an `_` before anything but a lower-case letter, and characters that
/// mean something else in the text or in JSON.
pub(crate) fn mask_path(out: &mut Vec<u8>, path: &[u8]) -> Result<(), String> {
    let start = out.len();
    let mut upper = false;
    for &byte in path {
        let fits = match byte {
            b'a'..=b'z' => true,
            b'A'..=b'Z' | b',' | b'"' | b'\\' => false,
            0x21..=0x7e => !upper,
            _ => false,
        };
        if !fits {
            out.truncate(start);
            return Err(no_way_back(path));
        }
        if byte == b'_' {
            upper = true;
        } else {
            out.push(if upper {
                byte.to_ascii_uppercase()
            } else {
                byte
            });
            upper = false;
        }
    }
    if upper {
        out.truncate(start);
        return Err(no_way_back(path));
    }
    Ok(())
}

#[cold]
fn no_way_back(path: &[u8]) -> String {
    let shown = excerpt(path, PATH_SHOWN);
    format!("the FieldMask path {shown:?} cannot be written in lowerCamelCase and read back")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn printed(
        print: fn(&mut Vec<u8>, i64, i32) -> Result<(), String>,
        value: (i64, i32),
    ) -> Result<String, String> {
        let mut out = Vec::new();
        print(&mut out, value.0, value.1).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn timestamps() {
        for (seconds, nanos, expected) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (TIMESTAMP_MIN, 0, "0001-01-01T00:00:00Z"),
            (TIMESTAMP_MAX, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
            (-1, 999_000_000, "1969-12-31T23:59:59.999Z"),
            (951_782_400, 1_000, "2000-02-29T00:00:00.000001Z"),
            (951_868_799, 1, "2000-02-29T23:59:59.000000001Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00Z"),
            (1_709_210_096, 120_000_000, "2024-02-29T12:34:56.120Z"),
        ] {
            assert_eq!(
                printed(timestamp, (seconds, nanos)).unwrap(),
                format!("\"{expected}\"")
            );
        }
        for value in [
            (TIMESTAMP_MIN - 1, 0),
            (TIMESTAMP_MAX + 1, 0),
            (0, -1),
            (0, 1_000_000_000),
            (i64::MAX, 0),
            (i64::MIN, i32::MIN),
        ] {
            printed(timestamp, value).unwrap_err();
        }
    }

    #[test]
    fn durations() {
        for (seconds, nanos, expected) in [
            (0, 0, "0s"),
            (1, 500_000_000, "1.500s"),
            (0, -1, "-0.000000001s"),
            (-3, -250_000, "-3.000250s"),
            (DURATION_MAX, 999_999_999, "315576000000.999999999s"),
            (-DURATION_MAX, 0, "-315576000000s"),
        ] {
            assert_eq!(
                printed(duration, (seconds, nanos)).unwrap(),
                format!("\"{expected}\"")
            );
        }
        for value in [
            (DURATION_MAX + 1, 0),
            (-DURATION_MAX - 1, 0),
            (0, 1_000_000_000),
            (0, i32::MIN),
            (1, -1),
            (-1, 1),
            (i64::MIN, 0),
        ] {
            printed(duration, value).unwrap_err();
        }
    }

    #[test]
    fn mask_paths() {
        for (path, expected) in [
            ("", Some("")),
            ("foo", Some("foo")),
            ("foo_bar.baz_qux1", Some("fooBar.bazQux1")),
            ("_foo", Some("Foo")),
            ("*", Some("*")),
            ("a.`b-c`", Some("a.`b-c`")),
            ("fooBar", None),
            ("foo__bar", None),
            ("foo_3", None),
            ("foo_", None),
            ("foo_.bar", None),
            ("a,b", None),
            ("a\"b", None),
            ("é", None),
        ] {
            let mut out = b"x".to_vec();
            let printed = mask_path(&mut out, path.as_bytes()).ok();
            let printed = printed.map(|()| String::from_utf8(out[1..].to_vec()).unwrap());
            assert_eq!(printed.as_deref(), expected, "{path}");
            assert!(printed.is_some() || out == b"x");
        }
    }
}
