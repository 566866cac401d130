//! Patterns in the syntax of RE2, for the engine that is here.
//!
//! Both engines take linear time and agree on nearly all; where they do not, a pattern is rewritten:
//!
//! | RE2 | here it would be |
//! |---|---|
//! | `\d`, `\w`, `\s`, `\b` are about ASCII | about Unicode |
//! | `[`, `&&`, `--`, `~~` within brackets are characters | classes within classes |
//! | a `{` that begins no repetition is a character | an error |
//! | `\Q..\E` quotes | an error |

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// Size of a compiled pattern at most, in bytes, and of the states it keeps while it runs.
const SIZE_MAX: usize = 1 << 20;

/// What is said of a pattern that cannot be used, at most, in characters.
const REASON_MAX: usize = 300;

/// Compiles a pattern.
pub(super) fn compile(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(&translate(source))
        .size_limit(SIZE_MAX)
        .dfa_size_limit(SIZE_MAX)
        .build()
        .map_err(|error| {
            let reason: String = error.to_string().chars().take(REASON_MAX).collect();
            format!("the pattern cannot be used: {reason}")
        })
}

/// The same pattern in this engine's syntax.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('Q') => quote(&mut rest, &mut out),
                Some('b') => out.push_str(r"(?-u:\b)"),
                Some(escaped) => escape(escaped, &mut out),
                None => out.push('\\'),
            },
            '[' => class(&mut rest, &mut out),
            '{' if !is_repetition(rest.clone()) => out.push_str(r"\{"),
            other => out.push(other),
        }
    }
    out
}

/// What stands behind a backslash; classes of Perl are those of ASCII.
fn escape(escaped: char, out: &mut String) {
    out.push_str(match escaped {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[\t\n\x0C\r ]",
        'S' => r"[^\t\n\x0C\r ]",
        other => {
            out.push('\\');
            out.push(other);
            return;
        }
    });
}

/// What stands between brackets.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    // Here it is a character.
    if rest.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    let mut before = '[';
    while let Some(next) = rest.next() {
        match next {
            ']' => {
                out.push(']');
                return;
            }
            '\\' => match rest.next() {
                Some(escaped) => escape(escaped, out),
                None => out.push('\\'),
            },
            '[' if rest.peek() == Some(&':') => {
                // A class by name, `[:alpha:]`.
                out.push('[');
                for inner in rest.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' => out.push_str(r"\["),
            '&' | '~' => {
                out.push('\\');
                out.push(next);
            }
            // Two of them would take one class from another; the second one stands for itself.
            '-' if before == '-' => out.push_str(r"\-"),
            other => out.push(other),
        }
        before = next;
    }
}

/// Text to the end of the quotation, or of the pattern.
fn quote(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(next) = rest.next() {
        if next == '\\' && rest.next_if_eq(&'E').is_some() {
            return;
        }
        // Writing to a string does not fail.
        let _ = write!(out, "{}", regex::escape(next.encode_utf8(&mut [0; 4])));
    }
}

/// `2}`, `2,}` or `2,3}`.
fn is_repetition(mut rest: Peekable<Chars<'_>>) -> bool {
    let mut digits = 0;
    while rest.next_if(char::is_ascii_digit).is_some() {
        digits += 1;
    }
    if digits > 0 && rest.next_if_eq(&',').is_some() {
        while rest.next_if(char::is_ascii_digit).is_some() {}
    }
    digits > 0 && rest.next() == Some('}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_both_engines_read_differently_is_read_as_re2_does() {
        for (pattern, matched, not) in [
            (r"^\d+$", "12", "١٢"),
            (r"^\w+$", "a_1", "ä"),
            (r"^[\w-]+$", "a-b", "ä"),
            (r"^\S$", "ä", " "),
            (r"^[^\s]$", "ä", "\t"),
            (r"^[a[]$", "[", "b"),
            (r"^[[:alpha:]&&]+$", "a&", "1"),
            (r"^[]a]$", "]", "b"),
            (r"^[^]a]$", "b", "]"),
            (r"^a{b$", "a{b", "ab"),
            (r"^a{,2}$", "a{,2}", "aa"),
            (r"^a{2}$", "aa", "a{2}"),
            (r"^\Qa.b\E$", "a.b", "axb"),
            (r"^[a\-z]$", "-", "b"),
            (r"\bfoo\b", "a foo", "afoo"),
            (r"^[+--]$", ",", "/"),
            (r"^\pL$", "ä", "1"),
            (r"(?i)^stra.e$", "STRAßE", "strasse"),
        ] {
            let regex = compile(pattern).unwrap();
            assert!(regex.is_match(matched), "{pattern} {matched}");
            assert!(!regex.is_match(not), "{pattern} {not}");
        }
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_an_error() {
        for source in ["(", "[", "a**b(", "\\", r"\C", "(?<=a)b", "[z-a]"] {
            assert!(compile(source).is_err(), "{source}");
        }
        let reason = compile(&format!("({}){{500}}", r"\pL".repeat(20))).unwrap_err();
        assert!(reason.contains("size limit"), "{reason}");
    }
}
