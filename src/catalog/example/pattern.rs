//! A text that matches a regular expression.
//!
//! For examples, so it is small: what people write to describe a text is understood, what looks ahead or
//! refers back is not, and then there is no sample. Groups are bounded in depth and samples in length.

use std::iter::Peekable;
use std::str::Chars;

/// Groups within groups at most.
const DEPTH_MAX: usize = 20;

/// Characters of a sample at most.
const SAMPLE_MAX: usize = 1000;

/// Repetitions are tried up to this many, where a text has to be longer.
const STRETCH_MAX: usize = 200;

/// Candidates for a character of a negated class, and for a dot.
const LETTERS: &str = "abcxyzABC0123456789-_. ";

/// A text of this many characters that matches, as far as one is found; `None` if the pattern is not
/// understood, or no text is of that length.
pub(super) fn sample(pattern: &str, least: usize, most: usize) -> Option<String> {
    let fits = |text: &String| (least..=most).contains(&text.chars().count());
    (0..=STRETCH_MAX)
        .map_while(|stretch| once(pattern, stretch))
        .find(fits)
}

/// A text that matches: every repetition that may be longer is, by `stretch`.
fn once(pattern: &str, stretch: usize) -> Option<String> {
    let mut reader = Reader {
        rest: pattern.chars().peekable(),
        stretch,
    };
    let sample = reader.alternatives(0)?;
    reader.rest.next().is_none().then_some(sample)
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    stretch: usize,
}

impl Reader<'_> {
    /// The first of `a|b|c`; the others are read over.
    fn alternatives(&mut self, depth: usize) -> Option<String> {
        if depth > DEPTH_MAX {
            return None;
        }
        let first = self.sequence(depth)?;
        while self.rest.next_if_eq(&'|').is_some() {
            self.sequence(depth)?;
        }
        Some(first)
    }

    fn sequence(&mut self, depth: usize) -> Option<String> {
        let mut out = String::new();
        while let Some(&c) = self.rest.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            self.rest.next();
            let atom = match c {
                '^' | '$' => continue,
                '(' => {
                    if self.rest.next_if_eq(&'?').is_some() {
                        self.rest.next_if_eq(&':')?;
                    }
                    let inner = self.alternatives(depth + 1)?;
                    self.rest.next_if_eq(&')')?;
                    inner
                }
                '[' => self.class()?.to_string(),
                '.' => "a".to_owned(),
                '\\' => match self.escape()? {
                    Some(c) => c.to_string(),
                    None => continue,
                },
                '*' | '+' | '?' => return None,
                c => c.to_string(),
            };
            for _ in 0..self.times()? {
                out.push_str(&atom);
                if out.len() > SAMPLE_MAX {
                    return None;
                }
            }
        }
        Some(out)
    }

    /// How often the atom before comes.
    fn times(&mut self) -> Option<usize> {
        let stretch = self.stretch;
        let times = match self.rest.peek() {
            Some('*') => stretch,
            Some('+') => 1 + stretch,
            Some('?') => usize::from(stretch > 0),
            Some('{') => return self.counted(),
            _ => return Some(1),
        };
        self.rest.next();
        self.rest.next_if_eq(&'?');
        Some(times)
    }

    /// `{2}`, `{2,}`, `{2,3}`.
    fn counted(&mut self) -> Option<usize> {
        self.rest.next();
        let mut inner = String::new();
        loop {
            match self.rest.next()? {
                '}' => break,
                c if inner.len() < 16 => inner.push(c),
                _ => return None,
            }
        }
        self.rest.next_if_eq(&'?');
        let (least, most) = match inner.split_once(',') {
            None => (inner.parse().ok()?, inner.parse().ok()?),
            Some((least, "")) => (least.parse().ok()?, SAMPLE_MAX),
            Some((least, most)) => (least.parse::<usize>().ok()?, most.parse().ok()?),
        };
        (least <= SAMPLE_MAX).then(|| least.saturating_add(self.stretch).min(most))
    }

    /// An escape outside of a class; `Some(None)` for one that stands between characters.
    #[allow(clippy::option_option)]
    fn escape(&mut self) -> Option<Option<char>> {
        Some(Some(match self.rest.next()? {
            'd' => '1',
            'w' => 'a',
            's' => ' ',
            'b' | 'B' | 'A' | 'z' => return Some(None),
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            c if c.is_ascii_alphanumeric() => return None,
            c => c,
        }))
    }

    /// The first character of a class, or one that is not in a negated one.
    fn class(&mut self) -> Option<char> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges: Vec<(char, char)> = Vec::new();
        let mut first = true;
        loop {
            let c = self.rest.next()?;
            let low = match c {
                ']' if !first => break,
                '\\' => match self.rest.next()? {
                    'd' => {
                        ranges.push(('0', '9'));
                        first = false;
                        continue;
                    }
                    'w' => {
                        ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]);
                        first = false;
                        continue;
                    }
                    's' => {
                        ranges.extend([(' ', ' '), ('\t', '\r')]);
                        first = false;
                        continue;
                    }
                    'n' => '\n',
                    't' => '\t',
                    c if c.is_ascii_alphanumeric() => return None,
                    c => c,
                },
                c => c,
            };
            first = false;
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && ahead.next() != Some(']');
            let high = if is_range {
                self.rest.next();
                match self.rest.next()? {
                    '\\' => self.rest.next()?,
                    c => c,
                }
            } else {
                low
            };
            ranges.push((low, high));
        }
        let is_in = |c: char| ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
        if negated {
            return LETTERS.chars().find(|c| !is_in(*c));
        }
        // Letters read better than what happens to stand first.
        let letter = LETTERS
            .chars()
            .find(|c| c.is_ascii_alphanumeric() && is_in(*c));
        letter.or_else(|| ranges.first().map(|(low, _)| *low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_match_what_people_write() {
        for (pattern, expected) in [
            ("^[0-9]*$", Some("")),
            ("^[0-9]+$", Some("0")),
            ("^[A-Z]{2}[0-9]{3,5}$", Some("AA000")),
            ("^shelves/[^/]+/books/[^/]+$", Some("shelves/a/books/a")),
            (r"^\d{3}-\d{4}$", Some("111-1111")),
            ("^(draft|published)$", Some("draft")),
            (r"^[\w.]+@[\w.]+\.[a-z]{2,}$", Some("a@a.aa")),
            ("^(?:a|b)c?$", Some("a")),
            ("^[]a]$", Some("a")),
            ("^[+-]$", Some("+")),
            (r"^a\.b$", Some("a.b")),
            ("^(?=a)a$", None),
            ("^(a$", None),
            ("*", None),
            ("^[a", None),
            (r"\1", None),
        ] {
            let sample = sample(pattern, 0, SAMPLE_MAX);
            assert_eq!(sample.as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn a_sample_is_as_long_as_asked_for() {
        assert_eq!(sample("^[a-z]+$", 5, 9).as_deref(), Some("aaaaa"));
        assert_eq!(sample("^[a-z]{2,3}$", 5, 9), None);
        assert_eq!(sample("^x[0-9]*$", 3, 3).as_deref(), Some("x00"));
    }

    #[test]
    fn deep_and_long_patterns_end() {
        assert_eq!(sample(&"(".repeat(100_000), 0, 10), None);
        assert_eq!(sample("((((a{1000}){1000}){1000}){1000})", 0, 10), None);
        assert_eq!(sample("a{99999999999999999999}", 0, 10), None);
    }
}
