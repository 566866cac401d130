//! `google.protobuf.Duration` from text like `-1.5s`.

/// About ten thousand years, the limit that duration.proto sets to whole seconds.
pub(super) const SECONDS_MAX: i64 = 315_576_000_000;

/// What the parser takes, for people.
pub(crate) const EXPECTED: &str =
    "a duration in seconds like \"1.5s\", at most 315576000000 whole ones either way";

/// Seconds and nanoseconds, of one sign.
pub(crate) fn parse(text: &[u8]) -> Option<(i64, i32)> {
    let text = text.strip_suffix(b"s")?;
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, nanos) = match point.and_then(|at| text.split_at_checked(at)) {
        Some((whole, fraction)) => (whole, super::timestamp::nanos(fraction.get(1..)?)?),
        None => (text, 0),
    };
    if whole.is_empty() {
        return None;
    }
    let seconds = whole.iter().try_fold(0i64, |value, byte| {
        let value = value * 10 + i64::from(byte.wrapping_sub(b'0'));
        (byte.is_ascii_digit() && value <= SECONDS_MAX).then_some(value)
    })?;
    Some(if negative {
        (-seconds, -nanos)
    } else {
        (seconds, nanos)
    })
}
