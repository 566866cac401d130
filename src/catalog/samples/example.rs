//! The request that samples and forms begin with. Small on purpose: what is required, what the URL needs,
//! else the first few fields; their values are the catalog's examples.

use prost_reflect::Kind;
use serde_json::{Map, Value};

use super::request;
use crate::catalog::example::{Examples, Side};
use crate::catalog::message::Behavior;
use crate::catalog::{Body, Catalog, Field, Message, Method, Operation, has_own_form};
use crate::schema::HTTP_BODY;

/// Messages inside each other that it has.
const DEPTH_MAX: usize = 4;

/// Fields that stand for a message of which none is required.
const FEW: usize = 3;

/// A request: what its operation needs is in it.
#[must_use]
pub fn request(
    catalog: &Catalog,
    method: &Method,
    operation: Option<&Operation>,
) -> Map<String, Value> {
    let input = method.descriptor.input();
    let Some(message) = catalog.messages.get(input.full_name()) else {
        return Map::new();
    };
    let examples = Examples::new(catalog);
    let mut made = object(catalog, &examples, message, 0);
    let Some(operation) = operation else {
        return made;
    };
    if matches!(operation.body, Body::None)
        && !operation.path_parameters.is_empty()
        && !message.fields.iter().any(Field::is_required)
    {
        // What the URL holds is enough.
        made.clear();
    }
    if let Body::Field { field, .. } = &operation.body
        && let [root] = field.as_slice()
        && let Some(field) = message.field(root.number())
        && let Some(value) = value(catalog, &examples, field, 1)
    {
        made.entry(field.json_name.clone()).or_insert(value);
    }
    for (field, value) in request::path_examples(&examples, operation) {
        request::put(&mut made, &field, value);
    }
    made
}

fn object(
    catalog: &Catalog,
    examples: &Examples<'_>,
    message: &Message,
    depth: usize,
) -> Map<String, Value> {
    let mut made = Map::new();
    if depth >= DEPTH_MAX {
        return made;
    }
    let mut add = |field: &Field| {
        if let Some(value) = value(catalog, examples, field, depth) {
            made.insert(field.json_name.clone(), value);
        }
    };
    let required: Vec<&Field> = message.fields.iter().filter(|f| f.is_required()).collect();
    if required.is_empty() {
        let simple = message.fields.iter().filter(|field| is_simple(field));
        simple.take(FEW).for_each(&mut add);
    }
    required.into_iter().for_each(&mut add);
    for oneof in message.oneofs.iter().filter(|oneof| oneof.required) {
        let first = oneof.fields.first();
        let first = message
            .fields
            .iter()
            .find(|field| Some(&field.json_name) == first);
        first.into_iter().for_each(&mut add);
    }
    made
}

/// True for a field that is a text or a number in JSON, or a list of them, and that a caller would set.
fn is_simple(field: &Field) -> bool {
    let is_text = match field.descriptor.kind() {
        Kind::Message(message) => matches!(
            message.full_name(),
            "google.protobuf.Timestamp" | "google.protobuf.Duration"
        ),
        Kind::Bytes => false,
        _ => true,
    };
    let is_asked = !field.deprecated
        && !field.is(Behavior::OutputOnly)
        && !field.is(Behavior::Identifier)
        && field
            .descriptor
            .containing_oneof()
            .is_none_or(|oneof| oneof.is_synthetic());
    // What a list answered cannot be made up.
    let is_token = field.descriptor.name() == "page_token";
    is_text && is_asked && !is_token && !field.descriptor.is_map()
}

/// An example of a field; none where there is none.
fn value(catalog: &Catalog, examples: &Examples<'_>, field: &Field, depth: usize) -> Option<Value> {
    let descriptor = &field.descriptor;
    let is_one = !descriptor.is_list() && !descriptor.is_map();
    if let Kind::Message(message) = descriptor.kind()
        && is_one
        && !has_own_form(&message)
        && !field.annotations.keywords.contains_key("examples")
        && let Some(message) = catalog.messages.get(message.full_name())
        && message.descriptor.full_name() != HTTP_BODY
    {
        return Some(Value::Object(object(catalog, examples, message, depth + 1)));
    }
    let value = examples.field(descriptor, Side::Request);
    (!value.is_null()).then_some(value)
}
