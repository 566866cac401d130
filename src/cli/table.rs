//! What is served, as a table: HTTP method, path, rpc, shape, and where there is more than one
//! upstream, which.

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
    let upstreams: Vec<String> = rows.iter().map(Row::leads_to).collect();
    let is_one = upstreams.windows(2).all(|pair| pair.first() == pair.last())
        && rows.iter().all(|row| row.routed.is_empty());
    let shapes: Vec<String> = rows.iter().map(shape_of).collect();
    // The last column is as wide as it is.
    let widest = shapes.iter().map(|shape| shape.chars().count()).max();
    let shape = if is_one { 0 } else { widest.unwrap_or(0) };
    let mut text = String::new();
    let _ = write!(
        text,
        "{BOLD}{:verb$}  {:path$}  {:rpc$}  {:shape$}{}{BOLD:#}",
        "HTTP",
        "PATH",
        "RPC",
        "SHAPE",
        if is_one { "" } else { "  UPSTREAM" },
    );
    for ((row, kind), upstream) in rows.iter().zip(&shapes).zip(&upstreams) {
        let _ = write!(
            text,
            "\n{VERB}{:verb$}{VERB:#}  {:path$}  {DIM}{:rpc$}{DIM:#}  {kind:shape$}",
            verb_of(row),
            row.path,
            row.rpc,
        );
        if !is_one {
            let _ = write!(text, "  {upstream}");
        }
    }
    if rows.iter().any(|row| !row.rest) {
        let _ = write!(text, "\n{DIM}{GRPC_ONLY}{DIM:#}");
    }
    text
}

fn shape_of(row: &Row) -> String {
    let deprecated = if row.deprecated { ", deprecated" } else { "" };
    format!("{}{deprecated}", row.shape)
}

fn verb_of(row: &Row) -> &str {
    if row.rest { &row.method } else { GRPC }
}
