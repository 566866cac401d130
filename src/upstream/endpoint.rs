//! One endpoint: what is known of it, and each worker's connections to it.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use rustls::pki_types::ServerName;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::address::Address;
use super::balance::{Candidate, Ewma, Load};
use super::breaker::Breaker;
use super::config::{Connect, Listed};
use super::health::{self, Finding, Health};
use super::leaving::Leaving;
use super::news::News;
use super::outlier::{self, Tally};
use super::outlook::Outlook;
use super::parting::Partings;
use super::pool::Pool;
use super::taken::Taken;
use super::task::Task;
use crate::control::tls::Tls;
use crate::worker;

/// Doublings of the keepalive interval at most: from 30 seconds to 32 minutes.
const DOUBLINGS_MAX: u32 = 6;

/// Share of the keepalive interval that is random, both ways: connections that were made together do not
/// ask together for ever.
const KEEPALIVE_JITTER: f64 = 0.15;

/// What connections are made to, and what all of them together know.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) upstream: Arc<str>,
    pub(super) address: Address,
    /// TLS, unless it is spoken to in the clear.
    pub(super) secured: Option<Secured>,
    pub(super) connect: Connect,
    /// Told when it is not reached, or a connection to it ends.
    pub(super) lost: Arc<Notify>,
    /// Whether a connection came after another was lost.
    pub(super) news: Arc<News>,
    pub(super) leaving: Arc<Leaving>,
    pub(super) outlook: Outlook,
    /// Connections there are, and are being made, of all workers.
    pub(super) connections: AtomicUsize,
    /// Connections made, not made, and ended, so far.
    pub(super) connected: AtomicU64,
    pub(super) connect_failures: AtomicU64,
    pub(super) partings: Partings,
    /// How often the peer found our PINGs too many.
    doublings: AtomicU32,
}

/// TLS towards one endpoint.
#[derive(Debug)]
pub(super) struct Secured {
    pub(super) tls: Tls,
    /// What its certificate has to be for; none if its address cannot be that.
    pub(super) name: Option<ServerName<'static>>,
}

impl Target {
    /// A PING this often; less often for a peer that complained (gRFC A8). `random` is in 0..1.
    pub(super) fn keepalive_interval(&self, random: f64) -> Duration {
        let doublings = self.doublings.load(Ordering::Relaxed).min(DOUBLINGS_MAX);
        let interval =
            self.connect.keepalive_interval.as_secs_f64() * f64::from(1_u32 << doublings);
        let varied = interval * (1.0 + KEEPALIVE_JITTER * (2.0 * random - 1.0));
        Duration::try_from_secs_f64(varied).unwrap_or(Duration::MAX)
    }

    /// The scheme of requests.
    pub(super) fn scheme(&self) -> Scheme {
        match self.secured {
            None => Scheme::HTTP,
            Some(_) => Scheme::HTTPS,
        }
    }

    /// The peer complained of too many PINGs.
    pub(super) fn ping_less(&self) {
        self.doublings.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it did.
    #[cfg(test)]
    pub(super) fn complaints(&self) -> u32 {
        self.doublings.load(Ordering::Relaxed)
    }
}

/// One endpoint of an upstream. It lives as long as a set names it, and calls run on it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) target: Arc<Target>,
    /// `:authority` of calls to it.
    pub(super) authority: Authority,
    weight: u32,
    /// Its address as a text, by which it is known in one set and the next.
    key: Arc<str>,
    born: Instant,
    /// Milliseconds after its birth when it came back last: slow start begins anew.
    returned: AtomicU64,
    /// Attempts under way, streams too.
    pub(super) calls: Arc<AtomicUsize>,
    /// Attempts so far, and those that failed by the endpoint's fault.
    pub(super) attempts: AtomicU64,
    pub(super) failures: AtomicU64,
    /// Attempts that wait for an answer, and latency.
    pub(super) load: Arc<Load>,
    /// How attempts ended.
    pub(super) tally: Tally,
    /// What health checks found last.
    pub(super) health: Health,
    /// What compression it takes.
    pub(super) taken: Arc<Taken>,
    /// How many calls may be under way and wait.
    pub(super) breaker: Arc<Breaker>,
    /// One for each worker: a call's stream, and the connection it is on, stay on its thread.
    pools: Arc<[Pool]>,
    /// For health checks, which run on no worker.
    control: Pool,
    /// Asks for its health, if that is configured.
    pub(super) checker: OnceLock<Task>,
}

/// What the endpoints of one upstream have in common.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) upstream: Arc<str>,
    pub(super) authority: Option<Authority>,
    pub(super) tls: Option<Tls>,
    pub(super) connect: Connect,
    pub(super) ewma: Ewma,
    pub(super) outlier: outlier::Config,
    pub(super) health: Option<health::Config>,
    pub(super) breaker: Arc<Breaker>,
    pub(super) lost: Arc<Notify>,
    pub(super) news: Arc<News>,
    pub(super) leaving: Arc<Leaving>,
    pub(super) workers: usize,
}

impl Endpoint {
    /// One of which this latency is expected.
    pub(super) fn new(listed: Listed, ewma: Ewma, common: &Common) -> Self {
        let now = Instant::now();
        let authority = common.authority.as_ref();
        let authority = authority.unwrap_or(listed.address.authority()).clone();
        let target = Arc::new(Target {
            upstream: Arc::clone(&common.upstream),
            address: listed.address,
            secured: common.tls.clone().map(|tls| Secured {
                name: tls.name(authority.host()),
                tls,
            }),
            connect: common.connect.clone(),
            lost: Arc::clone(&common.lost),
            news: Arc::clone(&common.news),
            leaving: Arc::clone(&common.leaving),
            outlook: Outlook::default(),
            connections: AtomicUsize::new(0),
            connected: AtomicU64::new(0),
            connect_failures: AtomicU64::new(0),
            partings: Partings::default(),
            doublings: AtomicU32::new(0),
        });
        Self {
            control: Pool::new(Arc::clone(&target)),
            checker: OnceLock::new(),
            pools: (0..common.workers.max(1))
                .map(|_| Pool::new(Arc::clone(&target)))
                .collect(),
            key: target.address.to_string().into(),
            target,
            authority,
            weight: listed.weight,
            born: now,
            returned: AtomicU64::new(0),
            load: Arc::new(Load::new(ewma, now)),
            calls: Arc::default(),
            attempts: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            tally: Tally::new(&common.outlier),
            health: Health::new(unasked(common)),
            taken: Arc::default(),
            breaker: Arc::clone(&common.breaker),
        }
    }

    /// The same endpoint where something else is thought of its calls: connections, and what was
    /// measured, are those of this one. None if connections are to be made otherwise.
    pub(super) fn again(&self, weight: u32, common: &Common) -> Option<Self> {
        let target = &self.target;
        if target.connect != common.connect || self.pools.len() != common.workers.max(1) {
            return None;
        }
        let authority = common.authority.as_ref();
        let authority = authority.unwrap_or(target.address.authority()).clone();
        let count = |counter: &AtomicU64| AtomicU64::new(counter.load(Ordering::Relaxed));
        Some(Self {
            target: Arc::clone(target),
            authority,
            weight,
            key: Arc::clone(&self.key),
            born: self.born,
            returned: count(&self.returned),
            calls: Arc::clone(&self.calls),
            attempts: count(&self.attempts),
            failures: count(&self.failures),
            load: Arc::clone(&self.load),
            tally: Tally::new(&common.outlier),
            health: Health::new(if common.health.is_some() {
                self.health.get()
            } else {
                Finding::Serves
            }),
            taken: Arc::clone(&self.taken),
            breaker: Arc::clone(&common.breaker),
            pools: Arc::clone(&self.pools),
            control: self.control.clone(),
            checker: OnceLock::new(),
        })
    }

    /// Its share of the calls beside others.
    pub(super) const fn share(&self) -> u32 {
        self.weight
    }

    /// The pool of the worker that asks.
    pub(super) fn pool(&self) -> &Pool {
        let pool = self.pools.get(worker::index()).or(self.pools.first());
        pool.unwrap_or(&self.control)
    }

    /// The pool of those who run on no worker.
    pub(super) const fn control_pool(&self) -> &Pool {
        &self.control
    }

    /// True while no health check says otherwise.
    pub(super) fn is_healthy(&self) -> bool {
        self.health.get().is_healthy()
    }

    /// It gets its calls again: what was measured before it was ejected no longer counts.
    pub(super) fn returned(&self, ewma: Ewma) {
        let now = Instant::now();
        self.load.reset(ewma.seed, now);
        let since = now.saturating_duration_since(self.born).as_millis();
        self.returned
            .store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What is thought of the health of an endpoint that was not asked.
fn unasked(common: &Common) -> Finding {
    match common.health {
        None => Finding::Serves,
        Some(_) => Finding::Unknown,
    }
}

impl Endpoint {
    /// Its address as a text.
    pub(super) const fn shown(&self) -> &Arc<str> {
        &self.key
    }
}

impl Candidate for Endpoint {
    fn load(&self) -> &Load {
        &self.load
    }

    fn weight(&self) -> u32 {
        self.weight
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn since(&self) -> Instant {
        self.born + Duration::from_millis(self.returned.load(Ordering::Relaxed))
    }

    fn is_reachable(&self) -> bool {
        self.target.outlook.is_open()
    }
}
