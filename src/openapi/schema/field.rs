//! A field as a property: what its kind gives, its rules, what annotations say, text.

use prost_reflect::{EnumDescriptor, Kind, Syntax};

use serde_json::{Value, json};

use super::base::{enum_of, json_type};
use super::known::{self, Known};
use super::{Object, Schemas, annotated, text};
use crate::catalog::example::fill;
use crate::catalog::message::{Behavior, Format};
use crate::catalog::rules::{add, pattern, wrapped};
use crate::catalog::{Field, FieldDescriptor};
use crate::openapi::options::{EnumForm, Form, Nullable};

/// Behaviours that no keyword says.
const WORDLESS: [(Behavior, &str); 4] = [
    (Behavior::Immutable, "IMMUTABLE"),
    (Behavior::Identifier, "IDENTIFIER"),
    (Behavior::UnorderedList, "UNORDERED_LIST"),
    (Behavior::NonEmptyDefault, "NON_EMPTY_DEFAULT"),
];

impl Schemas<'_> {
    /// A field with everything that is known of it.
    pub(super) fn property(&mut self, descriptor: &FieldDescriptor, form: Form) -> Object {
        let base = self.base(descriptor, form);
        self.told(descriptor, base, form)
    }

    /// A schema of a field's values, and everything that is known of the field.
    pub(super) fn told(
        &mut self,
        descriptor: &FieldDescriptor,
        base: Object,
        form: Form,
    ) -> Object {
        let known = self.lookup(descriptor);
        let mut schema = base;
        if let Some(field) = known {
            self.limits(field, &mut schema, form);
        }
        if self.is_nullable(descriptor) {
            nullable(&mut schema);
        }
        if let Some(field) = known {
            marks(field, &mut schema);
            for text in annotated::texts(field, &mut schema) {
                self.dropped(field.descriptor.full_name(), text);
            }
        }
        if let Some(text) = text::of_field(self, descriptor, known) {
            schema.insert("description".to_owned(), text.into());
        }
        schema
    }

    /// A field as a parameter.
    pub(super) fn of_parameter(&mut self, descriptor: &FieldDescriptor, form: Form) -> Object {
        let kind = descriptor.kind();
        if let Kind::Message(message) = &kind
            && !descriptor.is_map()
            && known::of(message).is_some_and(|known| known.is_json())
        {
            let text = Known::in_text();
            return super::object(if descriptor.is_list() {
                json!({"type": "array", "items": text})
            } else {
                text
            });
        }
        let mut schema = self.base(descriptor, form);
        if let Some(field) = self.lookup(descriptor) {
            self.limits(field, &mut schema, form);
        }
        schema
    }

    /// What a value must be.
    fn limits(&mut self, field: &Field, schema: &mut Object, form: Form) {
        let mut rules = field.rules.keywords.clone();
        if let (EnumForm::Numbers, Some(of)) = (form.enums, enum_of(&field.descriptor)) {
            for (key, value) in &mut rules {
                if key != "propertyNames" {
                    renumber(key, value, &of);
                }
            }
        }
        merge(schema, rules);
        match field.format {
            Some(Format::Uuid4) => add(schema, "format", "uuid".into()),
            Some(Format::Ipv4) => add(schema, "format", "ipv4".into()),
            Some(Format::Ipv6) => add(schema, "format", "ipv6".into()),
            Some(Format::Ipv4OrIpv6) => {
                let both = json!([{"format": "ipv4"}, {"format": "ipv6"}]);
                add(schema, "anyOf", both);
            }
            None => {}
        }
        if field.names_resource {
            self.resource_name(field, schema);
        }
        let examples = field.rules.examples.clone();
        if !examples.is_empty() && json_type(&field.descriptor, form).takes_all(&examples) {
            schema.insert("examples".to_owned(), examples.into());
        }
        for text in annotated::limits(field, schema, form) {
            self.dropped(field.descriptor.full_name(), text);
        }
    }

    /// The name of a resource looks like its patterns.
    fn resource_name(&self, field: &Field, schema: &mut Object) {
        let message = self.message_of(&field.descriptor.containing_message());
        let Some(resource) = message.and_then(|message| message.resource.as_ref()) else {
            return;
        };
        // `*` is any name.
        if resource.patterns.iter().any(|pattern| pattern == "*") {
            return;
        }
        let Some(first) = resource.patterns.first() else {
            return;
        };
        let patterns: Vec<_> = resource.patterns.iter().map(|of| matching(of)).collect();
        let pattern = match patterns.as_slice() {
            [one] => format!("^{one}$"),
            several => format!("^(?:{})$", several.join("|")),
        };
        add(schema, "pattern", pattern.into());
        if let Some(name) = fill(first) {
            schema.insert("examples".to_owned(), json!([name]));
        }
    }

    fn is_nullable(&self, field: &FieldDescriptor) -> bool {
        let single = !field.is_list() && !field.is_map();
        let kind = field.kind();
        let wrapper = kind.as_message().is_some_and(|of| wrapped(of).is_some());
        match self.options.nullable {
            Nullable::None => false,
            Nullable::Wrappers => single && wrapper,
            Nullable::Optional => single && (wrapper || is_optional(field)),
        }
    }
}

/// What is so of the field, whatever its value.
fn marks(field: &Field, schema: &mut Object) {
    let mut mark = |key: &str, value: Value| schema.insert(key.to_owned(), value);
    if field.deprecated {
        mark("deprecated", true.into());
    }
    if field.is(Behavior::OutputOnly) {
        mark("readOnly", true.into());
    }
    if field.is(Behavior::InputOnly) {
        mark("writeOnly", true.into());
    }
    let wordless: Vec<_> = WORDLESS
        .iter()
        .filter(|(behavior, _)| field.is(*behavior))
        .map(|(_, name)| *name)
        .collect();
    if !wordless.is_empty() {
        mark("x-field-behavior", wordless.into());
    }
    if let Some(of) = &field.reference {
        mark("x-resource-reference", json!({ "type": of }));
    }
    if !field.rules.cel.is_empty() {
        mark("x-protovalidate-cel", text::cel(&field.rules.cel));
    }
}

/// A field with presence that is no message and in no oneof.
fn is_optional(field: &FieldDescriptor) -> bool {
    let message = matches!(field.kind(), Kind::Message(_));
    let written = field.field_descriptor_proto().proto3_optional();
    let old = field.parent_file().syntax() == Syntax::Proto2;
    let alone = field.containing_oneof().is_none_or(|of| of.is_synthetic());
    !message && alone && field.supports_presence() && (written || old)
}

/// Lets `null` in.
fn nullable(schema: &mut Object) {
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if let Some(only) = schema.remove("const") {
        schema.insert("enum".to_owned(), json!([only, null]));
    }
    if let Some(of) = schema.get_mut("type") {
        *of = json!([of.take(), "null"]);
    } else if let Some(reference) = schema.remove("$ref") {
        let null = json!([{"$ref": reference}, {"enum": [null]}]);
        add(schema, "anyOf", null);
    } else if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        // Not `type: "null"`, on which generated code breaks.
        any.push(json!({"enum": [null]}));
    }
}

/// Adds the keywords of rules to those of a kind. Both hold.
fn merge(schema: &mut Object, rules: Object) {
    for (key, value) in rules {
        match (key.as_str(), schema.get_mut(&key), value) {
            (
                "items" | "propertyNames" | "additionalProperties",
                Some(Value::Object(own)),
                Value::Object(inner),
            ) => merge(own, inner),
            ("minimum", Some(own), value) => {
                if value.as_f64() > own.as_f64() {
                    *own = value;
                }
            }
            ("maximum", Some(own), value) => {
                if value.as_f64() < own.as_f64() {
                    *own = value;
                }
            }
            (key, _, value) => add(schema, key, value),
        }
    }
}

/// Names of an enum's values as numbers, wherever a keyword holds values.
fn renumber(key: &str, value: &mut Value, of: &EnumDescriptor) {
    match value {
        Value::String(name) if matches!(key, "const" | "enum") => {
            if let Some(known) = of.get_value_by_name(name) {
                *value = known.number().into();
            }
        }
        Value::Array(list) => {
            list.iter_mut().for_each(|value| renumber(key, value, of));
            if key == "enum" {
                list.dedup();
            }
        }
        Value::Object(inner) => inner
            .iter_mut()
            .for_each(|(key, value)| renumber(key, value, of)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `shelves/{shelf}/books/{book}` as a regular expression, without its ends.
fn matching(pattern: &str) -> String {
    let mut out = String::new();
    pieces(pattern, |piece| match piece {
        Piece::Text(text) => out.push_str(&pattern::literal(text)),
        Piece::Variable("**") => out.push_str(".+"),
        Piece::Variable(_) => out.push_str("[^/]+"),
    });
    out
}

/// A part of a resource's pattern.
enum Piece<'p> {
    Text(&'p str),
    /// What it stands for.
    Variable(&'p str),
}

fn pieces<'p>(pattern: &'p str, mut each: impl FnMut(Piece<'p>)) {
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((variable, after)) = after.split_once('}') else {
            break;
        };
        each(Piece::Text(before));
        let (_, of) = variable.split_once('=').unwrap_or((variable, "*"));
        each(Piece::Variable(of));
        rest = after;
    }
    each(Piece::Text(rest));
}
