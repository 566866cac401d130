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
