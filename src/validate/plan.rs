//! What is known of each message before any input comes: its fields that have rules or lead to some.
//!
//! Messages name each other by index, so cycles are free. A message without rules has no plan.

use std::sync::Arc;

use prost_reflect::FieldDescriptor;

use super::cel::Program;
use super::judge::Test;
use super::violation::RuleStep;

/// The plans of a message and of all that it reaches; the first is the message's own.
#[derive(Debug)]
pub(super) struct Plans {
    pub(super) list: Box<[Plan]>,
}

/// One message.
#[derive(Debug)]
pub(super) struct Plan {
    /// Sorted by number.
    pub(super) fields: Box<[Field]>,
    /// Index + 1 into `fields` by number, where numbers are small.
    pub(super) dense: Box<[u16]>,
    /// Real oneofs of which members are in `fields`.
    pub(super) oneofs: Box<[Oneof]>,
    /// Groups of fields of which at most one may be set.
    pub(super) groups: Box<[Group]>,
    /// Expressions about the whole.
    pub(super) programs: Box<[Expression]>,
    /// The message, for expressions.
    pub(super) message: prost_reflect::MessageDescriptor,
}

/// A real oneof: setting one member unsets the others.
#[derive(Debug)]
pub(super) struct Oneof {
    pub(super) name: Arc<str>,
    /// Indices of its members.
    pub(super) members: Box<[usize]>,
    /// One member must be set.
    pub(super) required: bool,
}

/// `(buf.validate.message).oneof`.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) members: Box<[usize]>,
    pub(super) required: bool,
    /// Told when none is set.
    pub(super) none: Arc<str>,
    /// Told when several are.
    pub(super) several: Arc<str>,
}

/// A field that is looked at.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: Arc<str>,
    pub(super) shape: Shape,
    /// Zero is distinguished from absence.
    pub(super) presence: bool,
    /// Index into [`Plan::oneofs`].
    pub(super) oneof: Option<usize>,
    pub(super) required: bool,
    /// Not judged where it is zero or empty.
    pub(super) spares_zero: bool,
    /// Of the list or map as a whole: sizes, uniqueness.
    pub(super) whole: Box<[Check]>,
    /// Expressions about the list or map as a whole.
    pub(super) programs: Box<[Expression]>,
    /// Of the value, of each element, or of each value of a map.
    pub(super) value: Value,
    /// What an implicit field is that is not there: closed enums do not begin with zero.
    pub(super) default: u64,
    /// The field, for expressions.
    pub(super) descriptor: FieldDescriptor,
}

/// How many values a field has.
#[derive(Debug)]
pub(super) enum Shape {
    Single,
    List,
    /// With what is asked of keys.
    Map(Box<Value>),
}

/// What is asked of one value.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// Elements that are zero are not judged.
    pub(super) spares_zero: bool,
    pub(super) checks: Box<[Check]>,
    pub(super) programs: Box<[Expression]>,
    /// The plan of a message.
    pub(super) child: Option<usize>,
    /// The element's field, for expressions: key and value of a map are fields of its entry.
    pub(super) descriptor: FieldDescriptor,
}

/// What a value is, on the wire and to rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum,
    Message(Known),
    Group,
}

/// Messages that rules see as something else than their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    None,
    Duration,
    Timestamp,
    Any,
    FieldMask,
    /// `google.protobuf.Int32Value` and the like, by what is in field 1.
    Wrapper(Wrapped),
}

/// What a wrapper holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapped {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Bool,
    String,
    Bytes,
}

/// A standard rule, and what is told when it is broken.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) test: Test,
    pub(super) id: Arc<str>,
    pub(super) description: Arc<str>,
    pub(super) rule: Arc<[RuleStep]>,
}

/// A rule in CEL.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) program: Program,
    pub(super) id: Arc<str>,
    /// Told where the expression says only that something is wrong.
    pub(super) description: Arc<str>,
    pub(super) rule: Arc<[RuleStep]>,
    /// Full name of the field or message, for errors.
    pub(super) place: Arc<str>,
}

impl Plan {
    /// The field of this number.
    #[inline]
    pub(super) fn numbered(&self, number: u32) -> Option<(usize, &Field)> {
        let index = match self.dense.get(number as usize) {
            Some(0) => return None,
            Some(&index) => usize::from(index) - 1,
            None => self
                .fields
                .binary_search_by_key(&number, |field| field.number)
                .ok()?,
        };
        Some((index, self.fields.get(index)?))
    }
}

impl Wrapped {
    /// The kind of its field.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Double => Kind::Double,
            Self::Float => Kind::Float,
            Self::Int32 => Kind::Int32,
            Self::Int64 => Kind::Int64,
            Self::Uint32 => Kind::Uint32,
            Self::Uint64 => Kind::Uint64,
            Self::Bool => Kind::Bool,
            Self::String => Kind::String,
            Self::Bytes => Kind::Bytes,
        }
    }
}
