//! What calls reuse: buffers and guesses. One call uses a [`Scratch`] at a time; a worker that
//! keeps one stops allocating once it is warm. Nothing in it affects what comes out.

use super::to_json;

/// Buffers that calls reuse: hints, unescape buffer, hit lists.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Unescaped text of the string being read.
    pub(crate) text: Vec<u8>,
    /// Per slot of the plans: one more than the index of the field that came next last time;
    /// 0 is not known.
    pub(crate) successors: Vec<u32>,
    /// Per slot of the plans: bytes its length prefix needed last time; 0 is not known.
    pub(crate) widths: Vec<u8>,
    /// The same for `Struct` entries and values, by depth.
    pub(crate) depth_widths: Vec<u8>,
    /// Seen-sets of the open messages with more fields than fit in a word.
    pub(crate) seen: Vec<u64>,
    /// Keys of the maps that are being read.
    pub(crate) keys: Vec<WrittenKey>,
    /// The `@type`s in the text that was last looked through for them, by object.
    pub(crate) types: Vec<TypeAt>,
    /// What printing reuses.
    pub(crate) print: to_json::Buffers,
}

/// A map key already written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenKey {
    /// Of the encoding, to compare first.
    pub(crate) hash: u64,
    /// Where its encoding stands in the output.
    pub(crate) start: usize,
    /// Where its encoding ends.
    pub(crate) end: usize,
    /// Where it stands in the JSON text.
    pub(crate) text_at: usize,
}

/// An `@type` that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeAt {
    /// Where its object begins in the JSON text.
    pub(crate) object: usize,
    /// Where its value stands.
    pub(crate) url: usize,
}
