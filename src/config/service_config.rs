//! A gRPC service config: what the owner of a service says about calls to it, in JSON
//! (grpc-proto's `service_config.proto`).
//!
//! Read strictly where it is understood: one wrong value refuses the whole, with its path, what was
//! found and what was expected. Keys that are not known here are passed over, as gRPC's own clients do.
//!
//! Bounded: [`SIZE_MAX`] bytes, and the nesting that serde_json allows. What is built is no larger
//! than a small multiple of the text.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::upstream::retry::{Hedging, Policy, Throttling};

mod balancing;
mod json;
mod method;
mod unique;

pub use balancing::Balancing;
use json::Node;
use unique::Unique;

/// Bytes of a service config.
pub const SIZE_MAX: usize = 1 << 20;

/// Why a text is no service config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceConfigError {
    /// Too long to be read.
    #[error("found a service config of {0} bytes, expected at most {SIZE_MAX}")]
    TooLarge(usize),
    /// No JSON, or a key twice in one object.
    #[error("the service config cannot be read: {0}")]
    Syntax(String),
    /// A value that cannot be.
    #[error("{path}: found {found}, expected {expected}")]
    Value {
        /// Where, such as `methodConfig[0].retryPolicy.maxAttempts`.
        path: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: String,
    },
}

/// A service config.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceConfig {
    /// By service and method; an empty method is every one of the service, an empty service every
    /// service.
    methods: BTreeMap<(String, String), Arc<MethodConfig>>,
    /// The tokens of the upstream.
    pub throttling: Option<Throttling>,
    /// The first policy that is known here.
    pub balancing: Option<Balancing>,
    /// The name to ask `grpc.health.v1` for; empty is the server as a whole.
    pub health_service: Option<String>,
}

/// What is said about a method.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MethodConfig {
    /// The longest a call may take.
    pub timeout: Option<Duration>,
    /// Whether a call waits for a connection, rather than failing at once.
    pub wait_for_ready: Option<bool>,
    /// Bytes of one request message, as it is sent.
    pub max_request: Option<u32>,
    /// Bytes of one response message, as it comes.
    pub max_response: Option<u32>,
    /// Whether and when a call is made again.
    pub repeats: Option<Repeats>,
}

/// How a call is made again: one way or the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Repeats {
    /// After it failed.
    Retry(Policy),
    /// Before it failed.
    Hedge(Hedging),
}

impl ServiceConfig {
    /// What is said about a method: the entry that names it, else the one that names its service,
    /// else the one for all. Entries are whole: nothing is taken from a less specific one.
    #[must_use]
    pub fn method(&self, service: &str, method: &str) -> Option<&Arc<MethodConfig>> {
        [(service, method), (service, ""), ("", "")]
            .into_iter()
            .find_map(|(service, method)| {
                self.methods.get(&(service.to_owned(), method.to_owned()))
            })
    }

    /// The names that entries have: service and method, empty where an entry is for every one. They
    /// may be checked against a schema.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.methods
            .keys()
            .map(|(service, method)| (service.as_str(), method.as_str()))
    }
}

impl FromStr for ServiceConfig {
    type Err = ServiceConfigError;

    fn from_str(text: &str) -> Result<Self, ServiceConfigError> {
        if text.len() > SIZE_MAX {
            return Err(ServiceConfigError::TooLarge(text.len()));
        }
        let Unique(value) = serde_json::from_str(text)
            .map_err(|error| ServiceConfigError::Syntax(error.to_string()))?;
        let root = Node::root(&value);
        root.object()?;
        Ok(Self {
            methods: method::all(&root)?,
            throttling: root
                .get("retryThrottling")
                .map(|node| throttling(&node))
                .transpose()?,
            balancing: balancing::read(&root)?,
            health_service: health_service(&root)?,
        })
    }
}

fn throttling(node: &Node<'_>) -> Result<Throttling, ServiceConfigError> {
    node.object()?;
    let max = node.need("maxTokens", "a number")?;
    let ratio = node.need("tokenRatio", "a number")?;
    let (tokens, part) = (max.number()?, ratio.number()?);
    Throttling::new(tokens, part).map_err(|error| match error {
        crate::upstream::retry::ThrottlingError::MaxTokens(_) => {
            max.wrong("more than 0 and at most 1000, with up to 3 decimals")
        }
        crate::upstream::retry::ThrottlingError::Ratio(_) => {
            ratio.wrong("at least 0.001, with up to 3 decimals")
        }
    })
}

fn health_service(root: &Node<'_>) -> Result<Option<String>, ServiceConfigError> {
    let Some(check) = root.get("healthCheckConfig") else {
        return Ok(None);
    };
    check.object()?;
    check
        .get("serviceName")
        .map(|name| name.text().map(str::to_owned))
        .transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
