//! Oneofs: flat properties of which at most one may be there.
//!
//! Each pair is forbidden once, in the order of fields; that is half of what each way would be, and generated
//! types stay flat. Beyond [`MEMBERS_MAX`] members the pairs would be most of the document, and words do.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::message::key;
use super::{Object, Schemas};
use crate::catalog::rules::add;
use crate::catalog::{Field, Message, comment};
use crate::openapi::options::Form;

/// Members of a oneof whose pairs are forbidden by keywords.
const MEMBERS_MAX: usize = 16;

/// Members that a sentence names.
const NAMED_MAX: usize = 30;

impl Schemas<'_> {
    /// Adds the oneofs of a message and of its rules, as far as their fields are shown. The answer says them
    /// in words.
    pub(super) fn choices(
        &self,
        message: &Message,
        shown: &[&Field],
        form: Form,
        schema: &mut Object,
    ) -> Vec<String> {
        let demands = self.demands(form);
        let mut texts = Vec::new();
        let mut listed = Vec::new();
        let mut dependent = Object::new();
        let shown: HashMap<&str, (usize, &Field)> = shown
            .iter()
            .enumerate()
            .map(|(place, field)| (field.json_name.as_str(), (place, *field)))
            .collect();
        for oneof in &message.oneofs {
            let keys = keys(&members(&shown, &oneof.fields), form);
            if keys.len() < 2 {
                continue;
            }
            let mut entry = json!({"name": oneof.name, "fields": keys});
            if let (false, Value::Object(entry)) = (oneof.comment.is_empty(), &mut entry) {
                entry.insert(
                    "description".to_owned(),
                    comment::plain(&oneof.comment).into(),
                );
            }
            listed.push(entry);
            pairs(&keys, &mut dependent);
            // Where a path has set one of them, the body need not.
            let required = oneof.required && demands && keys.len() == oneof.fields.len();
            if required {
                add(schema, "anyOf", any(&keys));
            }
            texts.push(told(&keys, required));
        }
        for (names, required) in &message.rules.oneofs {
            let members = members(&shown, names);
            let keys = keys(&members, form);
            // Without presence a zero counts as not set, and may be there.
            if keys.len() >= 2 && members.iter().all(|of| of.descriptor.supports_presence()) {
                pairs(&keys, &mut dependent);
            }
            if *required && demands && keys.len() == names.len() {
                add(schema, "anyOf", any(&keys));
            }
        }
        if !dependent.is_empty() {
            schema.insert("dependentSchemas".to_owned(), dependent.into());
        }
        if !listed.is_empty() {
            schema.insert("x-oneof".to_owned(), listed.into());
        }
        texts
    }
}

fn keys(members: &[&Field], form: Form) -> Vec<String> {
    members.iter().map(|field| key(field, form)).collect()
}

/// The fields of these names that are shown, in their order.
fn members<'f>(shown: &HashMap<&str, (usize, &'f Field)>, names: &[String]) -> Vec<&'f Field> {
    let named = names.iter().filter_map(|name| shown.get(name.as_str()));
    let sorted: BTreeMap<usize, &Field> = named.copied().collect();
    sorted.into_values().collect()
}

/// Each with all after it.
fn pairs(keys: &[String], dependent: &mut Object) {
    if keys.len() > MEMBERS_MAX {
        return;
    }
    for (index, key) in keys.iter().enumerate() {
        let rest: Vec<Value> = keys
            .iter()
            .skip(index + 1)
            .map(|other| json!({"required": [other]}))
            .collect();
        let not = match rest.as_slice() {
            [] => continue,
            [one] => json!({"not": one}),
            several => json!({"not": {"anyOf": several}}),
        };
        match dependent.get_mut(key) {
            // A field in two groups.
            Some(own) => *own = json!({"allOf": [own.take(), not]}),
            None => {
                dependent.insert(key.clone(), not);
            }
        }
    }
}

fn any(keys: &[String]) -> Value {
    let any: Vec<_> = keys.iter().map(|key| json!({"required": [key]})).collect();
    any.into()
}

fn told(keys: &[String], required: bool) -> String {
    let named: Vec<_> = keys
        .iter()
        .take(NAMED_MAX)
        .map(|key| format!("`{key}`"))
        .collect();
    let more = match keys.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        left => format!(" and {left} more"),
    };
    let count = if required { "Exactly" } else { "At most" };
    format!("{count} one of {}{more} is set.", named.join(", "))
}
