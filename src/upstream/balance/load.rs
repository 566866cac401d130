//! How busy and how slow an endpoint is, as calls see it.
//!
//! Atomics that all workers share: the calls that wait for an answer, and a *peak* average of the
//! latency. A slower answer counts at once, faster ones by and by; without answers the average falls
//! towards nothing, so that an endpoint which was slow is tried again. A failure counts as a very slow
//! answer: an endpoint that fails in a millisecond would otherwise be the best of all. A call that was
//! given up would have waited longer than it did; if that is more than the average, it counts, else one
//! that answers nobody would be the best of all in the end.
//!
//! ```text
//! cost    = latency * (pending + 1)
//! answer  : latency = sample                         if that is more, else
//!           latency = latency * w + sample * (1 - w)  with w = e^(-dt / decay)
//! given up: latency = time waited              if that is more
//! idle, or a call starts: latency = latency * w
//! ```
//!
//! That a start counts like idling is what lets an endpoint back that was slow and no longer is. With
//! answers alone the rest of the peak would stay above the latency of the others for a long time, and
//! the higher of two nearly equal costs is never picked.
//!
//! Source: Finagle's Peak EWMA, and tower's, where each look at the average lets it fall; the penalty
//! for failures is linkerd's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::last::Last;

/// What a failure counts as, at least.
const PENALTY: Duration = Duration::from_secs(5);

/// What a failure counts as at most, whatever the backend asks for.
const PENALTY_MAX: Duration = Duration::from_secs(300);

/// No answer counts as slower than this. A stream may be silent for an hour on purpose; its endpoint
/// is not worse than one that failed.
const SAMPLE_MAX: Duration = PENALTY;

/// Below this, latencies are equal and the calls under way decide.
const LATENCY_MIN: f64 = 1e-6;

/// How much later another worker may have read the clock, in milliseconds.
const SKEW_MAX: u32 = 60_000;

/// How latency is averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ewma {
    /// The time in which an old value loses all but 1/e of its influence.
    pub decay: Duration,
    /// What an endpoint of which nothing is known counts as.
    pub seed: Duration,
}

/// Ten seconds; a second.
impl Default for Ewma {
    fn default() -> Self {
        Self {
            decay: Duration::from_secs(10),
            seed: Duration::from_secs(1),
        }
    }
}

impl Ewma {
    /// For an endpoint that joins others: it counts as the slowest of them, if that is less than the
    /// seed. With the seed, it would stand idle for most of a minute beside fast ones.
    pub(in crate::upstream) fn beside<'a>(
        self,
        others: impl IntoIterator<Item = &'a Load>,
        now: Instant,
    ) -> Self {
        let slowest = others.into_iter().map(|other| other.latency(now)).max();
        let seed = slowest.map_or(self.seed, |slowest| slowest.min(self.seed));
        Self { seed, ..self }
    }
}

/// What a failed attempt counts as: what the backend asked for (`grpc-retry-pushback-ms`,
/// `Retry-After`) up to five minutes, and not less than five seconds. A backend that asks for less
/// is no better than one that failed without a word.
pub(in crate::upstream) fn penalty(pushback: Option<Duration>) -> Duration {
    pushback.map_or(PENALTY, |asked| asked.clamp(PENALTY, PENALTY_MAX))
}

/// The load of one endpoint. A cache line of its own: what one endpoint's calls write does not slow
/// down another's.
#[derive(Debug)]
#[repr(align(64))]
pub(in crate::upstream) struct Load {
    /// Calls without an answer.
    pending: AtomicU32,
    /// An [`Estimate`], packed: latency and time change together.
    estimate: AtomicU64,
    last: Last,
    /// Where the estimate's clock begins.
    born: Instant,
    /// Seconds.
    decay: f64,
}

impl Load {
    /// The load of an endpoint of which nothing is known.
    pub(in crate::upstream) fn new(ewma: Ewma, now: Instant) -> Self {
        let estimate = Estimate {
            latency: ewma.seed.as_secs_f32(),
            at: 0,
        };
        Self {
            pending: AtomicU32::new(0),
            estimate: AtomicU64::new(estimate.pack()),
            last: Last::default(),
            born: now,
            decay: ewma.decay.as_secs_f64(),
        }
    }

    /// An attempt goes to the endpoint.
    pub(in crate::upstream) fn start(self: &Arc<Self>, now: Instant) -> Started {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let clock = self.clock(now);
        self.change(|estimate| estimate.fallen(clock, self.decay));
        Started {
            load: Arc::clone(self),
            since: now,
        }
    }

    /// Calls without an answer.
    pub(in crate::upstream) fn pending(&self) -> u32 {
        self.pending.load(Ordering::Relaxed)
    }

    /// The average of latency, as it has fallen until now.
    pub(in crate::upstream) fn latency(&self, now: Instant) -> Duration {
        Duration::try_from_secs_f64(self.seconds(now)).unwrap_or_default()
    }

    /// What another call would wait, in seconds: the latency for each call before it, and itself.
    pub(in crate::upstream) fn cost(&self, now: Instant) -> f64 {
        self.seconds(now).max(LATENCY_MIN) * (f64::from(self.pending()) + 1.0)
    }

    /// An attempt failed, at its start or later.
    pub(in crate::upstream) fn failed(&self, penalty: Duration, now: Instant) {
        self.record(penalty, now);
    }

    /// True if a call that began then has waited long, and nobody was answered since: the endpoint may
    /// hang. Calls that are slow, or not waited for, are not like that where others are answered.
    pub(in crate::upstream) fn is_silent(&self, begun: Instant, now: Instant) -> bool {
        let waited = now.saturating_duration_since(begun);
        self.last.is_before(self.clock(begun), waited)
    }

    /// Forgets what was measured: the endpoint counts as having this latency. For one that comes
    /// back from an ejection, whose penalties are of the time before.
    pub(in crate::upstream) fn reset(&self, latency: Duration, now: Instant) {
        let estimate = Estimate {
            latency: latency.as_secs_f32(),
            at: self.clock(now),
        };
        self.estimate.store(estimate.pack(), Ordering::Relaxed);
    }

    fn record(&self, sample: Duration, now: Instant) {
        let (sample, clock) = (sample.as_secs_f32(), self.clock(now));
        self.change(|estimate| estimate.with(sample, clock, self.decay));
    }

    /// Changes the estimate, once more if another worker was faster.
    fn change(&self, change: impl Fn(Estimate) -> Estimate) {
        let mut old = self.estimate.load(Ordering::Relaxed);
        loop {
            let new = change(Estimate::unpack(old)).pack();
            if new == old {
                return;
            }
            match self.estimate.compare_exchange_weak(
                old,
                new,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(other) => old = other,
            }
        }
    }

    fn seconds(&self, now: Instant) -> f64 {
        Estimate::unpack(self.estimate.load(Ordering::Relaxed)).at(self.clock(now), self.decay)
    }

    /// Milliseconds since the load was made. They wrap after 49 days, see [`Estimate::age`].
    fn clock(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.born).as_millis() as u32
    }
}

/// An attempt that waits for its answer. Dropped, it no longer counts as under way, and nothing is
/// learned.
#[derive(Debug)]
#[must_use = "the attempt counts as under way for as long as this lives"]
pub(in crate::upstream) struct Started {
    load: Arc<Load>,
    since: Instant,
}

impl Started {
    /// The first frame of an answer has come. Of a stream the rest does not count: how long it lives
    /// is not how slow the endpoint is.
    pub(in crate::upstream) fn answered(self, now: Instant) {
        let waited = now.saturating_duration_since(self.since);
        self.load.last.answered(waited, self.load.clock(now));
        self.load.record(waited.min(SAMPLE_MAX), now);
    }

    /// Nobody waits for an answer any more. How long one would have taken is not known, but that it is
    /// longer than this.
    pub(in crate::upstream) fn given_up(self, now: Instant) {
        let waited = now.saturating_duration_since(self.since).min(SAMPLE_MAX);
        let (waited, clock) = (waited.as_secs_f32(), self.load.clock(now));
        self.load
            .change(|estimate| estimate.at_least(waited, clock, self.load.decay));
    }

    /// The attempt failed; [`penalty`] says what that counts as.
    pub(in crate::upstream) fn failed(self, penalty: Duration, now: Instant) {
        self.load.failed(penalty, now);
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.load.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The average of latency at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Estimate {
    /// Seconds.
    latency: f32,
    /// Milliseconds. One sample in each is all that an average over seconds needs; a peak counts in
    /// any case.
    at: u32,
}

impl Estimate {
    fn pack(self) -> u64 {
        (u64::from(self.latency.to_bits()) << 32) | u64::from(self.at)
    }

    fn unpack(bits: u64) -> Self {
        Self {
            latency: f32::from_bits((bits >> 32) as u32),
            at: bits as u32,
        }
    }

    /// Milliseconds since the estimate was made; 0 if another worker, whose clock was read a little
    /// later, made it. The clock wraps: what was made 49 days ago looks new for a minute.
    fn age(self, now: u32) -> u32 {
        let age = now.wrapping_sub(self.at);
        if age > u32::MAX - SKEW_MAX { 0 } else { age }
    }

    /// What is left of the influence of old values.
    fn left(self, now: u32, decay: f64) -> f64 {
        match self.age(now) {
            0 => 1.0,
            age => (-f64::from(age) / 1e3 / decay.max(1e-3)).exp(),
        }
    }

    /// Seconds, as they have fallen until now: as if nothing had taken no time.
    fn at(self, now: u32, decay: f64) -> f64 {
        f64::from(self.latency) * self.left(now, decay)
    }

    /// As it has fallen until now.
    fn fallen(self, now: u32, decay: f64) -> Self {
        Self {
            latency: self.at(now, decay) as f32,
            at: self.at.wrapping_add(self.age(now)),
        }
    }

    /// Where a call has waited so long in vain.
    fn at_least(self, waited: f32, now: u32, decay: f64) -> Self {
        if f64::from(waited) <= self.at(now, decay) {
            return self;
        }
        Self {
            latency: waited,
            at: self.at.wrapping_add(self.age(now)),
        }
    }

    /// With the answer of a call.
    fn with(self, sample: f32, now: u32, decay: f64) -> Self {
        let at = self.at.wrapping_add(self.age(now));
        if sample > self.latency {
            return Self {
                latency: sample,
                at,
            };
        }
        let left = self.left(now, decay);
        let latency = f64::from(self.latency) * left + f64::from(sample) * (1.0 - left);
        Self {
            latency: latency as f32,
            at,
        }
    }
}

#[cfg(test)]
mod tests;
