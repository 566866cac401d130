//! One upstream by name: its endpoints, and what all calls to it have in common.
//!
//! Calls read the [`Set`] of the moment. What changes it (a source that names other endpoints, an
//! endpoint that fails more than the others, a health check) goes through [`State`], one change at a
//! time, and makes another set.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::attempts::Attempts;
use super::balance::Candidate as _;
use super::books::Ledger;
use super::breaker::Breaker;
use super::config::{Config, Discovery, Listed};
use super::connector::Connector;
use super::discovery::{self, ENDPOINTS_MAX, Found};
use super::endpoint::{Common, Endpoint};
use super::exchange::{Opened, Timer, on_time};
use super::health;
use super::news::News;
use super::outlier::{Change, Detector, Host, Outcome, Probe, Standing, Verdict};
use super::retry::{Account, Budget, Throttle};
use super::security::Security;
use super::set::{Picked, Set};
use super::task::Task;
use super::tls::TlsError;
use super::tried::Tried;
use super::view;
use super::{random, sweeper};
use crate::call::{Call, Code, Reply, Retry, Status};
use crate::observe::upstreams as observe;

mod found;

/// One upstream. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Cluster(Arc<Running>);

/// An upstream and the tasks that look after it, which end with it.
#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    _sweeper: Option<Task>,
    secured: Option<Security>,
    _discovery: Option<Task>,
}

/// What calls and tasks of an upstream share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) config: Config,
    pub(super) breaker: Arc<Breaker>,
    /// Whether there may be retries, by what failed lately.
    pub(super) throttle: Arc<Throttle>,
    /// Whether there may be retries, by what is under way.
    pub(super) budget: Arc<Budget>,
    /// Attempts besides the first of each call, so far.
    pub(super) retried: Arc<Retried>,
    /// What all upstreams together keep for retries.
    pub(super) account: Arc<Account>,
    common: Common,
    this: Weak<Self>,
    set: ArcSwap<Set>,
    found: watch::Sender<Found>,
    state: Mutex<State>,
}

/// What an upstream has of the one whose place it takes.
struct Inherited {
    secured: Option<Security>,
    lost: Arc<Notify>,
    breaker: Arc<Breaker>,
    account: Arc<Account>,
    throttle: Arc<Throttle>,
    budget: Arc<Budget>,
    retried: Arc<Retried>,
    news: Arc<News>,
    detector: Detector,
}

/// Attempts besides the first of each call, so far.
#[derive(Debug, Default)]
pub(super) struct Retried {
    pub(super) policy: AtomicU64,
    pub(super) transparent: AtomicU64,
    pub(super) hedges: AtomicU64,
}

/// What makes the next set.
#[derive(Debug)]
pub(super) struct State {
    pub(super) endpoints: Vec<Arc<Endpoint>>,
    pub(super) detector: Detector,
}

impl Cluster {
    /// # Errors
    /// Its files of TLS are no good.
    pub(super) fn new(
        config: Config,
        workers: usize,
        account: &Arc<Account>,
    ) -> Result<Self, TlsError> {
        let name: Arc<str> = config.name.as_str().into();
        let breaker = Breaker::new(Arc::clone(&name), config.limits);
        let detector = Detector::new(config.outlier.clone());
        let inherited = Inherited {
            secured: Security::load(&config, &name)?,
            lost: Arc::default(),
            breaker,
            account: Arc::clone(account),
            throttle: Arc::new(Throttle::new(config.retries.throttling)),
            budget: Arc::default(),
            retried: Arc::default(),
            news: Arc::default(),
            detector,
        };
        Ok(Self::build(name, config, workers, inherited, |_| {
            Vec::new()
        }))
    }

    /// The upstream of this name as it is configured from now on. Endpoints that are there still
    /// keep their connections, where those are made as before; what is known of them, what is
    /// under way and what was counted stay too. Nothing of this one changes.
    ///
    /// # Errors
    /// Its files of TLS are no good.
    pub(super) fn renewed(&self, config: Config, workers: usize) -> Result<Self, TlsError> {
        let was = &self.0.shared;
        if was.config == config && was.common.workers == workers {
            return Ok(self.clone());
        }
        let is_secured_alike = was.config.tls == config.tls;
        let secured = if is_secured_alike {
            self.0.secured.clone()
        } else {
            Security::load(&config, &was.name)?
        };
        let mut detector = was.state().detector.clone();
        detector.reconfigure(config.outlier.clone());
        let inherited = Inherited {
            secured,
            lost: Arc::clone(&was.common.lost),
            breaker: was.breaker.with(config.limits),
            account: Arc::clone(&was.account),
            throttle: if was.config.retries.throttling == config.retries.throttling {
                Arc::clone(&was.throttle)
            } else {
                Arc::new(Throttle::new(config.retries.throttling))
            },
            budget: Arc::clone(&was.budget),
            retried: Arc::clone(&was.retried),
            news: Arc::clone(&was.common.news),
            detector,
        };
        let has_moved = was.config.discovery != config.discovery;
        let is_static = matches!(config.discovery, Discovery::Static(_));
        // The name on a backend's certificate may be that of `:authority`.
        let is_connected_alike =
            is_secured_alike && (config.tls.is_none() || was.config.authority == config.authority);
        let known = if !is_connected_alike || (has_moved && !is_static) {
            // Connections are to be others, or somebody else names the endpoints.
            Vec::new()
        } else {
            was.state().endpoints.clone()
        };
        Ok(Self::build(
            Arc::clone(&was.name),
            config,
            workers,
            inherited,
            |common| {
                let kept = known.iter();
                kept.filter_map(|one| one.again(one.share(), common).map(Arc::new))
                    .collect()
            },
        ))
    }

    /// What says when a connection came after another was lost.
    pub(super) fn news(&self) -> &Arc<News> {
        &self.0.shared.common.news
    }

    /// Its endpoints.
    #[cfg(test)]
    pub(super) fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        self.0.shared.state().endpoints.clone()
    }

    fn build(
        name: Arc<str>,
        config: Config,
        workers: usize,
        inherited: Inherited,
        known: impl FnOnce(&Common) -> Vec<Arc<Endpoint>>,
    ) -> Self {
        let Inherited {
            secured,
            lost,
            breaker,
            account,
            throttle,
            budget,
            retried,
            news,
            detector,
        } = inherited;
        let common = Common {
            upstream: Arc::clone(&name),
            authority: config
                .authority
                .as_ref()
                .or(config.discovery.authority())
                .cloned(),
            tls: secured.as_ref().map(|secured| secured.tls.clone()),
            connect: config.connect.clone(),
            ewma: config.balance.policy.ewma(),
            outlier: config.outlier.clone(),
            health: config.health.clone(),
            breaker: Arc::clone(&breaker),
            lost: Arc::clone(&lost),
            news,
            workers,
        };
        let endpoints = known(&common);
        let shared = Arc::new_cyclic(|this| Shared {
            this: Weak::clone(this),
            name,
            breaker,
            throttle,
            budget,
            retried,
            account,
            common,
            set: ArcSwap::from_pointee(Set::empty(&config.balance)),
            found: watch::Sender::new(Found::Nothing),
            state: Mutex::new(State {
                endpoints,
                detector,
            }),
            config,
        });
        let discovery = if let Discovery::Static(listed) = &shared.config.discovery {
            shared.update(listed.clone());
            None
        } else {
            shared.go_on();
            Task::start(discovery::run(Arc::downgrade(&shared), lost))
        };
        Self(Arc::new(Running {
            _sweeper: sweeper::start(&shared),
            secured,
            _discovery: discovery,
            shared,
        }))
    }

    /// What connects others to one of its endpoints.
    ///
    /// # Errors
    /// UNAVAILABLE: there is none.
    pub(super) async fn connector(&self) -> Result<Connector, Status> {
        let shared = &self.0.shared;
        shared.ready().await?;
        let picked = shared.pick(None, &Tried::default())?;
        Ok(Connector::new(picked.endpoint))
    }

    /// How it is at this moment.
    pub(super) fn view(&self) -> observe::Upstream {
        view::upstream(&self.0.shared)
    }

    /// Makes the call. One clock watches all of it: waiting, connecting, sending, the reply.
    pub(super) async fn call(&self, mut call: Call) -> Result<Reply, Status> {
        if call.deadline.has_passed() {
            return Err(Status::deadline_exceeded());
        }
        let shared = &self.0.shared;
        let admitted = shared.breaker.admit()?;
        let deadline = shared.config.retries.deadline(&call.method, call.deadline);
        call.deadline = deadline;
        let mut timer = Timer::new(deadline);
        let (attempts, requests) = Attempts::new(shared, call)?;
        let opened = tokio::select! {
            biased;
            opened = attempts.run(requests) => {
                opened.map_err(|status| on_time(status, deadline))?
            }
            () = &mut timer => return Err(Status::deadline_exceeded()),
        };
        Ok(match opened {
            (Opened::Ended(end), _) => Reply::ended(end),
            (Opened::Live(answers), books) => {
                answers.into_reply(timer, Ledger::new(books, admitted))
            }
        })
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the endpoints that a source names, [`ENDPOINTS_MAX`] at most; those that are there
    /// already stay as they are, with their connections.
    pub(super) fn update(&self, listed: Vec<Listed>) {
        let mut state = self.state();
        let mut endpoints: Vec<Arc<Endpoint>> = Vec::with_capacity(listed.len());
        for listed in listed.into_iter().take(ENDPOINTS_MAX) {
            if endpoints.iter().any(|known| known.is_at(&listed.address)) {
                continue;
            }
            let mut known = state.endpoints.iter();
            let endpoint = match known.find(|known| known.is_at(&listed.address)) {
                Some(known) if known.is(&listed) => Arc::clone(known),
                Some(known) => Arc::new(
                    known
                        .again(listed.weight, &self.common)
                        .unwrap_or_else(|| Endpoint::new(listed, &[], &self.common)),
                ),
                None => Arc::new(Endpoint::new(listed, &state.endpoints, &self.common)),
            };
            self.look_after(&endpoint);
            endpoints.push(endpoint);
        }
        state.endpoints = endpoints;
        let State {
            endpoints,
            detector,
        } = &mut *state;
        let changes = detector.update(endpoints.iter().map(|endpoint| endpoint.key()));
        self.publish(&state, &changes);
        drop(state);
        self.found.send_replace(Found::List);
    }

    /// The endpoint for the next attempt of a call that was at `tried` already.
    ///
    /// # Errors
    /// UNAVAILABLE: there is none.
    pub(super) fn pick(&self, key: Option<u64>, tried: &Tried) -> Result<Picked, Status> {
        let picked = self.set().pick(key, tried);
        picked.ok_or_else(|| self.without_endpoint("has no endpoint"))
    }

    /// Serves by the endpoints of before, if there are any, until their source names others.
    fn go_on(&self) {
        let endpoints = self.state().endpoints.clone();
        if endpoints.is_empty() {
            return;
        }
        for endpoint in &endpoints {
            self.look_after(endpoint);
        }
        self.health_changed();
        self.found.send_replace(Found::List);
    }

    /// Has its health checked, if that is configured.
    fn look_after(&self, endpoint: &Arc<Endpoint>) {
        if let Some(health) = &self.config.health
            && endpoint.checker.get().is_none()
            && let Some(checker) = health::start(endpoint, &self.this, health)
        {
            let _ = endpoint.checker.set(checker);
        }
    }

    /// What a source names counts from now on.
    fn publish(&self, state: &State, changes: &[Change]) {
        for change in changes {
            self.tell(state, change);
        }
        let all = state.endpoints.iter().map(|endpoint| {
            let standing = if endpoint.is_healthy() {
                state.detector.standing(endpoint.key())
            } else {
                Standing::Unhealthy
            };
            (Arc::clone(endpoint), standing)
        });
        let next = self.set.load().next(all.collect(), self.config.panic);
        self.set.store(Arc::new(next));
    }

    fn tell(&self, state: &State, change: &Change) {
        let upstream = &*self.name;
        match change {
            Change::Ejected { key, cause, until } => {
                let seconds = until.saturating_duration_since(Instant::now()).as_secs();
                tracing::warn!(upstream, endpoint = %key, %cause, seconds, "an endpoint gets no calls");
            }
            Change::Probation { key } => {
                tracing::info!(upstream, endpoint = %key, "an endpoint gets one call, to see how it is");
            }
            Change::Returned { key } => {
                let mut endpoints = state.endpoints.iter();
                if let Some(endpoint) = endpoints.find(|endpoint| endpoint.key() == &**key) {
                    endpoint.returned(self.config.balance.policy.ewma());
                }
                tracing::info!(upstream, endpoint = %key, "an endpoint gets calls again");
            }
        }
    }

    /// The end of an interval of outlier detection.
    pub(super) fn sweep(&self, now: Instant) {
        let mut state = self.state();
        let State {
            endpoints,
            detector,
        } = &mut *state;
        let hosts: Vec<_> = endpoints
            .iter()
            .map(|endpoint| Host {
                key: endpoint.key(),
                tally: &endpoint.tally,
            })
            .collect();
        let changes = detector.sweep(now, &hosts, &mut random::bits);
        if !changes.is_empty() {
            self.publish(&state, &changes);
        }
    }

    /// Lets endpoints whose time is over show how they are. When the next one's is, if one is out.
    pub(super) fn release(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        let changes = state.detector.release(now);
        if !changes.is_empty() {
            self.publish(&state, &changes);
        }
        state.detector.due()
    }

    /// A health check says something else than before.
    pub(super) fn health_changed(&self) {
        self.publish(&self.state(), &[]);
    }

    /// The answer where there is no endpoint.
    fn without_endpoint(&self, what: impl std::fmt::Display) -> Status {
        let message = format!("upstream {:?} {what}", self.name);
        Status::upstream(Code::Unavailable, message).retry(Retry::Unsent)
    }

    /// The endpoints now.
    pub(super) fn set(&self) -> arc_swap::Guard<Arc<Set>> {
        self.set.load()
    }

    /// An attempt at an endpoint has ended.
    pub(super) fn record(&self, endpoint: &Endpoint, probe: Option<Probe>, outcome: Outcome) {
        let trips = endpoint.tally.record(outcome) == Verdict::Trips;
        let decided = match (probe, outcome) {
            (Some(probe), Outcome::Success | Outcome::Failure) => {
                probe.decided();
                true
            }
            (Some(_) | None, _) => false,
        };
        if !trips && !decided {
            return;
        }
        let (now, random) = (Instant::now(), &mut random::bits);
        let mut state = self.state();
        let key = endpoint.key();
        let change = if decided {
            state.detector.probed(key, outcome, now, random)
        } else {
            state.detector.trip(key, now, random)
        };
        if let Some(change) = change {
            self.publish(&state, &[change]);
        }
    }
}
