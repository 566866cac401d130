//! What becomes of a call when nobody answers who should be asked about it.

use crate::call::gate::{Decision, Passed, Refused};
use crate::call::{Cause, Code, Status};

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It is refused, with this code.
    Closed(Code),
    /// It goes on, as if nobody had been asked.
    Open,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not in time.
    #[error("found no answer within {0:?}")]
    Slow(std::time::Duration),
    /// It could not be asked, or it failed.
    #[error("found {code}, expected an answer")]
    Failed {
        /// With what.
        code: Code,
    },
    /// It said something that cannot be.
    #[error("found an answer that is none: {0}")]
    Garbage(String),
}

impl Fault {
    /// The word in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Slow(_) => "timeout",
            Self::Failed { .. } => "failed",
            Self::Garbage(_) => "garbage",
        }
    }
}

impl OnFailure {
    /// What becomes of a call. Why nobody answered is for operators; a client reads that it cannot be.
    pub(super) fn decide(self, by: &'static str, fault: &Fault) -> Result<Passed, Box<Refused>> {
        match self {
            Self::Open => Ok(Passed {
                fault: Some((by, fault.name())),
                ..Passed::default()
            }),
            Self::Closed(code) => {
                let status =
                    Status::gateway(code, "whether the call may be made cannot be found out")
                        .because(Cause::PolicyUnanswered);
                Err(Box::new(Refused {
                    rule: Some(fault.name().into()),
                    ..Refused::new(by, status)
                }))
            }
        }
    }

    /// The word in logs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Closed(_) => "closed",
            Self::Open => "open",
        }
    }
}

impl From<Result<Passed, Box<Refused>>> for Decision<'_> {
    fn from(known: Result<Passed, Box<Refused>>) -> Self {
        Self::Now(known)
    }
}
