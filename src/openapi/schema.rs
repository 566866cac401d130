//! Stub.
use crate::catalog::{Catalog, Field};
use crate::protocol;
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use serde_json::{Map, Value, json};
/// Options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// n
    pub names: Names,
    /// u
    pub nullable: Nullable,
}
/// Names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// f
    #[default]
    Full,
    /// s
    Simple,
}
/// Nullable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nullable {
    /// n
    #[default]
    None,
    /// w
    Wrappers,
    /// o
    Optional,
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Form;
impl Form {
    pub(super) fn of(_: &protocol::Options) -> Self {
        Self
    }
}
pub(super) struct Schemas<'c>(&'c Catalog);
impl<'c> Schemas<'c> {
    pub(super) fn new(c: &'c Catalog, _: &Options) -> Self {
        Self(c)
    }
    pub(super) fn described(&self, f: &FieldDescriptor) -> Option<&'c Field> {
        self.0
            .messages
            .get(f.parent_message().full_name())?
            .fields
            .iter()
            .find(|x| x.descriptor == *f)
    }
    pub(super) fn comment(&self, m: &MessageDescriptor) -> String {
        self.0
            .messages
            .get(m.full_name())
            .map(|m| m.comment.clone())
            .unwrap_or_default()
    }
    pub(super) fn requires(&self, _: &MessageDescriptor, _: &[String]) -> bool {
        false
    }
    pub(super) fn reference(&mut self, m: &MessageDescriptor, _: Form) -> Value {
        json!({"$ref": m.full_name()})
    }
    pub(super) fn field(&mut self, _: &FieldDescriptor, _: Form) -> Value {
        json!({})
    }
    pub(super) fn parameter(&mut self, _: &FieldDescriptor, _: Form) -> Value {
        json!({})
    }
    pub(super) fn body_without(
        &mut self,
        _: &MessageDescriptor,
        _: &[String],
        _: &str,
        _: Form,
    ) -> Value {
        json!({})
    }
    pub(super) fn components(self) -> Map<String, Value> {
        Map::new()
    }
}
