//! How long to leave a backend alone after failing to connect (gRPC connection-backoff.md).
//!
//! A pure value: randomness is an argument, time is the caller's.

use std::time::Duration;

/// Delay after the first failure.
const INITIAL: Duration = Duration::from_secs(1);
/// Growth from one failure to the next.
const MULTIPLIER: f64 = 1.6;
/// Longest delay, before jitter.
const MAX: Duration = Duration::from_secs(120);
/// Share of a delay that is random, both ways.
const JITTER: f64 = 0.2;

/// The delays of consecutive failures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backoff {
    next: Duration,
}

/// No failure yet.
impl Default for Backoff {
    fn default() -> Self {
        Self { next: INITIAL }
    }
}

impl Backoff {
    /// The delay after one more failure; `random` lies in 0..1.
    pub(super) fn failed(&mut self, random: f64) -> Duration {
        let delay = self
            .next
            .mul_f64(1.0 + JITTER * (2.0 * random.clamp(0.0, 1.0) - 1.0));
        self.next = self.next.mul_f64(MULTIPLIER).min(MAX);
        delay
    }

    /// A connection was made: the next failure is the first one again.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_two_minutes_and_restart_after_a_success() {
        let mut backoff = Backoff::default();
        let delays: Vec<f64> = (0..13).map(|_| backoff.failed(0.5).as_secs_f64()).collect();
        assert!((delays[0] - 1.0).abs() < 1e-6 && (delays[1] - 1.6).abs() < 1e-6);
        assert!((delays[2] - 2.56).abs() < 1e-6 && (delays[12] - 120.0).abs() < 1e-6);
        assert!(delays.windows(2).all(|pair| pair[0] <= pair[1]));
        backoff.reset();
        assert_eq!(backoff.failed(0.5), INITIAL);
    }

    #[test]
    fn jitter_is_a_fifth_both_ways() {
        assert_eq!(Backoff::default().failed(0.0), INITIAL.mul_f64(0.8));
        assert_eq!(Backoff::default().failed(1.0), INITIAL.mul_f64(1.2));
    }
}
