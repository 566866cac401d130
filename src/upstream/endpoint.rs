//! One endpoint: what is known of it, and each worker's connections to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use http::uri::Authority;
use tokio::time::Instant;

use super::address::Address;
use super::breaker::Breaker;
use super::config::{Connect, Listed};
use super::outlook::Outlook;
use super::pool::Pool;
use super::taken::Taken;
use crate::worker;

/// Doublings of the keepalive interval at most: from 30 seconds to 32 minutes.
const DOUBLINGS_MAX: u32 = 6;

/// What connections are made to, and what all of them together know.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) upstream: Arc<str>,
    pub(super) address: Address,
    pub(super) connect: Connect,
    pub(super) breaker: Arc<Breaker>,
    pub(super) outlook: Outlook,
    /// Connections there are, and are being made, of all workers.
    pub(super) connections: AtomicUsize,
    /// How often the peer found our PINGs too many.
    doublings: AtomicU32,
}

impl Target {
    /// A PING this often; less often for a peer that complained (gRFC A8).
    pub(super) fn keepalive_interval(&self) -> Duration {
        let doublings = self.doublings.load(Ordering::Relaxed).min(DOUBLINGS_MAX);
        self.connect
            .keepalive_interval
            .saturating_mul(1 << doublings)
    }

    /// The peer complained of too many PINGs.
    pub(super) fn ping_less(&self) {
        self.doublings.fetch_add(1, Ordering::Relaxed);
    }
}

/// One endpoint of an upstream. It lives as long as a set names it, and calls run on it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) target: Arc<Target>,
    /// `:authority` of calls to it.
    pub(super) authority: Authority,
    pub(super) weight: u32,
    /// Since when it is one.
    pub(super) since: Instant,
    /// What compression it takes.
    pub(super) taken: Taken,
    /// One for each worker: a call's stream, and the connection it is on, stay on its thread.
    pools: Box<[Pool]>,
}

/// What the endpoints of one upstream have in common.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) upstream: Arc<str>,
    pub(super) authority: Option<Authority>,
    pub(super) connect: Connect,
    pub(super) breaker: Arc<Breaker>,
    pub(super) workers: usize,
}

impl Endpoint {
    pub(super) fn new(listed: Listed, common: &Common) -> Self {
        let authority = common.authority.as_ref();
        let authority = authority.unwrap_or(listed.address.authority()).clone();
        let target = Arc::new(Target {
            upstream: Arc::clone(&common.upstream),
            address: listed.address,
            connect: common.connect.clone(),
            breaker: Arc::clone(&common.breaker),
            outlook: Outlook::default(),
            connections: AtomicUsize::new(0),
            doublings: AtomicU32::new(0),
        });
        Self {
            pools: (0..common.workers.max(1))
                .map(|_| Pool::new(Arc::clone(&target)))
                .collect(),
            target,
            authority,
            weight: listed.weight,
            since: Instant::now(),
            taken: Taken::default(),
        }
    }

    /// The pool of the worker that asks.
    pub(super) fn pool(&self) -> Option<&Pool> {
        self.pools.get(worker::index()).or(self.pools.first())
    }

    /// True if it is where the source says, with that weight.
    pub(super) fn is(&self, listed: &Listed) -> bool {
        self.target.address == listed.address && self.weight == listed.weight
    }
}
