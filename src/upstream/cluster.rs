//! One upstream by name: its endpoint's connections, and the way of a call through them.
//!
//! Choosing between several endpoints belongs here, between the deadline and the pool.

use std::sync::Arc;

use super::Config;
use super::exchange::{self, Answers, Timer};
use super::outlook::Outlook;
use super::pool::Pool;
use super::taken::Taken;
use crate::call::{Call, Code, Reply, Status};
use crate::worker;

/// One upstream.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    name: Arc<str>,
    /// One for each worker: a call's stream, and the connection it is on, stay on its thread.
    pools: Arc<[Pool]>,
    authority: http::uri::Authority,
    max_message: usize,
    /// What compression the endpoint takes.
    taken: Arc<Taken>,
}

impl Cluster {
    pub(super) fn new(config: Config, workers: usize) -> Self {
        let name: Arc<str> = config.name.into();
        let outlook = Arc::new(Outlook::default());
        let pool = |_| {
            Pool::new(
                Arc::clone(&name),
                config.endpoint.clone(),
                config.connect_timeout,
                config.connections,
                Arc::clone(&outlook),
            )
        };
        Self {
            pools: (0..workers.max(1)).map(pool).collect(),
            authority: config.endpoint.authority().clone(),
            max_message: config.max_message,
            taken: Arc::default(),
            name,
        }
    }

    /// The pool of the worker that asks.
    fn pool(&self) -> Option<&Pool> {
        self.pools.get(worker::index()).or(self.pools.first())
    }

    /// Makes the call. One clock watches all of it: waiting, connecting, sending, the reply.
    pub(super) async fn call(&self, call: Call) -> Result<Reply, Status> {
        if call.deadline.has_passed() {
            return Err(Status::deadline_exceeded());
        }
        let Some(pool) = self.pool() else {
            return Err(Status::gateway(Code::Internal, "the upstream has no pool"));
        };
        let (shape, deadline) = (call.method.shape, call.deadline);
        let accept = call.encodings.accept;
        let mut timer = Timer::new(deadline);
        let answered = tokio::select! {
            biased;
            answered = exchange::send(&self.name, pool, &self.authority, &self.taken, call) => {
                answered.map_err(|status| exchange::on_time(status, deadline))?
            }
            () = &mut timer => return Err(Status::deadline_exceeded()),
        };
        Answers::open(
            &self.name,
            answered,
            shape,
            accept,
            self.max_message,
            timer,
            deadline,
        )
    }
}
