//! What operators look at on their port: the snapshot that is served, and what is counted.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use super::live::Live;
use super::wishes::Granted;
use crate::admin::{Asked, Leave, Look};
use crate::listener;
use crate::observe::level::Leveled;
use crate::observe::metrics::Metrics;
use crate::observe::process::Process;
use crate::observe::upstreams;
use crate::schema::{Listing, Schema};

/// What operators look at.
pub(super) struct Operators {
    pub(super) live: Arc<Live>,
    pub(super) listener: listener::View,
    /// Where clients are sent from `http` to `https`.
    pub(super) redirect: Option<listener::View>,
}

impl Look for Operators {
    fn listing(&self) -> Listing {
        self.live.serving.load().listing()
    }

    fn metrics(&self) -> Metrics {
        let serving = self.live.serving.load();
        Metrics {
            listeners: [&self.listener]
                .into_iter()
                .chain(&self.redirect)
                .map(listener::View::observed)
                .collect(),
            upstreams: self.upstreams(),
            calls: serving.calls.meters(),
            observe: self.live.observe.clone(),
            process: Process::read(),
            ..self.live.told.metrics()
        }
    }

    fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.live.serving.load().schema)
    }

    fn configuration(&self) -> Arc<Value> {
        self.live.shown.load_full()
    }

    fn upstreams(&self) -> Vec<upstreams::Upstream> {
        self.live.serving.load().calls.view()
    }

    fn drain(&self) -> Leave {
        self.live.leaving.wish()
    }

    fn level(&self) -> Option<Arc<dyn Leveled>> {
        self.live.level.clone()
    }

    fn notes(&self) -> Vec<String> {
        self.live.told.lines()
    }

    fn reload(&self) -> Pin<Box<dyn Future<Output = Asked> + Send>> {
        let live = Arc::clone(&self.live);
        Box::pin(async move {
            match live.wishes.wish().await {
                Granted::Read(Ok(told)) => Asked::Taken(told),
                Granted::Read(Err(reason)) => Asked::Refused(reason),
                Granted::Nobody => Asked::Nobody,
                Granted::TooMany => Asked::TooMany,
            }
        })
    }
}
