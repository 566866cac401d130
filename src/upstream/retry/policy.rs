//! What a configuration says about attempts: a [`Policy`] or [`Hedging`]. Values that exist are valid.

use std::time::Duration;

use super::CodeSet;
use crate::call::Code;
use crate::schema::{Idempotency, Shape};

/// Share of a delay that is random, both ways (gRFC A6).
const JITTER: f64 = 0.2;

/// How often a call is made in all, the first attempt included: 2 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxAttempts(u32);

impl MaxAttempts {
    /// The least there are: with one there would be nothing to decide.
    pub const MIN: Self = Self(2);

    /// The most there are; a configuration that asks for more gets these (gRFC A6).
    pub const MAX: Self = Self(5);

    /// So many; five if it is more, `None` if it is less than two.
    #[must_use]
    pub fn new(attempts: u32) -> Option<Self> {
        (attempts >= Self::MIN.0).then(|| Self(attempts).min(Self::MAX))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Why there are no such delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DelaysError {
    /// The first delay is nothing.
    #[error("found an initial back-off of nothing, expected more than nothing")]
    Initial,
    /// The longest delay is nothing.
    #[error("found a longest back-off of nothing, expected more than nothing")]
    Max,
    /// The multiplier is no number above zero.
    #[error("found a back-off multiplier that is not above 0, expected a number above 0")]
    Multiplier,
}

/// How long to wait before retries: `min(initial * multiplier^(n-1), max)` before the n-th, a fifth of
/// it at random both ways (gRFC A6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delays {
    initial: Duration,
    max: Duration,
    multiplier: f64,
}

/// 25 ms, doubled up to 250 ms.
impl Default for Delays {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(25),
            max: Duration::from_millis(250),
            multiplier: 2.0,
        }
    }
}

impl Delays {
    /// Delays that begin with `initial`, and grow by `multiplier` up to `max`.
    ///
    /// # Errors
    /// One of them is not above zero, or no number.
    pub fn new(initial: Duration, max: Duration, multiplier: f64) -> Result<Self, DelaysError> {
        if initial.is_zero() {
            return Err(DelaysError::Initial);
        }
        if max.is_zero() {
            return Err(DelaysError::Max);
        }
        if !(multiplier.is_finite() && multiplier > 0.0) {
            return Err(DelaysError::Multiplier);
        }
        Ok(Self {
            initial,
            max,
            multiplier,
        })
    }

    /// The first one.
    #[must_use]
    pub const fn initial(&self) -> Duration {
        self.initial
    }

    /// The longest.
    #[must_use]
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// By how much they grow.
    #[must_use]
    pub const fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// The delay before the retry with this number, the first being 1; `random` lies in 0..1.
    #[must_use]
    pub fn before(&self, retry: u32, random: f64) -> Duration {
        // There are at most four retries, so the cast holds; what overflows is above the longest.
        let exponent = i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.initial.as_secs_f64() * self.multiplier.powi(exponent);
        let delay = grown.min(self.max.as_secs_f64());
        let jitter = 1.0 + JITTER * (2.0 * random.clamp(0.0, 1.0) - 1.0);
        Duration::try_from_secs_f64(delay * jitter).unwrap_or(self.max)
    }
}

/// Of which methods a policy may repeat calls that may have had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// Only of those whose `idempotency_level` allows it: the policy is for whatever there is.
    Idempotent,
    /// Of any: it names the method, or the method's service.
    Named,
}

/// When a call that failed is made again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// How often in all.
    pub max_attempts: MaxAttempts,
    /// How long to wait.
    pub delays: Delays,
    /// After which codes.
    pub codes: CodeSet,
    /// For which methods.
    pub covers: Covers,
}

/// Without a configuration: after UNAVAILABLE, twice, and only methods that are marked idempotent.
impl Default for Policy {
    fn default() -> Self {
        Self {
            max_attempts: MaxAttempts(3),
            delays: Delays::default(),
            codes: CodeSet::of(&[Code::Unavailable]),
            covers: Covers::Idempotent,
        }
    }
}

impl Policy {
    /// Whether it says anything about a method with this `idempotency_level`.
    #[must_use]
    pub fn applies(&self, idempotency: Idempotency) -> bool {
        match (self.covers, idempotency) {
            (Covers::Named, _) => true,
            (Covers::Idempotent, Idempotency::NoSideEffects | Idempotency::Idempotent) => true,
            (Covers::Idempotent, Idempotency::Unknown) => false,
        }
    }
}

/// When a call is made again before it failed: to a second endpoint if the first takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hedging {
    /// How often in all.
    pub max_attempts: MaxAttempts,
    /// How long after an attempt the next one is made; nothing: all at once.
    pub delay: Duration,
    /// Codes after which other attempts may still do better. Any other code ends the call.
    pub non_fatal: CodeSet,
}

impl Hedging {
    /// Whether a method may be hedged. Every attempt may have its effect, so the method's
    /// `idempotency_level` has to allow it, whatever names the method; and the client sends one
    /// message, so that attempts side by side need no more than that one.
    #[must_use]
    pub fn applies(&self, shape: Shape, idempotency: Idempotency) -> bool {
        let repeats = match idempotency {
            Idempotency::NoSideEffects | Idempotency::Idempotent => true,
            Idempotency::Unknown => false,
        };
        let sends_one = match shape {
            Shape::Unary | Shape::ServerStream => true,
            Shape::ClientStream | Shape::Bidi => false,
        };
        repeats && sends_one
    }
}
