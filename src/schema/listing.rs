//! What is served, a row for each way to call a method: for tables and for the admin port.
//!
//! A row says only what works: a method that streams and has no binding is listed as gRPC's.

use std::collections::HashSet;

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
    /// The upstream that serves it.
    pub upstream: String,
    /// True for methods with the option `deprecated`.
    pub deprecated: bool,
}

impl Row {
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
