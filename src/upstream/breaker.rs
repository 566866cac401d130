//! How much all calls to one upstream may use together (gRFC A32's circuit breaking): calls under way,
//! calls that wait for a connection, and connections. What is over a bound is refused at once, before it
//! costs anything; a call is told when to come again, and where there is no further connection calls
//! wait for a stream of those that are there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::config::Limits;
use crate::call::{Cause, Code, Status};
use crate::observe::upstreams::Usage;

/// When a refused client may try again: long enough to be of use, short enough that a spike of load is
/// over.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The breaker of one upstream.
#[derive(Debug)]
pub(super) struct Breaker {
    name: Arc<str>,
    requests: Gauge,
    pending: Gauge,
    connections: Gauge,
}

/// A number that stays under a bound.
#[derive(Debug)]
struct Gauge {
    count: Arc<Count>,
    max: usize,
}

/// What outlives a bound: with another one, what is under way is under way still.
#[derive(Debug, Default)]
struct Count {
    now: AtomicUsize,
    refused: AtomicUsize,
}

impl Gauge {
    fn new(count: &Arc<Count>, max: usize) -> Self {
        Self {
            count: Arc::clone(count),
            max,
        }
    }

    /// One more, if there is room. Counting first and looking then keeps this to one step: for a
    /// moment the number may be over the bound, what it admits never is.
    fn enter(&self) -> bool {
        if self.count.now.fetch_add(1, Ordering::Relaxed) < self.max {
            return true;
        }
        self.leave();
        self.count.refused.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// One more in any case.
    fn force(&self) {
        self.count.now.fetch_add(1, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.count.now.fetch_sub(1, Ordering::Relaxed);
    }

    fn usage(&self) -> Usage {
        Usage {
            now: self.count.now.load(Ordering::Relaxed),
            max: self.max,
            refused: self.count.refused.load(Ordering::Relaxed),
        }
    }
}

/// A call under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Admitted(Arc<Breaker>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.requests.leave();
    }
}

/// A call that waits for a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Pending(Arc<Breaker>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.leave();
    }
}

impl Pending {
    /// Who counts it.
    pub(super) fn breaker(&self) -> &Arc<Breaker> {
        &self.0
    }
}

/// A connection that is there or being made, until it is dropped.
#[derive(Debug)]
pub(super) struct Connection(Arc<Breaker>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.leave();
    }
}

impl Breaker {
    pub(super) fn new(name: Arc<str>, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            name,
            requests: Gauge::new(&Arc::default(), limits.requests),
            pending: Gauge::new(&Arc::default(), limits.pending),
            connections: Gauge::new(&Arc::default(), limits.connections),
        })
    }

    /// One that refuses nobody, for what is not a call.
    pub(super) fn unbounded(name: Arc<str>) -> Arc<Self> {
        let limits = Limits {
            requests: usize::MAX,
            pending: usize::MAX,
            connections: usize::MAX,
        };
        Self::new(name, limits)
    }

    /// The same with other bounds: what this one has counted counts for it too.
    pub(super) fn with(&self, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::clone(&self.name),
            requests: Gauge::new(&self.requests.count, limits.requests),
            pending: Gauge::new(&self.pending.count, limits.pending),
            connections: Gauge::new(&self.connections.count, limits.connections),
        })
    }

    /// One more call.
    ///
    /// # Errors
    /// UNAVAILABLE: there are as many as there may be.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Admitted, Status> {
        if self.requests.enter() {
            return Ok(Admitted(Arc::clone(self)));
        }
        Err(self.overloaded(self.requests.max, "are under way"))
    }

    /// One more call that waits.
    ///
    /// # Errors
    /// UNAVAILABLE: as many wait as may.
    pub(super) fn wait(self: &Arc<Self>) -> Result<Pending, Status> {
        if self.pending.enter() {
            return Ok(Pending(Arc::clone(self)));
        }
        Err(self.overloaded(self.pending.max, "wait for it"))
    }

    /// One more connection, if there may be one.
    pub(super) fn connection(self: &Arc<Self>) -> Option<Connection> {
        let is_admitted = self.connections.enter();
        is_admitted.then(|| Connection(Arc::clone(self)))
    }

    /// The first connection of a worker to an endpoint, without which its calls could not be served at
    /// all.
    pub(super) fn first_connection(self: &Arc<Self>) -> Connection {
        self.connections.force();
        Connection(Arc::clone(self))
    }

    fn overloaded(&self, max: usize, what: &str) -> Status {
        let message = format!(
            "upstream {:?} is overloaded: {max} calls {what} already",
            self.name
        );
        Status::gateway(Code::Unavailable, message)
            .after(RETRY_AFTER)
            .because(Cause::CircuitOpen)
    }

    /// Calls under way.
    pub(super) fn requests(&self) -> Usage {
        self.requests.usage()
    }

    /// Connections.
    pub(super) fn connections(&self) -> Usage {
        self.connections.usage()
    }

    /// Calls that wait.
    pub(super) fn pending(&self) -> Usage {
        self.pending.usage()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_a_bound_is_refused_with_a_time_to_come_again() {
        let limits = Limits {
            requests: 2,
            pending: 1,
            connections: 1,
        };
        let breaker = Breaker::new("books".into(), limits);
        let first = breaker.admit().unwrap();
        let _second = breaker.admit().unwrap();
        let refused = breaker.admit().unwrap_err();
        assert_eq!(refused.code, Code::Unavailable);
        assert_eq!(
            refused.message,
            "upstream \"books\" is overloaded: 2 calls are under way already"
        );
        assert!(!refused.details.is_empty());
        drop(first);
        assert!(breaker.admit().is_ok());
        let _waits = breaker.wait().unwrap();
        let refused = breaker.wait().unwrap_err().message;
        assert!(
            refused.ends_with("1 calls wait for it already"),
            "{refused}"
        );
        let usage = |now, max, refused| Usage { now, max, refused };
        assert_eq!(breaker.requests(), usage(1, 2, 1));
        assert_eq!(breaker.pending(), usage(1, 1, 1));
    }

    #[test]
    fn with_other_bounds_what_is_under_way_counts_still() {
        let limits = |requests| Limits {
            requests,
            pending: 1,
            connections: 1,
        };
        let before = Breaker::new("books".into(), limits(2));
        let first = before.admit().unwrap();
        let after = before.with(limits(1));
        assert!(after.admit().is_err());
        drop(first);
        assert!(after.admit().is_ok());
    }
    #[test]
    fn the_first_connection_of_a_worker_is_made_in_any_case_and_counts() {
        let limits = Limits {
            connections: 2,
            ..Limits::default()
        };
        let breaker = Breaker::new("books".into(), limits);
        let first = breaker.first_connection();
        let second = breaker.connection().unwrap();
        assert!(breaker.connection().is_none());
        let third = breaker.first_connection();
        let usage = breaker.connections();
        assert_eq!((usage.now, usage.max, usage.refused), (3, 2, 1));
        drop((first, second));
        assert!(breaker.connection().is_some());
        drop(third);
        assert_eq!(breaker.connections().now, 0);
    }
}
