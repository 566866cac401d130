//! What is to be seen of the upstreams: plain values, as the admin listener writes them in JSON, as
//! `transom upstreams` reads them, and as metrics are made of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One upstream at one moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// Where its endpoints come from.
    pub source: String,
    /// How calls are spread over them.
    pub balance: String,
    /// True while health is ignored, because too few endpoints are healthy.
    pub panic: bool,
    /// Calls under way, streams too.
    pub requests: Usage,
    /// Calls that wait for a connection.
    pub pending: Usage,
    /// Connections to all of its endpoints, made and being made.
    pub connections: Usage,
    /// Attempts besides the first of each call.
    pub retries: Retries,
    /// When the certificate ends that endpoints see, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_not_after: Option<u64>,
    /// The token that its calls carry, if they carry one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// How often outlier detection found an endpoint.
    pub ejections: Vec<Ejections>,
    /// Its endpoints, in the order of their source.
    pub endpoints: Vec<Endpoint>,
}

impl Upstream {
    /// What operators should know of it beside numbers, in a line.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let why = self.token.as_ref()?.why.as_ref()?;
        let name = &self.name;
        Some(format!(
            "upstream {name:?} gets no new token for its calls: {why}"
        ))
    }
}

/// The token that calls carry; not the token itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Token {
    /// When the last one that was given ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<u64>,
    /// How often one was given.
    pub fetched: u64,
    /// How often one was asked for in vain.
    pub failed: u64,
    /// Why there is no new one, where the last question for one was in vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What of a bound is used.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// In use now.
    pub now: usize,
    /// The bound.
    pub max: usize,
    /// How often it refused a call, or a connection.
    pub refused: usize,
}

/// Attempts besides the first of each call.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Retries {
    /// Under way now.
    pub under_way: usize,
    /// Tokens that are left; there are no retries with half of them or fewer.
    pub tokens: f64,
    /// Retries by a policy, so far.
    pub made: u64,
    /// Retries of calls that no backend has looked at, so far.
    pub transparent: u64,
    /// Attempts beside others, so far.
    pub hedges: u64,
}

/// How often a rule of outlier detection found an endpoint.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Ejections {
    /// The rule.
    pub method: String,
    /// And the endpoint was ejected.
    pub enforced: u64,
    /// And it was not, by reason.
    pub unenforced: Vec<(String, u64)>,
}

/// One endpoint at one moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Endpoint {
    /// Where it is.
    pub address: String,
    /// Its share beside the others'.
    pub weight: u32,
    /// Whether it gets calls.
    pub state: State,
    /// Why it gets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why it cannot be reached now, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// Connections that are open.
    pub connections: u64,
    /// Attempts under way, streams too.
    pub calls: usize,
    /// Of those, attempts that wait for an answer.
    pub unanswered: u32,
    /// The average of latency, in milliseconds, as balancing sees it.
    pub latency_ms: f64,
    /// Attempts so far.
    pub attempts: u64,
    /// Of those, attempts that failed by the endpoint's fault.
    pub failures: u64,
    /// Connections made so far.
    pub connected: u64,
    /// Connections that could not be made, so far.
    pub connect_failures: u64,
    /// Connections that ended, so far.
    pub disconnected: u64,
    /// The same by why, in the words of gRFC A94.
    pub disconnections: BTreeMap<String, u64>,
}

/// Whether an endpoint gets calls.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does.
    Healthy,
    /// Health checks say that it does not serve.
    Unhealthy,
    /// It fails more than the others.
    Ejected,
    /// It gets one call, to show how it is.
    Probation,
}

impl State {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Ejected => "ejected",
            Self::Probation => "probation",
        }
    }
}
