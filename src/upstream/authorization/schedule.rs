//! When a token is asked for. A value: it is told the time, and what came of asking.
//!
//! ```text
//!          80 % of its life are over, or a backend does not take it (at most every 30 s)
//!        ┌────────────────────────────────────────────┐
//!   Held ┴─► asked for ─ a token ─► Held              │
//!                │                                    │
//!                └ failed ─► a pause that grows, with jitter; the token there is counts to its end
//! ```

use std::time::Duration;

use tokio::time::Instant;

use crate::upstream::backoff::Backoff;

/// The life of a token of which nothing is said.
pub(in crate::upstream) const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The longest life that is believed: a year.
pub(in crate::upstream) const LIFETIME_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The share of its life after which a token is replaced.
const SHARE: f64 = 0.8;

/// A token is not replaced sooner than after this, however short its life is.
pub(in crate::upstream) const REFRESH_MIN: Duration = Duration::from_secs(1);

/// Nor later than after this, however long it is.
pub(in crate::upstream) const REFRESH_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Between two questions of which the second is for a token that a backend did not take.
pub(in crate::upstream) const PAUSE: Duration = Duration::from_secs(30);

/// The state.
#[derive(Debug)]
pub(in crate::upstream) struct Schedule {
    /// When the last question began.
    began: Option<Instant>,
    due: Instant,
    has_failed: bool,
    backoff: Backoff,
}

impl Schedule {
    /// Of somebody who has no token: one is asked for at once.
    pub(in crate::upstream) fn new(now: Instant) -> Self {
        Self {
            began: None,
            due: now,
            has_failed: false,
            backoff: Backoff::default(),
        }
    }

    /// When a token is asked for if nothing happens.
    pub(in crate::upstream) fn due(&self) -> Instant {
        self.due
    }

    /// A question begins.
    pub(in crate::upstream) fn begins(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// The question that began last has brought a token, which may say how long it is good. Until when
    /// it is: from when it was asked for, since nobody knows when it was made.
    pub(in crate::upstream) fn succeeded(
        &mut self,
        now: Instant,
        lifetime: Option<Duration>,
    ) -> Instant {
        let lifetime = lifetime.unwrap_or(LIFETIME).min(LIFETIME_MAX);
        let began = self.began.unwrap_or(now);
        let refresh = lifetime.mul_f64(SHARE).clamp(REFRESH_MIN, REFRESH_MAX);
        self.due = began + refresh;
        self.has_failed = false;
        self.backoff.reset();
        began + lifetime
    }

    /// It has brought none. `random` is in 0..1.
    pub(in crate::upstream) fn failed(&mut self, now: Instant, random: f64) {
        self.has_failed = true;
        self.due = now + self.backoff.failed(random);
    }

    /// A backend does not take the token. Says whether one is asked for now.
    pub(in crate::upstream) fn refused(&mut self, now: Instant) -> bool {
        // After a failure the next question is due anyway, and no sooner because of a backend.
        let is_time = self.began.is_some_and(|began| now >= began + PAUSE);
        if self.has_failed || !is_time {
            return false;
        }
        self.due = now;
        true
    }

    /// There is another secret: a question that has failed may be answered now.
    pub(in crate::upstream) fn renewed(&mut self, now: Instant) {
        if self.has_failed {
            self.due = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How long after asking the token is replaced, and how long it is good.
    fn lives(lifetime: Option<Duration>) -> (Duration, Duration) {
        let began = Instant::now();
        let mut schedule = Schedule::new(began);
        schedule.begins(began);
        let until = schedule.succeeded(began + SECOND, lifetime);
        (schedule.due() - began, until - began)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_replaced_when_four_fifths_of_its_life_are_over() {
        assert_eq!(lives(Some(100 * SECOND)), (80 * SECOND, 100 * SECOND));
        assert_eq!(lives(None), (LIFETIME.mul_f64(0.8), LIFETIME));
        assert_eq!(lives(Some(SECOND)), (REFRESH_MIN, SECOND));
        assert_eq!(lives(Some(Duration::MAX)), (REFRESH_MAX, LIFETIME_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_followed_by_a_pause_that_grows_and_by_none_for_another_secret() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        assert_eq!(schedule.due(), now);
        schedule.begins(now);
        schedule.failed(now, 0.5);
        assert_eq!(schedule.due(), now + SECOND);
        schedule.failed(now, 0.5);
        assert_eq!(schedule.due(), now + SECOND.mul_f64(1.6));
        assert!(!schedule.refused(now + PAUSE), "it is asked again anyway");
        schedule.renewed(now);
        assert_eq!(schedule.due(), now);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_backends_refuse_is_replaced_every_half_minute_at_most() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        assert!(!schedule.refused(now), "it is asked for the first time");
        schedule.begins(now);
        schedule.succeeded(now, Some(1000 * SECOND));
        assert!(!schedule.refused(now + PAUSE - SECOND));
        assert!(schedule.refused(now + PAUSE));
        assert_eq!(schedule.due(), now + PAUSE);
        schedule.begins(now + PAUSE);
        assert!(!schedule.refused(now + PAUSE));
        schedule.succeeded(now + PAUSE, Some(1000 * SECOND));
        schedule.renewed(now + PAUSE);
        assert_eq!(schedule.due(), now + PAUSE + 800 * SECOND);
    }
}
