//! Rate limits that all gateways share: a server counts, asked by Envoy's protocol.
//!
//! ```text
//! Descriptor { methods, entries } ─► descriptors of a call ─► ShouldLimit (a server, over gRPC) ─► answer
//! ```
//!
//! It is asked behind the limits of this gateway alone, which hold back what is too much anyway. If no
//! answer comes in time the call goes on, unless the configuration says otherwise: counting is not worth
//! an outage.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::failure::{Fault, OnFailure};
use super::outage::Outage;
use super::pb::envoy::service::ratelimit::v3::{RateLimitRequest, RateLimitResponse};
use super::server::Terms;
use super::table::Table;
use crate::call::gate::{Asked, Decision, Gate, Passed};
use crate::schema::{Method, Selector};

pub mod answer;
pub mod client;
pub mod descriptors;

pub use descriptors::Entry;

/// How long an answer may take, if nothing is said.
pub const TIMEOUT: Duration = Duration::from_millis(20);

/// What this step is called in logs and metrics.
pub const NAME: &str = "global_rate_limits";

/// How a server is asked, if nothing is said.
pub const TERMS: Terms = Terms {
    timeout: TIMEOUT,
    on_failure: OnFailure::Open,
};

/// What a server is asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose limits the server should look at.
    pub domain: String,
    /// What calls count for.
    pub descriptors: Vec<Descriptor>,
}

/// What calls of some methods count for.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// Of which methods; none: of all.
    pub methods: Vec<Selector>,
    /// Its entries. A call that has one of them not, for want of a header say, does not count for it.
    pub entries: Vec<Entry>,
}

/// Whoever can be asked.
pub trait ShouldLimit: Send + Sync + 'static {
    /// Asks. The time is kept by the caller; dropping the future stops asking.
    fn should_limit(
        &self,
        request: RateLimitRequest,
    ) -> BoxFuture<'static, Result<RateLimitResponse, Fault>>;
}

/// The step that asks, compiled for the methods of a schema.
pub struct GlobalLimits {
    settings: Settings,
    terms: Terms,
    server: Arc<dyn ShouldLimit>,
    outage: Outage,
    table: Table,
}

impl GlobalLimits {
    /// Asks this server.
    pub fn new<'m>(
        settings: Settings,
        terms: Terms,
        server: Arc<dyn ShouldLimit>,
        methods: impl IntoIterator<Item = &'m Method>,
    ) -> Self {
        let selectors: Vec<_> = settings
            .descriptors
            .iter()
            .map(|one| &*one.methods)
            .collect();
        Self {
            table: Table::new(methods, &selectors),
            settings,
            terms,
            server,
            outage: Outage::default(),
        }
    }
}

impl Gate for GlobalLimits {
    fn ask<'r>(&'r self, asked: Asked<'r>, so_far: &Passed) -> Decision<'r> {
        let numbers = self.table.of(asked.method).iter();
        let descriptors = numbers
            .filter_map(|at| self.settings.descriptors.get(*at))
            .filter_map(|one| descriptors::of(&one.entries, &asked, so_far.principal.as_deref()))
            .collect::<Vec<_>>();
        if descriptors.is_empty() {
            return Decision::pass();
        }
        let answer = self.server.should_limit(RateLimitRequest {
            domain: self.settings.domain.clone(),
            descriptors,
            hits_addend: 0,
        });
        let decided = (self.terms).decide((NAME, &self.outage), asked.left, answer, answer::read);
        Decision::Later(Box::pin(decided))
    }
}

impl fmt::Debug for GlobalLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GlobalLimits")
            .field(&self.settings)
            .field(&self.terms)
            .finish()
    }
}

#[cfg(test)]
mod tests;
