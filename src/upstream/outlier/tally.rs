//! How the attempts at one endpoint ended, in the current interval and in a row.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Config, Outcome};

/// Counters that all workers share, on a cache line of their own.
#[derive(Debug)]
#[repr(align(64))]
pub(in crate::upstream) struct Tally {
    successes: AtomicU32,
    failures: AtomicU32,
    /// Failures since the last success.
    row: AtomicU32,
    /// How many in a row are too many.
    row_max: u32,
}

/// What an outcome calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Verdict {
    /// Nothing.
    Fine,
    /// As many failures in a row as the rule names: [`Detector::trip`](super::Detector::trip) is to
    /// decide.
    Trips,
}

/// The counts of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) successes: u32,
    pub(super) failures: u32,
}

impl Tally {
    /// Nothing counted yet.
    pub(in crate::upstream) fn new(config: &Config) -> Self {
        Self {
            successes: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            row: AtomicU32::new(0),
            row_max: config
                .consecutive
                .map_or(u32::MAX, |rule| rule.failures.max(1)),
        }
    }

    /// Counts the end of an attempt. Of failures without an end, every so many trip: if the first
    /// were not acted on, because enough others are out, the next may be.
    pub(in crate::upstream) fn record(&self, outcome: Outcome) -> Verdict {
        match outcome {
            Outcome::Neutral => Verdict::Fine,
            Outcome::Success => {
                self.successes.fetch_add(1, Ordering::Relaxed);
                // Read first: there is mostly nothing to clear.
                if self.row.load(Ordering::Relaxed) != 0 {
                    self.row.store(0, Ordering::Relaxed);
                }
                Verdict::Fine
            }
            Outcome::Failure => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                if self.row.fetch_add(1, Ordering::Relaxed).saturating_add(1) == self.row_max {
                    self.row.store(0, Ordering::Relaxed);
                    Verdict::Trips
                } else {
                    Verdict::Fine
                }
            }
        }
    }

    /// Ends the interval.
    pub(super) fn take(&self) -> Counted {
        Counted {
            successes: self.successes.swap(0, Ordering::Relaxed),
            failures: self.failures.swap(0, Ordering::Relaxed),
        }
    }
}

impl Counted {
    /// Calls that said something.
    pub(super) fn volume(self) -> u64 {
        u64::from(self.successes) + u64::from(self.failures)
    }

    /// The part that succeeded, in 0..=1.
    pub(super) fn success_rate(self) -> f64 {
        f64::from(self.successes) / self.volume().max(1) as f64
    }

    /// True if this many percent or more failed.
    pub(super) fn fails(self, percent: u8) -> bool {
        u64::from(self.failures) * 100 >= u64::from(percent.min(100)) * self.volume()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Consecutive;
    use super::*;

    fn tally(failures: u32) -> Tally {
        Tally::new(&Config {
            consecutive: Some(Consecutive {
                failures,
                ..Consecutive::default()
            }),
            ..Config::default()
        })
    }

    fn trips(tally: &Tally, outcomes: &str) -> String {
        let verdict = |letter| {
            let outcome = match letter {
                's' => Outcome::Success,
                'f' => Outcome::Failure,
                _ => Outcome::Neutral,
            };
            match tally.record(outcome) {
                Verdict::Fine => '.',
                Verdict::Trips => '!',
            }
        };
        outcomes.chars().map(verdict).collect()
    }

    #[test]
    fn failures_in_a_row_trip_and_a_success_begins_anew() {
        assert_eq!(trips(&tally(3), "ffsfffsff"), ".....!...");
        assert_eq!(trips(&tally(3), "fnfnnf"), ".....!");
        assert_eq!(trips(&tally(3), "ffffffff"), "..!..!..");
        assert_eq!(trips(&tally(1), "sf"), ".!");
        assert_eq!(trips(&tally(0), "sf"), ".!");
    }

    #[test]
    fn without_the_rule_nothing_trips() {
        let tally = Tally::new(&Config {
            consecutive: None,
            ..Config::default()
        });
        assert_eq!(trips(&tally, "ffffffffff"), "..........");
    }

    #[test]
    fn an_interval_is_taken_once() {
        let tally = tally(100);
        trips(&tally, "sssfnnns");
        let counted = tally.take();
        assert_eq!((counted.successes, counted.failures), (4, 1));
        assert_eq!(tally.take(), Counted::default());
    }

    #[test]
    fn rates_are_of_the_calls_that_said_something() {
        for (successes, failures, rate, fails) in [
            (0, 0, 0.0, true), // no volume; the rules ask for some
            (100, 0, 1.0, false),
            (16, 84, 0.16, false),
            (15, 85, 0.15, true),
            (0, 100, 0.0, true),
        ] {
            let counted = Counted {
                successes,
                failures,
            };
            assert!((counted.success_rate() - rate).abs() < 1e-9);
            assert_eq!(counted.fails(85), fails, "{counted:?}");
        }
    }
}
