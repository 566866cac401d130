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
use crate::observe::listeners::{PUBLIC, REDIRECT};
use crate::observe::metrics::Metrics;
use crate::observe::overload::Overload;
use crate::observe::process::Process;
use crate::observe::upstreams;
use crate::policy::overload;
use crate::schema::{Listing, Schema};

/// What operators look at.
pub(super) struct Operators {
    pub(super) live: Arc<Live>,
    pub(super) listener: listener::View,
    /// Where clients are sent from `http` to `https`.
    pub(super) redirect: Option<listener::View>,
    /// Where overload is measured.
    pub(super) overload: Option<Arc<overload::Shared>>,
}

impl Operators {
    /// How it stood when it was measured last.
    fn overload(&self) -> Option<(overload::State, overload::Readings)> {
        let shared = self.overload.as_ref()?;
        Some((shared.load(), shared.readings()?))
    }
}

impl Look for Operators {
    fn listing(&self) -> Listing {
        self.live.serving.load().listing()
    }

    fn metrics(&self) -> Metrics {
        let serving = self.live.serving.load();
        Metrics {
            listeners: [
                (PUBLIC, Some(&self.listener)),
                (REDIRECT, self.redirect.as_ref()),
            ]
            .into_iter()
            .filter_map(|(name, view)| Some(view?.observed(name)))
            .collect(),
            upstreams: self.upstreams(),
            calls: serving.calls.meters(),
            overload: self.overload().map(|(state, readings)| Overload {
                level: state.level as u8,
                pressures: (readings.known())
                    .map(|(resource, used)| (resource.name(), used))
                    .collect(),
            }),
            buffers: self.live.buffers.counts(),
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
        let mut notes = self.live.told.lines();
        if let Some((state, _)) = self.overload()
            && state.level != overload::Level::Calm
        {
            let cause = state.cause.map_or("nothing", |cause| cause.name());
            let (level, used) = (state.level.name(), state.pressure * 100.0);
            notes.push(format!("overload: {level}, {used:.0} % of {cause}"));
        }
        notes.extend(
            self.upstreams()
                .iter()
                .filter_map(upstreams::Upstream::note),
        );
        notes
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
