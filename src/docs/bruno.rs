//! A collection of requests in the form that Bruno exports and imports as one file of JSON. Bruno refuses
//! a file with a key that it does not know, so there is nothing in it beyond that form.

use serde_json::{Value, json};

use super::collection::{Asked, folders};
use super::{View, parts};
use crate::catalog::Package;

/// The name of the environment that says where the gateway is.
const ENVIRONMENT: &str = "gateway";

/// All of a package.
pub(super) fn collection(view: &View<'_>, package: &Package) -> String {
    let folders = folders(view, package);
    let folders = folders.iter().zip(1..).map(|(folder, at)| {
        let requests = folder.requests.iter().zip(1..);
        json!({
            "type": "folder",
            "name": folder.service.short,
            "seq": at,
            "items": requests.map(|(asked, at)| request(asked, at)).collect::<Vec<_>>(),
        })
    });
    json!({
        "version": "1",
        "name": parts::shown(package),
        "items": folders.collect::<Vec<_>>(),
        "environments": [{
            "name": ENVIRONMENT,
            "variables": [{
                "name": "base",
                "value": view.origin,
                "type": "text",
                "enabled": true,
                "secret": false,
            }],
        }],
    })
    .to_string()
}

fn request(asked: &Asked, at: i32) -> Value {
    let pairs = asked.query.iter();
    let pairs = pairs.map(
        |(name, value)| json!({ "name": name, "value": value, "type": "query", "enabled": true }),
    );
    let (headers, body) = match &asked.body {
        None => (json!([]), json!({ "mode": "none" })),
        Some(body) => (
            json!([{ "name": "content-type", "value": "application/json", "enabled": true }]),
            json!({ "mode": "json", "json": body }),
        ),
    };
    json!({
        "type": "http",
        "name": asked.name,
        "seq": at,
        "request": {
            "url": format!("{{{{base}}}}{}", asked.url),
            "method": asked.verb,
            "headers": headers,
            "params": pairs.collect::<Vec<_>>(),
            "body": body,
            "auth": { "mode": "none" },
            "script": {},
            "vars": {},
            "assertions": [],
            "tests": "",
            "docs": asked.summary,
        },
    })
}
