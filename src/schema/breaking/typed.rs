//! The type of a field or extension, as far as bytes and JSON depend on it.

use prost_reflect::{Cardinality as Label, EnumDescriptor, ExtensionDescriptor, FieldDescriptor};
use prost_reflect::{Kind, Value};

/// Fields and extensions alike.
pub(super) struct Typed {
    pub(super) kind: Kind,
    pub(super) cardinality: Cardinality,
    is_group: bool,
    /// Of what is single and no message.
    pub(super) default: Option<Value>,
}

/// How many values there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cardinality {
    /// None or one.
    Single,
    /// One.
    Required,
    /// Any number.
    Repeated,
    /// Any number, by keys.
    Map,
}

impl Cardinality {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Required => "required",
            Self::Repeated => "repeated",
            Self::Map => "a map",
        }
    }
}

/// Types that write the same bytes and the same JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Varint32,
    Varint64,
    ZigZag32,
    ZigZag64,
    Fixed32,
    Fixed64,
    Float,
    Double,
    Bool,
    String,
    Bytes,
    Enum,
    Message,
    Group,
}

impl Typed {
    pub(super) fn of_field(field: &FieldDescriptor) -> Self {
        let cardinality = if field.is_map() {
            Cardinality::Map
        } else {
            Cardinality::new(field.cardinality())
        };
        let kind = field.kind();
        let default = has_default(&kind, cardinality).then(|| field.default_value());
        Self {
            is_group: field.is_group(),
            kind,
            cardinality,
            default,
        }
    }

    pub(super) fn of_extension(extension: &ExtensionDescriptor) -> Self {
        let cardinality = Cardinality::new(extension.cardinality());
        let kind = extension.kind();
        let default = has_default(&kind, cardinality).then(|| extension.default_value());
        Self {
            is_group: extension.is_group(),
            kind,
            cardinality,
            default,
        }
    }

    /// Whether this reads what `old` wrote.
    pub(super) fn reads(&self, old: &Self) -> bool {
        if self.form() != old.form() {
            return false;
        }
        match (&old.kind, &self.kind) {
            (Kind::Message(old), Kind::Message(new)) => old.full_name() == new.full_name(),
            (Kind::Enum(old), Kind::Enum(new)) => {
                old.full_name() == new.full_name()
                    || (old.name() == new.name() && is_within(old, new))
            }
            _ => true,
        }
    }

    /// The type as a file has it.
    pub(super) fn name(&self) -> String {
        match &self.kind {
            Kind::Message(of) if self.is_group => format!("the group {}", of.full_name()),
            Kind::Message(of) => of.full_name().to_owned(),
            Kind::Enum(of) => of.full_name().to_owned(),
            scalar => format!("{scalar:?}"),
        }
    }

    const fn form(&self) -> Form {
        match self.kind {
            Kind::Int32 | Kind::Uint32 => Form::Varint32,
            Kind::Int64 | Kind::Uint64 => Form::Varint64,
            Kind::Sint32 => Form::ZigZag32,
            Kind::Sint64 => Form::ZigZag64,
            Kind::Fixed32 | Kind::Sfixed32 => Form::Fixed32,
            Kind::Fixed64 | Kind::Sfixed64 => Form::Fixed64,
            Kind::Float => Form::Float,
            Kind::Double => Form::Double,
            Kind::Bool => Form::Bool,
            Kind::String => Form::String,
            Kind::Bytes => Form::Bytes,
            Kind::Enum(_) => Form::Enum,
            Kind::Message(_) if self.is_group => Form::Group,
            Kind::Message(_) => Form::Message,
        }
    }
}

impl Cardinality {
    const fn new(label: Label) -> Self {
        match label {
            Label::Optional => Self::Single,
            Label::Required => Self::Required,
            Label::Repeated => Self::Repeated,
        }
    }
}

const fn has_default(kind: &Kind, cardinality: Cardinality) -> bool {
    let single = matches!(cardinality, Cardinality::Single | Cardinality::Required);
    single && !matches!(kind, Kind::Message(_))
}

/// True if every value of an enum is one of the other, by name and number.
fn is_within(old: &EnumDescriptor, new: &EnumDescriptor) -> bool {
    old.values().all(|value| {
        let same = new.get_value_by_name(value.name());
        same.is_some_and(|same| same.number() == value.number())
    })
}
