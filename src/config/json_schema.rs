//! The JSON Schema of the configuration file, from the same types that read it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::File;

/// A JSON Schema (draft 7, which editors' YAML support knows best), pretty-printed.
#[must_use]
pub fn json_schema() -> String {
    format!("{:#}", value())
}

/// True if the file's top level (the section ``) or one of its sections has this key.
pub(super) fn has_key(section: &str, key: &str) -> bool {
    let schema = value();
    let top = &schema["properties"];
    let keys = if section.is_empty() {
        top
    } else {
        &top[section]["properties"]
    };
    keys.get(key).is_some()
}

/// The schema as a value.
pub(super) fn value() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<File>()
        .to_value();
    unwrap_lines(&mut schema);
    without_defaults(&mut schema["properties"]["routes"]["items"]);
    schema
}

/// In a route the default of a key is what the gateway has.
fn without_defaults(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        property.remove("default");
    }
    properties.values_mut().for_each(without_defaults);
}

/// Descriptions come from comments that are wrapped for this source, not for an editor's pop-up.
fn unwrap_lines(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(description)) = map.get_mut("description") {
                *description = description.replace('\n', " ");
            }
            map.values_mut().for_each(unwrap_lines);
        }
        Value::Array(list) => list.iter_mut().for_each(unwrap_lines),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
