//! Security schemes: those of OpenAPI 2 in the words of 3, and which are whole.

use serde_json::{Map, Value, json};

use super::document::{extensions, text};

/// A scheme of `openapiv2_swagger`; none if it lacks what its type needs.
pub(super) fn of_swagger(mut said: Map<String, Value>) -> Option<Value> {
    let of = text(said.remove("type"))?;
    let mut scheme = Map::new();
    match of.as_str() {
        "basic" => {
            scheme.insert("type".to_owned(), "http".into());
            scheme.insert("scheme".to_owned(), "basic".into());
        }
        "apiKey" => {
            scheme.insert("type".to_owned(), "apiKey".into());
            for key in ["name", "in"] {
                if let Some(value) = said.remove(key) {
                    scheme.insert(key.to_owned(), value);
                }
            }
        }
        _ => {
            let flow = text(said.remove("flow"))?;
            let mut parts = Map::new();
            for key in ["authorizationUrl", "tokenUrl"] {
                if let Some(value) = said.remove(key) {
                    parts.insert(key.to_owned(), value);
                }
            }
            let scopes = said.remove("scopes").unwrap_or_else(|| json!({}));
            parts.insert("scopes".to_owned(), scopes);
            scheme.insert("type".to_owned(), "oauth2".into());
            scheme.insert("flows".to_owned(), json!({ flow: parts }));
        }
    }
    if let Some(description) = said.remove("description") {
        scheme.insert("description".to_owned(), description);
    }
    scheme.extend(extensions(said));
    let scheme = Value::Object(scheme);
    is_whole(&scheme).then_some(scheme)
}

/// Whether a scheme of OpenAPI 3 has what its type needs.
pub(super) fn is_whole(scheme: &Value) -> bool {
    let has = |of: &Value, key: &str| of.get(key).is_some_and(Value::is_string);
    match scheme.get("type").and_then(Value::as_str) {
        Some("http") => has(scheme, "scheme"),
        Some("apiKey") => {
            let place = scheme.get("in").and_then(Value::as_str);
            has(scheme, "name") && matches!(place, Some("query" | "header" | "cookie"))
        }
        Some("openIdConnect") => has(scheme, "openIdConnectUrl"),
        Some("mutualTLS") => true,
        Some("oauth2") => scheme
            .get("flows")
            .and_then(Value::as_object)
            .is_some_and(|flows| {
                !flows.is_empty()
                    && flows.iter().all(|(name, flow)| match name.as_str() {
                        "implicit" => has(flow, "authorizationUrl"),
                        "password" | "clientCredentials" => has(flow, "tokenUrl"),
                        "authorizationCode" => {
                            has(flow, "authorizationUrl") && has(flow, "tokenUrl")
                        }
                        name => name.starts_with("x-"),
                    })
            }),
        _ => false,
    }
}
