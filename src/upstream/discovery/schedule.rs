//! When a name is asked for again: a pure value, time and randomness are arguments.

use std::time::Duration;

use tokio::time::Instant;

use crate::upstream::backoff::Backoff;

/// Time between two questions at least, once there is an answer, whatever its TTL and however often
/// connections are lost.
pub(super) const FLOOR: Duration = Duration::from_secs(30);

/// Longest time between two questions: an answer that may be kept for longer is asked for again.
const TTL_MAX: Duration = Duration::from_secs(60 * 60);

/// Longest time that the absence of a name is believed in.
const NEGATIVE_MAX: Duration = Duration::from_secs(120);

/// When a name is asked for again.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    asked: Instant,
    due: Instant,
    backoff: Backoff,
    knows: Knows,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knows {
    /// Calls wait, or fail: there is nothing to be lost by asking soon.
    Nothing,
    /// The last good answer serves.
    Answer,
}

impl Schedule {
    /// Asks at once.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            asked: now,
            due: now,
            backoff: Backoff::default(),
            knows: Knows::Nothing,
        }
    }

    /// When it is asked next.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// It is asked now.
    pub(super) fn asks(&mut self, now: Instant) {
        self.asked = now;
    }

    /// It was answered, for so long.
    pub(super) fn answered(&mut self, ttl: Duration) {
        self.knows = Knows::Answer;
        self.backoff.reset();
        self.due = self.asked + ttl.clamp(FLOOR, TTL_MAX);
    }

    /// It was not; the name's absence, if that was the answer, holds for so long. `random` lies in
    /// 0..1.
    pub(super) fn failed(&mut self, now: Instant, absent: Option<Duration>, random: f64) {
        let delay = self.backoff.failed(random);
        let delay = delay.max(absent.unwrap_or_default().min(NEGATIVE_MAX));
        self.due = match self.knows {
            Knows::Nothing => now + delay,
            Knows::Answer => (now + delay).max(self.asked + FLOOR),
        };
    }

    /// An endpoint was lost: what it answered may no longer be true.
    pub(super) fn lost(&mut self) {
        if self.knows == Knows::Answer {
            self.due = self.due.min(self.asked + FLOOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    /// No jitter.
    const EVEN: f64 = 0.5;

    #[test]
    fn an_answer_holds_for_its_ttl_between_the_floor_and_an_hour() {
        let start = Instant::now();
        for (ttl, held) in [(0, 30), (29, 30), (31, 31), (300, 300), (86_400, 3_600)] {
            let mut schedule = Schedule::new(start);
            assert_eq!(schedule.due(), start);
            schedule.asks(start + SECOND);
            schedule.answered(SECOND * ttl);
            assert_eq!(schedule.due(), start + SECOND * (1 + held), "{ttl}");
        }
    }

    #[test]
    fn before_the_first_answer_it_is_asked_again_by_back_off() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        let mut now = start;
        for delay in [1.0, 1.6, 2.56, 4.096] {
            schedule.asks(now);
            schedule.failed(now, None, EVEN);
            assert_eq!(schedule.due(), now + Duration::from_secs_f64(delay));
            now = schedule.due();
        }
        schedule.lost();
        assert_eq!(schedule.due(), now);
        // A name that is absent for longer, but not for ever.
        schedule.failed(now, Some(SECOND * 60), EVEN);
        assert_eq!(schedule.due(), now + SECOND * 60);
        schedule.failed(now, Some(SECOND * 86_400), EVEN);
        assert_eq!(schedule.due(), now + SECOND * 120);
    }

    #[test]
    fn whatever_happens_after_an_answer_there_are_thirty_seconds_between_questions() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        let mut state = 1_u32;
        schedule.answered(SECOND);
        let mut asked = start;
        for _ in 0..10_000 {
            schedule.lost();
            let now = schedule.due();
            assert!(now >= asked + FLOOR, "{:?}", now - asked);
            asked = now;
            schedule.asks(now);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match state >> 30 {
                0 => schedule.failed(now + SECOND * 5, None, 0.0),
                1 => schedule.failed(now, Some(SECOND), 0.99),
                2 => schedule.answered(Duration::ZERO),
                _ => schedule.answered(SECOND * (state >> 24)),
            }
        }
    }

    #[test]
    fn a_lost_endpoint_brings_the_next_question_forward_but_not_below_the_floor() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        schedule.asks(start);
        schedule.answered(SECOND * 600);
        schedule.lost();
        assert_eq!(schedule.due(), start + FLOOR);
        // After failures, too, back-off is no reason to overlook it.
        schedule.asks(start + FLOOR);
        for _ in 0..20 {
            schedule.failed(start + FLOOR, None, EVEN);
        }
        assert_eq!(schedule.due(), start + FLOOR + SECOND * 120);
        schedule.lost();
        assert_eq!(schedule.due(), start + FLOOR * 2);
    }
}
