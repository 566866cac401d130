//! Messages, fields and enums as people read them.

use std::collections::HashMap;
use std::fmt;

use prost_reflect::{Cardinality, EnumDescriptor, MessageDescriptor};

use super::annotations;
use super::field::FieldDescriptor;
use super::rules::{MessageRules, Rules};

/// A message.
pub struct Message {
    /// Its descriptor.
    pub descriptor: MessageDescriptor,
    /// The comment, cleaned.
    pub comment: String,
    /// Itself or its file.
    pub deprecated: bool,
    /// The fields that may be seen, in the order of declaration, extensions after them by number.
    pub fields: Vec<Field>,
    /// Places of the fields, by their numbers.
    pub(super) by_number: HashMap<u32, usize>,
    /// Its oneofs of two and more visible fields, in order; synthetic ones are not among them.
    pub oneofs: Vec<Oneof>,
    /// `google.api.resource`.
    pub resource: Option<Resource>,
    /// What `openapiv2_schema` and its like say.
    pub annotations: annotations::Schema,
    /// What protovalidate asks of the whole message.
    pub rules: MessageRules,
    /// Full names of the messages with a field of this type, and paths (`/pkg.Service/Method`) of the
    /// methods that take or give it; sorted.
    pub used_by: Vec<String>,
}

/// A oneof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oneof {
    /// Its name.
    pub name: String,
    /// The comment, cleaned.
    pub comment: String,
    /// JSON names of its visible fields, in order.
    pub fields: Vec<String>,
    /// `(buf.validate.oneof).required`.
    pub required: bool,
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Its descriptor: name, number, kind, cardinality, presence.
    pub descriptor: FieldDescriptor,
    /// lowerCamelCase, or what `json_name` says; `[full.name]` for an extension.
    pub json_name: String,
    /// The comment, cleaned; trailing comment included.
    pub comment: String,
    /// Itself, its message, or its message's file.
    pub deprecated: bool,
    /// The option `debug_redact`: its values are not for everybody's eyes.
    pub redacted: bool,
    /// `google.api.field_behavior`, sorted, each once.
    pub behaviors: Vec<Behavior>,
    /// `google.api.field_info.format`.
    pub format: Option<Format>,
    /// `google.api.resource_reference`: the type it names (`*`: any).
    pub reference: Option<String>,
    /// The name field of a resource: its patterns are the field's.
    pub names_resource: bool,
    /// What protovalidate asks of it.
    pub rules: Rules,
    /// What `openapiv2_field` and its like say.
    pub annotations: annotations::Schema,
}

/// `google.api.FieldBehavior`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behavior {
    /// OPTIONAL.
    Optional,
    /// REQUIRED.
    Required,
    /// OUTPUT_ONLY.
    OutputOnly,
    /// INPUT_ONLY.
    InputOnly,
    /// IMMUTABLE.
    Immutable,
    /// UNORDERED_LIST.
    UnorderedList,
    /// NON_EMPTY_DEFAULT.
    NonEmptyDefault,
    /// IDENTIFIER.
    Identifier,
}

/// `google.api.FieldInfo.Format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// UUID4.
    Uuid4,
    /// IPV4.
    Ipv4,
    /// IPV6.
    Ipv6,
    /// IPV4_OR_IPV6.
    Ipv4OrIpv6,
}

/// `google.api.resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `library.example.com/Book`.
    pub kind: String,
    /// `shelves/{shelf}/books/{book}`, in order.
    pub patterns: Vec<String>,
    /// The field that holds the name.
    pub name_field: String,
}

/// An enum.
pub struct Enum {
    /// Its descriptor.
    pub descriptor: EnumDescriptor,
    /// The comment, cleaned.
    pub comment: String,
    /// Itself or its file.
    pub deprecated: bool,
    /// Numbers that nobody declared never come: the gateway leaves them out.
    pub closed: bool,
    /// The values that may be seen, aliases too, in the order of declaration.
    pub values: Vec<EnumValue>,
    /// What `openapiv2_enum` and its like say.
    pub annotations: annotations::Schema,
    /// Full names of the messages with a field of this type; sorted.
    pub used_by: Vec<String>,
}

/// A value of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumValue {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: i32,
    /// The comment, cleaned.
    pub comment: String,
    /// The option `deprecated`.
    pub deprecated: bool,
}

/// Names only: descriptors refer to each other in circles.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("name", &self.descriptor.full_name())
            .field("fields", &self.fields)
            .field("oneofs", &self.oneofs)
            .finish_non_exhaustive()
    }
}

/// Names only: descriptors refer to each other in circles.
impl fmt::Debug for Enum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enum")
            .field("name", &self.descriptor.full_name())
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// The field of this number; none if it may not be seen.
    #[must_use]
    pub fn field(&self, number: u32) -> Option<&Field> {
        self.fields.get(*self.by_number.get(&number)?)
    }

    /// True if whoever sends the message must set the field, by whatever says so: its own rules and
    /// annotations, or the message's.
    #[must_use]
    pub fn requires(&self, field: &Field) -> bool {
        let is_named = || self.annotations.required.contains(&field.json_name);
        let is_annotated = field.annotations.is_required || is_named();
        field.is_required() || (is_annotated && !field.is(Behavior::OutputOnly))
    }
}

impl Format {
    /// Its name as a format of JSON Schema; of the two addresses the older.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uuid4 => "uuid",
            Self::Ipv4 | Self::Ipv4OrIpv6 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

impl Field {
    /// True if it has a behaviour.
    #[must_use]
    pub fn is(&self, behavior: Behavior) -> bool {
        self.behaviors.contains(&behavior)
    }

    /// True if whoever sends the message must set it: by REQUIRED, protovalidate or proto2's `required`,
    /// and not OUTPUT_ONLY.
    #[must_use]
    pub fn is_required(&self) -> bool {
        let is_asked_for = self.is(Behavior::Required)
            || self.rules.required
            || self.descriptor.cardinality() == Cardinality::Required;
        is_asked_for && !self.is(Behavior::OutputOnly)
    }
}
