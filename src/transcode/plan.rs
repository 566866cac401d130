//! What is known of each message before any input comes: immutable tables, compiled once per
//! schema load. Messages name each other by index, so cycles are free.

mod compile;
mod names;

use std::collections::{HashMap, HashSet};

pub(crate) use compile::has_own_form;
pub(crate) use names::{Names, hash};

/// Plans for every message of a pool. Immutable; share it by `Arc`.
#[derive(Debug)]
pub struct Plans {
    plans: Box<[Plan]>,
    enums: Box<[EnumPlan]>,
    by_name: HashMap<Box<str>, PlanId>,
    slots: usize,
}

/// Index of one message's plan within its [`Plans`]. It means nothing to other `Plans`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanId(pub(crate) u32);

/// Index of one enum's plan within its [`Plans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EnumId(pub(crate) u32);

/// What descriptors that were rewritten from an edition to proto3 no longer tell.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// Full names of enums that are closed although their file's syntax says open.
    pub closed_enums: HashSet<String>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Full name.
    pub(crate) name: Box<str>,
    /// In field-number order, extensions included.
    pub(crate) fields: Box<[Field]>,
    /// Names of the real (not synthetic) oneofs.
    pub(crate) oneofs: Box<[Box<str>]>,
    /// Its JSON form is not an object of its fields.
    pub(crate) wkt: Option<Wkt>,
    /// Index of the field that is an update's mask: the singular `FieldMask` named `update_mask`, or
    /// the only one.
    pub(crate) mask: Option<u32>,
    /// First of `1 + fields.len()` slots in a scratch: the start of the object, then each field.
    pub(crate) slot: usize,
    /// Index + 1 by field number, where numbers are small.
    dense: Box<[u16]>,
    /// JSON and proto names (`[full.name]` of extensions).
    names: Names,
}

/// One field or extension.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// Of the field, of its elements, or of its map's values.
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    pub(crate) presence: Presence,
    /// Index of its real oneof in [`Plan::oneofs`].
    pub(crate) oneof: Option<u32>,
    /// The tag it is written with: length-delimited where packed or a map, start-group for groups.
    pub(crate) tag: Tag,
    /// The wire type of one element.
    pub(crate) wire_type: WireType,
    /// The tag of one element (differs from `tag` for packed lists only).
    pub(crate) element_tag: Tag,
    /// Proto name; `[full.name]` of extensions.
    pub(crate) name: Box<str>,
    /// JSON name; `[full.name]` of extensions.
    pub(crate) json_name: Box<str>,
    /// `"jsonName":`, escaped
    pub(crate) json_key: Box<[u8]>,
    /// `"proto_name":`, escaped
    pub(crate) proto_key: Box<[u8]>,
    /// The proto name is another field's JSON name, and as a key means that one.
    pub(crate) shadowed: bool,
    /// The default that a proto2 file declares.
    pub(crate) default: Declared,
}

/// A declared default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Nothing,
    /// As on the wire: of varints the value, of the others their bits.
    Number(u64),
    Text(Box<[u8]>),
    Bytes(Box<[u8]>),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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
    Enum(EnumId),
    Message(PlanId),
    /// A message between a start-group and an end-group tag.
    Group(PlanId),
}

/// How many values a field has, and how they are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Single,
    /// One tag per element.
    List,
    /// One tag and length for all elements.
    Packed,
    /// Entries with this key in field 1 and the field's kind in field 2.
    Map(Kind),
}

/// Whether a field's zero value is distinguished from its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Optional, required, oneof members, messages.
    Explicit,
    /// Zero is absence.
    Implicit,
}

/// The low three bits of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Len = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// An encoded tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    bytes: [u8; 5],
    len: u8,
}

/// Messages whose JSON form is special. Given only where the descriptor has the standard fields,
/// so both directions may rely on their numbers and kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wkt {
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    /// `Int32Value` and the like: field `value` = 1 of this kind.
    Wrapper(Kind),
}

/// One enum.
#[derive(Debug)]
pub(crate) struct EnumPlan {
    /// Full name.
    pub(crate) name: Box<str>,
    /// Unknown numbers are refused in JSON.
    pub(crate) closed: bool,
    /// It is `google.protobuf.NullValue`, whose JSON form is `null`.
    pub(crate) null: bool,
    /// Sorted by number, the first declared name of each.
    values: Box<[EnumValue]>,
    /// Every name, aliases too, to an index into `numbers`.
    names: Names,
    numbers: Box<[i32]>,
}

#[derive(Debug)]
struct EnumValue {
    number: i32,
    quoted: Box<[u8]>,
}

impl Plans {
    /// The plan of a message by full name.
    pub fn find(&self, full_name: &str) -> Option<PlanId> {
        self.by_name.get(full_name).copied()
    }

    /// The message's full name.
    pub fn name(&self, plan: PlanId) -> &str {
        &self.plan(plan).name
    }

    pub(crate) fn plan(&self, id: PlanId) -> &Plan {
        &self.plans[id.0 as usize]
    }

    pub(crate) fn enumeration(&self, id: EnumId) -> &EnumPlan {
        &self.enums[id.0 as usize]
    }

    /// Full names of the enums whose undeclared numbers JSON does not have.
    pub(crate) fn closed_enums(&self) -> impl Iterator<Item = &str> {
        let closed = self.enums.iter().filter(|of| of.closed);
        closed.map(|of| &*of.name)
    }

    /// How many slots a scratch needs for these plans.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }
}

impl Plan {
    /// Index of the field of this number.
    pub(crate) fn by_number(&self, number: u32) -> Option<usize> {
        match self.dense.get(number as usize) {
            Some(0) => None,
            Some(&index) => Some(usize::from(index) - 1),
            None => self
                .fields
                .binary_search_by_key(&number, |field| field.number)
                .ok(),
        }
    }

    /// Within an `Any` its JSON stands under `value`, not beside `@type`. `Empty` too, whose JSON is
    /// an object like any other.
    pub(crate) fn is_value_of_any(&self) -> bool {
        self.wkt.is_some() || (self.fields.is_empty() && &*self.name == "google.protobuf.Empty")
    }

    /// The field of this number, and its index.
    #[inline]
    pub(crate) fn numbered(&self, number: u32) -> Option<(usize, &Field)> {
        let index = self.by_number(number)?;
        Some((index, self.fields.get(index)?))
    }

    /// Index of the field of this JSON or proto name.
    pub(crate) fn by_name(&self, name: &[u8]) -> Option<usize> {
        self.names.get(name)
    }
}

impl Field {
    /// It extends the message from outside, and is known as `[full.name]`.
    pub(crate) fn is_extension(&self) -> bool {
        self.name.starts_with('[')
    }
}

impl EnumPlan {
    /// The value that counts where none is given: the first declared.
    pub(crate) fn default_number(&self) -> i32 {
        self.numbers.first().copied().unwrap_or(0)
    }

    /// The number of a value's name or alias.
    pub(crate) fn number(&self, name: &[u8]) -> Option<i32> {
        self.numbers.get(self.names.get(name)?).copied()
    }

    /// `"NAME"` of a number, quotes included.
    pub(crate) fn quoted(&self, number: i32) -> Option<&[u8]> {
        let value = match self.values.get(number as usize) {
            Some(value) if value.number == number => value,
            _ => {
                let index = self.values.binary_search_by_key(&number, |v| v.number);
                self.values.get(index.ok()?)?
            }
        };
        Some(&value.quoted)
    }

    /// The enum has a value of this number.
    pub(crate) fn has(&self, number: i32) -> bool {
        self.quoted(number).is_some()
    }
}

impl Kind {
    /// The wire type of one value.
    pub(crate) fn wire_type(self) -> WireType {
        match self {
            Self::Int32
            | Self::Int64
            | Self::Uint32
            | Self::Uint64
            | Self::Sint32
            | Self::Sint64
            | Self::Bool
            | Self::Enum(_) => WireType::Varint,
            Self::Double | Self::Fixed64 | Self::Sfixed64 => WireType::Fixed64,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::Fixed32,
            Self::String | Self::Bytes | Self::Message(_) => WireType::Len,
            Self::Group(_) => WireType::StartGroup,
        }
    }

    /// The plan of a message or group.
    pub(crate) fn message(self) -> Option<PlanId> {
        match self {
            Self::Message(id) | Self::Group(id) => Some(id),
            _ => None,
        }
    }

    /// The protobuf word for it, with its article.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Double => "a double",
            Self::Float => "a float",
            Self::Int32 => "an int32",
            Self::Int64 => "an int64",
            Self::Uint32 => "a uint32",
            Self::Uint64 => "a uint64",
            Self::Sint32 => "a sint32",
            Self::Sint64 => "a sint64",
            Self::Fixed32 => "a fixed32",
            Self::Fixed64 => "a fixed64",
            Self::Sfixed32 => "a sfixed32",
            Self::Sfixed64 => "a sfixed64",
            Self::Bool => "a bool",
            Self::String => "a string",
            Self::Bytes => "bytes",
            Self::Enum(_) => "an enum value",
            Self::Message(_) => "a message",
            Self::Group(_) => "a group",
        }
    }
}

impl Tag {
    /// Encodes a tag.
    pub(crate) fn new(number: u32, wire_type: WireType) -> Self {
        let mut bytes = [0; 5];
        let mut len = 0;
        let mut rest = (u64::from(number) << 3) | wire_type as u64;
        for byte in &mut bytes {
            len += 1;
            *byte = (rest & 0x7F) as u8;
            rest >>= 7;
            if rest == 0 {
                break;
            }
            *byte |= 0x80;
        }
        Self { bytes, len }
    }

    /// Its bytes, one to five.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}
