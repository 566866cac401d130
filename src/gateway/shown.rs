//! The configuration as operators read it, while a part of it cannot change: those keys go on showing what
//! is in force.

use std::sync::Arc;

use serde_json::{Map, Value};

/// The new one, with the old one's values under these keys, such as `timeouts.preface`.
#[must_use]
pub fn kept(was: &Value, now: &Arc<Value>, keys: &[&str]) -> Arc<Value> {
    let mut shown = (**now).clone();
    for key in keys {
        let path: Vec<_> = key.split('.').collect();
        put(&mut shown, &path, get(was, &path));
    }
    Arc::new(shown)
}

fn get<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// A key that was not there is taken away.
fn put(value: &mut Value, path: &[&str], was: Option<&Value>) {
    let (Value::Object(map), Some((key, rest))) = (value, path.split_first()) else {
        return;
    };
    if !rest.is_empty() {
        let inner = map
            .entry(*key)
            .or_insert_with(|| Value::Object(Map::default()));
        put(inner, rest, was);
    } else if let Some(was) = was {
        map.insert((*key).to_owned(), was.clone());
    } else {
        map.shift_remove(*key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_change_shows_what_it_was() {
        let was = json!({ "listen": "a", "timeouts": { "preface": "1s", "unary": "1s" } });
        let now = json!({
            "listen": "b", "workers": 2, "timeouts": { "preface": "2s", "unary": "2s" }
        });
        let shown = kept(
            &was,
            &Arc::new(now),
            &["listen", "workers", "timeouts.preface"],
        );
        let expected = json!({ "listen": "a", "timeouts": { "preface": "1s", "unary": "2s" } });
        assert_eq!(*shown, expected);
        assert_eq!(
            *kept(&Value::Null, &Arc::default(), &["listen"]),
            Value::Null
        );
    }
}
