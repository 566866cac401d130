//! JSON text to protobuf wire bytes and back, by plans compiled from descriptors.
//!
//! No message object and no JSON tree is built on either way: JSON is read once, forwards, and
//! wire bytes come straight out; wire bytes are indexed message by message and printed.
//!
//! ```text
//!   descriptors --compile--> Plans (immutable, shared by Arc)
//!                              |
//!   JSON text  --- to_wire ----+--- to_json ---  wire bytes
//!   URL text   - text_to_wire -'
//! ```
//!
//! What is guaranteed: work is linear in the input (times at most the depth for what has to be
//! moved), nothing recurses past the depth limit, nothing allocates by a length that was only
//! declared, and no input makes it panic. Knows descriptors in `plan/compile.rs` only, and
//! nothing of HTTP, tokio or the rest of the gateway.
//!
//! | module | is |
//! |---|---|
//! | `plan` | what is known of each message before any input comes |
//! | `json`, `wire` | the two encodings, byte by byte |
//! | `to_wire`, `to_json` | the two directions |
//! | `wkt` | the well-known types' own JSON forms |
//! | `select` | a field below a message, named by `a.b.c` |
//! | `mask` | the fields that a JSON text sets, as a `FieldMask` |

mod error;
mod json;
mod mask;
mod options;
pub(crate) mod plan;
mod scratch;
mod select;
mod to_json;
mod to_wire;
pub(crate) mod wire;
mod wkt;

pub use error::{Error, ErrorKind};
pub use mask::Mask;
pub(crate) use options::DEPTH_CEILING;
pub use options::{PrintOptions, ReadOptions, Unknown, UnknownAny, Zero};
pub(crate) use plan::has_own_form;
pub use plan::{Lowered, PlanId, Plans};
pub use scratch::Scratch;
pub(crate) use select::Step;
pub use select::{Facts, FieldPath, FieldRef, Lost, PathError, Trail};

/// A `Timestamp` as JSON has it, without quotes; none outside of the years 1 to 9999.
pub(crate) fn timestamp_text(seconds: i64, nanos: i32) -> Option<String> {
    unquoted(|out| wkt::print::timestamp(out, seconds, nanos))
}

/// A `Duration` as JSON has it, without quotes; none outside of its range.
pub(crate) fn duration_text(seconds: i64, nanos: i32) -> Option<String> {
    unquoted(|out| wkt::print::duration(out, seconds, nanos))
}

fn unquoted(print: impl FnOnce(&mut Vec<u8>) -> Result<(), String>) -> Option<String> {
    let mut out = Vec::new();
    print(&mut out).ok()?;
    let text = String::from_utf8(out).ok()?;
    Some(text.trim_matches('"').to_owned())
}

impl Plans {
    /// Resolves `a.b.c` (each segment a JSON or proto name) below a message. Only the last
    /// segment may be repeated or a map.
    pub fn field_path(&self, root: PlanId, path: &str) -> Result<FieldPath, PathError> {
        select::resolve(self, root, path)
    }

    /// JSON to wire bytes, appended to `out`. The whole text must be one JSON value. On error
    /// `out` is truncated to its former length.
    pub fn to_wire(
        &self,
        plan: PlanId,
        json: &[u8],
        options: &ReadOptions,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        to_wire::message(self, plan, json, options, scratch, out)
    }

    /// Wire bytes to JSON, appended to `out`. On error `out` is truncated to its former length.
    pub fn to_json(
        &self,
        plan: PlanId,
        wire: &[u8],
        options: &PrintOptions,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        to_json::message(self, plan, wire, options, scratch, out)
    }

    /// JSON value of one field (`body: "field"`) to a wire fragment of the root message, tags and
    /// lengths of the parents around it. On error `out` is truncated to its former length.
    pub fn field_to_wire(
        &self,
        field: &FieldPath,
        json: &[u8],
        options: &ReadOptions,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        to_wire::field(self, field, json, options, scratch, out)
    }

    /// JSON of one field (`response_body: "field"`) out of the root message's wire form.
    pub fn field_to_json(
        &self,
        field: &FieldPath,
        wire: &[u8],
        options: &PrintOptions,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        to_json::field(self, field, wire, options, scratch, out)
    }

    /// One URL text value to a wire fragment of the root message. A repeated scalar gets one
    /// element. `map_key` is the key of `m[key]=value`. On error `out` is truncated to its
    /// former length.
    pub fn text_to_wire<'f>(
        &self,
        field: impl Into<FieldRef<'f>>,
        map_key: Option<&str>,
        text: &str,
        zero: Zero,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        to_wire::text(self, field.into(), map_key, text, zero, scratch, out)
    }

    /// The content of a bytes field, or a message in wire form, to a wire fragment of the root
    /// message; the pieces are joined, and a list gets one element. On error `out` is truncated to
    /// its former length.
    pub fn payload_to_wire<'f>(
        &self,
        field: impl Into<FieldRef<'f>>,
        map_key: Option<&str>,
        pieces: &[&[u8]],
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        to_wire::payload(self, field.into(), map_key, pieces, scratch, out)
    }

    /// The key of a map that has no text keys, as the bits of its value: two spellings of one key
    /// are equal. `None` for text keys, and for text that is no such key.
    pub fn numeric_key<'f>(&self, field: impl Into<FieldRef<'f>>, key: &str) -> Option<u64> {
        to_wire::numeric_key(self, field.into(), key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
