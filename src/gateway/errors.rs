//! Why a gateway does not start, or does not take another configuration.

use std::net::SocketAddr;

use super::SourceError;
use crate::policy::NoPolicy;
use crate::{schema, upstream};

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A schema source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sources make no schema.
    #[error(transparent)]
    Schema(#[from] schema::BuildError),
    /// The upstreams cannot be built.
    #[error(transparent)]
    Upstream(#[from] upstream::BuildError),
    /// There is no policy.
    #[error(transparent)]
    Policy(#[from] NoPolicy),
    /// The threads cannot be had.
    #[error("cannot start the worker threads: {0}")]
    Workers(std::io::Error),
    /// There is no TLS to the collector of traces.
    #[error("the collector of traces cannot be reached by TLS: {0}")]
    Traces(rustls::Error),
    /// A port cannot be had.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's reason.
        cause: std::io::Error,
    },
}

/// Why another configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A schema source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sources make no schema.
    #[error(transparent)]
    Schema(#[from] schema::BuildError),
    /// Two upstreams have one name.
    #[error(transparent)]
    Upstream(#[from] upstream::BuildError),
    /// There is no policy.
    #[error(transparent)]
    Policy(#[from] NoPolicy),
    /// No source of the schema brings anything.
    #[error("no source of the schema brings anything: {0}")]
    NothingToServe(String),
    /// What its sources bring in place of those before would break clients: each change a line.
    #[error(
        "its schema would break clients; `schema_reload.on_breaking: warn` beside it serves it all the \
         same:\n  {0}"
    )]
    Breaks(String),
}

/// Another configuration was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// Its number; the first one's is 1.
    pub generation: u64,
    /// Keys of which it says something else that needs a restart; what was serves on.
    pub fixed: Vec<&'static str>,
    /// What it says of methods or paths that the schema has not, a sentence each.
    pub ineffective: Vec<String>,
}
