//! What strangers wrote, cut and escaped so that a line of a log can quote it.

use std::fmt;

/// Characters shown at most.
pub const SHOWN_MAX: usize = 80;

/// A text of unknown origin, for messages: printable ASCII, at most [`SHOWN_MAX`] characters of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(Box<str>);

impl Shown {
    /// What of a text can be shown.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut shown: String = text
            .chars()
            .take(SHOWN_MAX)
            .flat_map(char::escape_default)
            .collect();
        let is_cut = text.chars().nth(SHOWN_MAX).is_some() || shown.len() > SHOWN_MAX;
        // Escapes are ASCII, so every place is a border.
        shown.truncate(SHOWN_MAX);
        if is_cut {
            shown.push_str("...");
        }
        Self(shown.into())
    }

    /// Several of them, with commas between.
    pub(super) fn list<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        // More would be cut anyway.
        Self::of(&texts.take(SHOWN_MAX).collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_cannot_forge_a_line() {
        assert_eq!(
            Shown::of("https://id.example").to_string(),
            "https://id.example"
        );
        assert_eq!(
            Shown::of("a\nlevel=ERROR \u{1b}[31m").to_string(),
            "a\\nlevel=ERROR \\u{1b}[31m"
        );
        for long in [
            "x".repeat(1_000_000),
            "\u{1b}".repeat(SHOWN_MAX),
            "é".repeat(100),
        ] {
            let shown = Shown::of(&long).to_string();
            assert!(
                shown.len() == SHOWN_MAX + 3 && shown.ends_with("..."),
                "{shown}"
            );
        }
    }
}
