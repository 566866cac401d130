//! Asking an authorization server about each call, by Envoy's protocol: OPA and others speak it.
//!
//! ```text
//! Asked ─► request ─► CheckRequest ─► Check (a server, over gRPC) ─► CheckResponse ─► answer ─► Passed or Refused
//! ```
//!
//! The server sees the rpc, as gRPC would call it, whatever the dialect: its rules cannot differ by dialect
//! either. How the client called is in `context_extensions`. If no answer comes in time, or one that is
//! none, the call is refused, unless the configuration says otherwise.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::HeaderName;

use super::failure::{Fault, OnFailure};
use super::outage::Outage;
use super::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
use super::server::Terms;
use crate::call::Code;
use crate::call::gate::{Asked, Decision, Gate, Passed};

pub mod answer;
pub mod client;
pub mod request;

/// How long an answer may take, if nothing is said.
pub const TIMEOUT: Duration = Duration::from_millis(200);

/// What this step is called in logs and metrics.
pub const NAME: &str = "ext_authz";

/// How a server is asked, if nothing is said.
pub const TERMS: Terms = Terms {
    timeout: TIMEOUT,
    on_failure: OnFailure::Closed(Code::PermissionDenied),
};

/// What a server is asked.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which headers it sees; `None`: all, also those with secrets, for a server that reads tokens itself.
    pub headers: Option<Vec<HeaderName>>,
    /// What it is told besides.
    pub context: BTreeMap<String, String>,
}

/// Whoever can be asked.
pub trait Check: Send + Sync + 'static {
    /// Asks. The time is kept by the caller; dropping the future stops asking.
    fn check(&self, request: CheckRequest) -> BoxFuture<'static, Result<CheckResponse, Fault>>;
}

/// The step that asks.
pub struct ExtAuthz {
    settings: Settings,
    terms: Terms,
    server: Arc<dyn Check>,
    outage: Outage,
}

impl ExtAuthz {
    /// Asks this server.
    #[must_use]
    pub fn new(settings: Settings, terms: Terms, server: Arc<dyn Check>) -> Self {
        Self {
            settings,
            terms,
            server,
            outage: Outage::default(),
        }
    }
}

impl Gate for ExtAuthz {
    fn ask<'r>(&'r self, asked: Asked<'r>, so_far: &Passed) -> Decision<'r> {
        let request = request::of(&asked, so_far.principal.as_deref(), &self.settings);
        let answer = self.server.check(request);
        let decided = (self.terms).decide((NAME, &self.outage), asked.left, answer, answer::read);
        Decision::Later(Box::pin(decided))
    }
}

impl fmt::Debug for ExtAuthz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtAuthz")
            .field(&self.settings)
            .field(&self.terms)
            .finish()
    }
}

#[cfg(test)]
mod tests;
