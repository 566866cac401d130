//! Schemas of OpenAPI 2 and 3.0 in the words of JSON Schema 2020-12.

use serde_json::{Map, Value, json};

/// Keywords that hold one schema, a list of them, or a map of them.
const ONE: [&str; 3] = ["not", "items", "additionalProperties"];
const LIST: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Rewrites a schema and what is in it. `$ref`s go.
pub(super) fn schema(keywords: &mut Map<String, Value>) {
    keywords.remove("$ref");
    for (bound, exclusive) in [
        ("maximum", "exclusiveMaximum"),
        ("minimum", "exclusiveMinimum"),
    ] {
        if keywords.get(exclusive) == Some(&Value::Bool(true)) {
            // A bound of zero is not on the wire.
            let bound = keywords.remove(bound).unwrap_or_else(|| 0.into());
            keywords.insert(exclusive.to_owned(), bound);
        }
    }
    if let Some(example) = keywords.remove("example") {
        keywords.insert("examples".to_owned(), json!([example]));
    }
    if let Some(Value::Array(types)) = keywords.get("type")
        && let [one] = types.as_slice()
    {
        let one = one.clone();
        keywords.insert("type".to_owned(), one);
    }
    if keywords.remove("nullable").is_some()
        && let Some(Value::String(of)) = keywords.get("type")
    {
        let both = json!([of, "null"]);
        keywords.insert("type".to_owned(), both);
    }
    for key in ONE {
        if let Some(Value::Object(inner)) = keywords.get_mut(key) {
            schema(inner);
        }
    }
    let mut inner: Vec<&mut Value> = Vec::new();
    for (key, value) in keywords.iter_mut() {
        match value {
            Value::Array(list) if LIST.contains(&key.as_str()) => inner.extend(list),
            Value::Object(map) if key == "properties" => {
                inner.extend(map.iter_mut().map(|(_, value)| value));
            }
            _ => {}
        }
    }
    for value in inner {
        if let Value::Object(inner) = value {
            schema(inner);
        }
    }
}
