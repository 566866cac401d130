//! A field's descriptor, whether the message has it itself or another file adds it.

use std::fmt;

use prost_reflect::{
    Cardinality, DynamicMessage, ExtensionDescriptor, FileDescriptor, Kind, MessageDescriptor,
    OneofDescriptor,
};

/// A field, or an extension: both are fields to whoever reads or writes a message.
#[derive(Clone, PartialEq, Eq)]
pub enum FieldDescriptor {
    /// One of the message's own.
    Own(prost_reflect::FieldDescriptor),
    /// A proto2 extension.
    Extension(ExtensionDescriptor),
}

/// The name only: descriptors refer to each other in circles.
impl fmt::Debug for FieldDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.full_name())
    }
}

/// Calls a method that both kinds have.
macro_rules! both {
    ($self:ident, $field:ident => $call:expr) => {
        match $self {
            Self::Own($field) => $call,
            Self::Extension($field) => $call,
        }
    };
}

impl FieldDescriptor {
    /// The proto name; of an extension without its package.
    #[must_use]
    pub fn name(&self) -> &str {
        both!(self, field => field.name())
    }

    /// The name as JSON, paths and masks of the gateway have it: the proto name, or `[full.name]`.
    #[must_use]
    pub fn proto_name(&self) -> String {
        match self {
            Self::Own(field) => field.name().to_owned(),
            Self::Extension(field) => format!("[{}]", field.full_name()),
        }
    }

    /// The name in JSON: lowerCamelCase, what `json_name` says, or `[full.name]`.
    #[must_use]
    pub fn json_name(&self) -> String {
        match self {
            Self::Own(field) => field.json_name().to_owned(),
            Self::Extension(_) => self.proto_name(),
        }
    }

    /// `pkg.Message.field`; of an extension the name by which it is declared.
    #[must_use]
    pub fn full_name(&self) -> &str {
        both!(self, field => field.full_name())
    }

    /// The number on the wire.
    #[must_use]
    pub fn number(&self) -> u32 {
        both!(self, field => field.number())
    }

    /// What a value is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        both!(self, field => field.kind())
    }

    /// Optional, required or repeated.
    #[must_use]
    pub fn cardinality(&self) -> Cardinality {
        both!(self, field => field.cardinality())
    }

    /// It is repeated, and no map.
    #[must_use]
    pub fn is_list(&self) -> bool {
        both!(self, field => field.is_list())
    }

    /// It is a map.
    #[must_use]
    pub fn is_map(&self) -> bool {
        both!(self, field => field.is_map())
    }

    /// It is a group.
    #[must_use]
    pub fn is_group(&self) -> bool {
        both!(self, field => field.is_group())
    }

    /// A value that is there is told from one that is not, zero or not.
    #[must_use]
    pub fn supports_presence(&self) -> bool {
        both!(self, field => field.supports_presence())
    }

    /// The oneof it is a member of, synthetic ones included.
    #[must_use]
    pub fn containing_oneof(&self) -> Option<OneofDescriptor> {
        match self {
            Self::Own(field) => field.containing_oneof(),
            Self::Extension(_) => None,
        }
    }

    /// The message that has it.
    #[must_use]
    pub fn containing_message(&self) -> MessageDescriptor {
        match self {
            Self::Own(field) => field.parent_message().clone(),
            Self::Extension(field) => field.containing_message(),
        }
    }

    /// The file that declares it.
    #[must_use]
    pub fn parent_file(&self) -> FileDescriptor {
        both!(self, field => field.parent_file())
    }

    /// Its place in that file.
    #[must_use]
    pub fn path(&self) -> &[i32] {
        both!(self, field => field.path())
    }

    /// Its descriptor as it came.
    #[must_use]
    pub fn field_descriptor_proto(&self) -> &prost_types::FieldDescriptorProto {
        both!(self, field => field.field_descriptor_proto())
    }

    /// Its options. Panics on options that do not fit their definitions: only behind a guard.
    pub(crate) fn options(&self) -> DynamicMessage {
        both!(self, field => field.options())
    }

    /// The message of its values, of its elements, or of its map's values.
    #[must_use]
    pub fn message(&self) -> Option<MessageDescriptor> {
        self.value_kind().as_message().cloned()
    }

    /// What its values are, its elements, or its map's values.
    #[must_use]
    pub fn value_kind(&self) -> Kind {
        let kind = self.kind();
        match kind.as_message() {
            Some(entry) if self.is_map() => entry.map_entry_value_field().kind(),
            _ => kind,
        }
    }
}

impl From<prost_reflect::FieldDescriptor> for FieldDescriptor {
    fn from(field: prost_reflect::FieldDescriptor) -> Self {
        Self::Own(field)
    }
}

impl From<ExtensionDescriptor> for FieldDescriptor {
    fn from(field: ExtensionDescriptor) -> Self {
        Self::Extension(field)
    }
}
