//! The mask of what a JSON text sets, against two judges: a walk over the tree of `serde_json`, and
//! the message itself, of which the masked fields must be all.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, MessageDescriptor, ReflectMessage as _, SerializeOptions,
};
use prost_types::FieldMask;
use serde_json::Value;

use super::judge::{SCHEMAS, judge_prints, property, same, value};
use super::messages;

/// The message that a mask goes into rather than naming the field.
fn beneath(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let kind = field.kind();
    let message = kind.as_message()?;
    let is_plain = !field.is_list()
        && !field.is_map()
        && (message.full_name() == "google.protobuf.Empty"
            || !message.full_name().starts_with("google.protobuf."));
    is_plain.then(|| message.clone())
}

/// The leaves of a JSON tree.
fn leaves(message: &MessageDescriptor, tree: &Value, path: &str, into: &mut BTreeSet<String>) {
    for (key, inner) in tree.as_object().unwrap() {
        let field = message
            .get_field_by_json_name(key)
            .or_else(|| message.get_field_by_name(key))
            .unwrap();
        let path = match path {
            "" => field.name().to_owned(),
            path => format!("{path}.{}", field.name()),
        };
        match (beneath(&field), inner.as_object()) {
            (Some(message), Some(members)) if !members.is_empty() => {
                leaves(&message, inner, &path, into);
            }
            _ => {
                into.insert(path);
            }
        }
    }
}

/// Sets in `to` what `path` names in `from`.
fn copy(from: &DynamicMessage, to: &mut DynamicMessage, path: &str) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let field = from.descriptor().get_field_by_name(name).unwrap();
    if rest.is_empty() {
        if from.has_field(&field) {
            to.set_field(&field, from.get_field(&field).into_owned());
        }
        return;
    }
    let inner = from.get_field(&field);
    let below = to.get_field_mut(&field);
    copy(
        inner.as_message().unwrap(),
        below.as_message_mut().unwrap(),
        rest,
    );
}

#[test]
fn a_mask_names_what_a_message_sets_and_no_more() {
    property(SCHEMAS / 4, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let message = messages::message(dice, &descriptor);
        let names = SerializeOptions::new().use_proto_field_name(dice.once_in(2));
        let json = judge_prints(&message, &names)?;
        if json.contains("\"[") {
            return Ok(()); // an extension, which a mask cannot name
        }
        let wire = setting.mask(plan, json.as_bytes())?;
        let ours = FieldMask::decode(wire.as_slice()).unwrap().paths;

        let mut theirs = BTreeSet::new();
        leaves(&descriptor, &value(&json), "", &mut theirs);
        let found: BTreeSet<String> = ours.iter().cloned().collect();
        if found != theirs || found.len() != ours.len() {
            return Err(format!("found {ours:?}, not {theirs:?}: {json}"));
        }
        let mut copied = DynamicMessage::new(descriptor.clone());
        for path in &ours {
            copy(&message, &mut copied, path);
        }
        if !same(&copied, &message) {
            return Err(format!("{ours:?} gives {copied} of {json}"));
        }
        Ok(())
    });
}
