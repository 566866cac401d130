//! What is served, as a table: HTTP method, path, rpc, shape.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::terminal::{BOLD, DIM, VERB};
use crate::schema::{Method, Schema, Shape};

/// One way to call one method.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// The HTTP method.
    pub(super) method: String,
    /// The path template.
    pub(super) path: String,
    /// `pkg.Service/Method`.
    pub(super) rpc: String,
    /// `unary`, `server stream`, `client stream` or `bidi`.
    pub(super) shape: &'static str,
    /// Where the request body goes: `*`, a field, or empty.
    pub(super) body: String,
    /// The field that becomes the response body, or empty.
    pub(super) response_body: String,
    /// The upstream that serves it.
    pub(super) upstream: String,
    /// True for methods with the option `deprecated`.
    pub(super) deprecated: bool,
}

/// Every binding of every method that is served, in the order of the rpc names. A method without
/// bindings has one row: gRPC's own path, which takes POST with JSON too if the method is unary.
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
                let (body, response) = (&binding.body, &binding.response_body);
                rows.push(row(
                    method,
                    &binding.verb,
                    &binding.template,
                    body,
                    response,
                ));
            }
        }
        if rows.len() == before {
            rows.push(row(method, "POST", &method.path, "*", ""));
        }
    }
    rows
}

fn row(method: &Method, verb: &str, path: &str, body: &str, response_body: &str) -> Row {
    Row {
        method: verb.to_owned(),
        path: path.to_owned(),
        rpc: format!("{}/{}", method.service, method.name),
        shape: shape(method.shape),
        body: body.to_owned(),
        response_body: response_body.to_owned(),
        upstream: method.upstream.to_string(),
        deprecated: method.deprecated,
    }
}

/// A shape in words.
pub(super) fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Unary => "unary",
        Shape::ClientStream => "client stream",
        Shape::ServerStream => "server stream",
        Shape::Bidi => "bidi",
    }
}

/// The rows under their headings, columns as wide as their widest cell.
pub(super) fn text(rows: &[Row]) -> String {
    let width = |cell: fn(&Row) -> &str, heading: &str| {
        rows.iter()
            .map(|row| cell(row).chars().count())
            .max()
            .unwrap_or(0)
            .max(heading.len())
    };
    let verb = width(|row| &row.method, "HTTP");
    let path = width(|row| &row.path, "PATH");
    let rpc = width(|row| &row.rpc, "RPC");
    let mut text = String::new();
    let _ = write!(
        text,
        "{BOLD}{:verb$}  {:path$}  {:rpc$}  SHAPE{BOLD:#}",
        "HTTP", "PATH", "RPC"
    );
    for row in rows {
        let _ = write!(
            text,
            "\n{VERB}{:verb$}{VERB:#}  {:path$}  {DIM}{:rpc$}{DIM:#}  {}{}",
            row.method,
            row.path,
            row.rpc,
            row.shape,
            if row.deprecated { ", deprecated" } else { "" },
        );
    }
    text
}
