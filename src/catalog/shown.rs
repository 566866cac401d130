//! What of the JSON of a message its readers may know.

use prost_reflect::Kind;
use serde_json::{Map, Value};

use super::{Catalog, FieldDescriptor};
use crate::transcode::has_own_form;

const ANY: &str = "google.protobuf.Any";

impl Catalog {
    /// The JSON that the gateway prints for a message, without what the catalog does not have: a field,
    /// the name of a value (its number stays), what an `Any` of such a type holds. A type that nobody
    /// declared and one that is hidden look alike.
    #[must_use]
    pub fn shown(&self, message: &str, json: Value) -> Value {
        let Some(known) = self.messages.get(message) else {
            return Value::Object(Map::new());
        };
        if message == ANY {
            return self.shown_any(json);
        }
        if has_own_form(&known.descriptor) {
            return json;
        }
        let Value::Object(members) = json else {
            return json;
        };
        let shown = members.into_iter().filter_map(|(name, value)| {
            let mut fields = known.fields.iter();
            let field = fields
                .find(|field| field.json_name == name || field.descriptor.proto_name() == name)?;
            Some((name, self.shown_field(&field.descriptor, value)))
        });
        Value::Object(shown.collect())
    }

    fn shown_field(&self, field: &FieldDescriptor, json: Value) -> Value {
        let kind = field.value_kind();
        match json {
            Value::Array(items) if field.is_list() => {
                let items = items.into_iter().map(|item| self.shown_value(&kind, item));
                Value::Array(items.collect())
            }
            Value::Object(entries) if field.is_map() => {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| (key, self.shown_value(&kind, value)));
                Value::Object(entries.collect())
            }
            json => self.shown_value(&kind, json),
        }
    }

    fn shown_value(&self, kind: &Kind, json: Value) -> Value {
        match (kind, json) {
            (Kind::Message(message), json) => self.shown(message.full_name(), json),
            (Kind::Enum(declared), Value::String(name)) => {
                match declared.get_value_by_name(&name) {
                    Some(value) if !self.has_value(declared.full_name(), &name) => {
                        value.number().into()
                    }
                    Some(_) | None => Value::String(name),
                }
            }
            (_, json) => json,
        }
    }

    /// True if an enum is there and has a value of this name.
    pub(super) fn has_value(&self, enumeration: &str, name: &str) -> bool {
        let known = self.enums.get(enumeration);
        known.is_some_and(|known| known.values.iter().any(|value| value.name == name))
    }

    fn shown_any(&self, json: Value) -> Value {
        let Value::Object(mut members) = json else {
            return json;
        };
        let Some(url) = members.get("@type").and_then(Value::as_str) else {
            return Value::Object(members);
        };
        let url = url.to_owned();
        let name = url.rsplit('/').next().unwrap_or_default();
        let held = match self.messages.get(name) {
            None => Map::new(),
            Some(known) if has_own_form(&known.descriptor) => {
                let value = members.remove("value").unwrap_or_default();
                Map::from_iter([("value".to_owned(), self.shown(name, value))])
            }
            Some(_) => {
                members.remove("@type");
                match self.shown(name, Value::Object(members)) {
                    Value::Object(members) => members,
                    _ => Map::new(),
                }
            }
        };
        let named = std::iter::once(("@type".to_owned(), Value::String(url)));
        Value::Object(named.chain(held).collect())
    }
}
