//! A set of status codes, as policies name them.

use std::fmt;

use crate::call::Code;

/// Status codes: a bit for each of the seventeen.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct CodeSet(u32);

const fn bit(code: Code) -> u32 {
    1 << code as u32
}

impl CodeSet {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// These.
    #[must_use]
    pub const fn of(codes: &[Code]) -> Self {
        let mut set = Self::NONE;
        let mut rest = codes;
        while let [code, others @ ..] = rest {
            set.0 |= bit(*code);
            rest = others;
        }
        set
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, code: Code) -> Self {
        Self(self.0 | bit(code))
    }

    /// True if the code is one of them.
    #[must_use]
    pub const fn contains(self, code: Code) -> bool {
        self.0 & bit(code) != 0
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The codes, by number.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL
            .into_iter()
            .filter(move |code| self.contains(*code))
    }
}

impl FromIterator<Code> for CodeSet {
    fn from_iter<I: IntoIterator<Item = Code>>(codes: I) -> Self {
        codes.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Code::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        assert!(CodeSet::NONE.is_empty());
        for code in Code::ALL {
            let set = CodeSet::of(&[code]);
            let found: Vec<Code> = set.iter().collect();
            assert_eq!(found, [code]);
            assert!(!set.is_empty() && set.contains(code));
            assert_eq!(set.with(code), set);
        }
        let all: CodeSet = Code::ALL.into_iter().collect();
        assert_eq!(all.iter().count(), Code::ALL.len());
        let two = CodeSet::of(&[Code::Unavailable, Code::Aborted]);
        assert_eq!(format!("{two:?}"), r#"{"ABORTED", "UNAVAILABLE"}"#);
    }
}
