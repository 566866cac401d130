//! The attempts of one call that is hedged: side by side, each a while after the former, until one is
//! answered (gRFC A6, "Hedging Policy").
//!
//! ```text
//! new ─► attempt 1 ─ delay ─► open ─► attempt 2 ─ delay ─► open ─► …
//!            │ failed
//!            ├ fatal code ───────► End: its answer is the call's, the others are dropped
//!            ├ other code ───────► the next one at once │ when the backend says │ none any more
//!            └ nobody saw it ────► Transparent: the same one again
//! ```
//!
//! Whoever drives this sleeps until [`due`](Hedge::due), then asks [`open`](Hedge::open). An answer that
//! begins ends it: the others are dropped. A failure before that is told to [`failed`](Hedge::failed).

use std::time::Duration;

use tokio::time::Instant;

use super::attempts::{Committed, Why};
use super::budget::UnderWay;
use super::gate::Gate;
use super::policy::Hedging;
use super::throttle::counts;
use super::transparent::Transparent;
use crate::call::{Deadline, Retry, Status};

/// What happens when the next attempt is due.
#[derive(Debug)]
pub(in crate::upstream) enum Opening {
    /// It is made.
    Attempt {
        /// How many went before it, for [`PREVIOUS_ATTEMPTS`](super::PREVIOUS_ATTEMPTS).
        previous: u32,
        /// To be kept until it has ended.
        under_way: UnderWay,
    },
    /// It is not; those that run go on.
    Wait,
    /// It is not, and none runs: the last failure is the call's.
    End(Why),
}

/// What follows the failure of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Step {
    /// The same one is made again, as no application saw it.
    Transparent {
        /// From now; mostly nothing.
        after: Duration,
    },
    /// Others run, or one is due.
    Wait,
    /// The failure is the call's, and the others are dropped.
    End(Why),
}

/// The attempts of one call.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct Hedge {
    hedging: Hedging,
    deadline: Deadline,
    /// Attempts that were made.
    made: u32,
    /// Those that have not ended.
    running: u32,
    next: Result<Instant, Why>,
    transparent: Transparent,
}

impl Hedge {
    /// The first attempt is made now.
    pub(in crate::upstream) fn new(hedging: &Hedging, deadline: Deadline, now: Instant) -> Self {
        let mut hedge = Self {
            hedging: *hedging,
            deadline,
            made: 1,
            running: 1,
            next: Err(Why::Exhausted),
            transparent: Transparent::default(),
        };
        hedge.schedule(now, hedging.delay);
        hedge
    }

    /// When the next attempt is to be made; `None`: there is none.
    pub(in crate::upstream) fn due(&self) -> Option<Instant> {
        self.next.ok()
    }

    /// The next attempt is due.
    pub(in crate::upstream) fn open(&mut self, now: Instant, gate: Gate<'_>) -> Opening {
        match self.next {
            // Too early: it is still due.
            Ok(at) if now < at => return Opening::Wait,
            Ok(_) if !self.in_time(now) => self.next = Err(Why::Deadline),
            Ok(_) => match gate.pass() {
                Ok(under_way) => {
                    let previous = self.made;
                    self.made += 1;
                    self.running += 1;
                    self.schedule(now, self.hedging.delay);
                    return Opening::Attempt {
                        previous,
                        under_way,
                    };
                }
                // For good: what is not sent in time helps nobody later.
                Err(why) => self.next = Err(why),
            },
            Err(_) => {}
        }
        match self.over() {
            Some(why) => Opening::End(why),
            None => Opening::Wait,
        }
    }

    /// An attempt failed.
    pub(in crate::upstream) fn failed(
        &mut self,
        now: Instant,
        status: &Status,
        committed: Committed,
        gate: Gate<'_>,
    ) -> Step {
        if let (Some(after), Committed::No) = (self.transparent.next(status.retry), committed)
            && now.checked_add(after).is_some_and(|at| self.in_time(at))
        {
            self.transparent.made(status.retry);
            return Step::Transparent { after };
        }
        self.running = self.running.saturating_sub(1);
        let is_fatal = !self.hedging.non_fatal.contains(status.code);
        if counts(status, self.hedging.non_fatal) {
            gate.throttle.failed();
        }
        match committed {
            Committed::Answered => return Step::End(Why::Answered),
            Committed::No | Committed::Dropped if is_fatal => return Step::End(Why::Code),
            Committed::Dropped => self.next = Err(Why::Dropped),
            Committed::No if !gate.throttle.allows() => self.close(Why::Throttled),
            Committed::No => match status.retry {
                Retry::Forbidden => self.close(Why::Forbidden),
                Retry::Pushback(after) => self.schedule(now, after),
                Retry::Never
                | Retry::BeforeFirstByte
                | Retry::Lost
                | Retry::Unsent
                | Retry::Refused => {
                    self.schedule(now, Duration::ZERO);
                }
            },
        }
        match self.over() {
            Some(why) => Step::End(why),
            None => Step::Wait,
        }
    }

    /// Attempts that were made, the first and the transparent ones included.
    #[cfg(test)]
    pub(in crate::upstream) fn made(&self) -> u32 {
        self.made.saturating_add(self.transparent.count())
    }

    /// Attempts besides the first, without the transparent ones.
    #[cfg(test)]
    pub(in crate::upstream) fn hedges(&self) -> u32 {
        self.made - 1
    }

    /// Transparent retries so far.
    #[cfg(test)]
    pub(in crate::upstream) fn transparent_retries(&self) -> u32 {
        self.transparent.count()
    }

    fn in_time(&self, at: Instant) -> bool {
        match self.deadline {
            Deadline::At(deadline) => at < deadline,
            Deadline::Never => true,
        }
    }

    /// The next attempt is made so long from now, unless there is none any more.
    fn schedule(&mut self, now: Instant, after: Duration) {
        let is_open = |why| matches!(why, Why::Exhausted | Why::Deadline);
        if !self.next.map_or_else(is_open, |_| true) {
            return;
        }
        self.next = if self.made >= self.hedging.max_attempts.get() {
            Err(Why::Exhausted)
        } else {
            now.checked_add(after)
                .filter(|at| self.in_time(*at))
                .ok_or(Why::Deadline)
        };
    }

    /// There is no further attempt; why is what was known first.
    fn close(&mut self, why: Why) {
        if self.next.is_ok() {
            self.next = Err(why);
        }
    }

    /// Why the call has ended, if no attempt runs and none is to come.
    fn over(&self) -> Option<Why> {
        self.next.err().filter(|_| self.running == 0)
    }
}
