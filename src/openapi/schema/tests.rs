//! Schemas out of `.proto` texts, row by row, and the round trip.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use prost_reflect::{DescriptorPool, MessageDescriptor};
use serde_json::{Value, json};

use super::*;
use crate::catalog::compiled;
use crate::openapi::options::{
    AdditionalProperties, ComponentNames, Direction, EnumForm, FieldNames, Nullable, Numbers,
    Split, Zeros,
};

mod annotations;
mod fields;
mod forms;
mod generator;
mod messages;
mod random;
mod round_trip;

/// The components that a message of this text reaches.
fn components(text: &str, message: &str, options: &Options, form: Form) -> Map<String, Value> {
    let pool = compiled::pool(text);
    let catalog = compiled::catalog(&pool);
    let mut schemas = Schemas::new(&catalog, options);
    schemas.reference(&find(&pool, message), form);
    schemas.components()
}

fn find(pool: &DescriptorPool, message: &str) -> MessageDescriptor {
    pool.get_message_by_name(&format!("t.{message}")).unwrap()
}

/// The component of `t.M` by default.
fn of_message(text: &str) -> Value {
    components(text, "M", &Options::default(), Form::default())
        .remove("t.M")
        .unwrap()
}

/// The schema of the only field of a message.
fn of_field(field: &str, options: &Options) -> Value {
    let text = format!(
        "enum Color {{ NONE = 0; RED = 1; BLUE = 2; }} message Inner {{ int32 a = 1; }} message M {{ {field} }}"
    );
    let components = components(&text, "M", options, Form::default());
    let properties = components["t.M"]["properties"].as_object().unwrap();
    properties.values().next().unwrap().clone()
}

#[track_caller]
fn check(field: &str, schema: Value) {
    assert_eq!(of_field(field, &Options::default()), schema, "{field}");
}
