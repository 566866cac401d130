//! The endpoints of an upstream at one moment, and who of them gets calls. A set never changes: what
//! is discovered, or found to be ill, makes another one.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::balance::{self, Balancer, Candidate as _};
use super::endpoint::Endpoint;
use super::outlier::{Mode, Panic, Probation, Probe, Standing};
use super::random;
use super::tried::Tried;

/// The endpoints of an upstream at one moment.
#[derive(Debug)]
pub(super) struct Set {
    all: Vec<(Arc<Endpoint>, Standing)>,
    candidates: Vec<Arc<Endpoint>>,
    /// Endpoints that wait for one call.
    probes: Vec<(Arc<Endpoint>, Arc<Probation>)>,
    mode: Mode,
    balancer: Balancer,
}

/// The endpoint for an attempt.
#[derive(Debug)]
pub(super) struct Picked {
    pub(super) endpoint: Arc<Endpoint>,
    /// It waits for what this call shows.
    pub(super) probe: Option<Probe>,
}

impl Set {
    /// Without any endpoint.
    pub(super) fn empty(config: &balance::Config) -> Self {
        Self {
            all: Vec::new(),
            candidates: Vec::new(),
            probes: Vec::new(),
            mode: Mode::Health,
            balancer: Balancer::new::<Arc<Endpoint>>(config, &[], &mut random::bits),
        }
    }

    /// The set after this one: these endpoints, of which this is thought.
    pub(super) fn next(&self, all: Vec<(Arc<Endpoint>, Standing)>, panic: Panic) -> Self {
        let standings: Vec<_> = all.iter().map(|(_, standing)| *standing).collect();
        let eligible = panic.eligible(&standings);
        let endpoint = |&at: &usize| all.get(at).map(|(endpoint, _)| Arc::clone(endpoint));
        let candidates: Vec<_> = eligible.candidates.iter().filter_map(endpoint).collect();
        let probes = eligible.probes.iter().filter_map(endpoint);
        // Who waited for a call before goes on waiting for the same one.
        let waiting = self.probes.iter();
        let waiting: HashMap<_, _> = waiting
            .map(|(before, probation)| (Arc::as_ptr(before), probation))
            .collect();
        let probes = probes.map(|endpoint| {
            let before = waiting.get(&Arc::as_ptr(&endpoint));
            let probation = before.map(|probation| Arc::clone(probation));
            (endpoint, probation.unwrap_or_default())
        });
        Self {
            probes: probes.collect(),
            mode: eligible.mode,
            balancer: if self.candidates.is_empty() {
                Balancer::new(self.balancer.config(), &candidates, &mut random::bits)
            } else {
                self.balancer.renew(&candidates)
            },
            candidates,
            all,
        }
    }

    /// The endpoint for the next attempt of a call that was at `tried` already; `key` is the hash of
    /// what it is kept to one endpoint by. None only if there is no endpoint. Where nobody who gets calls
    /// can be reached, one that gets none is better than to fail the call.
    pub(super) fn pick(&self, key: Option<u64>, tried: &Tried) -> Option<Picked> {
        for (endpoint, probation) in &self.probes {
            // Where it cannot be reached it would show nothing.
            if endpoint.is_reachable()
                && let Some(probe) = probation.take()
            {
                return Some(Picked {
                    endpoint: Arc::clone(endpoint),
                    probe: Some(probe),
                });
            }
        }
        let mut exclude = Vec::new();
        // A first attempt looks at nobody, and allocates nothing.
        if !tried.is_empty() {
            let all = self.candidates.iter().enumerate();
            exclude.extend(all.filter(|(_, one)| tried.contains(one)).map(|(at, _)| at));
        }
        let random = &mut random::bits;
        let at = self
            .balancer
            .pick(&self.candidates, key, &exclude, Instant::now(), random)?;
        let best = self.candidates.get(at)?;
        let endpoint = if best.is_reachable() {
            best
        } else {
            self.last_resort(tried).unwrap_or(best)
        };
        Some(Picked {
            endpoint: Arc::clone(endpoint),
            probe: None,
        })
    }

    /// A random endpoint that can be reached, whatever is thought of it. One where the call has been, or
    /// that says itself that it does not serve, only if there is no other.
    fn last_resort(&self, tried: &Tried) -> Option<&Arc<Endpoint>> {
        let others = self.all.iter().filter(|(one, _)| one.is_reachable());
        let order = |(one, standing): &&(Arc<Endpoint>, Standing)| {
            let is_unhealthy = *standing == Standing::Unhealthy;
            (tried.contains(one), is_unhealthy, random::bits())
        };
        others.min_by_key(order).map(|(one, _)| one)
    }

    /// True if there is an endpoint that can be reached where a call has not been.
    pub(super) fn has_other(&self, tried: &Tried) -> bool {
        let mut all = self.all.iter();
        all.any(|(one, _)| one.is_reachable() && !tried.contains(one))
    }

    /// True if an endpoint can be tried now.
    pub(super) fn has_open(&self) -> bool {
        let mut all = self.all.iter();
        all.any(|(one, _)| one.target.outlook.is_open())
    }

    /// When the first endpoint can be tried, as it looks now; none if there is none.
    pub(super) fn opening(&self) -> Option<Instant> {
        let outlooks = self.all.iter().map(|(one, _)| &one.target.outlook);
        outlooks
            .map(|outlook| outlook.closed_until().unwrap_or_else(Instant::now))
            .min()
    }

    /// True if there is no endpoint.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Every endpoint, and what is thought of it.
    pub(super) fn all(&self) -> &[(Arc<Endpoint>, Standing)] {
        &self.all
    }

    /// How those that get calls were chosen.
    pub(super) fn mode(&self) -> Mode {
        self.mode
    }
}
