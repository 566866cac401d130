//! A message as a value of CEL: its wire bytes, and its fields once somebody asks for one.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use cel::ExecutionError;
use cel::common::traits::{Indexer, Zeroer};
use cel::common::types::{CelString, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use prost_reflect::MessageDescriptor;

use super::value;

/// A message. Cloning it copies nothing.
#[derive(Clone)]
pub(super) struct Message(Arc<Node>);

/// The values of its fields that are set, by number.
pub(super) type Fields = HashMap<u32, Box<dyn Val>>;

struct Node {
    descriptor: MessageDescriptor,
    of_type: Type,
    wire: Bytes,
    depth: usize,
    fields: OnceLock<Result<Fields, String>>,
}

impl Message {
    pub(super) fn new(descriptor: MessageDescriptor, wire: Bytes, depth: usize) -> Self {
        let of_type = Type::new_struct(descriptor.full_name().to_owned());
        Self(Arc::new(Node {
            descriptor,
            of_type,
            wire,
            depth,
            fields: OnceLock::new(),
        }))
    }

    /// Bytes on the wire.
    pub(super) fn len(&self) -> usize {
        self.0.wire.len()
    }

    fn fields(&self) -> Result<&Fields, ExecutionError> {
        let node = &self.0;
        let fields = node
            .fields
            .get_or_init(|| value::fields(&node.descriptor, &node.wire, node.depth));
        fields
            .as_ref()
            .map_err(|reason| ExecutionError::function_error("message", reason))
    }

    /// Whether a field is set; none if there is no such field.
    pub(super) fn has(&self, name: &str) -> Result<Option<bool>, ExecutionError> {
        match self.0.descriptor.get_field_by_name(name) {
            Some(field) => Ok(Some(self.fields()?.contains_key(&field.number()))),
            None => Ok(None),
        }
    }

    /// The value of a field; its default if it is not set.
    pub(super) fn field(&self, name: &str) -> Result<CowVal<'_, 'static>, ExecutionError> {
        let field = self.0.descriptor.get_field_by_name(name);
        let field = field.ok_or_else(|| ExecutionError::no_such_key(name))?;
        Ok(match self.fields()?.get(&field.number()) {
            Some(value) => CowVal::Borrowed(&**value),
            None => CowVal::Owned(value::default(&field, self.0.depth)),
        })
    }
}

/// Without the values, which may be secret and may be many.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.descriptor.full_name())
    }
}

impl Val for Message {
    fn get_type(&self) -> &Type {
        &self.0.of_type
    }

    fn cel_type() -> &'static Type
    where
        Self: Sized,
    {
        // Asked only of types in overloads that are declared by macro, which this one is not.
        &cel::common::types::DYN_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        let Some(other) = other.downcast_ref::<Self>() else {
            return false;
        };
        if self.0.descriptor != other.0.descriptor {
            return false;
        }
        match (self.fields(), other.fields()) {
            (Ok(own), Ok(others)) => {
                own.len() == others.len()
                    && own.iter().all(|(number, value)| {
                        let other = others.get(number);
                        other.is_some_and(|other| value.equals(&**other))
                    })
            }
            _ => false,
        }
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Message {}

impl Indexer for Message {
    fn get<'b, 'v>(&'b self, name: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match name.downcast_ref::<CelString<'_>>() {
            Some(name) => self.field(name.inner()),
            None => Err(ExecutionError::UnexpectedType {
                got: name.get_type().name().to_owned(),
                want: "string".to_owned(),
            }),
        }
    }

    fn steal<'v>(self: Box<Self>, name: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(name).map(CowVal::into_owned)
    }
}

impl Zeroer for Message {
    fn is_zero_value(&self) -> bool {
        self.fields().is_ok_and(HashMap::is_empty)
    }
}
