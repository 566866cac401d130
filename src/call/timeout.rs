//! The `grpc-timeout` value: one to eight digits and a unit, read strictly and written so that it
//! never grows on its way through the gateway.

use std::time::Duration;

use http::HeaderValue;

/// Digits at most (PROTOCOL-HTTP2.md).
const DIGITS_MAX: usize = 8;

/// The largest number of [`DIGITS_MAX`] digits.
const NUMBER_MAX: u128 = 99_999_999;

/// Units from fine to coarse, with their nanoseconds. Each is a multiple of the one before it.
const UNITS: [(u8, u128); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60 * 1_000_000_000),
    (b'H', 3_600 * 1_000_000_000),
];

/// A `grpc-timeout` that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("grpc-timeout is malformed: expected 1 to 8 digits and one of H, M, S, m, u, n")]
pub struct TimeoutError;

/// Reads a `grpc-timeout` value. Zero is a value: a call that has no time left.
///
/// # Errors
/// Anything but one to eight digits and one of `H`, `M`, `S`, `m`, `u`, `n`.
pub fn parse(value: &[u8]) -> Result<Duration, TimeoutError> {
    let (unit, digits) = value.split_last().ok_or(TimeoutError)?;
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return Err(TimeoutError);
    }
    let number = digits.iter().try_fold(0_u32, |number, digit| match digit {
        b'0'..=b'9' => Ok(number * 10 + u32::from(digit - b'0')),
        _ => Err(TimeoutError),
    })?;
    // At most 99,999,999 hours, far inside a Duration.
    let number = u64::from(number);
    Ok(match unit {
        b'n' => Duration::from_nanos(number),
        b'u' => Duration::from_micros(number),
        b'm' => Duration::from_millis(number),
        b'S' => Duration::from_secs(number),
        b'M' => Duration::from_secs(number * 60),
        b'H' => Duration::from_secs(number * 3_600),
        _ => return Err(TimeoutError),
    })
}

/// What a backend is told of the time that is left: less by an offset, so that it gives up first, and
/// its own answer comes in time. What is no longer than the offset is told as it is: a call of which
/// nothing is left would not be made at all.
#[must_use]
pub fn told(left: Duration, offset: Duration) -> Duration {
    let less = left.checked_sub(offset);
    less.filter(|less| !less.is_zero()).unwrap_or(left)
}

/// Writes a `grpc-timeout` value: the finest unit that fits eight digits, rounded up.
///
/// What is left of a parsed time-out is never written larger than it came: it fits the unit it
/// came in, finer units divide that one, and rounding up within a unit cannot pass a multiple of it.
#[must_use]
pub fn format(left: Duration) -> HeaderValue {
    let nanos = left.as_nanos();
    let (number, unit) = UNITS
        .iter()
        .map(|&(unit, size)| (nanos.div_ceil(size), unit))
        .find(|&(number, _)| number <= NUMBER_MAX)
        .unwrap_or((NUMBER_MAX, b'H'));
    let mut text = number.to_string().into_bytes();
    text.push(unit);
    // Digits and a letter are always a header value.
    let mut value = HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("99999999H"));
    // Never the same twice: kept out of HPACK's table, where it would only push others out.
    value.set_sensitive(true);
    value
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn well_formed_values_are_read() {
        for (text, expected) in [
            ("1n", Duration::from_nanos(1)),
            ("20u", Duration::from_micros(20)),
            ("00300m", Duration::from_millis(300)),
            ("5S", Duration::from_secs(5)),
            ("2M", Duration::from_secs(120)),
            ("0S", Duration::ZERO),
            ("99999999H", Duration::from_secs(99_999_999 * 3_600)),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_backend_is_told_less_by_the_offset_but_never_nothing() {
        let ms = Duration::from_millis;
        for (left, offset, expected) in [
            (1000, 0, 1000),
            (1000, 50, 950),
            (51, 50, 1),
            (50, 50, 50),
            (49, 50, 49),
            (0, 50, 0),
        ] {
            assert_eq!(told(ms(left), ms(offset)), ms(expected), "{left} {offset}");
        }
    }

    #[test]
    fn malformed_values_are_errors() {
        for text in [
            "",
            "S",
            "5",
            "5s",
            "5 S",
            " 5S",
            "-1S",
            "+1S",
            "1.5S",
            "123456789S",
            "5SS",
            "٥S",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(TimeoutError), "{text:?}");
        }
    }

    #[test]
    fn the_finest_unit_that_fits_is_written_rounded_up() {
        for (left, expected) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_nanos(100_000_001), "100001u"),
            (Duration::from_secs(15), "15000000u"),
            (Duration::from_secs(300), "300000m"),
            (Duration::from_nanos(99_999_999_999_999), "100000S"),
            (Duration::MAX, "99999999H"),
        ] {
            assert_eq!(format(left), expected, "{left:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]

        #[test]
        fn what_is_left_is_never_written_larger_than_it_came(
            number in 1_u32..=99_999_999, unit in 0_usize..6, spent in 0.0_f64..1.0,
        ) {
            let inbound = format!("{number}{}", char::from(UNITS[unit].0));
            let inbound = parse(inbound.as_bytes()).unwrap();
            let left = inbound.mul_f64(1.0 - spent).min(inbound);
            let written = parse(format(left).as_bytes()).unwrap();
            prop_assert!(left <= written && written <= inbound);
        }
    }
}
