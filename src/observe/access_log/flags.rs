//! What happened on the way of a call, in words of a closed list: beside why it ended as it did.

/// The flags of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It was made more than once.
    Retried,
    /// It failed after the head of its answer had promised a success.
    AfterHead,
    /// It passed because rules that refuse it do not count yet.
    WouldRefuse,
    /// It passed because whoever was asked did not answer.
    Unanswered,
    /// It ended after its deadline.
    Late,
}

impl Flag {
    const ALL: [Self; 5] = [
        Self::Retried,
        Self::AfterHead,
        Self::WouldRefuse,
        Self::Unanswered,
        Self::Late,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::AfterHead => "after_head",
            Self::WouldRefuse => "would_refuse",
            Self::Unanswered => "unanswered",
            Self::Late => "late",
        }
    }
}

impl Flags {
    /// With this one, if so.
    #[must_use]
    pub const fn with(self, flag: Flag, is_so: bool) -> Self {
        if is_so {
            Self(self.0 | 1 << flag as u8)
        } else {
            self
        }
    }

    /// The words of those that are there.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let set = Flag::ALL.into_iter();
        let set = set.filter(move |flag| self.0 & 1 << *flag as u8 != 0);
        set.map(Flag::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_words_in_an_order_of_their_own() {
        let flags = Flags::default()
            .with(Flag::Late, true)
            .with(Flag::AfterHead, false)
            .with(Flag::Retried, true);
        assert!(flags.words().eq(["retried", "late"]));
        for (place, flag) in Flag::ALL.into_iter().enumerate() {
            assert_eq!(flag as usize, place);
        }
    }
}
