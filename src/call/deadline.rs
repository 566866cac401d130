//! One absolute deadline per call. It covers request, response, trailers and every attempt.

use std::time::Duration;

use tokio::time::Instant;

/// When a call has to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// At this moment.
    At(Instant),
    /// Whenever it ends by itself.
    Never,
}

impl Deadline {
    /// `within` from now. A span too long to be a moment is no deadline.
    #[must_use]
    pub fn after(within: Duration) -> Self {
        Instant::now()
            .checked_add(within)
            .map_or(Self::Never, Self::At)
    }

    /// The one that comes first.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self, other) {
            (Self::At(a), Self::At(b)) => Self::At(a.min(b)),
            (Self::Never, at) | (at, Self::Never) => at,
        }
    }

    /// What is left: `None` without a deadline, zero once it has passed.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        match self {
            Self::At(at) => Some(at.saturating_duration_since(Instant::now())),
            Self::Never => None,
        }
    }

    /// True once the moment has come.
    #[must_use]
    pub fn has_passed(self) -> bool {
        matches!(self, Self::At(at) if at <= Instant::now())
    }
}
