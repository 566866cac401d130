//! One key of a section: what the file says and where, or nothing.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_saphyr::{Location, Spanned};

/// A key that may be left out, which is not the same as naming its default: what stands beneath
/// it, a preset or the gateway's own choice, then shows through.
#[derive(Clone, Debug)]
pub(in crate::config) struct Key<T> {
    /// What the file says.
    pub(in crate::config) value: Option<T>,
    /// Where it says so.
    pub(in crate::config) place: Location,
}

impl<T> Default for Key<T> {
    fn default() -> Self {
        Self {
            value: None,
            place: Location::UNKNOWN,
        }
    }
}

impl<T> Key<T> {
    /// A value that stands in no file.
    pub(in crate::config) const fn of(value: T) -> Self {
        Self {
            value: Some(value),
            place: Location::UNKNOWN,
        }
    }

    pub(in crate::config) const fn is_absent(&self) -> bool {
        self.value.is_none()
    }
}

impl<T: Clone> Key<T> {
    /// This key where it is given, else the one beneath.
    pub(in crate::config) fn over(&self, beneath: &Self) -> Self {
        if self.is_absent() { beneath } else { self }.clone()
    }

    /// The value, or this one.
    pub(in crate::config) fn or(&self, default: T) -> T {
        self.value.clone().unwrap_or(default)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Key<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Spanned::deserialize(from).map(|spanned| Self {
            value: Some(spanned.value),
            place: spanned.defined,
        })
    }
}

impl<T: Serialize> Serialize for Key<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(to)
    }
}

/// Whoever edits the file sees the value only.
impl<T: JsonSchema> JsonSchema for Key<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
