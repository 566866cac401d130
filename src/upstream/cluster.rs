//! One upstream by name: its endpoint's connections, and the way of a call through them.
//!
//! Choosing between several endpoints belongs here, between the deadline and the pool.

use std::sync::Arc;

use super::Config;
use super::exchange::{self, Answers, Timer};
use super::pool::Pool;
use crate::call::{Call, Reply, Status};

/// One upstream.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    name: Arc<str>,
    pool: Pool,
    authority: http::uri::Authority,
    max_message: usize,
}

impl Cluster {
    pub(super) fn new(config: Config) -> Self {
        let name: Arc<str> = config.name.into();
        Self {
            name: Arc::clone(&name),
            authority: config.endpoint.authority().clone(),
            pool: Pool::new(name, config.endpoint, config.connect_timeout),
            max_message: config.max_message,
        }
    }

    /// Makes the call. One clock watches all of it: waiting, connecting, sending, the reply.
    pub(super) async fn call(&self, call: Call) -> Result<Reply, Status> {
        if call.deadline.has_passed() {
            return Err(Status::deadline_exceeded());
        }
        let (shape, deadline) = (call.method.shape, call.deadline);
        let mut timer = Timer::new(deadline);
        let answered = tokio::select! {
            biased;
            answered = exchange::send(&self.name, &self.pool, &self.authority, call) => {
                answered.map_err(|status| exchange::on_time(status, deadline))?
            }
            () = &mut timer => return Err(Status::deadline_exceeded()),
        };
        Answers::open(
            &self.name,
            answered,
            shape,
            self.max_message,
            timer,
            deadline,
        )
    }
}
