//! Which endpoint an attempt goes to.
//!
//! A `Balancer` is a value made for one set of endpoints. It takes no lock, allocates nothing when
//! it picks, and knows of an endpoint what `Candidate` says. Time and randomness are arguments.
//!
//! ```text
//! pick ─ which may be used? ──────────────┐
//!        reachable and not tried yet,     ├─► p2c │ stride │ ring │ first ─► index
//!        else reachable, else not tried,  │    └ Load: pending calls, latency
//!        else any                         ┘
//! ```
//!
//! Guaranteed: while there is an endpoint, one is picked.

use std::ops::Deref;

use http::HeaderName;
use tokio::time::Instant;

mod first;
mod hash;
mod last;
mod load;
mod p2c;
pub(super) mod random;
mod ring;
mod slow_start;
mod stride;

use first::First;
pub(super) use hash::xxh64;
pub use load::Ewma;
pub(super) use load::{Load, Started, penalty};
use ring::Ring;
pub use ring::RingSize;
pub use slow_start::SlowStart;
use stride::Stride;

/// How calls are spread over the endpoints of an upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// By which rule.
    pub policy: Policy,
    /// How new endpoints get their share; at once if absent. Ring hash and pick-first know no shares
    /// that could grow, so it does nothing there.
    pub slow_start: Option<SlowStart>,
}

/// Peak-EWMA, without slow start.
impl Default for Config {
    fn default() -> Self {
        Self {
            policy: Policy::PeakEwma(Ewma::default()),
            slow_start: None,
        }
    }
}

/// The rule by which an endpoint is picked.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// The better of two random endpoints, by latency and calls under way.
    PeakEwma(Ewma),
    /// One after the other.
    RoundRobin,
    /// One after the other, each as often as its weight says.
    Weighted,
    /// Calls with the same value of a header go to the same endpoint (gRFC A42).
    RingHash {
        /// The header; a call without it goes anywhere.
        header: HeaderName,
        /// How finely the endpoints share the ring.
        size: RingSize,
    },
    /// All calls go to one endpoint, for as long as it can be reached (gRFC A62).
    PickFirst,
}

impl Policy {
    /// How latency is averaged: all policies measure it, one goes by it.
    pub(super) fn ewma(&self) -> Ewma {
        match self {
            Self::PeakEwma(ewma) => *ewma,
            Self::RoundRobin | Self::Weighted | Self::RingHash { .. } | Self::PickFirst => {
                Ewma::default()
            }
        }
    }
}

/// What is known of an endpoint that may be picked.
pub(super) trait Candidate {
    /// Its calls under way and its latency.
    fn load(&self) -> &Load;

    /// Its share beside the weights of others. With 0 it gets calls only if nobody else can.
    fn weight(&self) -> u32;

    /// `host:port`: where it stands on the ring, so the same text in every process.
    fn key(&self) -> &str;

    /// Since when it takes calls, for slow start: when it appeared, or came back from an ejection.
    fn since(&self) -> Instant;

    /// False while it is left alone because connecting failed. Asked at every pick.
    fn is_reachable(&self) -> bool;
}

/// Picks endpoints of one set.
#[derive(Debug)]
pub(super) struct Balancer {
    config: Config,
    method: Method,
}

/// A policy with what it keeps for a set.
#[derive(Debug)]
enum Method {
    P2c,
    Stride(Stride),
    Ring(Ring),
    First(First),
}

/// Which endpoints may be used, best first.
#[derive(Clone, Copy, Debug)]
enum Preference {
    /// Can be reached, and this call has not been there.
    Fresh,
    /// Can be reached.
    Reachable,
    /// This call has not been there.
    Untried,
    /// Is there.
    Any,
}

impl Preference {
    const ALL: [Self; 4] = [Self::Fresh, Self::Reachable, Self::Untried, Self::Any];

    fn takes(self, candidate: &(impl Candidate + ?Sized), at: usize, exclude: &[usize]) -> bool {
        let untried = || exclude.binary_search(&at).is_err();
        match self {
            Self::Fresh => candidate.weight() > 0 && candidate.is_reachable() && untried(),
            Self::Reachable => candidate.weight() > 0 && candidate.is_reachable(),
            Self::Untried => candidate.weight() > 0 && untried(),
            Self::Any => true,
        }
    }
}

impl Balancer {
    /// A balancer for these endpoints. Round robin starts at a random place and pick-first with a
    /// random order, so that many gateways do not all begin with one endpoint.
    pub(super) fn new<T>(
        config: &Config,
        candidates: &[T],
        random: &mut impl FnMut() -> u64,
    ) -> Self
    where
        T: Deref<Target: Candidate>,
    {
        let method = match &config.policy {
            Policy::PeakEwma(_) => Method::P2c,
            Policy::RoundRobin => Method::Stride(Stride::even(candidates.len(), random())),
            Policy::Weighted => Method::Stride(Stride::weighted(weights(candidates), random())),
            Policy::RingHash { size, .. } => Method::Ring(Ring::new(*size, &places(candidates))),
            Policy::PickFirst => Method::First(First::new(keys(candidates), random())),
        };
        Self {
            config: config.clone(),
            method,
        }
    }

    /// The same for another set of endpoints: round robin goes on, pick-first keeps its order and
    /// stays with its endpoint if that is still there.
    pub(super) fn renew<T>(&self, candidates: &[T]) -> Self
    where
        T: Deref<Target: Candidate>,
    {
        let method = match (&self.method, &self.config.policy) {
            (Method::Stride(old), Policy::Weighted) => {
                Method::Stride(Stride::weighted(weights(candidates), old.place()))
            }
            (Method::Stride(old), _) => Method::Stride(Stride::even(candidates.len(), old.place())),
            (Method::Ring(old), _) => Method::Ring(Ring::new(old.size(), &places(candidates))),
            (Method::First(old), _) => Method::First(old.renew(keys(candidates))),
            (Method::P2c, _) => Method::P2c,
        };
        Self {
            config: self.config.clone(),
            method,
        }
    }

    /// What it was made by.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The index of the endpoint for an attempt; none only if there are no endpoints.
    ///
    /// `candidates` are those that the balancer was made for, and `exclude` the indices of those that
    /// the call has tried, in ascending order. `key` is the hash of what the ring goes by ([`xxh64`]
    /// with seed 0), absent if the call has nothing.
    pub(super) fn pick<T>(
        &self,
        candidates: &[T],
        key: Option<u64>,
        exclude: &[usize],
        now: Instant,
        random: &mut impl FnMut() -> u64,
    ) -> Option<usize>
    where
        T: Deref<Target: Candidate>,
    {
        if candidates.len() < 2 {
            return (!candidates.is_empty()).then_some(0);
        }
        Preference::ALL.into_iter().find_map(|preference| {
            let usable = |at: usize| {
                let candidate = candidates.get(at);
                candidate.is_some_and(|candidate| preference.takes(&**candidate, at, exclude))
            };
            let warmth = |at: usize| self.warmth(candidates, at, now);
            match &self.method {
                Method::P2c => {
                    let cost = |at: usize| match candidates.get(at) {
                        Some(candidate) => {
                            let share = f64::from(candidate.weight().max(1)) * warmth(at);
                            candidate.load().cost(now) / share
                        }
                        None => f64::INFINITY,
                    };
                    p2c::pick(candidates.len(), usable, cost, random)
                }
                Method::Stride(stride) => stride.pick(usable, warmth, random),
                Method::Ring(ring) => {
                    ring.pick(key.unwrap_or_else(&mut *random), candidates.len(), usable)
                }
                Method::First(first) => first.pick(usable, |at| {
                    candidates
                        .get(at)
                        .is_some_and(|candidate| candidate.is_reachable())
                }),
            }
        })
    }

    /// Which part of its share an endpoint gets.
    fn warmth<T>(&self, candidates: &[T], at: usize, now: Instant) -> f64
    where
        T: Deref<Target: Candidate>,
    {
        match (&self.config.slow_start, candidates.get(at)) {
            (Some(slow_start), Some(candidate)) => {
                slow_start.warmth(now.saturating_duration_since(candidate.since()))
            }
            (None, _) | (_, None) => 1.0,
        }
    }
}

fn weights<T: Deref<Target: Candidate>>(candidates: &[T]) -> impl Iterator<Item = u32> {
    candidates.iter().map(|candidate| candidate.weight())
}

fn keys<T: Deref<Target: Candidate>>(candidates: &[T]) -> impl Iterator<Item = &str> {
    candidates.iter().map(|candidate| candidate.key())
}

fn places<T: Deref<Target: Candidate>>(candidates: &[T]) -> Vec<(&str, u32)> {
    keys(candidates).zip(weights(candidates)).collect()
}

#[cfg(test)]
pub(super) mod tests;
