//! How JSON is read and written: choices of the configuration, plain values.

/// How JSON is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Unknown fields and names of enum values: refuse or skip.
    pub unknown: Unknown,
    /// Deepest nesting of messages, lists and objects, the root counted, and what is more of it on the
    /// wire: two levels for an element of a `ListValue`, three for a member of a `Struct`. Values
    /// above 200 mean that ceiling.
    pub depth_max: usize,
    /// Wire bytes at most.
    pub output_max: usize,
}

/// What to do with a field, or the name of an enum value, that the schema does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// An error that names it.
    Refuse,
    /// Skip it; its value must still be JSON.
    Ignore,
}

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
    /// Deepest nesting, the root counted. Values above 200 mean that ceiling.
    pub depth_max: usize,
    /// JSON bytes at most.
    pub output_max: usize,
}

/// What to do with an `Any` whose type the schema does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAny {
    /// An error that names the type.
    Refuse,
    /// `{"@type": …, "value": "<base64>"}`.
    Base64,
}

/// Whether a zero value of an implicit-presence field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero {
    /// Left out, as a generated client would (query parameters).
    Omit,
    /// Written, so that it overrides an earlier value (path bindings).
    Write,
}

/// Deepest nesting unless an option says otherwise; what protobuf parsers agree on.
pub(crate) const DEPTH_DEFAULT: usize = 100;

/// Deepest nesting any option can ask for: both directions recurse, and this much fits in the
/// stack of a worker thread even without optimisation.
pub(crate) const DEPTH_CEILING: usize = 200;

/// Output bytes at most unless an option says otherwise.
const OUTPUT_DEFAULT: usize = 4 << 20;

/// JSON bytes for one wire byte at most. A field of two bytes may have a name of forty, but a whole
/// message of such fields is an attack, not an answer.
const JSON_GROWTH_MAX: usize = 8;

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            unknown: Unknown::Refuse,
            depth_max: DEPTH_DEFAULT,
            output_max: OUTPUT_DEFAULT,
        }
    }
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self {
            emit_defaults: false,
            proto_names: false,
            enum_numbers: false,
            unknown_any: UnknownAny::Refuse,
            depth_max: DEPTH_DEFAULT,
            output_max: JSON_GROWTH_MAX * OUTPUT_DEFAULT,
        }
    }
}
