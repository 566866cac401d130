//! The attempts of one call, one after the other: after each failure the decision about another.
//!
//! ```text
//!            no application saw it ───────────────────► Transparent (refused: once)
//!            │ no, or again
//! failed ─►  counts against the throttle, if its code or push-back says so
//!            │
//!            answered │ not kept │ final │ no policy │ other code │ all made │ forbidden ─► GiveUp
//!            throttled │ no budget │ the delay ends after the deadline ───────────────────► GiveUp
//!            │
//!            Again, after the delay of the policy or of the backend
//! ```

use std::time::Duration;

use http::HeaderName;

use super::budget::UnderWay;
use super::codes::CodeSet;
use super::gate::Gate;
use super::policy::Policy;
use super::throttle::counts;
use super::transparent::Transparent;
use crate::call::{Retry, Status};
use crate::schema::Idempotency;

/// The field that tells a backend how many attempts went before; only retries have it.
pub(in crate::upstream) const PREVIOUS_ATTEMPTS: HeaderName =
    HeaderName::from_static("grpc-previous-rpc-attempts");

/// What keeps a call to the attempt it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Committed {
    /// Nothing.
    No,
    /// Response headers came, other than those of a trailers-only answer.
    Answered,
    /// Its messages are no longer kept: there were too many, or the client broke its side.
    Dropped,
}

/// What follows a failure.
#[derive(Debug)]
pub(in crate::upstream) enum Next {
    /// Another attempt after this delay, which the policy allows; it is under way from now on.
    Again {
        /// From now.
        after: Duration,
        /// To be kept until the attempt has ended.
        under_way: UnderWay,
    },
    /// Another attempt that no policy has to allow.
    Transparent {
        /// From now; mostly nothing.
        after: Duration,
    },
    /// The failure is the call's.
    GiveUp(Why),
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Why {
    /// A second try cannot end differently, or must not be made.
    Final,
    /// An answer had begun.
    Answered,
    /// The messages are no longer kept.
    Dropped,
    /// No policy covers the method.
    NoPolicy,
    /// The policy does not name the code.
    Code,
    /// All attempts were made.
    Exhausted,
    /// The backend asked for no further one.
    Forbidden,
    /// Too much failed lately.
    Throttled,
    /// Too many retries are under way.
    Budget,
    /// The next attempt would start after the deadline.
    Deadline,
}

impl Why {
    /// The word in logs and metrics.
    #[must_use]
    pub(in crate::upstream) const fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Answered => "answered",
            Self::Dropped => "dropped",
            Self::NoPolicy => "no_policy",
            Self::Code => "code",
            Self::Exhausted => "exhausted",
            Self::Forbidden => "forbidden",
            Self::Throttled => "throttled",
            Self::Budget => "budget",
            Self::Deadline => "deadline",
        }
    }
}

/// The attempts of one call. The first one is made by whoever makes this.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct Attempts {
    /// The policy, if it covers the method.
    policy: Option<Policy>,
    /// Retries by the policy.
    retries: u32,
    /// Those since the backend last named a delay: it starts the delays over.
    delays: u32,
    transparent: Transparent,
}

impl Attempts {
    /// The first attempt is under way.
    pub(in crate::upstream) fn new(policy: Option<&Policy>, idempotency: Idempotency) -> Self {
        Self {
            policy: policy.filter(|policy| policy.applies(idempotency)).copied(),
            retries: 0,
            delays: 0,
            transparent: Transparent::default(),
        }
    }

    /// The attempt failed, with so much time `left` (`None`: no deadline); `random` lies in 0..1. One
    /// that ends well is told to the throttle alone.
    ///
    /// Whether another endpoint is there is not known here: a call that finds none is not
    /// [`Retry::Unsent`], which would be tried until the deadline.
    pub(in crate::upstream) fn failed(
        &mut self,
        status: &Status,
        left: Option<Duration>,
        committed: Committed,
        gate: Gate<'_>,
        random: f64,
    ) -> Next {
        let in_time = |after: Duration| left.is_none_or(|left| after < left);
        if let (Some(after), Committed::No) = (self.transparent.next(status.retry), committed) {
            if !in_time(after) {
                return Next::GiveUp(Why::Deadline);
            }
            self.transparent.made(status.retry);
            return Next::Transparent { after };
        }
        // First of all, so that none is missed for another reason not to try again.
        let codes = self.policy.map_or(CodeSet::NONE, |policy| policy.codes);
        if counts(status, codes) {
            gate.throttle.failed();
        }
        match self.delay(status, committed, random) {
            Err(why) => Next::GiveUp(why),
            Ok(after) if !in_time(after) => Next::GiveUp(Why::Deadline),
            Ok(after) => match gate.after(status.retry) {
                Err(why) => Next::GiveUp(why),
                Ok(under_way) => {
                    self.retries += 1;
                    self.delays = if matches!(status.retry, Retry::Pushback(_)) {
                        0
                    } else {
                        self.delays + 1
                    };
                    Next::Again { after, under_way }
                }
            },
        }
    }

    /// The delay before the next attempt, as far as this call alone decides.
    fn delay(&self, status: &Status, committed: Committed, random: f64) -> Result<Duration, Why> {
        match committed {
            Committed::No => {}
            Committed::Answered => return Err(Why::Answered),
            Committed::Dropped => return Err(Why::Dropped),
        }
        let pushback = match status.retry {
            Retry::Never => return Err(Why::Final),
            Retry::Forbidden => return Err(Why::Forbidden),
            Retry::Pushback(after) => Some(after),
            Retry::BeforeFirstByte | Retry::Lost | Retry::Unsent | Retry::Refused => None,
        };
        let policy = self.policy.ok_or(Why::NoPolicy)?;
        if !policy.codes.contains(status.code) {
            return Err(Why::Code);
        }
        if self.retries + 1 >= policy.max_attempts.get() {
            return Err(Why::Exhausted);
        }
        Ok(pushback.unwrap_or_else(|| policy.delays.before(self.delays + 1, random)))
    }

    /// The value of [`PREVIOUS_ATTEMPTS`]; none on the first attempt. Transparent retries do not count.
    pub(in crate::upstream) fn previous_attempts(&self) -> Option<u32> {
        Some(self.retries).filter(|retries| *retries > 0)
    }

    /// Attempts so far, all of them.
    #[cfg(test)]
    pub(in crate::upstream) fn made(&self) -> u32 {
        self.retries
            .saturating_add(self.transparent.count())
            .saturating_add(1)
    }

    /// Retries by the policy so far.
    #[cfg(test)]
    pub(in crate::upstream) fn retries(&self) -> u32 {
        self.retries
    }

    /// Transparent retries so far.
    #[cfg(test)]
    pub(in crate::upstream) fn transparent_retries(&self) -> u32 {
        self.transparent.count()
    }
}
