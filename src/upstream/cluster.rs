//! One upstream by name: its endpoints, and what all calls to it have in common.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::attempts::Attempts;
use super::breaker::{Admitted, Breaker};
use super::config::{Config, Discovery, Listed};
use super::endpoint::{Common, Endpoint};
use super::exchange::{Opened, Timer, on_time};
use super::set::Set;
use crate::call::{Call, Reply, Status};

/// One upstream. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Cluster(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) config: Config,
    pub(super) breaker: Arc<Breaker>,
    common: Common,
    set: ArcSwap<Set>,
}

impl Cluster {
    pub(super) fn new(config: Config, workers: usize) -> Self {
        let name: Arc<str> = config.name.as_str().into();
        let breaker = Breaker::new(Arc::clone(&name), config.limits);
        let common = Common {
            upstream: Arc::clone(&name),
            authority: config.authority.clone(),
            connect: config.connect.clone(),
            breaker: Arc::clone(&breaker),
            workers,
        };
        let cluster = Self(Arc::new(Shared {
            name,
            breaker,
            common,
            set: ArcSwap::default(),
            config,
        }));
        if let Discovery::Static(listed) = &cluster.0.config.discovery {
            cluster.0.update(listed.clone());
        }
        cluster
    }

    /// Makes the call. One clock watches all of it: waiting, connecting, sending, the reply.
    pub(super) async fn call(&self, call: Call) -> Result<Reply, Status> {
        if call.deadline.has_passed() {
            return Err(Status::deadline_exceeded());
        }
        let admitted = self.0.breaker.admit()?;
        let deadline = call.deadline;
        let mut timer = Timer::new(deadline);
        let (attempts, source) = Attempts::new(&self.0, call)?;
        let (opened, endpoint) = tokio::select! {
            biased;
            opened = attempts.run(source) => {
                opened.map_err(|status| on_time(status, deadline))?
            }
            () = &mut timer => return Err(Status::deadline_exceeded()),
        };
        let ledger = Ledger {
            cluster: Arc::clone(&self.0),
            endpoint,
            _admitted: admitted,
        };
        Ok(match opened {
            Opened::Ended(end) => {
                ledger.ended(&end.status);
                Reply::ended(end)
            }
            Opened::Live(answers) => answers.into_reply(timer, ledger),
        })
    }
}

impl Shared {
    /// Takes the endpoints that a source names.
    pub(super) fn update(&self, listed: Vec<Listed>) {
        let set = self.set.load().next(listed, &self.common);
        self.set.store(Arc::new(set));
    }

    /// The endpoints now.
    pub(super) fn set(&self) -> arc_swap::Guard<Arc<Set>> {
        self.set.load()
    }
}

/// A reply's place in the books: what it uses of the upstream is given back, and how it ended is
/// written down.
pub(super) struct Ledger {
    cluster: Arc<Shared>,
    endpoint: Arc<Endpoint>,
    _admitted: Admitted,
}

impl Ledger {
    /// The call's end.
    pub(super) fn ended(&self, status: &Status) {
        let _ = (&self.cluster, &self.endpoint, status);
    }
}
