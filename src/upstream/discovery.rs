//! Where the endpoints of an upstream come from while it runs: a [`Source`] says what they are, and
//! [`follow`] sees that nothing it says does harm.
//!
//! Guaranteed here, whatever the source: what it said last and was good stays in force for ever when
//! it fails, is slow or talks nonsense; calls made before it has said anything wait for it, and fail
//! at once after it has failed; its errors never become the status of a call but as UNAVAILABLE.
//!
//! # Another source
//!
//! A control plane plugs in as one more [`Source`]. What it has to do is to keep its stream open, with
//! back-off of its own, and to make each of its messages a [`Snapshot`]:
//!
//! - xDS: `next` awaits the next `DiscoveryResponse` of `ClusterLoadAssignment`; `version` is its
//!   `version_info`. [`Verdict::Accepted`] is answered by an ACK with that version, and
//!   [`Verdict::Rejected`] by a NACK with the cause in `error_detail`. Localities and priorities become
//!   a list by taking those of the lowest priority, their weights multiplied. A resource that the
//!   server deletes is an empty list, and so is one that never had endpoints.
//! - Kubernetes: `next` awaits the next event of a watch on the EndpointSlices of one Service, and
//!   joins all slices that it knows; `version` is the `resourceVersion`. Endpoints that are `ready`
//!   are listed, those that are `serving` and `terminating` only while none is ready. There is nobody
//!   to answer, so `told` does nothing.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Weak};

use tokio::sync::Notify;

use super::cluster::Shared;
use super::config::{Discovery, Listed};

mod dns;
mod file;
mod schedule;

use dns::{Names, Question};
use file::List;
pub use file::check as check_list;

/// Endpoints of one upstream at most: more are a mistake of their source.
pub const ENDPOINTS_MAX: usize = 4096;

/// What a source says at one moment: all endpoints there are. None at all only if the source is sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// What the source calls this state of things.
    pub(super) version: String,
    pub(super) endpoints: Vec<Listed>,
}

/// Why a source says nothing: in words for a client, which name no address, and for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) said: &'static str,
    pub(super) cause: String,
}

/// What became of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is in force.
    Accepted,
    /// It changes nothing, because of this.
    Rejected(String),
}

/// Whoever knows the endpoints.
pub(super) trait Source: Send + 'static {
    /// The next state of things, when there is one; waiting between two attempts is its matter.
    fn next(&mut self) -> impl Future<Output = Result<Snapshot, Failed>> + Send;

    /// What became of the snapshot of that version, before the next one is asked for.
    fn told(&mut self, version: &str, verdict: &Verdict);
}

/// What is known of an upstream's endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Its source has said nothing so far.
    Nothing,
    /// Its source has only failed so far; why, in words for a client.
    Failed(&'static str),
    /// There is a list, be it an empty one.
    List,
}

/// Follows the source of an upstream, unless its endpoints are fixed. `lost` is notified when one of
/// them is not reached, or its connection ends.
pub(super) async fn run(shared: Weak<Shared>, lost: Arc<Notify>) {
    let Some(config) = shared.upgrade().map(|shared| shared.config.clone()) else {
        return;
    };
    let servers = config.nameservers;
    match config.discovery {
        Discovery::Static(_) => {}
        Discovery::Dns { authority, port } => {
            let question = Question::Addresses { authority, port };
            follow(shared, Names::new(question, servers, lost)).await;
        }
        Discovery::Srv { name } => {
            follow(shared, Names::new(Question::Services(name), servers, lost)).await;
        }
        Discovery::File(path) => follow(shared, List::new(path)).await,
    }
}

fn too_many(found: usize) -> String {
    format!("found {found} endpoints, expected at most {ENDPOINTS_MAX}")
}

async fn follow(shared: Weak<Shared>, mut source: impl Source) {
    let mut last: Option<HashSet<Listed>> = None;
    // A source that fails in the same way again and again is not news.
    let mut reported: Option<String> = None;
    loop {
        let next = source.next().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let upstream = &*shared.name;
        let meanwhile = if shared.set().is_empty() {
            "there are none, and calls are UNAVAILABLE until there are"
        } else {
            "the ones before stay"
        };
        let snapshot = match next {
            Ok(snapshot) => snapshot,
            Err(Failed { said, cause }) => {
                shared.not_found(said);
                if reported.as_ref() != Some(&cause) {
                    tracing::warn!(upstream, cause, "endpoints cannot be found; {meanwhile}");
                    reported = Some(cause);
                }
                continue;
            }
        };
        let found = snapshot.endpoints.len();
        let verdict = if found > ENDPOINTS_MAX {
            Verdict::Rejected(too_many(found))
        } else {
            Verdict::Accepted
        };
        match &verdict {
            Verdict::Rejected(cause) => {
                shared.not_found("there are too many");
                tracing::warn!(upstream, cause, "endpoints are refused; {meanwhile}");
            }
            Verdict::Accepted => {
                reported = None;
                let now: HashSet<_> = snapshot.endpoints.iter().cloned().collect();
                if last.as_ref() != Some(&now) {
                    tracing::info!(upstream, endpoints = now.len(), "endpoints found");
                    shared.update(snapshot.endpoints);
                    last = Some(now);
                }
            }
        }
        source.told(&snapshot.version, &verdict);
    }
}
