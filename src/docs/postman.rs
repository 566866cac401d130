//! A collection of requests in the form of Postman (version 2.1), which Insomnia reads too.

use serde_json::{Value, json};

use super::collection::{Asked, folders};
use super::{View, home, parts};
use crate::catalog::Package;

/// All of a package.
pub(super) fn collection(view: &View<'_>, package: &Package) -> String {
    let folders = folders(view, package);
    let folders = folders.iter().map(|folder| {
        json!({
            "name": folder.service.short,
            "description": folder.service.comment,
            "item": folder.requests.iter().map(request).collect::<Vec<_>>(),
        })
    });
    json!({
        "info": {
            "name": parts::shown(package),
            "description": home::about(package),
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [{ "key": "base", "value": view.origin }],
        "item": folders.collect::<Vec<_>>(),
    })
    .to_string()
}

fn request(asked: &Asked) -> Value {
    let path = asked.url.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let pairs = asked.query.iter();
    let pairs = pairs.map(|(key, value)| json!({ "key": key, "value": value }));
    let mut request = json!({
        "method": asked.verb,
        "description": asked.summary,
        "header": [],
        "url": {
            "raw": format!("{{{{base}}}}{}", asked.url),
            "host": ["{{base}}"],
            "path": segments,
            "query": pairs.collect::<Vec<_>>(),
        },
    });
    if let Some(body) = &asked.body {
        request["header"] = json!([{ "key": "content-type", "value": "application/json" }]);
        request["body"] = json!({
            "mode": "raw",
            "raw": body,
            "options": { "raw": { "language": "json" } },
        });
    }
    json!({ "name": asked.name, "request": request })
}
