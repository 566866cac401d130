//! Rate limits of this gateway alone: so many calls in a time, for each caller, key, address, header or
//! method. Nobody else is asked, so that they work where nothing else does.
//!
//! ```text
//! Limit { methods, by, quota } ─ once for a schema ─► Limits: method ─► its limits
//! a call ─► key of each limit ─► governor's GCRA on a table of its own ─► the strictest tells
//! ```
//!
//! A call that one limit refuses counts for none of them. What the limits are is told in `RateLimit-Limit`,
//! `RateLimit-Remaining` and `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers-03), and when to come again in
//! `retry-after` and a `google.rpc.RetryInfo`.

use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use http::{HeaderName, HeaderValue, header};

use super::table::Table;
use crate::call::gate::{Asked, Decision, Gate, Passed, Quota, Refused};
use crate::call::{Code, Status};
use crate::schema::{Method, Selector};

pub mod headers;
mod key;
pub mod table;
mod ticks;

pub(super) use key::network;
pub use table::{Buckets, KEYS, KEYS_MAX};
use ticks::Ticks;

/// Limits at most.
pub const LIMITS_MAX: usize = 1000;

/// Keys that a limit may be by, at once.
pub const BY_MAX: usize = 4;

/// How long a bucket may take to fill up, at most: 30 days.
pub const FILL_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What this step is called in logs and metrics.
pub const NAME: &str = "rate_limits";

/// A limit.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Its name in logs and metrics.
    pub name: Arc<str>,
    /// For which methods; none: for all.
    pub methods: Vec<Selector>,
    /// Who has a bucket: with several, each combination; with none, all together.
    pub by: Vec<By>,
    /// How much.
    pub rate: Rate,
    /// How many keys are remembered.
    pub keys: usize,
}

/// Who has a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Each caller that is known, by issuer and subject; those that are not, each address.
    Identity,
    /// Each API key; calls with none, each address.
    ApiKey,
    /// Each address of a client; of IPv6 each network of 64 bits, which one client has whole.
    Address,
    /// Each value of a header; calls without it, each address. A client chooses what it sends: this is a
    /// limit only where somebody in front sets the header.
    Header(HeaderName),
    /// Each method.
    Method,
}

/// How many calls in how long, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many calls.
    pub calls: u32,
    /// In this time.
    pub per: Duration,
    /// So many at once after a pause.
    pub burst: u32,
}

/// Limits that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// More than there may be.
    #[error("found {0} limits, expected at most {LIMITS_MAX}")]
    TooMany(usize),
    /// One that lets nothing pass.
    #[error("limit {0}: found 0, expected at least 1 call, in a time and at once")]
    Nothing(Arc<str>),
    /// Nobody waits as long.
    #[error("limit {0}: found a burst that takes more than 30 days to come back, expected less")]
    TooSlow(Arc<str>),
    /// Too many parts.
    #[error("limit {name}: found {found} keys together, expected at most {BY_MAX}")]
    By {
        /// Its name.
        name: Arc<str>,
        /// How many.
        found: usize,
    },
}

/// Whether clients are told what the limits are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tell {
    /// With every answer.
    #[default]
    Always,
    /// Only when a call is refused.
    Refused,
}

/// Limits, compiled for the methods of a schema.
#[derive(Debug)]
pub struct Limits {
    limits: Vec<Arc<Compiled>>,
    table: Table,
    tell: Tell,
    /// Nobody outside can choose keys that share a bucket.
    seed: RandomState,
}

#[derive(Debug)]
struct Compiled {
    name: Arc<str>,
    by: Vec<By>,
    rate: Rate,
    keys: usize,
    /// The time in which one call comes back.
    interval: Duration,
    /// The limit as a header says it.
    policy: HeaderValue,
    buckets: Buckets,
    limiter: RateLimiter<u64, Buckets, Ticks, StateInformationMiddleware>,
}

/// What a limit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// How many of them are left.
    pub(crate) remaining: u32,
    /// When all of them are there again.
    pub(crate) reset: Duration,
    /// When the next is there, if none is.
    pub(crate) wait: Option<Duration>,
}

impl Limits {
    /// Compiles limits for methods. One that stands in `before` too, by its name and the same in everything
    /// but its methods, goes on with what has been spent of it.
    ///
    /// # Errors
    /// There are too many, or one is none.
    pub fn new<'m>(
        limits: &[Limit],
        tell: Tell,
        methods: impl IntoIterator<Item = &'m Method>,
        before: Option<&Self>,
    ) -> Result<Self, LimitError> {
        if limits.len() > LIMITS_MAX {
            return Err(LimitError::TooMany(limits.len()));
        }
        let selectors: Vec<_> = limits.iter().map(|limit| &*limit.methods).collect();
        let compile = |limit: &Limit| {
            let mut known = before.iter().flat_map(|before| &before.limits);
            match known.find(|one| one.is_of(limit)) {
                Some(one) => Ok(Arc::clone(one)),
                None => Compiled::new(limit).map(Arc::new),
            }
        };
        Ok(Self {
            limits: limits.iter().map(compile).collect::<Result<_, _>>()?,
            table: Table::new(methods, &selectors),
            tell,
            seed: before.map_or_else(RandomState::new, |before| before.seed.clone()),
        })
    }

    /// Counts a call.
    fn count(&self, asked: &Asked<'_>, so_far: &Passed) -> Counted<'_> {
        let numbers = self.table.of(asked.method);
        let mut strictest: Option<(Measured, &Compiled)> = None;
        for (at, number) in numbers.iter().enumerate() {
            let Some(limit) = self.limits.get(*number) else {
                continue;
            };
            let measured = limit.count(self.key(limit, asked, so_far));
            if measured.wait.is_some() {
                for earlier in numbers.iter().take(at) {
                    if let Some(earlier) = self.limits.get(*earlier) {
                        let key = self.key(earlier, asked, so_far);
                        earlier.buckets.give_back(key);
                    }
                }
                return Counted::Refused(measured, limit);
            }
            strictest = Some(match strictest {
                Some(other) if other.0.is_stricter(&measured) => other,
                _ => (measured, limit),
            });
        }
        Counted::Passed(strictest)
    }

    fn key(&self, limit: &Compiled, asked: &Asked<'_>, so_far: &Passed) -> u64 {
        self.seed.hash_one(key::Key {
            by: &limit.by,
            asked,
            principal: so_far.principal.as_deref(),
        })
    }

    /// How many keys each limit has pushed out, by its name: for a metric.
    pub fn displaced(&self) -> impl Iterator<Item = (&str, u64)> {
        self.limits
            .iter()
            .map(|limit| (&*limit.name, limit.buckets.displaced()))
    }
}

impl Compiled {
    fn new(limit: &Limit) -> Result<Self, LimitError> {
        let Limit { name, by, rate, .. } = limit;
        let nothing = || LimitError::Nothing(Arc::clone(name));
        let burst = NonZeroU32::new(rate.burst).ok_or_else(nothing)?;
        if rate.calls == 0 || rate.per.is_zero() {
            return Err(nothing());
        }
        if by.len() > BY_MAX {
            return Err(LimitError::By {
                name: Arc::clone(name),
                found: by.len(),
            });
        }
        let interval = (rate.per / rate.calls).max(Duration::from_nanos(1));
        let fill = interval.checked_mul(rate.burst);
        if fill.is_none_or(|fill| fill > FILL_MAX) {
            return Err(LimitError::TooSlow(Arc::clone(name)));
        }
        let quota = governor::Quota::with_period(interval).ok_or_else(nothing)?;
        let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        let buckets = Buckets::new(limit.keys, nanos);
        Ok(Self {
            name: Arc::clone(name),
            by: by.clone(),
            rate: *rate,
            keys: limit.keys,
            interval,
            limiter: RateLimiter::new(quota.allow_burst(burst), buckets.clone(), Ticks),
            policy: headers::policy(rate),
            buckets,
        })
    }

    fn is_of(&self, limit: &Limit) -> bool {
        let Self {
            name,
            by,
            rate,
            keys,
            ..
        } = self;
        (name, by, rate, keys) == (&limit.name, &limit.by, &limit.rate, &limit.keys)
    }

    fn count(&self, key: u64) -> Measured {
        let (remaining, reset, wait) = match self.limiter.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let spent = self.rate.burst.saturating_sub(remaining);
                (remaining, self.interval.saturating_mul(spent), None)
            }
            Err(until) => {
                let wait = until.wait_time_from(self.limiter.clock().now());
                let others = self
                    .interval
                    .saturating_mul(self.rate.burst.saturating_sub(1));
                // Not even a nanosecond is no wait.
                let wait = wait.max(Duration::from_nanos(1));
                (0, wait.saturating_add(others), Some(wait))
            }
        };
        Measured {
            remaining,
            reset,
            wait,
        }
    }
}

impl Gate for Limits {
    fn ask<'r>(&'r self, asked: Asked<'r>, so_far: &Passed) -> Decision<'r> {
        match self.count(&asked, so_far) {
            Counted::Passed(None) => Decision::pass(),
            Counted::Passed(Some((measured, limit))) => {
                let quota = match self.tell {
                    Tell::Always => Some(measured.quota(&limit.policy)),
                    Tell::Refused => None,
                };
                Decision::Now(Ok(Passed {
                    quota,
                    ..Passed::default()
                }))
            }
            Counted::Refused(measured, limit) => {
                Decision::refuse(refusal(&measured, &limit.policy, NAME, &limit.name))
            }
        }
    }
}

/// What a client is told whose call is one too many.
pub(super) fn refusal(
    measured: &Measured,
    policy: &HeaderValue,
    by: &'static str,
    rule: &Arc<str>,
) -> Refused {
    let mut refused = come_again(measured.wait.unwrap_or(measured.reset), by);
    refused.headers.extend(headers::of(measured.quota(policy)));
    refused.rule = Some(Arc::clone(rule));
    refused
}

/// The same where no limit is known.
pub(super) fn come_again(wait: Duration, by: &'static str) -> Refused {
    let status = Status::gateway(Code::ResourceExhausted, "too many calls; come again later");
    Refused {
        headers: vec![(header::RETRY_AFTER, headers::seconds(wait))],
        ..Refused::new(by, status.after(wait))
    }
}

enum Counted<'a> {
    /// By the strictest.
    Passed(Option<(Measured, &'a Compiled)>),
    /// By this one.
    Refused(Measured, &'a Compiled),
}

impl Measured {
    /// True if this one is nearer to refusing, or as near.
    fn is_stricter(&self, other: &Self) -> bool {
        (self.remaining, Reverse(self.reset)) <= (other.remaining, Reverse(other.reset))
    }

    pub(super) fn quota(&self, policy: &HeaderValue) -> Quota {
        Quota {
            limit: policy.clone(),
            remaining: self.remaining,
            reset: self.reset,
        }
    }
}

#[cfg(test)]
mod tests;
