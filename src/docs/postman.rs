//! A collection of requests, one for each way to call a method by HTTP and JSON, in the form of Postman
//! (version 2.1), which Bruno and Insomnia read too.

use serde_json::{Value, json};

use super::{View, home, parts};
use crate::catalog::example::Examples;
use crate::catalog::{Method, Operation, Package};

/// Requests of one collection.
const REQUESTS_MAX: usize = 2_000;

/// All of a package.
pub(super) fn collection(view: &View<'_>, package: &Package) -> String {
    let examples = Examples::new(view.catalog);
    let mut room = REQUESTS_MAX;
    let folders: Vec<Value> = package
        .services
        .iter()
        .map(|service| {
            let mut items = Vec::new();
            for method in &service.methods {
                for operation in method.operations.iter().take(room) {
                    items.push(request(&examples, method, operation));
                }
                room = room.saturating_sub(method.operations.len());
            }
            json!({ "name": service.short, "description": service.comment, "item": items })
        })
        .collect();
    json!({
        "info": {
            "name": parts::shown(package),
            "description": home::about(package),
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [{ "key": "base", "value": view.origin }],
        "item": folders,
    })
    .to_string()
}

fn request(examples: &Examples<'_>, method: &Method, operation: &Operation) -> Value {
    let url = examples.request_url(operation);
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        json!({ "key": key, "value": value })
    });
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let verb = if operation.verb == "*" {
        "POST"
    } else {
        &operation.verb
    };
    let mut request = json!({
        "method": verb,
        "description": parts::summary(method),
        "header": [],
        "url": {
            "raw": format!("{{{{base}}}}{url}"),
            "host": ["{{base}}"],
            "path": segments,
            "query": pairs.collect::<Vec<_>>(),
        },
    });
    if let Some(body) = examples.body(method, operation) {
        request["header"] = json!([{ "key": "content-type", "value": "application/json" }]);
        request["body"] = json!({
            "mode": "raw",
            "raw": serde_json::to_string_pretty(&body).unwrap_or_default(),
            "options": { "raw": { "language": "json" } },
        });
    }
    let name = if operation.position == 0 {
        method.served.name.clone()
    } else {
        format!("{} ({})", method.served.name, operation.position + 1)
    };
    json!({ "name": name, "request": request })
}
