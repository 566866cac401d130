//! What the gateway tells about itself: one access-log line a call, and metrics.

use std::sync::Arc;

pub mod access_log;
pub mod by_method;
pub mod connections;
pub mod decisions;
pub mod failures;
pub mod histogram;
pub mod level;
pub mod listeners;
pub mod meter;
pub mod metrics;
pub mod overload;
pub mod process;
pub mod protocol;
pub mod record;
mod request_id;
pub mod served;
pub mod tally;
pub mod totals;
pub mod trace;
pub mod traffic;
pub mod upstreams;

pub use access_log::AccessLog;
pub use protocol::Protocol;
pub use record::CallRecord;
pub use tally::{Tally, Weight};
pub use totals::Direction;

use crate::schema::Schema;
use connections::Connections;
use decisions::Decisions;
use failures::Failures;
use metrics::LegacyMetrics;
use request_id::RequestIds;
use served::{Calls, Served, Table};
use totals::Totals;
use trace::Tracer;

/// One handle for everything that watches calls. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Observe(Arc<Shared>);

/// What all records share.
#[derive(Debug, Default)]
struct Shared {
    request_ids: RequestIds,
    log: Option<AccessLog>,
    legacy: LegacyMetrics,
    tracer: Option<Arc<Tracer>>,
    calls: Calls,
    totals: Arc<Totals>,
    decisions: Decisions,
    failures: Failures,
    public: Arc<Connections>,
    redirect: Arc<Connections>,
    admin: Arc<Connections>,
}

impl Observe {
    /// One that writes lines there, has these metrics besides, and traces by this.
    #[must_use]
    pub fn new(log: Option<AccessLog>, legacy: LegacyMetrics, tracer: Option<Arc<Tracer>>) -> Self {
        Self(Arc::new(Shared {
            log,
            legacy,
            tracer,
            ..Shared::default()
        }))
    }

    /// Calls under way, of all methods.
    #[must_use]
    pub fn active(&self) -> u64 {
        let calls: i64 = self.0.totals.under_way().map(|(_, _, calls)| calls).sum();
        u64::try_from(calls).unwrap_or(0)
    }

    /// Connections of the public listener.
    #[must_use]
    pub fn public(&self) -> Arc<Connections> {
        Arc::clone(&self.0.public)
    }

    /// Connections of the port that sends clients to `https`.
    #[must_use]
    pub fn redirect(&self) -> Arc<Connections> {
        Arc::clone(&self.0.redirect)
    }

    /// Connections of the admin listener.
    #[must_use]
    pub fn admin(&self) -> Arc<Connections> {
        Arc::clone(&self.0.admin)
    }

    /// What counts the methods of a schema, served by the configuration of this number: made once for it.
    #[must_use]
    pub fn table(&self, schema: &Schema, generation: u64) -> Table {
        self.0.calls.of(schema, generation)
    }

    /// What has counted calls of a method, by name.
    fn served(&self) -> Vec<Arc<Served>> {
        self.0.calls.used()
    }

    /// Where it is counted what the policy decides.
    #[must_use]
    pub fn decisions(&self) -> &Decisions {
        &self.0.decisions
    }

    fn totals(&self) -> &Totals {
        &self.0.totals
    }

    fn legacy(&self) -> LegacyMetrics {
        self.0.legacy
    }

    /// Calls whose spans were sent, and were not, where calls are traced.
    fn traced(&self) -> Option<(u64, u64)> {
        self.0.tracer.as_ref().map(|tracer| tracer.counts())
    }

    fn lost_lines(&self) -> u64 {
        self.0.log.as_ref().map_or(0, |log| log.sink.lost())
    }

    /// Begins the record of a request, with its id: the client's own if it is a harmless one. It is
    /// counted in this table, if there is one.
    #[must_use]
    pub fn begin(&self, request: &http::request::Parts, table: Option<&Table>) -> CallRecord {
        CallRecord::begin(request, &self.0, table.cloned())
    }
}
