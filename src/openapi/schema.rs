//! Schemas of a catalog's messages, fields and enums: JSON Schema 2020-12, as 3.1 and 3.2 have it.
//!
//! ```text
//!  reference, field, parameter, body ─► what an operation needs, and which components that reaches
//!                          components ─► exactly these, sorted by name
//! ```
//!
//! What the gateway reads and writes decides; annotations and rules add to it what does not contradict.
//! Messages refer to each other by `$ref` only, so recursion costs nothing. Keys are in no order yet: whoever
//! makes a document sorts it whole. Pure: same catalog and options, same schemas.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost_reflect::{EnumDescriptor, MessageDescriptor};

use serde_json::{Map, Value, json};

use super::options::{Form, Options};
use crate::catalog::{Catalog, Field, FieldDescriptor, Finding, FindingKind, Findings, Message};

mod annotated;
mod base;
mod enumeration;
mod field;
mod known;
mod message;
mod names;
mod oneof;
#[cfg(test)]
mod tests;
mod text;

use names::Names;

/// An object of JSON.
type Object = Map<String, Value>;

/// Writes schemas, and remembers which components they reach.
#[derive(Debug)]
pub struct Schemas<'c> {
    catalog: &'c Catalog,
    pub(super) options: Options,
    names: Names,
    /// `Service.Method` that gets a resource, by its type.
    getters: HashMap<&'c str, String>,
    /// Enums that may hold numbers nobody declared, somewhere.
    open: BTreeSet<String>,
    /// Reached and not written yet.
    queue: Vec<(String, Part, Form)>,
    /// Written, or in the queue.
    reached: BTreeSet<String>,
    written: BTreeMap<String, Value>,
    findings: Findings,
}

/// What a component is made of.
#[derive(Clone, Debug)]
enum Part {
    Message(String),
    Enum(String),
}

impl<'c> Schemas<'c> {
    /// Schemas of this catalog.
    #[must_use]
    pub fn new(catalog: &'c Catalog, options: &Options) -> Self {
        Self {
            catalog,
            options: *options,
            names: Names::new(catalog, options),
            getters: text::getters(catalog),
            open: enumeration::open(catalog),
            queue: Vec::new(),
            reached: BTreeSet::new(),
            written: BTreeMap::new(),
            findings: Findings::default(),
        }
    }

    /// The schema of a message: a `$ref`, or what a well-known type is.
    pub fn reference(&mut self, message: &MessageDescriptor, form: Form) -> Value {
        Value::Object(self.of_message(message, form))
    }

    /// The schema of one field with everything that is known of it, for a body that is one field.
    pub fn field(&mut self, field: &FieldDescriptor, form: Form) -> Value {
        Value::Object(self.property(field, form))
    }

    /// The schema of a field as a parameter of a path or query: without text, which a parameter has itself.
    pub fn parameter(&mut self, field: &FieldDescriptor, form: Form) -> Value {
        Value::Object(self.of_parameter(field, form))
    }

    /// What is said of a field: its comment, what its annotations mean, its rules. For a parameter.
    #[must_use]
    pub fn text(&self, field: &FieldDescriptor) -> Option<String> {
        text::of_field(self, field, self.lookup(field))
    }

    /// A message without some of its fields (dotted proto names, at any depth), as a component of this
    /// name; the message itself where none of them can be seen.
    pub fn body_without(
        &mut self,
        message: &MessageDescriptor,
        without: &[String],
        name: &str,
        form: Form,
    ) -> Value {
        let paths: Vec<&str> = without.iter().map(String::as_str).collect();
        let Some(known) = self.message_of(message) else {
            return self.reference(message, form);
        };
        if !known
            .fields
            .iter()
            .any(|field| message::is_bound(field, &paths))
        {
            return self.reference(message, form);
        }
        let body = Value::Object(self.object(known, form, &paths));
        let plain = self.names.body(name, form);
        let mut name = plain.clone();
        // Another body of this name is another component.
        let mut count = 1;
        while self.written.get(&name).is_some_and(|other| *other != body) {
            count += 1;
            name = format!("{plain}_{count}");
        }
        let reference = refer(&name);
        self.written.insert(name, body);
        Value::Object(reference)
    }

    /// Takes out every component that was reached, sorted by name; each may have reached more.
    pub fn components(&mut self) -> Map<String, Value> {
        while let Some((name, part, form)) = self.queue.pop() {
            let schema = match part {
                Part::Message(of) => self
                    .catalog
                    .messages
                    .get(&of)
                    .map(|message| self.object(message, form, &[])),
                Part::Enum(of) => self
                    .catalog
                    .enums
                    .get(&of)
                    .map(|of| self.enumeration(of, form)),
            };
            self.written
                .insert(name, Value::Object(schema.unwrap_or_default()));
        }
        std::mem::take(&mut self.written).into_iter().collect()
    }

    /// What annotations say and no schema can take, in what was written so far; each once.
    #[must_use]
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings.into_vec()
    }

    /// What the catalog knows of a message.
    pub(super) fn message_of(&self, descriptor: &MessageDescriptor) -> Option<&'c Message> {
        self.catalog.messages.get(descriptor.full_name())
    }

    /// What the catalog knows of a field; nothing of one that may not be seen.
    pub(super) fn lookup(&self, field: &FieldDescriptor) -> Option<&'c Field> {
        self.catalog.field(field)
    }

    /// A `$ref` to a message's component.
    fn refer_to_message(&mut self, message: &MessageDescriptor, form: Form) -> Object {
        if self.message_of(message).is_none() {
            return object(json!({"type": "object"}));
        }
        let (name, form) = self.names.message(message, form);
        let part = Part::Message(message.full_name().to_owned());
        self.reach(name, part, form)
    }

    /// A `$ref` to an enum's component.
    fn refer_to_enum(&mut self, of: &EnumDescriptor, form: Form) -> Object {
        if !self.catalog.enums.contains_key(of.full_name()) {
            return object(json!({"type": "string"}));
        }
        let (name, form) = self.names.enumeration(of, form);
        let part = Part::Enum(of.full_name().to_owned());
        self.reach(name, part, form)
    }

    fn reach(&mut self, name: String, part: Part, form: Form) -> Object {
        let reference = refer(&name);
        if self.reached.insert(name.clone()) {
            self.queue.push((name, part, form));
        }
        reference
    }

    fn dropped(&mut self, element: &str, text: String) {
        self.findings.add(Finding {
            kind: FindingKind::DroppedAnnotation,
            element: element.to_owned(),
            text,
        });
    }
}

fn refer(name: &str) -> Object {
    object(json!({"$ref": format!("#/components/schemas/{name}")}))
}

/// The object that a literal is.
fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
