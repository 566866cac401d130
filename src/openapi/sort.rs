//! One order for all keys, so that the same schema gives the same bytes.
//!
//! Keys are sorted, except those of `properties`, which stand in the order of fields, of `paths`, in the order
//! of services and methods, and of `content`, of whose media types generators take the first. A property
//! *named* `properties` is a schema like any other.

use serde_json::{Map, Value};

/// What the keys of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Words.
    Sorted,
    /// Names in an order that means something.
    Kept,
}

/// Members whose own members have an order that says something.
const KEPT: &[&str] = &["content", "paths", "properties"];

/// Sorts a document, or a part of one.
pub fn sort(document: &mut Value) {
    value(document, Keys::Sorted);
}

fn value(of: &mut Value, keys: Keys) {
    match of {
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| value(element, Keys::Sorted)),
        Value::Object(object) => members(object, keys),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn members(object: &mut Map<String, Value>, keys: Keys) {
    if keys == Keys::Sorted {
        object.sort_keys();
    }
    for (key, of) in object.iter_mut() {
        let kept = keys == Keys::Sorted && KEPT.contains(&key.as_str());
        value(of, if kept { Keys::Kept } else { Keys::Sorted });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_properties_and_paths_keep_their_order() {
        let mut document = json!({
            "paths": {"/z": {"post": {}, "get": {}}, "/a": {}},
            "info": {"version": "1", "title": "t"},
            "schema": {"type": "object", "properties": {
                "z": {"type": "string", "format": "x"},
                "properties": {"type": "object", "description": "a field of that name"},
                "a": {},
            }},
        });
        sort(&mut document);
        assert_eq!(
            document.to_string(),
            r#"{"info":{"title":"t","version":"1"},"paths":{"/z":{"get":{},"post":{}},"/a":{}},"#
                .to_owned()
                + r#""schema":{"properties":{"z":{"format":"x","type":"string"},"#
                + r#""properties":{"description":"a field of that name","type":"object"},"a":{}},"#
                + r#""type":"object"}}"#
        );
    }
}
