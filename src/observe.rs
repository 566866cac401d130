//! What the gateway tells about itself: one access-log line a call, and metrics.

pub mod access_log;
pub mod histogram;
pub mod listeners;
pub mod meter;
pub mod metrics;
pub mod upstreams;

pub use access_log::{CallRecord, Tally};

use access_log::RequestIds;

/// One handle for everything that watches calls. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Observe {
    request_ids: RequestIds,
}

impl Observe {
    /// Begins the record of a request, with its id: the client's own if it is a harmless one.
    #[must_use]
    pub fn begin(&self, request: &http::request::Parts) -> CallRecord {
        CallRecord::begin(request, &self.request_ids)
    }
}
