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
use super::authorization::{Authorization, Bearer};
use super::balance::Candidate as _;
use super::books::{Books, Ledger};
use super::breaker::{Admitted, Breaker};
use super::config::{Config, Discovery};
use super::connector::Connector;
use super::discovery::{self, Found};
use super::endpoint::{Common, Endpoint};
use super::exchange::{Opened, Timer, on_time};
use super::measured::Measured;
use super::news::News;
use super::outlier::{Detector, Host, Outcome, Probe, Verdict};
use super::plan::Readiness;
use super::retry::{Budget, Throttle};
use super::security::{Insecure, Security};
use super::set::{Picked, Set};
use super::task::Task;
use super::terms::Known;
use super::tried::Tried;
use super::view;
use super::{Joint, random, sweeper};
use crate::call::{Call, Cause, Code, Reply, Retry, Status};
use crate::observe::meter::Meters;
use crate::observe::upstreams as observe;

mod found;
mod listed;

/// One upstream. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Cluster(Arc<Running>);

/// An upstream and the tasks that look after it, which end with it.
#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    _sweeper: Option<Task>,
    secured: Option<Security>,
    authorization: Option<Authorization>,
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
    /// What all upstreams have together.
    pub(super) joint: Joint,
    /// What is counted of its calls.
    meters: Arc<Meters>,
    /// On what terms they are made.
    known: Known,
    pub(super) common: Common,
    /// The token that calls carry, if they carry one of ours.
    pub(super) bearer: Option<Bearer>,
    this: Weak<Self>,
    set: ArcSwap<Set>,
    found: watch::Sender<Found>,
    state: Mutex<State>,
}

/// What an upstream has of the one whose place it takes.
struct Inherited {
    secured: Option<Security>,
    authorization: Option<Authorization>,
    lost: Arc<Notify>,
    breaker: Arc<Breaker>,
    joint: Joint,
    throttle: Arc<Throttle>,
    budget: Arc<Budget>,
    retried: Arc<Retried>,
    meters: Arc<Meters>,
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
    /// Its files are no good.
    pub(super) fn new(config: Config, workers: usize, joint: &Joint) -> Result<Self, Insecure> {
        let name: Arc<str> = config.name.as_str().into();
        let breaker = Breaker::new(Arc::clone(&name), config.limits);
        let detector = Detector::new(config.outlier.clone());
        let secured = Security::load(&config, &name)?;
        let inherited = Inherited {
            authorization: Authorization::start(&config, &name, secured.as_ref())?,
            secured,
            lost: Arc::default(),
            breaker,
            joint: joint.clone(),
            throttle: Arc::new(Throttle::new(config.retries.throttling)),
            budget: Arc::default(),
            retried: Arc::default(),
            meters: Arc::default(),
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
    /// Its files are no good.
    pub(super) fn renewed(&self, config: Config, workers: usize) -> Result<Self, Insecure> {
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
        // A token may be bound to the certificate.
        let authorization = if was.config.oauth == config.oauth && is_secured_alike {
            self.0.authorization.clone()
        } else {
            Authorization::start(&config, &was.name, secured.as_ref())?
        };
        let mut detector = was.state().detector.clone();
        detector.reconfigure(config.outlier.clone());
        let inherited = Inherited {
            secured,
            authorization,
            lost: Arc::clone(&was.common.lost),
            breaker: was.breaker.with(config.limits),
            joint: was.joint.clone(),
            throttle: if was.config.retries.throttling == config.retries.throttling {
                Arc::clone(&was.throttle)
            } else {
                Arc::new(Throttle::new(config.retries.throttling))
            },
            budget: Arc::clone(&was.budget),
            retried: Arc::clone(&was.retried),
            meters: Arc::clone(&was.meters),
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
            authorization,
            lost,
            breaker,
            joint,
            throttle,
            budget,
            retried,
            meters,
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
            leaving: Arc::clone(&joint.leaving),
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
            joint,
            meters,
            known: Known::new(),
            common,
            bearer: (authorization.as_ref()).map(|authorization| authorization.bearer.clone()),
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
            authorization,
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
        shared.ready(Readiness::FailFast).await?;
        if let Some(bearer) = &shared.bearer {
            let ready = bearer.ready().await;
            ready.map_err(|_| bearer.explained())?;
        }
        let picked = shared.pick(None, &Tried::default())?;
        Ok(Connector::new(picked.endpoint, shared.authorization()?))
    }

    /// How it is at this moment.
    pub(super) fn view(&self) -> observe::Upstream {
        view::upstream(&self.0.shared)
    }

    /// What is counted of its calls.
    pub(super) fn meters(&self) -> Arc<Meters> {
        Arc::clone(&self.0.shared.meters)
    }

    /// Makes the call. One clock watches all of it: waiting, connecting, sending, the reply.
    pub(super) async fn call(&self, call: Call) -> Result<Reply, Status> {
        let shared = &self.0.shared;
        if let Some(trail) = &call.trail {
            trail.came(&shared.name);
        }
        let retries = &shared.config.retries;
        let terms = shared.known.of(&call.method, retries, &shared.meters);
        let mut measured = Measured::begin(terms, call.deadline);
        match shared.answer(call, &mut measured).await {
            Ok((Opened::Ended(end), ..)) => {
                measured.ended(end.status.code);
                Ok(Reply::ended(end))
            }
            Ok((Opened::Live(answers), books, admitted, timer)) => {
                Ok(answers.into_reply(timer, Ledger::new(books, measured, admitted)))
            }
            Err(status) => {
                measured.ended(status.code);
                Err(status)
            }
        }
    }
}

/// An answer, with what is kept until it is over.
type Answer = (Opened, Books, Admitted, Timer);

impl Shared {
    /// Makes a call until it is answered.
    async fn answer(
        self: &Arc<Self>,
        mut call: Call,
        measured: &mut Measured,
    ) -> Result<Answer, Status> {
        if call.deadline.has_passed() {
            return Err(Status::deadline_exceeded());
        }
        let admitted = self.breaker.admit()?;
        let terms = Arc::clone(&measured.terms);
        let deadline = terms.deadline(call.deadline);
        call.deadline = deadline;
        let mut timer = Timer::new(deadline);
        let (attempts, requests) = Attempts::new(self, terms, call)?;
        tokio::select! {
            biased;
            answered = attempts.run(requests, measured) => match answered {
                Ok((opened, books)) => Ok((opened, books, admitted, timer)),
                Err(status) => Err(on_time(status, deadline)),
            },
            () = &mut timer => Err(Status::deadline_exceeded()),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The endpoint for the next attempt of a call that was at `tried` already.
    ///
    /// # Errors
    /// UNAVAILABLE: there is none.
    pub(super) fn pick(&self, key: Option<u64>, tried: &Tried) -> Result<Picked, Status> {
        let picked = self.set().pick(key, tried);
        picked.ok_or_else(|| self.without_endpoint("has no endpoint"))
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
        Status::upstream(Code::Unavailable, message)
            .retry(Retry::Unsent)
            .because(Cause::NoHealthyEndpoint)
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
