//! The tokens of an upstream (gRFC A6, "Throttling"): failures take one, successes give a part of one
//! back, and below half of them nothing is retried. So an upstream that fails gets its calls once, not
//! several times.
//!
//! Counted in thousandths, in one atomic that all workers share. While nothing fails it is only read.

use std::sync::atomic::{AtomicU32, Ordering};

use super::codes::CodeSet;
use crate::call::{Origin, Retry, Status};

/// Thousandths of a token: A6 knows three decimals.
const TOKEN: u32 = 1_000;

/// Tokens at most (gRFC A6).
const TOKENS_MAX: u32 = 1_000;

/// Why there is no such throttling.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ThrottlingError {
    /// So many tokens cannot be.
    #[error("found {0} tokens, expected more than 0 and at most 1000, with up to 3 decimals")]
    MaxTokens(f64),
    /// Such a ratio would never give a token back.
    #[error("found a ratio of {0}, expected at least 0.001, with up to 3 decimals")]
    Ratio(f64),
}

/// How many tokens there are, and what part of one a success gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling {
    max: u32,
    ratio: u32,
}

/// 100 tokens, a tenth for a success: retries end after 50 failures that nothing made good, and while
/// more than a tenth of what an upstream is asked fails.
impl Default for Throttling {
    fn default() -> Self {
        Self {
            max: 100 * TOKEN,
            ratio: TOKEN / 10,
        }
    }
}

impl Throttling {
    /// How many tokens there are at most.
    #[must_use]
    pub fn max_tokens(self) -> f64 {
        f64::from(self.max) / f64::from(TOKEN)
    }

    /// What part of one a success gives back.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.ratio) / f64::from(TOKEN)
    }

    /// `max_tokens` above 0 and up to 1000, `ratio` above 0. Decimals after the third are dropped.
    ///
    /// # Errors
    /// They are not.
    pub fn new(max_tokens: f64, ratio: f64) -> Result<Self, ThrottlingError> {
        let max = thousandths(max_tokens)
            .filter(|max| *max <= TOKENS_MAX * TOKEN)
            .ok_or(ThrottlingError::MaxTokens(max_tokens))?;
        let ratio = thousandths(ratio).ok_or(ThrottlingError::Ratio(ratio))?;
        // More than all of them cannot be given back.
        Ok(Self {
            max,
            ratio: ratio.min(max),
        })
    }
}

/// A number as thousandths, if that is one at least.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn thousandths(number: f64) -> Option<u32> {
    /// 1.005 is a little less than that as binary fraction, and still 1005 thousandths.
    const ROUNDING: f64 = 1e-6;
    let number = number * f64::from(TOKEN) + ROUNDING;
    // The cast saturates, and makes 0 of what is no number.
    Some(number as u32).filter(|number| *number > 0)
}

/// Whether a failure takes a token: the backend's own, with a code after which another attempt may do
/// better, or with the wish that there be none.
pub(in crate::upstream) fn counts(status: &Status, codes: CodeSet) -> bool {
    status.origin == Origin::Upstream
        && (status.retry == Retry::Forbidden || codes.contains(status.code))
}

/// The tokens of one upstream. A cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(in crate::upstream) struct Throttle {
    tokens: AtomicU32,
    throttling: Throttling,
}

impl Throttle {
    /// All tokens are there.
    pub(in crate::upstream) fn new(throttling: Throttling) -> Self {
        Self {
            tokens: AtomicU32::new(throttling.max),
            throttling,
        }
    }

    /// An attempt failed with a code that is retryable or not fatal, or the backend asked for no
    /// further one.
    pub(in crate::upstream) fn failed(&self) {
        self.change(|tokens| tokens.saturating_sub(TOKEN));
    }

    /// A call succeeded.
    pub(in crate::upstream) fn succeeded(&self) {
        self.change(|tokens| (tokens + self.throttling.ratio).min(self.throttling.max));
    }

    /// True if there may be another attempt: more than half of the tokens are there.
    pub(in crate::upstream) fn allows(&self) -> bool {
        // Twice, because half of an odd number of thousandths is none.
        2 * self.tokens.load(Ordering::Relaxed) > self.throttling.max
    }

    /// Tokens that are left.
    pub(in crate::upstream) fn tokens_left(&self) -> f64 {
        f64::from(self.tokens.load(Ordering::Relaxed)) / f64::from(TOKEN)
    }

    /// Writes only what changes: at the brim, where it mostly is, workers only read.
    fn change(&self, next: impl Fn(u32) -> u32) {
        let _ = self
            .tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                let next = next(tokens);
                (next != tokens).then_some(next)
            });
    }
}
