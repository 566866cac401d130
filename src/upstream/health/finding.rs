//! What asking an endpoint for its health has come to, and why it gets no calls by that.

use std::sync::atomic::{AtomicU8, Ordering};

/// What is known of an endpoint's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Finding {
    /// It serves, or nobody asks it.
    Serves,
    /// It was asked, and has not said anything yet.
    Unknown,
    /// It says that it does not serve.
    NotServing,
    /// It does not know the service that was asked for.
    NoService,
    /// No connection was there to ask it.
    Unreached,
    /// It did not answer in time.
    Late,
    /// It failed to answer.
    Failed,
}

impl Finding {
    const ALL: [Self; 7] = [
        Self::Serves,
        Self::Unknown,
        Self::NotServing,
        Self::NoService,
        Self::Unreached,
        Self::Late,
        Self::Failed,
    ];

    /// True if it may get calls.
    pub(in crate::upstream) fn is_healthy(self) -> bool {
        self == Self::Serves
    }

    /// Why it gets no calls.
    pub(in crate::upstream) fn why(self) -> Option<&'static str> {
        match self {
            Self::Serves => None,
            Self::Unknown => Some("it has not said yet whether it serves"),
            Self::NotServing => Some("its health service says so"),
            Self::NoService => Some("its health service does not know the service it is asked for"),
            Self::Unreached => Some("it was not reached to ask for its health"),
            Self::Late => Some("its health service did not answer in time"),
            Self::Failed => Some("its health service failed"),
        }
    }
}

/// The last finding of an endpoint.
#[derive(Debug)]
pub(in crate::upstream) struct Health(AtomicU8);

impl Health {
    /// Begins with this one.
    pub(in crate::upstream) fn new(finding: Finding) -> Self {
        Self(AtomicU8::new(finding as u8))
    }

    /// What was found last.
    pub(in crate::upstream) fn get(&self) -> Finding {
        Self::of(self.0.load(Ordering::Relaxed))
    }

    /// Takes what was found, and says what was before.
    pub(in crate::upstream) fn replace(&self, finding: Finding) -> Finding {
        Self::of(self.0.swap(finding as u8, Ordering::Relaxed))
    }

    fn of(number: u8) -> Finding {
        let mut all = Finding::ALL.into_iter();
        // Only numbers of findings are stored.
        all.find(|finding| *finding as u8 == number)
            .unwrap_or(Finding::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_comes_back_and_all_but_one_say_why_there_are_no_calls() {
        let health = Health::new(Finding::Unknown);
        for finding in Finding::ALL {
            health.replace(finding);
            assert_eq!(health.get(), finding);
            assert_eq!(finding.is_healthy(), finding.why().is_none());
        }
    }
}
