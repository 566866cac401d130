//! Regular expressions for JSON Schema out of RE2's.
//!
//! JSON Schema reads patterns as ECMA-262 does, in Unicode mode. What both understand is passed on,
//! re-spelled where the spelling differs (`\-`, a lone `}`, `\z`); what only RE2 knows (flags, `\Q…\E`, POSIX
//! classes, scripts) is not translated, and a text that is no regular expression is none here either.
//! One pass without recursion, over at most [`PATTERN_MAX`] characters.

use std::iter::Peekable;
use std::str::Chars;

/// Characters of a pattern at most; longer ones stay words.
const PATTERN_MAX: usize = 2000;

/// Groups within groups at most.
const GROUPS_MAX: usize = 50;

/// Repetitions at most, as in RE2.
const REPEAT_MAX: u32 = 1000;

/// What a character may not stand for itself outside of a class.
const SYNTAX: &str = r"^$\.*+?()[]{}|/";

/// The pattern as ECMA-262 writes it, if it can.
pub(crate) fn of_re2(pattern: &str) -> Option<String> {
    if pattern.chars().nth(PATTERN_MAX).is_some() {
        return None;
    }
    let mut reader = Reader {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len()),
        groups: Vec::new(),
        atom: false,
    };
    while let Some(c) = reader.rest.next() {
        reader.one(c)?;
    }
    reader.groups.is_empty().then_some(reader.out)
}

/// A pattern that matches this text and nothing else.
pub(crate) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if SYNTAX.contains(c) && c != '/' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
    /// The open groups: whether each may be repeated; looking ahead or behind may not.
    groups: Vec<bool>,
    /// What stands before may be repeated.
    atom: bool,
}

impl Reader<'_> {
    fn one(&mut self, c: char) -> Option<()> {
        match c {
            '\\' => self.escape()?,
            '[' => self.class()?,
            '(' => self.open()?,
            ')' => {
                self.atom = self.groups.pop()?;
                self.out.push(')');
            }
            '*' | '+' | '?' => {
                self.out.push(c);
                self.repeated()?;
            }
            '{' => self.brace()?,
            ']' | '}' => self.put(&['\\', c]),
            '|' | '^' | '$' => {
                self.out.push(c);
                self.atom = false;
            }
            _ => self.put(&[c]),
        }
        Some(())
    }

    fn put(&mut self, chars: &[char]) {
        self.out.extend(chars);
        self.atom = true;
    }

    /// After a repetition: something must stand before it, and no second one after it.
    fn repeated(&mut self) -> Option<()> {
        if !self.atom {
            return None;
        }
        if let Some(lazy) = self.rest.next_if_eq(&'?') {
            self.out.push(lazy);
        }
        self.atom = false;
        Some(())
    }

    /// `{2}`, `{2,}`, `{2,3}`; any other brace stands for itself.
    fn brace(&mut self) -> Option<()> {
        let inner: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().nth(inner.chars().count()) == Some('}');
        let digits = |text: &str| {
            let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            fits.then(|| text.parse::<u32>().unwrap_or(u32::MAX))
        };
        let bounds = match inner.split_once(',') {
            None => digits(&inner).map(|count| (count, count)),
            Some((least, "")) => digits(least).map(|least| (least, least)),
            Some((least, most)) => digits(least).zip(digits(most)),
        };
        let Some((least, most)) = bounds.filter(|_| closed) else {
            self.put(&['\\', '{']);
            return Some(());
        };
        if least > most || most > REPEAT_MAX {
            return None;
        }
        for _ in 0..=inner.len() {
            self.rest.next();
        }
        self.out.push('{');
        self.out.push_str(&inner);
        self.out.push('}');
        self.repeated()
    }

    fn open(&mut self) -> Option<()> {
        if self.groups.len() >= GROUPS_MAX {
            return None;
        }
        self.out.push('(');
        let mut repeatable = true;
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
            let kind = self.rest.next()?;
            self.out.push(kind);
            match kind {
                ':' => {}
                '=' | '!' => repeatable = false,
                '<' => match self.rest.next()? {
                    look @ ('=' | '!') => {
                        self.out.push(look);
                        repeatable = false;
                    }
                    first if first.is_ascii_alphabetic() => self.name(first)?,
                    _ => return None,
                },
                _ => return None,
            }
        }
        self.groups.push(repeatable);
        self.atom = false;
        Some(())
    }

    fn name(&mut self, first: char) -> Option<()> {
        self.out.push(first);
        loop {
            let c = self.rest.next()?;
            self.out.push(c);
            match c {
                '>' => return Some(()),
                c if c.is_ascii_alphanumeric() || c == '_' => {}
                _ => return None,
            }
        }
    }

    /// After a backslash, outside of a class.
    fn escape(&mut self) -> Option<()> {
        let c = self.rest.next()?;
        match c {
            'b' | 'B' => {
                self.out.extend(['\\', c]);
                self.atom = false;
            }
            'A' | 'z' => {
                self.out.push(if c == 'A' { '^' } else { '$' });
                self.atom = false;
            }
            _ => {
                self.shared(c)?;
                self.atom = true;
            }
        }
        Some(())
    }

    /// An escape that means the same within a class; the character it stands for, if it is one.
    fn shared(&mut self, c: char) -> Option<Option<char>> {
        let one = match c {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => {
                self.out.extend(['\\', c]);
                return Some(None);
            }
            'p' | 'P' => {
                self.category(c)?;
                return Some(None);
            }
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => return self.hexadecimal().map(Some),
            c if c.is_ascii_punctuation() => {
                if SYNTAX.contains(c) {
                    self.out.push('\\');
                }
                self.out.push(c);
                return Some(Some(c));
            }
            _ => return None,
        };
        self.out.extend(['\\', c]);
        Some(Some(one))
    }

    /// `\x7F`, `\x{10FFFF}`.
    fn hexadecimal(&mut self) -> Option<char> {
        let digits: String = if self.rest.next_if_eq(&'{').is_some() {
            self.rest.by_ref().take_while(|c| *c != '}').collect()
        } else {
            self.rest.by_ref().take(2).collect()
        };
        let hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let c = char::from_u32(u32::from_str_radix(&digits, 16).ok().filter(|_| hex)?)?;
        self.out.push_str(&format!("\\u{{{:X}}}", u32::from(c)));
        Some(c)
    }

    /// `\pL`, `\p{Lu}`: general categories are the same in both; names of scripts are not.
    fn category(&mut self, c: char) -> Option<()> {
        const CATEGORIES: &str = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po \
                                  S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Co";
        let name: String = match self.rest.next()? {
            '{' => self.rest.by_ref().take_while(|c| *c != '}').collect(),
            one => one.to_string(),
        };
        let known = CATEGORIES.split_ascii_whitespace().any(|of| of == name);
        self.out.push_str(&format!("\\{c}{{{name}}}"));
        known.then_some(())
    }

    fn class(&mut self) -> Option<()> {
        self.out.push('[');
        if let Some(not) = self.rest.next_if_eq(&'^') {
            self.out.push(not);
        }
        let mut first = true;
        loop {
            let c = self.rest.next()?;
            if c == ']' && !first {
                break;
            }
            first = false;
            let low = self.member(c)?;
            let mut ahead = self.rest.clone();
            let range = ahead.next() == Some('-') && ahead.next().is_some_and(|after| after != ']');
            if range {
                self.rest.next();
                self.out.push('-');
                let c = self.rest.next()?;
                let high = self.member(c)?;
                if low? > high? {
                    return None;
                }
            }
        }
        self.out.push(']');
        self.atom = true;
        Some(())
    }

    /// One member of a class, already taken; the character if it is one.
    fn member(&mut self, c: char) -> Option<Option<char>> {
        match c {
            '\\' => match self.rest.next()? {
                '-' => self.out.push_str("\\-"),
                c => return self.shared(c),
            },
            '[' if self.rest.peek() == Some(&':') => return None,
            '[' | ']' | '-' | '^' => self.out.extend(['\\', c]),
            c => self.out.push(c),
        }
        Some(Some(if c == '\\' { '-' } else { c }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_know_is_passed_on_in_ecma_spelling() {
        for (re2, ecma) in [
            ("^[0-9]*$", "^[0-9]*$"),
            (r"^a\-b\_c\.d$", r"^a-b_c\.d$"),
            (r"\A\d+\z", r"^\d+$"),
            (r"^[a-z0-9\-_]{1,20}$", r"^[a-z0-9\-_]{1,20}$"),
            ("[]a]", r"[\]a]"),
            ("[a-]", r"[a\-]"),
            ("{a}", r"\{a\}"),
            ("a{,3}", r"a\{,3\}"),
            ("(?:a|b)+?c??", "(?:a|b)+?c??"),
            (r"\pL\p{Nd}", r"\p{L}\p{Nd}"),
            (r"\x41\x{1F600}", r"\u{41}\u{1F600}"),
            ("ä+", "ä+"),
        ] {
            assert_eq!(of_re2(re2).as_deref(), Some(ecma), "{re2}");
        }
    }

    #[test]
    fn what_only_re2_knows_or_nobody_is_no_pattern() {
        for re2 in [
            "(?i)abc",
            "(?P<name>a)",
            r"\Qa.b\E",
            "[[:alpha:]]",
            r"\p{Greek}",
            r"\C",
            r"\07",
            "(a",
            "a)",
            "[a",
            "*a",
            "a**",
            "a{2}{3}",
            "a{3,2}",
            "a{1001}",
            "[z-a]",
            r"[\d-z]",
            "(?=a)*",
            "^*",
            "\\",
        ] {
            assert_eq!(of_re2(re2), None, "{re2}");
        }
        assert_eq!(of_re2(&"a".repeat(PATTERN_MAX + 1)), None);
        assert_eq!(of_re2(&"(".repeat(100)), None);
    }

    #[test]
    fn a_literal_matches_itself() {
        assert_eq!(literal("a.b/c (1)"), r"a\.b/c \(1\)");
    }
}
