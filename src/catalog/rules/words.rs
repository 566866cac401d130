//! Rules in words: numbers with their nouns, values in ticks, long lists cut.

use std::fmt::Write as _;

/// Values of a list that a sentence names.
const SHOWN_MAX: usize = 20;

/// Bytes of a value that a sentence shows, about.
const VALUE_MAX: usize = 200;

/// `1 character`, `3 characters`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// A value in ticks, which Markdown shows as it is; in longer ones where it has some itself.
pub(super) fn quote(value: &str) -> String {
    let shown: String = value.chars().take(VALUE_MAX).collect();
    let more = if shown.len() < value.len() { "…" } else { "" };
    if shown.contains('`') {
        format!("`` {shown}{more} ``")
    } else {
        format!("`{shown}{more}`")
    }
}

/// `` `a`, `b` `` and, if they are many, how many there are besides.
pub(super) fn all<S: AsRef<str>>(values: &[S]) -> String {
    let shown: Vec<_> = values
        .iter()
        .take(SHOWN_MAX)
        .map(|value| quote(value.as_ref()))
        .collect();
    let mut out = shown.join(", ");
    let left = values.len().saturating_sub(SHOWN_MAX);
    if left > 0 {
        let _ = write!(out, " and {left} more");
    }
    out
}
