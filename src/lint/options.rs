//! What `google.api.field_behavior` says of a field, out of the options' own bytes.

use prost::Message as _;
use prost_reflect::FieldDescriptor;

/// `google.api.FieldBehavior`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    Required,
    OutputOnly,
    Immutable,
    Identifier,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Behaviors {
    #[prost(int32, repeated, tag = "1052")]
    all: Vec<i32>,
}

impl Behavior {
    const fn number(self) -> i32 {
        match self {
            Self::Required => 2,
            Self::OutputOnly => 3,
            Self::Immutable => 5,
            Self::Identifier => 8,
        }
    }
}

/// True if a field has one of these.
pub(super) fn has(field: &FieldDescriptor, wanted: &[Behavior]) -> bool {
    let options = field.options().encode_to_vec();
    let behaviors = Behaviors::decode(options.as_slice()).unwrap_or_default();
    let numbers = behaviors.all;
    wanted.iter().any(|one| numbers.contains(&one.number()))
}
