//! Requests of a package, one for each way to call a method by HTTP and JSON: what collections for API
//! clients are made of.

use super::{View, parts};
use crate::catalog::example::Examples;
use crate::catalog::{Method, Operation, Package, Service};

/// Requests of one collection.
const REQUESTS_MAX: usize = 2_000;

/// A service and its requests.
pub(super) struct Folder<'a> {
    pub(super) service: &'a Service,
    pub(super) requests: Vec<Asked>,
}

/// A request with values that are examples.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) verb: String,
    /// Path and query.
    pub(super) url: String,
    /// The query's pairs, as they stand in the URL.
    pub(super) query: Vec<(String, String)>,
    /// JSON, laid out.
    pub(super) body: Option<String>,
}

/// All of a package, up to a bound.
pub(super) fn folders<'a>(view: &View<'_>, package: &'a Package) -> Vec<Folder<'a>> {
    let examples = Examples::new(view.catalog);
    let mut room = REQUESTS_MAX;
    let folder = |service: &'a Service| {
        let mut requests = Vec::new();
        for method in &service.methods {
            for operation in method.operations.iter().take(room) {
                requests.push(asked(&examples, method, operation));
            }
            room = room.saturating_sub(method.operations.len());
        }
        Folder { service, requests }
    };
    package.services.iter().map(folder).collect()
}

fn asked(examples: &Examples<'_>, method: &Method, operation: &Operation) -> Asked {
    let url = examples.request_url(operation);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.to_owned(), value.to_owned())
    });
    let body = examples.body(method, operation);
    Asked {
        name: match operation.position {
            0 => method.served.name.clone(),
            at => format!("{} ({})", method.served.name, at + 1),
        },
        summary: parts::summary(method).to_owned(),
        verb: match operation.verb.as_str() {
            "*" => "POST".to_owned(),
            verb => verb.to_owned(),
        },
        query: pairs.collect(),
        body: body.map(|body| serde_json::to_string_pretty(&body).unwrap_or_default()),
        url,
    }
}
