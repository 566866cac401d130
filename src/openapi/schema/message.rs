//! Messages as objects.

use prost_reflect::Kind;
use serde_json::{Value, json};

use super::base::{JsonType, json_type};
use super::{Object, Schemas, annotated, known, object, text};
use crate::catalog::message::Behavior;
use crate::catalog::{Field, FieldDescriptor, Message};
use crate::openapi::options::{AdditionalProperties, Direction, FieldNames, Form, Split, Zeros};

/// Whether a path is this field, or leads through it.
pub(super) fn is_bound(field: &Field, paths: &[&str]) -> bool {
    paths.iter().any(|path| {
        let rest = path.strip_prefix(field.descriptor.proto_name().as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

impl<'c> Schemas<'c> {
    /// A message without what some paths (dotted proto names) lead to.
    pub(super) fn object(&mut self, message: &'c Message, form: Form, without: &[&str]) -> Object {
        let split = self.options.split == Split::Two;
        let mut properties = Object::new();
        let mut required = Vec::new();
        for field in &message.fields {
            let name = field.descriptor.proto_name();
            if without.contains(&name.as_str()) || (split && is_one_way(field, form.direction)) {
                continue;
            }
            let property = self.member(field, form, without);
            let key = key(field, form);
            if (message.requires(field) && self.demands(form))
                || (split && is_always_there(field, form))
            {
                required.push(Value::from(key.as_str()));
            }
            properties.insert(key, property.into());
        }
        let mut schema = object(json!({"type": "object", "title": message.descriptor.name()}));
        let shown: Vec<&Field> = message
            .fields
            .iter()
            .filter(|field| properties.contains_key(&key(field, form)))
            .collect();
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), properties.into());
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        let choices = self.choices(message, &shown, form, &mut schema);
        if self.options.additional_properties == AdditionalProperties::Closed {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        if message.deprecated {
            schema.insert("deprecated".to_owned(), true.into());
        }
        if let Some(resource) = &message.resource {
            let resource = json!({"type": resource.kind, "patterns": resource.patterns});
            schema.insert("x-resource".to_owned(), resource);
        }
        if !message.rules.cel.is_empty() {
            schema.insert(
                "x-protovalidate-cel".to_owned(),
                text::cel(&message.rules.cel),
            );
        }
        let takes = |value: &Value| is_message(value, &shown, form);
        let dropped = annotated::whole(&message.annotations, &mut schema, JsonType::Object, takes);
        for text in dropped {
            self.dropped(message.descriptor.full_name(), text);
        }
        let text = text::paragraphs([
            text::said(&message.annotations, &message.comment),
            choices.join("\n"),
            text::rules(&message.rules.sentences),
        ]);
        if let Some(text) = text {
            schema.insert("description".to_owned(), text.into());
        }
        schema
    }

    /// Whether what must be set is required: answers leave zeros out, and masked fields.
    pub(super) fn demands(&self, form: Form) -> bool {
        self.options.split == Split::One || form.direction == Direction::Request
    }

    /// A property; an object of its own where a path leads through it.
    fn member(&mut self, field: &Field, form: Form, without: &[&str]) -> Object {
        let within: Vec<&str> = without
            .iter()
            .filter_map(|path| {
                path.strip_prefix(field.descriptor.proto_name().as_str())?
                    .strip_prefix('.')
            })
            .collect();
        let kind = field.descriptor.kind();
        let single = !field.descriptor.is_list() && !field.descriptor.is_map();
        match &kind {
            Kind::Message(inner) if single && !within.is_empty() && known::of(inner).is_none() => {
                match self.message_of(inner) {
                    Some(inner) => {
                        let inner = self.object(inner, form, &within);
                        self.told(&field.descriptor, inner, form)
                    }
                    None => self.property(&field.descriptor, form),
                }
            }
            _ => self.property(&field.descriptor, form),
        }
    }
}

/// Whether a value is an object of these fields, as far as their types go.
fn is_message(value: &Value, fields: &[&Field], form: Form) -> bool {
    value.as_object().is_some_and(|object| {
        object.iter().all(|(name, value)| {
            let field = fields.iter().find(|field| key(field, form) == *name);
            field.is_some_and(|field| json_type(&field.descriptor, form).takes(value))
        })
    })
}

/// Its name in JSON.
pub(super) fn key(field: &Field, form: Form) -> String {
    match form.names {
        FieldNames::Json => field.json_name.clone(),
        FieldNames::Proto => field.descriptor.proto_name(),
    }
}

/// It goes the other way only.
fn is_one_way(field: &Field, direction: Direction) -> bool {
    match direction {
        Direction::Request => field.is(Behavior::OutputOnly),
        Direction::Response => field.is(Behavior::InputOnly),
    }
}

/// An answer has it whatever it holds. An extension that nobody set is not printed.
fn is_always_there(field: &Field, form: Form) -> bool {
    matches!(field.descriptor, FieldDescriptor::Own(_))
        && form.direction == Direction::Response
        && form.zeros == Zeros::Written
        && !field.descriptor.supports_presence()
}
