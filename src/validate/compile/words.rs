//! What is said in descriptions of rules, and of options that cannot be read.

use super::{Compiled, Fault};
use crate::schema::record::Record;

/// `[a, b, c]`.
pub(super) fn bracketed<T: std::fmt::Display>(list: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = list.into_iter().map(|one| one.to_string()).collect();
    format!("[{}]", texts.join(", "))
}

/// `a, b, c`.
pub(super) fn list(list: &[String]) -> String {
    list.join(", ")
}

/// Fields of other numbers are rules that nobody here knows.
pub(super) fn only(record: &Record, known: &[u32], what: &str) -> Compiled<()> {
    match record.fields().find(|(number, _)| !known.contains(number)) {
        None => Ok(()),
        Some((number, _)) => Err(Fault::new(
            format!("number {number}"),
            format!("{what} have no field of this number that is known here"),
        )),
    }
}

/// Seconds and nanoseconds as CEL writes a duration: `1.5s`.
pub(super) fn duration(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (seconds, rest) = (nanos.abs() / 1_000_000_000, nanos.abs() % 1_000_000_000);
    let rest = format!("{rest:09}");
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{seconds}s"),
        rest => format!("{sign}{seconds}.{rest}s"),
    }
}

/// A moment as RFC 3339 has it.
pub(super) fn moment(nanos: i128) -> String {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok();
    let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).ok();
    let at = seconds.zip(rest);
    let at = at.and_then(|(seconds, rest)| chrono::DateTime::from_timestamp(seconds, rest));
    match at {
        Some(at) => at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        None => format!("{} after 1970", duration(nanos)),
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
