//! An upstream as operators see it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::authorization::Bearer;
use super::balance::{Candidate as _, Policy};
use super::cluster::Shared;
use super::endpoint::{Endpoint, Target};
use super::outlier::{Detector, Method, Mode, Standing, Unenforced};
use crate::control::tls::Tls;
use crate::observe::upstreams as observe;

/// How it is at this moment.
pub(super) fn upstream(shared: &Arc<Shared>) -> observe::Upstream {
    let now = Instant::now();
    let set = shared.set().clone();
    let state = shared.state();
    let endpoints = set.all().iter();
    observe::Upstream {
        name: shared.name.to_string(),
        source: shared.config.place(),
        balance: word(&shared.config.balance.policy).to_owned(),
        panic: set.mode() == Mode::Panic && set.all().len() > 1,
        requests: shared.breaker.requests(),
        pending: shared.breaker.pending(),
        connections: shared.breaker.connections(),
        retries: observe::Retries {
            under_way: shared.budget.under_way(),
            tokens: shared.throttle.tokens_left(),
            made: shared.retried.policy.load(Ordering::Relaxed),
            transparent: shared.retried.transparent.load(Ordering::Relaxed),
            hedges: shared.retried.hedges.load(Ordering::Relaxed),
        },
        certificate_not_after: (shared.common.tls.as_ref()).and_then(Tls::not_after),
        token: shared.bearer.as_ref().map(Bearer::view),
        ejections: ejections(&state.detector),
        endpoints: endpoints
            .map(|(endpoint, standing)| self::endpoint(endpoint, *standing, &state.detector, now))
            .collect(),
    }
}

/// The policy, as the configuration spells it.
fn word(policy: &Policy) -> &'static str {
    match policy {
        Policy::PeakEwma(_) => "peak_ewma",
        Policy::RoundRobin => "round_robin",
        Policy::Weighted => "weighted",
        Policy::RingHash { .. } => "ring_hash",
        Policy::PickFirst => "pick_first",
    }
}

fn ejections(detector: &Detector) -> Vec<observe::Ejections> {
    let counts = detector.counts();
    let methods = Method::ALL.into_iter();
    methods
        .map(|method| observe::Ejections {
            method: method.as_str().to_owned(),
            enforced: counts.ejected(method),
            unenforced: Unenforced::ALL
                .into_iter()
                .map(|reason| (reason.as_str().to_owned(), counts.spared(method, reason)))
                .collect(),
        })
        .collect()
}

fn endpoint(
    endpoint: &Endpoint,
    standing: Standing,
    detector: &Detector,
    now: Instant,
) -> observe::Endpoint {
    let target = &endpoint.target;
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let address = target.address.to_string();
    let (state, why) = match standing {
        Standing::Healthy => (observe::State::Healthy, None),
        Standing::Unhealthy => (
            observe::State::Unhealthy,
            endpoint.health.get().why().map(str::to_owned),
        ),
        Standing::Ejected | Standing::Probation => {
            let why = detector.cause(&address).map(|cause| cause.to_string());
            if standing == Standing::Ejected {
                (observe::State::Ejected, why)
            } else {
                (observe::State::Probation, why)
            }
        }
    };
    observe::Endpoint {
        weight: endpoint.weight(),
        state,
        why,
        unreachable: target.outlook.down().map(|cause| cause.to_string()),
        connections: open(target),
        calls: endpoint.calls.load(Ordering::Relaxed),
        unanswered: endpoint.load.pending(),
        latency_ms: endpoint.load.latency(now).as_secs_f64() * 1000.0,
        attempts: count(&endpoint.attempts),
        failures: count(&endpoint.failures),
        connected: count(&target.connected),
        connect_failures: count(&target.connect_failures),
        disconnected: target.partings.total(),
        disconnections: target.partings.by_word(),
        address,
    }
}

/// Connections that are open: those that were made and have not ended.
fn open(target: &Target) -> u64 {
    let ended = target.partings.total();
    let made = target.connected.load(Ordering::Relaxed);
    made.saturating_sub(ended)
}
