//! Upstreams: named gRPC backends, each a [`Service`] that turns a [`Call`] into one HTTP/2 stream.
//!
//! ```text
//! Upstream ─ name ─► Cluster ─ deadline, transparent retry ─► Pool ─ lease ─► exchange ─► backend
//!                                                              └ connect, back-off
//! ```
//!
//! Guaranteed here: the deadline covers the whole call, connecting and reading the reply included;
//! dropping a call's future or its reply resets the backend's stream; nothing queues without a
//! bound; a status that a backend did not send is never OK. Connections are made by the first call
//! that needs one, so building an upstream does no I/O and cannot fail because a backend is down.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Call, Code, Reply, Service, Status};

mod backoff;
mod cluster;
mod connect;
mod endpoint;
mod exchange;
mod outlook;
mod pool;
mod taken;

use cluster::Cluster;
pub use endpoint::{Endpoint, EndpointError};

/// Connecting takes no longer than this: names, TCP and HTTP/2 handshake as one budget.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that each worker may have to one upstream: where gRFC A105 ends. With the 100 streams
/// that one carries, a worker has 1,000 calls under way.
pub const CONNECTIONS: usize = 10;

/// Bytes of one reply message.
pub const MESSAGE_MAX: usize = 4 * 1024 * 1024;

/// One upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its name: in `Method::upstream`, in messages and in logs.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Longest time for name, TCP and HTTP/2 handshake together.
    pub connect_timeout: Duration,
    /// Connections that each worker may have to it.
    pub connections: usize,
    /// Largest reply message in bytes; a larger one ends the call with RESOURCE_EXHAUSTED.
    pub max_message: usize,
}

impl Config {
    /// An upstream with the default limits.
    #[must_use]
    pub fn new(name: impl Into<String>, endpoint: Endpoint) -> Self {
        Self {
            name: name.into(),
            endpoint,
            connect_timeout: CONNECT_TIMEOUT,
            connections: CONNECTIONS,
            max_message: MESSAGE_MAX,
        }
    }
}

/// Two upstreams have one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are two upstreams named {0:?}; each needs a name of its own")]
pub struct DuplicateName(pub String);

/// All upstreams, by name. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Upstream {
    clusters: Arc<HashMap<String, Cluster>>,
}

impl Upstream {
    /// Builds the upstreams, with a pool for each of so many workers. No connection is made before
    /// the first call.
    ///
    /// # Errors
    /// Two of them have the same name.
    pub fn build(
        configs: impl IntoIterator<Item = Config>,
        workers: usize,
    ) -> Result<Self, DuplicateName> {
        let mut clusters = HashMap::new();
        for config in configs {
            let name = config.name.clone();
            if clusters
                .insert(name.clone(), Cluster::new(config, workers))
                .is_some()
            {
                return Err(DuplicateName(name));
            }
        }
        Ok(Self {
            clusters: Arc::new(clusters),
        })
    }

    /// The names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.clusters.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

impl Service for Upstream {
    async fn call(&self, call: Call) -> Result<Reply, Status> {
        match self.clusters.get(&*call.method.upstream) {
            Some(cluster) => cluster.call(call).await,
            None => Err(Status::gateway(
                Code::Internal,
                format!(
                    "{} is served by {:?}, but no upstream has that name",
                    call.method.path, call.method.upstream
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
