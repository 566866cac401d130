//! The shipped file with every key, against the JSON Schema and the defaults.

use std::collections::BTreeSet;

use super::*;

/// Every leaf of a JSON Schema, as a dotted path; `*` for any name, `[]` for any element.
fn leaves(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    if ENDS.contains(&path) {
        found.insert(path.to_owned());
    } else if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            leaves(property, &below(name), found);
        }
    } else if schema["additionalProperties"]["type"] == "string" {
        found.insert(path.to_owned()); // whoever writes the file chooses the names
    } else if schema["additionalProperties"].is_object() {
        leaves(&schema["additionalProperties"], &below("*"), found);
    } else if let Some(patterns) = schema["patternProperties"].as_object() {
        patterns
            .values()
            .for_each(|value| leaves(value, &below("*"), found));
    } else if schema["items"]["properties"].is_object() {
        leaves(&schema["items"], &format!("{path}[]"), found);
    } else {
        assert!(
            schema["description"].is_string(),
            "{path} has no description: {schema}"
        );
        found.insert(path.to_owned());
    }
}

/// Keys beneath which the names are free, or are those of above once more.
const ENDS: [&str; 4] = [
    "identity.metadata",
    "policy[].ext_authz.context",
    "policy[].access.rules[].when.any",
    "policy[].access.rules[].when.not",
];

/// The shipped file, for readers in the crate's own folder.
fn full() -> String {
    let text = std::fs::read_to_string(shipped("full.yaml")).unwrap();
    let text = text.replace(": client.secret", ": config/client.secret");
    text.replace(": shared.secret", ": config/shared.secret")
}

/// Every leaf of a value, in the same notation.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        _ if ENDS.contains(&path) => {
            found.insert(path.to_owned());
        }
        Value::Object(map) if path == "upstreams" => {
            map.values()
                .for_each(|value| keys(value, &below("*"), found));
        }
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .for_each(|(name, value)| keys(value, &below(name), found)),
        Value::Array(list) if list.iter().any(Value::is_object) => list
            .iter()
            .for_each(|value| keys(value, &format!("{path}[]"), found)),
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn the_full_file_has_every_key_of_the_json_schema() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let text = full();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let (mut in_schema, mut in_file) = (BTreeSet::new(), BTreeSet::new());
    leaves(&schema, "", &mut in_schema);
    keys(&file, "", &mut in_file);
    assert!(in_schema.len() > 50, "{in_schema:?}");
    // A route's sections have the gateway's keys; the file shows some of them there.
    let is_shown_above = |key: &str| {
        let above = key.strip_prefix("routes[].").unwrap_or_default();
        let is_shown = in_schema.contains(above) && above.contains('.');
        // Those of a rule are those of idempotent methods.
        is_shown || key.starts_with("upstreams.*.retries.methods[].retry.")
    };
    let of_routes: BTreeSet<_> = in_schema
        .iter()
        .filter(|key| is_shown_above(key))
        .cloned()
        .collect();
    assert!(of_routes.len() > 20, "{of_routes:?}");
    assert!(in_file.is_subset(&in_schema), "{in_file:?}");
    let in_schema: BTreeSet<_> = in_schema.difference(&of_routes).cloned().collect();
    let in_file: BTreeSet<_> = in_file.difference(&of_routes).cloned().collect();
    assert_eq!(in_schema, in_file);
}

#[test]
fn without_a_line_that_the_full_file_calls_a_default_nothing_changes() {
    let text = full();
    let shown = |text: &str| format!("{:?}", settings(text).unwrap());
    let whole = shown(&text);
    let lines: Vec<_> = text.lines().collect();
    let mut tried = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.contains("# default") {
            let without = lines.iter().enumerate().filter(|(other, _)| *other != at);
            let without: Vec<_> = without.map(|(_, line)| *line).collect();
            let mut without = without.join("\n");
            if line.contains("require_protocol_version") {
                without = without.replace("\nconnect:\n", "\nconnect: {}\n"); // its only key
            }
            if line.trim_start().starts_with("requests: false") {
                without = without.replace("\nvalidation:\n", "\nvalidation: {}\n"); // its only key
            }
            if line.contains("legacy_names") {
                without = without.replace("\nmetrics:\n", "\nmetrics: {}\n"); // its only key
            }
            assert_eq!(shown(&without), whole, "{line}");
            tried += 1;
        }
    }
    let mut all = BTreeSet::new();
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    leaves(&schema, "", &mut all);
    let weight = "routes[].upstreams[].weight"; // the only default of a route's own
    let is_of_lists = |key: &str| key.starts_with("routes[]") || key.starts_with("schema[]");
    all.retain(|key| key == weight || !is_of_lists(key));
    let of_policy = [
        "access.mode",
        "rate_limits[].keys",
        "global_rate_limits.timeout",
        "global_rate_limits.on_failure",
        "ext_authz.timeout",
        "ext_authz.on_failure",
    ];
    all.retain(|key| match key.strip_prefix("policy[].") {
        Some(key) => of_policy.contains(&key),
        None => true,
    });
    let identity = [
        "issuers[].issuer",
        "issuers[].audiences",
        "issuers[].jwks_url",
        "issuers[].jwks_file",
        "issuers[].secret_file",
        "issuers[].algorithms",
        "issuers[].typ",
        "issuers[].max_lifetime",
        "api_keys.file",
        "introspection.url",
        "introspection.client_id",
        "introspection.client_secret_file",
        "introspection.issuer",
        "cookie.name",
        "metadata",
        "ca",
    ];
    let identity = identity.map(|key| format!("identity.{key}"));
    let tls = [
        "tls.certificate",
        "tls.key",
        "tls.certificates[].certificate",
        "tls.certificates[].key",
        "tls.client_ca",
        "tls.client_crl",
        "tls.redirect.listen",
        "tls.redirect.port",
        "tls.hsts.max_age",
        "proxy_protocol.from",
    ];
    let others = [
        "admin.listen",
        "admin.hosts",
        "workers",
        "http_rules",
        "trusted_proxies",
    ];
    // Of a rule's `retry` the file shows one key: they are those of `idempotent`.
    all.retain(|key| !key.starts_with("upstreams.*.retries.methods[].retry"));
    let upstreams = [
        "url",
        "endpoints[].address",
        "dns",
        "srv",
        "file",
        "nameservers",
        "authority",
        "tls.ca",
        "tls.certificate",
        "tls.key",
        "tls.server_name",
        "oauth2.token_endpoint",
        "oauth2.client_id",
        "oauth2.client_secret_file",
        "oauth2.audience",
        "oauth2.ca",
        "service_config",
        "retries.methods[].selector",
    ];
    let upstreams = upstreams.map(|key| format!("upstreams.*.{key}"));
    let others = others.into_iter().map(str::to_owned);
    let others = others.chain(upstreams).chain(identity);
    for without_default in tls.into_iter().map(str::to_owned).chain(others) {
        assert!(all.remove(&without_default), "{without_default}");
    }
    assert_eq!(tried, all.len(), "{all:?}");
}

#[test]
fn the_json_schema_shows_every_default_and_refuses_unknown_keys() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    for section in [
        "routing", "rest", "json", "metadata", "connect", "limits", "timeouts", "log",
    ] {
        let section = &schema["properties"][section];
        assert_eq!(section["additionalProperties"], false, "{section}");
        for (key, property) in section["properties"].as_object().unwrap() {
            assert!(!property["default"].is_null(), "{key}: {property}");
        }
    }
    let of_routes = &schema["properties"]["routes"]["items"]["properties"];
    assert_eq!(of_routes["json"]["additionalProperties"], false);
    let pretty = of_routes["json"]["properties"]["pretty"]
        .as_object()
        .unwrap();
    assert!(!pretty.contains_key("default"), "it is the gateway's");
    assert_eq!(schema["properties"]["listen"]["default"], "127.0.0.1:8080");
    assert_eq!(
        schema["properties"]["timeouts"]["properties"]["unary"]["default"],
        "15s"
    );
}
