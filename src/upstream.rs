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
//! that needs one, so building an upstream reads the files of its TLS and does no other I/O: it cannot
//! fail because a backend is down, or a name does not resolve.

use std::collections::HashMap;
use std::sync::Arc;

use crate::call::{Buffers, Call, Code, Reply, Service, Status};
use crate::control::oauth::NoCredentials;
use crate::control::tls::TlsError;
use crate::observe::meter::Meters;

mod address;
mod attempts;
mod authorization;
mod backoff;
pub mod balance;
mod books;
mod breaker;
mod cluster;
pub mod config;
mod connect;
mod connector;
mod discovery;
mod endpoint;
mod exchange;
pub mod health;
mod leaving;
mod measured;
mod news;
pub mod outlier;
mod outlook;
mod parting;
pub mod plan;
mod pool;
mod random;
pub mod retry;
mod security;
mod set;
mod sweeper;
mod taken;
mod task;
mod terms;
mod tls;
mod traffic;
mod transport;
mod tried;
mod view;

pub use address::{Address, AddressError, Scheme, Url};
use cluster::Cluster;
pub use config::Config;
pub use connector::{Connector, Unconnected};
pub use discovery::{ENDPOINTS_MAX, check_list};
use leaving::Leaving;
pub use news::News;
use retry::Account;

/// Why there are no upstreams.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Two upstreams have one name.
    #[error("there are two upstreams named {0:?}; each needs a name of its own")]
    DuplicateName(String),
    /// The files of one's TLS are no good.
    #[error("the upstream {upstream:?} cannot have TLS: {cause}")]
    Tls {
        /// Its name.
        upstream: String,
        /// What is wrong.
        cause: TlsError,
    },
    /// There can be no tokens for one's calls.
    #[error("the upstream {upstream:?} cannot have tokens: {cause}")]
    Oauth {
        /// Its name.
        upstream: String,
        /// What is wrong.
        cause: NoCredentials,
    },
}

/// All upstreams, by name. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Upstream {
    clusters: Arc<HashMap<String, Cluster>>,
    joint: Joint,
}

/// What all upstreams have together, whatever is configured later.
#[derive(Clone, Debug, Default)]
struct Joint {
    /// What they keep for retries.
    account: Arc<Account>,
    /// What messages of their answers hold while they are not whole.
    buffers: Arc<Buffers>,
    leaving: Arc<Leaving>,
}

impl Upstream {
    /// Builds the upstreams, with a pool for each of so many workers. No connection is made before
    /// the first call. Tasks that look after them run on the runtime of the caller.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(
        configs: impl IntoIterator<Item = Config>,
        workers: usize,
    ) -> Result<Self, BuildError> {
        Self::holding(Arc::default()).rebuild(configs, workers)
    }

    /// None at all, whose answers hold what is not whole yet there: to be [rebuilt](Self::rebuild).
    #[must_use]
    pub fn holding(buffers: Arc<Buffers>) -> Self {
        Self {
            clusters: Arc::default(),
            joint: Joint {
                buffers,
                ..Joint::default()
            },
        }
    }

    /// The upstreams as they are configured from now on. One whose configuration is as before is
    /// the same one; another keeps its connections to endpoints that are there still, unless
    /// connections are to be made otherwise. These here go on as they are, for calls that are under
    /// way.
    ///
    /// # Errors
    /// See [`BuildError`]; these here have not changed then.
    pub fn rebuild(
        &self,
        configs: impl IntoIterator<Item = Config>,
        workers: usize,
    ) -> Result<Self, BuildError> {
        let mut clusters = HashMap::new();
        for config in configs {
            let name = config.name.clone();
            if clusters.contains_key(&name) {
                return Err(BuildError::DuplicateName(name));
            }
            let cluster = match self.clusters.get(&name) {
                Some(known) => known.renewed(config, workers),
                None => Cluster::new(config, workers, &self.joint),
            };
            let cluster = cluster.map_err(|error| error.of(&name))?;
            clusters.insert(name, cluster);
        }
        Ok(Self {
            clusters: Arc::new(clusters),
            joint: self.joint.clone(),
        })
    }

    /// Ends every call that is under way, with UNAVAILABLE, and lets none begin any more.
    pub fn leave(&self) {
        self.joint.leaving.begin();
    }

    /// What connects clients of the control plane to an endpoint of this one.
    ///
    /// # Errors
    /// There is no such upstream, or no endpoint of it.
    pub async fn connector(&self, name: &str) -> Result<Connector, Status> {
        match self.clusters.get(name) {
            Some(cluster) => cluster.connector().await,
            None => Err(Status::gateway(
                Code::Internal,
                format!("no upstream is named {name:?}"),
            )),
        }
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

    /// What is counted of the calls to each, by name.
    #[must_use]
    pub fn meters(&self) -> Vec<(String, Arc<Meters>)> {
        let all = self.clusters.iter();
        let mut all: Vec<_> = all
            .map(|(name, cluster)| (name.clone(), cluster.meters()))
            .collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
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
        if self.joint.leaving.has_begun() {
            return Err(Status::shutting_down());
        }
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
