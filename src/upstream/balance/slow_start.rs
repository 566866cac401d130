//! How a new endpoint gets its share: with caches cold and code not compiled yet, it is not up to
//! the full one at once.

use std::time::Duration;

/// The share grows from a little to the whole. The formula is Envoy's (`SlowStartConfig`):
/// `max(min_weight, (age / window) ^ (1 / aggression))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowStart {
    /// After this time the share is whole.
    pub window: Duration,
    /// 1: the share grows evenly; more: faster at the beginning; less: slower. Above 0.
    pub aggression: f64,
    /// The least share, in 0..=1: with none at all an endpoint would never warm up.
    pub min_weight: f64,
}

impl SlowStart {
    /// Even growth from a tenth: Envoy's defaults.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            aggression: 1.0,
            min_weight: 0.1,
        }
    }

    /// The part of its share that an endpoint of this age gets: above 0, at most 1.
    pub(super) fn warmth(&self, age: Duration) -> f64 {
        /// Keeps a division by it finite, whatever is configured.
        const LEAST: f64 = 1e-6;
        if age >= self.window {
            return 1.0;
        }
        let grown = age.as_secs_f64() / self.window.as_secs_f64();
        let share = if (self.aggression - 1.0).abs() < f64::EPSILON {
            grown
        } else {
            grown.powf(1.0 / self.aggression)
        };
        // `max` and `min` take the other number where one is none.
        LEAST.max(share).max(self.min_weight).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_by_envoys_formula() {
        let even = SlowStart::new(Duration::from_secs(60));
        let eager = SlowStart {
            aggression: 2.0,
            ..even
        };
        let late = SlowStart {
            aggression: 0.5,
            min_weight: 0.05,
            ..even
        };
        for (slow_start, age, share) in [
            (even, 0, 0.1),
            (even, 3, 0.1),
            (even, 6, 0.1),
            (even, 15, 0.25),
            (even, 30, 0.5),
            (even, 59, 59.0 / 60.0),
            (even, 60, 1.0),
            (even, 6_000, 1.0),
            (eager, 0, 0.1),
            (eager, 15, 0.5),
            (eager, 60, 1.0),
            (late, 0, 0.05),
            (late, 15, 0.0625),
            (late, 30, 0.25),
        ] {
            let found = slow_start.warmth(Duration::from_secs(age));
            assert!(
                (found - share).abs() < 1e-9,
                "{age} s: {found}, not {share}"
            );
        }
    }

    #[test]
    fn no_configuration_gives_a_share_of_nothing_or_of_more_than_one() {
        for aggression in [f64::MIN_POSITIVE, 0.0, -1.0, f64::INFINITY, f64::NAN] {
            for min_weight in [0.0, -1.0, 2.0, f64::NAN] {
                for window in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
                    let slow_start = SlowStart {
                        window,
                        aggression,
                        min_weight,
                    };
                    for age in [Duration::ZERO, Duration::from_millis(500)] {
                        let share = slow_start.warmth(age);
                        assert!(share > 0.0 && share <= 1.0, "{slow_start:?}: {share}");
                    }
                }
            }
        }
    }
}
