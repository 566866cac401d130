//! What operators look at, asked of what is served at that moment.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use super::live::Live;
use super::wishes::Granted;
use crate::admin::{Asked, Leave, Look};
use crate::observe::level::Leveled;
use crate::observe::metrics::Metrics;
use crate::observe::process::Process;
use crate::observe::upstreams;
use crate::schema::{Listing, Schema};

/// What operators look at.
pub(super) struct Operators(pub(super) Arc<Live>);

impl Look for Operators {
    fn listing(&self) -> Listing {
        self.0.serving.load().listing()
    }

    fn metrics(&self) -> Metrics {
        let serving = self.0.serving.load();
        Metrics {
            upstreams: self.upstreams(),
            calls: serving.calls.meters(),
            observe: self.0.observe.clone(),
            process: Process::read(),
            ..self.0.told.metrics()
        }
    }

    fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.0.serving.load().schema)
    }

    fn configuration(&self) -> Arc<Value> {
        self.0.shown.load_full()
    }

    fn upstreams(&self) -> Vec<upstreams::Upstream> {
        self.0.serving.load().calls.view()
    }

    fn drain(&self) -> Leave {
        self.0.leaving.wish()
    }

    fn level(&self) -> Option<Arc<dyn Leveled>> {
        self.0.level.clone()
    }

    fn notes(&self) -> Vec<String> {
        self.0.told.lines()
    }

    fn reload(&self) -> Pin<Box<dyn Future<Output = Asked> + Send>> {
        let live = Arc::clone(&self.0);
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
