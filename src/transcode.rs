//! JSON text to protobuf wire bytes and back, by plans compiled from descriptors.
//!
//! No message object and no JSON tree is built on either way. Knows descriptors in
//! `plan/compile.rs` only, and nothing of HTTP, tokio or the rest of the gateway.

use prost_reflect::DescriptorPool;

/// Plans for every message of a pool. Immutable; share it by `Arc`.
#[derive(Debug)]
pub struct Plans { }

/// Index of one message's plan within its [`Plans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanId(pub(crate) u32);

impl Plans {
    /// Compiles every message of the pool.
    pub fn compile(_pool: &DescriptorPool) -> Self { todo!() }
    /// The plan of a message by full name.
    pub fn find(&self, _full_name: &str) -> Option<PlanId> { todo!() }
    /// The message's full name.
    pub fn name(&self, _plan: PlanId) -> &str { todo!() }

    /// Resolves `a.b.c` (each segment a JSON or proto name) below a message. Only the last segment may be repeated or a map.
    pub fn field_path(&self, _root: PlanId, _path: &str) -> Result<FieldPath, PathError> { todo!() }

    /// JSON -> wire, appended to `out`. Whole text must be one JSON value.
    pub fn to_wire(&self, _plan: PlanId, _json: &[u8], _options: &ReadOptions, _scratch: &mut Scratch, _out: &mut Vec<u8>) -> Result<(), Error> { todo!() }
    /// wire -> JSON, appended to `out`. On error `out` is truncated to its former length.
    pub fn to_json(&self, _plan: PlanId, _wire: &[u8], _options: &PrintOptions, _scratch: &mut Scratch, _out: &mut Vec<u8>) -> Result<(), Error> { todo!() }
    /// JSON value of one field (`body: "field"`) -> wire fragment of the root message (tags and lengths of the parents around it).
    pub fn field_to_wire(&self, _field: &FieldPath, _json: &[u8], _options: &ReadOptions, _scratch: &mut Scratch, _out: &mut Vec<u8>) -> Result<(), Error> { todo!() }
    /// JSON of one field (`response_body: "field"`) out of the root message's wire form. Absent: the field's default JSON (`{}`-like per kind: null for messages without presence set? see impl).
    pub fn field_to_json(&self, _field: &FieldPath, _wire: &[u8], _options: &PrintOptions, _scratch: &mut Scratch, _out: &mut Vec<u8>) -> Result<(), Error> { todo!() }
    /// One URL text value -> wire fragment of the root message. Repeated scalar: one element. `map_key`: for `m[key]=value`.
    pub fn text_to_wire(&self, _field: &FieldPath, _map_key: Option<&str>, _text: &str, _zero: Zero, _scratch: &mut Scratch, _out: &mut Vec<u8>) -> Result<(), Error> { todo!() }
}

/// A field below a root message.
#[derive(Clone, Debug)]
pub struct FieldPath { }

impl FieldPath {
    /// Dotted proto names, canonical: two spellings of one field give equal names.
    pub fn name(&self) -> &str { todo!() }
    /// repeated (not map)
    pub fn is_repeated(&self) -> bool { todo!() }
    /// map
    pub fn is_map(&self) -> bool { todo!() }
    /// True for message kinds other than those with a text form (Timestamp, Duration, FieldMask, wrappers, Value, Struct, ListValue).
    pub fn is_plain_message(&self) -> bool { todo!() }
    /// The oneofs (by canonical dotted name) that setting this path sets a member of, outermost first, as (oneof path, member name).
    pub fn oneofs(&self) -> &[(String, String)] { todo!() }
    /// Plan of the message at the path, if the last field is a message.
    pub fn message(&self) -> Option<PlanId> { todo!() }
    /// Path is `other` or lies beneath it.
    pub fn is_at_or_under(&self, _other: &FieldPath) -> bool { todo!() }
}

/// Whether a zero value of an implicit-presence field is written (path bindings) or left out (query).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero { /// left out
 Omit, /// written
 Write }

/// Why a path names no field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// no such field
    #[error("{message} has no field {segment:?}")]
    Unknown { /// message
        message: String, /// segment
        segment: String },
    /// path continues below a scalar, list or map
    #[error("{field} is {kind}, so nothing can be named beneath it")]
    NotAMessage { /// field
        field: String, /// kind
        kind: String },
    /// too deep
    #[error("the path has more than {max} segments")]
    TooDeep { /// max
        max: usize },
}

/// How JSON is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Unknown fields: refuse or skip.
    pub unknown: Unknown,
    /// Deepest nesting of messages, lists and objects.
    pub depth_max: usize,
    /// Wire bytes at most.
    pub output_max: usize,
}

/// What to do with a field the schema does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown { /// An error that names it.
    Refuse, /// Skip it.
    Ignore }

/// How JSON is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintOptions {
    /// Write fields that hold their default (implicit presence, lists, maps).
    pub emit_defaults: bool,
    /// Field names as in the proto file instead of lowerCamelCase.
    pub proto_names: bool,
    /// Enum values as numbers.
    pub enum_numbers: bool,
    /// An `Any` whose type is unknown: an error, or `{"@type", "value": base64}`.
    pub unknown_any: UnknownAny,
    /// Deepest nesting.
    pub depth_max: usize,
    /// JSON bytes at most.
    pub output_max: usize,
}
/// see PrintOptions::unknown_any
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAny { /// err
 Refuse, /// base64
 Base64 }

/// Buffers that calls reuse: hints, unescape buffer, hit lists.
#[derive(Debug, Default)]
pub struct Scratch { }

/// What was wrong with an input, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// `items[3].price.units`; empty at the root.
    pub path: String,
    /// What was found and what was expected; never more than 100 bytes of input.
    pub message: String,
    /// Byte offset into the input, where one helps (broken JSON).
    pub offset: Option<usize>,
    /// Which kind of failure
    pub kind: ErrorKind,
}
/// kind
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind { /// The input is wrong.
    Invalid, /// A bound was exceeded (output_max).
    TooLarge }
