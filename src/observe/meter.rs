//! What is counted of the calls to an upstream, method by method (gRFC A66 and A96).
//!
//! Who makes calls finds the [`Meter`] of a method once and keeps it; from then on counting is a few
//! atomics, without a lock, a look-up or an allocation. A histogram is made when the first call ends
//! with its status.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::by_method::ByMethod;
pub use super::by_method::{METHODS_MAX, OTHER};
use super::histogram::{Histogram, LATENCY, RETRIES, SIZE, TRANSPARENT, nanoseconds};
use crate::call::Code;

/// The meters of one upstream, by method.
#[derive(Debug)]
pub struct Meters(ByMethod<Meter>);

impl Default for Meters {
    fn default() -> Self {
        Self(ByMethod::new(Meter::new(OTHER)))
    }
}

impl Meters {
    /// The meter of the method with this path; the common one if there are [`METHODS_MAX`] others.
    /// Takes a lock.
    #[must_use]
    pub fn of(&self, path: &str) -> Arc<Meter> {
        self.0.of(path, Meter::new)
    }

    /// The meter of methods that are not counted by name.
    #[must_use]
    pub fn other(&self) -> Arc<Meter> {
        self.0.other()
    }

    /// Those that have counted a call, by name.
    #[must_use]
    pub fn used(&self) -> Vec<Arc<Meter>> {
        let mut all = self.0.all();
        all.retain(|meter| meter.is_used());
        all
    }
}

/// What is counted of the calls of one method.
#[derive(Debug)]
pub struct Meter {
    method: Box<str>,
    started: AtomicU64,
    attempts: ByStatus<Attempts>,
    calls: ByStatus<Histogram>,
    retries: OnceLock<Histogram>,
    transparent: OnceLock<Histogram>,
    hedges: OnceLock<Histogram>,
    delay: OnceLock<Histogram>,
}

/// Attempts that ended with one status.
#[derive(Debug)]
pub struct Attempts {
    /// How long they took, in nanoseconds.
    pub duration: Histogram,
    /// Bytes of their request messages, as they were sent.
    pub sent: Histogram,
    /// Bytes of their response messages, as they came.
    pub received: Histogram,
}

/// How often a call was made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// After a failure, by a policy.
    pub retries: u32,
    /// After a failure of which no application knows.
    pub transparent: u32,
    /// Before a failure.
    pub hedges: u32,
    /// How long no attempt was under way.
    pub delay: Duration,
}

/// One for each status code, made when it is wanted first.
#[derive(Debug)]
pub(super) struct ByStatus<T>([OnceLock<Box<T>>; Code::ALL.len()]);

impl<T> ByStatus<T> {
    pub(super) const fn new() -> Self {
        Self([const { OnceLock::new() }; Code::ALL.len()])
    }

    pub(super) fn of(&self, code: Code, make: impl FnOnce() -> T) -> &T {
        // A code's number is its place.
        self.0[code as usize].get_or_init(|| Box::new(make()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Code, &T)> {
        let all = Code::ALL.into_iter().zip(&self.0);
        all.filter_map(|(code, one)| one.get().map(|one| (code, &**one)))
    }
}

impl Meter {
    fn new(method: &str) -> Self {
        Self {
            method: method.into(),
            started: AtomicU64::new(0),
            attempts: ByStatus::new(),
            calls: ByStatus::new(),
            retries: OnceLock::new(),
            transparent: OnceLock::new(),
            hedges: OnceLock::new(),
            delay: OnceLock::new(),
        }
    }

    /// An attempt has begun.
    pub fn attempt_started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt has ended, with so many bytes of messages sent and received.
    pub fn attempt_ended(&self, code: Code, duration: Duration, sent: u64, received: u64) {
        let attempts = self.attempts.of(code, || Attempts {
            duration: Histogram::new(&LATENCY),
            sent: Histogram::new(&SIZE),
            received: Histogram::new(&SIZE),
        });
        attempts.duration.record(nanoseconds(duration));
        attempts.sent.record(sent);
        attempts.received.record(received);
    }

    /// A call has ended. Of a call that was made once, nothing is said of repeats.
    pub fn call_ended(&self, code: Code, duration: Duration, repeats: Repeats) {
        let calls = self.calls.of(code, || Histogram::new(&LATENCY));
        calls.record(nanoseconds(duration));
        if repeats == Repeats::default() {
            return;
        }
        let counts = [
            (&self.retries, &RETRIES, u64::from(repeats.retries)),
            (
                &self.transparent,
                &TRANSPARENT,
                u64::from(repeats.transparent),
            ),
            (&self.hedges, &RETRIES, u64::from(repeats.hedges)),
            (&self.delay, &LATENCY, nanoseconds(repeats.delay)),
        ];
        for (histogram, bounds, value) in counts {
            if value > 0 {
                histogram
                    .get_or_init(|| Histogram::new(bounds))
                    .record(value);
            }
        }
    }

    /// `pkg.Service/Method`, or [`OTHER`].
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Attempts that have begun.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Attempts that have ended, by status.
    pub fn attempts(&self) -> impl Iterator<Item = (Code, &Attempts)> {
        self.attempts.iter()
    }

    /// How long calls took, in nanoseconds, by status.
    pub fn calls(&self) -> impl Iterator<Item = (Code, &Histogram)> {
        self.calls.iter()
    }

    /// How many retries calls had that had one.
    #[must_use]
    pub fn retries(&self) -> Option<&Histogram> {
        self.retries.get()
    }

    /// How many transparent retries calls had that had one.
    #[must_use]
    pub fn transparent(&self) -> Option<&Histogram> {
        self.transparent.get()
    }

    /// How many hedges calls had that had one.
    #[must_use]
    pub fn hedges(&self) -> Option<&Histogram> {
        self.hedges.get()
    }

    /// How long calls waited between attempts that did, in nanoseconds.
    #[must_use]
    pub fn delay(&self) -> Option<&Histogram> {
        self.delay.get()
    }

    fn is_used(&self) -> bool {
        self.started() > 0 || self.calls().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_methods_and_then_one_for_all_others() {
        let meters = Meters::default();
        for n in 0..METHODS_MAX + 50 {
            meters.of(&format!("/a.B/M{n}")).attempt_started();
        }
        let used = meters.used();
        assert_eq!(used.len(), METHODS_MAX + 1);
        let other = used.iter().find(|meter| meter.method() == OTHER);
        assert_eq!(other.map(|meter| meter.started()), Some(50));
        assert_eq!(meters.of("/a.B/M7").method(), "a.B/M7");
    }

    #[test]
    fn a_meter_without_a_call_says_nothing() {
        let meters = Meters::default();
        let _ = meters.of("/a.B/C");
        assert!(meters.used().is_empty());
    }

    #[test]
    fn repeats_are_counted_of_calls_that_had_some() {
        let meter = Meter::new("a.B/C");
        meter.call_ended(Code::Ok, Duration::from_millis(1), Repeats::default());
        assert!(meter.retries().is_none() && meter.delay().is_none());
        let repeats = Repeats {
            retries: 2,
            delay: Duration::from_millis(40),
            ..Repeats::default()
        };
        meter.call_ended(Code::Unavailable, Duration::from_millis(50), repeats);
        let sum = |histogram: Option<&Histogram>| histogram.map(|one| one.read().sum);
        assert_eq!(sum(meter.retries()), Some(2.0));
        assert_eq!(sum(meter.delay()), Some(0.04));
        assert_eq!(
            (sum(meter.transparent()), sum(meter.hedges())),
            (None, None)
        );
        let codes: Vec<_> = meter.calls().map(|(code, _)| code).collect();
        assert_eq!(codes, [Code::Ok, Code::Unavailable]);
    }
}
