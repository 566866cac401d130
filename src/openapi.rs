//! OpenAPI documents of a catalog.
//!
//! ```text
//!  Catalog ─► document (3.2, serde_json::Value) ─► 3.1 ─► 3.0.3 ─► simple      JSON or YAML, sorted
//! ```
//!
//! The frame is utoipa's model; schemas are JSON values, because most of what protobuf's rules need
//! utoipa's types cannot say. Same catalog, same bytes.

use std::time::Duration;

/// What is said of the API as a whole, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `info.title`; else that of an annotation, else made from the packages.
    pub title: Option<String>,
    /// `info.description`, in Markdown.
    pub description: Option<String>,
    /// `info.version`; else that of an annotation, else the packages' versions.
    pub version: Option<String>,
    /// Public URLs of this gateway. Empty: the authority that a document was asked for at.
    pub servers: Vec<Server>,
    /// How a client shows who it is, by what the gateway is configured to ask for.
    pub security: Security,
    /// How operations are named.
    pub ids: crate::catalog::Ids,
}

/// A public URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `https://api.example.com`.
    pub url: String,
    /// What it is.
    pub description: Option<String>,
}

/// What the gateway asks of every client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Nothing: what annotations say counts.
    #[default]
    None,
    /// A certificate, if the client has one.
    OptionalCertificate,
    /// A certificate.
    Certificate,
}

/// What the limits of a route say, for `x-limits` and for sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one request message at most.
    pub request_bytes: usize,
    /// Bytes of one response message at most.
    pub response_bytes: usize,
    /// The deadline of a call whose client names none.
    pub deadline: Option<Duration>,
    /// The longest deadline a client can ask for.
    pub deadline_max: Option<Duration>,
}
