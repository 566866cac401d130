//! What is served, as a table: HTTP method, path, rpc, shape.

use std::fmt::Write as _;

use super::terminal::{BOLD, DIM, VERB};
use crate::schema::Row;

/// Stands in the place of the HTTP method where REST does not reach.
const GRPC: &str = "gRPC";

/// What the rows of [`GRPC`] are.
const GRPC_ONLY: &str = "gRPC: for gRPC and gRPC-Web clients only";

/// The rows under their headings, columns as wide as their widest cell.
pub(super) fn text(rows: &[Row]) -> String {
    let width = |cell: fn(&Row) -> &str, heading: &str| {
        rows.iter()
            .map(|row| cell(row).chars().count())
            .max()
            .unwrap_or(0)
            .max(heading.len())
    };
    let verb = width(verb_of, "HTTP");
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
            verb_of(row),
            row.path,
            row.rpc,
            row.shape,
            if row.deprecated { ", deprecated" } else { "" },
        );
    }
    if rows.iter().any(|row| !row.rest) {
        let _ = write!(text, "\n{DIM}{GRPC_ONLY}{DIM:#}");
    }
    text
}

fn verb_of(row: &Row) -> &str {
    if row.rest { &row.method } else { GRPC }
}
