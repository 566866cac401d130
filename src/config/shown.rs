//! The configuration as operators read it while it runs: the keys of the file, every one with its default
//! where it was left out, and no secret.
//!
//! Secrets are read from files, so there is none in the configuration by rights. What looks like one all the
//! same is not shown: user info and queries of URLs, what is told to servers of others, keys by a telling name.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::{Map, Value};

use super::json_schema;
use super::raw::{Compat, File, Section as _};
use crate::control::redacted::{REDACTED, without_secrets};
/// Keys whose values are told to servers of others, who may take them for a password.
const TOLD: [&str; 1] = ["context"];

/// How keys end whose values are secrets. Those of files with secrets end in `_file`.
const SECRETS: [&str; 6] = [
    "secret",
    "password",
    "passphrase",
    "token",
    "credential",
    "credentials",
];

/// Everything that is in force.
pub(super) fn shown(raw: &File, workers: usize) -> Arc<Value> {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    let mut shown = to_value(raw);
    if let Value::Object(keys) = &mut shown {
        beneath(raw, keys);
        keys.insert("workers".to_owned(), workers.into());
    }
    let schema = SCHEMA.get_or_init(json_schema::value);
    let mut shown = filled(shown, schema);
    redact(&mut shown);
    Arc::new(shown)
}

/// Keys of a section always make an object.
fn to_value(keys: &impl Serialize) -> Value {
    serde_json::to_value(keys).unwrap_or_default()
}

/// What a preset chooses where the file says nothing.
fn beneath(raw: &File, keys: &mut Map<String, Value>) {
    // The file was read with it already.
    let Ok(preset) = raw.compat.or(Compat::None).preset() else {
        return;
    };
    let routing = to_value(&raw.routing.over(&preset.routing));
    let choices = preset.choices();
    let timeouts = raw.timeouts.of_route().over(&choices.timeouts);
    let sections = [
        ("routing", routing),
        ("rest", to_value(&raw.rest.over(&choices.rest))),
        ("json", to_value(&raw.json.over(&choices.json))),
        ("metadata", to_value(&raw.metadata.over(&choices.metadata))),
        ("connect", to_value(&raw.connect.over(&choices.connect))),
    ];
    for (section, value) in sections {
        keys.insert(section.to_owned(), value);
    }
    if let (Some(Value::Object(all)), Value::Object(of_routes)) =
        (keys.get_mut("timeouts"), to_value(&timeouts))
    {
        all.extend(of_routes);
    }
}

/// The same with the defaults of a JSON Schema, and in the order of its keys.
fn filled(value: Value, schema: &Value) -> Value {
    match value {
        Value::Object(mut keys) => {
            let mut all = Map::new();
            if let Some(Value::Object(properties)) = schema.get("properties") {
                for (key, of_key) in properties {
                    let given = keys.shift_remove(key).filter(|value| !value.is_null());
                    let value = given.or_else(|| of_key.get("default").cloned());
                    if let Some(value) = value.filter(|value| !value.is_null()) {
                        all.insert(key.clone(), filled(value, of_key));
                    }
                }
            }
            // Names of people's own choice, such as those of upstreams, are all of one kind.
            let of_others = match schema.get("patternProperties") {
                Some(Value::Object(patterns)) => patterns.values().next(),
                Some(_) | None => schema.get("additionalProperties"),
            };
            let of_others = of_others.unwrap_or(&Value::Null);
            for (key, value) in keys {
                all.insert(key, filled(value, of_others));
            }
            Value::Object(all)
        }
        Value::Array(items) => {
            let of_items = schema.get("items").unwrap_or(&Value::Null);
            let items = items.into_iter().map(|item| filled(item, of_items));
            Value::Array(items.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Takes away whatever may be a secret.
fn redact(value: &mut Value) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                let is_secret = SECRETS
                    .iter()
                    .any(|end| key.to_ascii_lowercase().ends_with(end));
                if is_secret && value.is_string() {
                    *value = REDACTED.into();
                } else if TOLD.contains(&key.as_str()) {
                    redact_all(value);
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) => {
            if text.contains("://") {
                *text = without_secrets(text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names stay.
fn redact_all(value: &mut Value) {
    match value {
        Value::Object(keys) => keys.values_mut().for_each(redact_all),
        Value::Array(items) => items.iter_mut().for_each(redact_all),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => *value = REDACTED.into(),
        Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_told_to_others_and_what_is_named_a_secret_is_not_shown() {
        let mut value = json!({
            "ext_authz": { "server": "http://h", "context": { "key": "s3cret" } },
            "client_secret": "s3cret",
            "client_secret_file": "secret.txt",
        });
        redact(&mut value);
        assert!(!value.to_string().contains("s3cret"), "{value}");
        assert_eq!(value["client_secret_file"], "secret.txt");
        assert_eq!(value["ext_authz"]["context"]["key"], REDACTED);
    }

    #[test]
    fn keys_have_their_defaults_and_those_of_the_preset() {
        let raw = File {
            compat: super::super::raw::Key::of(Compat::Envoy),
            ..File::default()
        };
        let value = shown(&raw, 3);
        assert_eq!(value["workers"], 3);
        assert_eq!(value["admin"], json!({ "hosts": [], "reflection": false }));
        assert_eq!(value["limits"]["connections"], 10_000);
        assert_eq!(value["compat"], "envoy");
        assert!(value["timeouts"]["preface"].is_string(), "{value}");
        let plain = shown(&File::default(), 3);
        assert_ne!(value["rest"], plain["rest"]);
    }
}
