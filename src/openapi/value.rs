//! Values of JSON on their way into a document, and utoipa's types on theirs out of it.

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType};

use super::convert::walk::Object;

/// A type of utoipa as an object of JSON.
pub(super) fn object(typed: &impl Serialize) -> Object {
    match serde_json::to_value(typed) {
        Ok(Value::Object(object)) => object,
        // None of those types is anything but an object with text for keys.
        Ok(_) | Err(_) => Object::new(),
    }
}

/// A schema as JSON Schema has it, in utoipa's terms: its own types know too few keywords.
pub(super) fn schema(value: Value) -> RefOr<Schema> {
    let keywords = match value {
        Value::Object(keywords) => keywords,
        _ => Object::new(),
    };
    let raw = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .extensions(Some(keywords.into_iter().collect::<Extensions>()));
    RefOr::T(Schema::Object(raw.build()))
}

/// Sorts the members of a document, but where their order says something: paths, properties, media
/// types.
pub(super) fn sort(document: &mut Object) {
    sort_members(document, Place::Document);
}

/// What an object of a document is, as far as its order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Its members have fixed names, or an order by name.
    Document,
    /// Its members have names of their own, in an order that says something.
    Ordered,
    /// Its members have names of their own, in any order.
    Named,
}

fn sort_members(members: &mut Object, place: Place) {
    if place != Place::Ordered {
        members.sort_keys();
    }
    for (name, value) in members.iter_mut() {
        let within = match (place, name.as_str()) {
            (Place::Document, "paths" | "properties" | "content") => Place::Ordered,
            (Place::Document, "schemas" | "responses" | "securitySchemes" | "headers") => {
                Place::Named
            }
            // What people wrote stays as they wrote it.
            (Place::Document, "example" | "default" | "value" | "const" | "enum") => continue,
            (Place::Document | Place::Ordered | Place::Named, _) => Place::Document,
        };
        sort_value(value, within);
    }
}

fn sort_value(value: &mut Value, place: Place) {
    match value {
        Value::Object(members) => sort_members(members, place),
        Value::Array(items) => {
            for item in items {
                sort_value(item, place);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
