//! What is served, a row for each way to call a method: for tables and for the admin port.
//!
//! A row says only what works: a method that streams and has no binding is listed as gRPC's.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::{Method, Schema, Shape, Unannotated};

/// One way to call one method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The HTTP method.
    pub method: String,
    /// The path template; without REST gRPC's own path.
    pub path: String,
    /// `pkg.Service/Method`.
    pub rpc: String,
    /// `unary`, `server stream`, `client stream` or `bidi`.
    pub shape: &'static str,
    /// False for a method that only gRPC and gRPC-Web can call.
    pub rest: bool,
    /// Where the request body goes: `*`, a field, or empty.
    pub body: String,
    /// The field that becomes the response body, or empty.
    pub response_body: String,
    /// The upstream that its schema came from: it serves where no route says otherwise.
    pub upstream: String,
    /// Where routes send it instead. The first whose condition holds counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routed: Vec<Routed>,
    /// True for methods with the option `deprecated`.
    pub deprecated: bool,
}

/// Where calls go that a route has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Routed {
    /// What has to be true of a request, in words; without it all have the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The upstreams among which they are split.
    pub upstreams: Vec<Share>,
}

/// One upstream's share of the calls of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The upstream.
    pub name: Arc<str>,
    /// Its weight beside the others'.
    pub weight: u32,
}

/// What is served, and what is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// A row for each way to call a method.
    #[serde(rename = "routes")]
    pub rows: Vec<Row>,
    /// A sentence for all that is not served.
    pub refusals: Vec<String>,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.weight)
    }
}

impl fmt::Display for Routed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.upstreams.as_slice() {
            [only] => f.write_str(&only.name)?,
            several => {
                for (index, share) in several.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{share}")?;
                }
            }
        }
        match &self.when {
            None => Ok(()),
            Some(when) => write!(f, " if {when}"),
        }
    }
}

impl Row {
    /// Where calls go, in words: `canary if x-canary: 1, else library 90, canary 10`.
    #[must_use]
    pub fn leads_to(&self) -> String {
        let mut routed: Vec<String> = self.routed.iter().map(Routed::to_string).collect();
        if self.routed.last().is_none_or(|last| last.when.is_some()) {
            routed.push(self.upstream.clone());
        }
        routed.join(", else ")
    }

    fn new(method: &Method, verb: &str, path: &str) -> Self {
        Self {
            method: verb.to_owned(),
            path: path.to_owned(),
            rpc: format!("{}/{}", method.service, method.name),
            shape: method.shape.name(),
            rest: true,
            body: String::new(),
            response_body: String::new(),
            upstream: method.upstream.to_string(),
            routed: Vec::new(),
            deprecated: method.deprecated,
        }
    }

    /// gRPC's own path.
    fn own_path(method: &Method, rest: bool) -> Self {
        Self {
            rest,
            body: if rest { "*".to_owned() } else { String::new() },
            ..Self::new(method, "POST", &method.path)
        }
    }
}

/// Every binding of every method that is served, in the order of the rpc names. A method without
/// bindings has one row: gRPC's own path, which takes JSON too if the method is unary.
pub(super) fn rows(schema: &Schema) -> Vec<Row> {
    // A refused binding stays in its method's annotation, but not among these.
    let served: HashSet<(&str, &str, &str)> = schema
        .bindings()
        .map(|binding| (&*binding.method.path, &*binding.verb, &*binding.template))
        .collect();
    let mut rows = Vec::new();
    for method in schema.methods() {
        let before = rows.len();
        for binding in &method.bindings {
            if served.contains(&(&*method.path, &*binding.verb, &*binding.template)) {
                rows.push(Row {
                    body: binding.body.clone(),
                    response_body: binding.response_body.clone(),
                    ..Row::new(method, &binding.verb, &binding.template)
                });
            }
        }
        if rows.len() == before {
            let rest = method.shape == Shape::Unary && schema.unannotated == Unannotated::Serve;
            rows.push(Row::own_path(method, rest));
        }
    }
    rows
}
