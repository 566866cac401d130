//! The last answer of an endpoint: by it a call that was given up is told from one that nobody would have
//! answered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A silence shorter than this says nothing: how little a client waits is the client's choice.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many times as long as the last answer took a silence has to be.
const BEYOND: u32 = 4;

/// Of no answer yet. A clock that shows this shows the last millisecond of 49 days.
const NONE: u64 = u64::MAX;

/// When an endpoint answered last, and how long that had taken. One atomic, written by each answer and
/// read only where a call was given up.
#[derive(Debug)]
pub(super) struct Last(AtomicU64);

impl Default for Last {
    fn default() -> Self {
        Self(AtomicU64::new(NONE))
    }
}

impl Last {
    /// An answer came at this time of the load's clock, in milliseconds.
    pub(super) fn answered(&self, took: Duration, clock: u32) {
        let took = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        let packed = (u64::from(clock) << 32) | u64::from(took);
        self.0.store(packed, Ordering::Relaxed);
    }

    /// True if nobody was answered in the time that a call has `waited` since `begun`, and that is long.
    pub(super) fn is_before(&self, begun: u32, waited: Duration) -> bool {
        if waited < PATIENCE {
            return false;
        }
        match self.0.load(Ordering::Relaxed) {
            NONE => true,
            packed => {
                let (clock, took) = ((packed >> 32) as u32, packed as u32);
                // The clock wraps: what is less than half of its time ahead came later.
                let came_later = clock.wrapping_sub(begun) <= u32::MAX / 2;
                let usual = Duration::from_millis(u64::from(took));
                !came_later && waited >= usual.saturating_mul(BEYOND)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_silence_is_long_by_a_second_and_by_what_answers_take() {
        let last = Last::default();
        assert!(!last.is_before(0, 999 * MS));
        assert!(last.is_before(0, 1_000 * MS), "nothing is known of it");
        for (took, waited, is_long) in [
            (10, 999, false),
            (10, 1_000, true),
            (250, 1_000, true),
            (251, 1_000, false),
            (30_000, 119_999, false),
            (30_000, 120_000, true),
        ] {
            last.answered(took * MS, 5_000);
            let found = last.is_before(6_000, waited * MS);
            assert_eq!(found, is_long, "{waited} where answers take {took}");
        }
    }

    #[test]
    fn it_is_broken_by_an_answer_to_anybody() {
        let last = Last::default();
        for (clock, begun, is_silent) in [
            (5_000, 5_001, true),
            (5_000, 5_000, false),
            (5_001, 5_000, false),
            (u32::MAX, 5, true),
            (5, u32::MAX, false),
        ] {
            last.answered(MS, clock);
            let found = last.is_before(begun, 10_000 * MS);
            assert_eq!(found, is_silent, "{clock}, {begun}");
        }
    }
}
