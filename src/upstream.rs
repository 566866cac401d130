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

use crate::call::{Call, Code, Reply, Service, Status};

mod address;
mod attempts;
mod backoff;
pub mod balance;
mod books;
mod breaker;
mod cluster;
pub mod config;
mod connect;
mod endpoint;
mod exchange;
pub mod health;
mod news;
pub mod outlier;
mod outlook;
pub mod plan;
mod pool;
mod random;
pub mod retry;
pub mod service_config;
mod set;
mod sweeper;
mod taken;
mod transport;
mod view;

pub use address::{Address, AddressError, Scheme, Url};
use cluster::Cluster;
pub use config::Config;
pub use news::News;
use retry::Account;

/// Two upstreams have one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are two upstreams named {0:?}; each needs a name of its own")]
pub struct DuplicateName(pub String);

/// All upstreams, by name. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Upstream {
    clusters: Arc<HashMap<String, Cluster>>,
    account: Arc<Account>,
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
        let none = Self {
            clusters: Arc::default(),
            account: Arc::default(),
        };
        none.rebuild(configs, workers)
    }

    /// The upstreams as they are configured from now on. One whose configuration is as before is
    /// the same one; another keeps its connections to endpoints that are there still, unless
    /// connections are to be made otherwise. These here go on as they are, for calls that are under
    /// way.
    ///
    /// # Errors
    /// Two of them have the same name.
    pub fn rebuild(
        &self,
        configs: impl IntoIterator<Item = Config>,
        workers: usize,
    ) -> Result<Self, DuplicateName> {
        let mut clusters = HashMap::new();
        for config in configs {
            let name = config.name.clone();
            if clusters.contains_key(&name) {
                return Err(DuplicateName(name));
            }
            let cluster = match self.clusters.get(&name) {
                Some(known) => known.renewed(config, workers),
                None => Cluster::new(config, workers, &self.account),
            };
            clusters.insert(name, cluster);
        }
        Ok(Self {
            clusters: Arc::new(clusters),
            account: Arc::clone(&self.account),
        })
    }

    /// What says when the upstream of this name was reached again after a connection was lost.
    #[must_use]
    pub fn news(&self, name: &str) -> Option<Arc<News>> {
        self.clusters.get(name).map(Cluster::news).map(Arc::clone)
    }

    /// How the upstreams are at this moment, by name.
    #[must_use]
    pub fn view(&self) -> Vec<crate::observe::upstreams::Upstream> {
        let mut all: Vec<_> = self.clusters.values().map(Cluster::view).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
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
        let name = call.upstream.as_ref().unwrap_or(&call.method.upstream);
        match self.clusters.get(&**name) {
            Some(cluster) => cluster.call(call).await,
            None => Err(Status::gateway(
                Code::Internal,
                format!(
                    "{} is served by {name:?}, but no upstream has that name",
                    call.method.path
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
