//! When operators are told that a policy server does not answer as it should, and that it does again.
//!
//! Each call's own line says what became of it, so this is not told of each: when it begins, then once in a
//! minute with how many calls there were since, and when none was left without an answer for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// From one word about it to the next.
const EVERY: Duration = Duration::from_secs(60);

/// How long every call has to have had an answer before it is over.
const QUIET: Duration = Duration::from_secs(10);

/// Of one step: its server, as its answers show it.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// Whether it was told of and is not over: nobody locks for a server that is well.
    is_told: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// When it was told of last.
    told: Option<Instant>,
    /// When a call was left without an answer last.
    last: Option<Instant>,
    /// Calls without an answer that nobody was told of.
    untold: u64,
}

impl Outage {
    /// A call is left without an answer. How many are since the last word, if it is time for another.
    pub(super) fn unanswered(&self, now: Instant) -> Option<u64> {
        let mut known = self.known();
        known.last = Some(now);
        known.untold = known.untold.saturating_add(1);
        if known.told.is_some_and(|told| now < told + EVERY) {
            return None;
        }
        known.told = Some(now);
        self.is_told.store(true, Ordering::Relaxed);
        Some(std::mem::take(&mut known.untold))
    }

    /// A call has an answer. True if it is over by that.
    pub(super) fn answered(&self, now: Instant) -> bool {
        if !self.is_told.load(Ordering::Relaxed) {
            return false;
        }
        let known = self.known();
        let is_over = known.last.is_none_or(|last| last + QUIET <= now);
        is_over && self.is_told.swap(false, Ordering::Relaxed)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nobody panics with it; and if, the counts are still some.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_when_it_begins_then_once_a_minute_and_when_it_is_over() {
        let outage = Outage::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert!(!outage.answered(at(0)), "nothing is over that never began");
        assert_eq!(outage.unanswered(at(0)), Some(1));
        assert_eq!(outage.unanswered(at(1)), None);
        assert!(!outage.answered(at(2)), "an answer between two that fail");
        assert_eq!(outage.unanswered(at(59)), None);
        assert_eq!(outage.unanswered(at(60)), Some(3));
        assert!(!outage.answered(at(69)));
        assert!(outage.answered(at(70)));
        assert!(!outage.answered(at(71)), "it is told once");
        assert_eq!(
            outage.unanswered(at(72)),
            None,
            "it is too soon for another"
        );
        assert!(!outage.answered(at(100)), "nobody was told of that one");
        assert_eq!(outage.unanswered(at(120)), Some(2));
        assert!(outage.answered(at(130)));
    }
}
