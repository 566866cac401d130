//! A JSON object as a map field: an entry message per key.

use super::{KEPT_MAX, Writer};
use crate::transcode::error::Fault;
use crate::transcode::json::number;
use crate::transcode::plan::{Field, Kind, Presence, Tag, hash};
use crate::transcode::scratch::WrittenKey;
use crate::transcode::wire::write::{Scalar, put_varint};

/// Up to this many keys, comparing each with each is quicker than sorting.
const PAIRWISE_MAX: usize = 8;

/// Bytes of the shortest member and its comma: `"":0,`.
const MEMBER_BYTES_MIN: usize = 5;

impl<'c> Writer<'c, '_> {
    /// An object of entries, braces included.
    pub(super) fn map(&mut self, field: &'c Field, key: Kind, slot: usize) -> Result<(), Fault> {
        let key_tag = Tag::new(1, key.wire_type());
        let value_tag = Tag::new(2, field.kind.wire_type());
        self.entries(|writer| {
            let from = writer.out.len();
            writer.out.extend_from_slice(field.tag.bytes());
            let prefix = writer.open_length(slot);
            writer.out.extend_from_slice(key_tag.bytes());
            let key_at = writer.json.at();
            let key_from = writer.out.len();
            writer.map_key(key)?;
            let key_to = writer.out.len();
            writer
                .entry_value(field.kind, value_tag, slot)
                .map_err(|fault| writer.name_entry(fault, key_at))?;
            if writer.out.len() == key_to {
                // A value that is passed over takes its entry with it.
                writer.out.truncate(from);
                return Ok(None);
            }
            writer.close_length(slot, prefix);
            Ok(Some((key_at, key_to - key_from)))
        })
    }

    fn entry_value(&mut self, kind: Kind, tag: Tag, slot: usize) -> Result<(), Fault> {
        self.json.expect(b':', "`:`")?;
        if self.json.token() == b'n' && !self.takes_null(kind) {
            return Err(self.json.unexpected(self.noun(kind)));
        }
        // The value's own length shares the entry's guess: they differ by the key.
        self.value(kind, tag.bytes(), 2, slot, Presence::Explicit)
    }

    /// Entries of a map or `Struct`, braces included. `entry` writes one, or nothing, and gives
    /// the offset of its key in the text and the length of its key's encoding, which follows the
    /// entry's tag and length and a one-byte tag.
    pub(super) fn entries(
        &mut self,
        mut entry: impl FnMut(&mut Self) -> Result<Option<(usize, usize)>, Fault>,
    ) -> Result<(), Fault> {
        self.json.expect(b'{', "an object")?;
        self.enter()?;
        let keys_from = self.scratch.keys.len();
        let mut more = !self.json.closes(b'}');
        while more {
            if self.json.peek() != b'"' {
                return Err(self.json.unexpected("a key in double quotes"));
            }
            let from = self.out.len();
            let written = entry(self)?;
            self.check_size()?;
            more = self.json.another(b'}')?;
            // A lone entry repeats nothing.
            if let Some((text_at, key_len)) = written
                && (more || self.scratch.keys.len() > keys_from)
            {
                let start = key_start(self.out, from);
                let end = start + key_len;
                if self.scratch.keys.len() == self.scratch.keys.capacity() {
                    self.grow_keys();
                }
                self.scratch.keys.push(WrittenKey {
                    hash: hash(0, self.out.get(start..end).unwrap_or_default()),
                    start,
                    end,
                    text_at,
                });
            }
        }
        self.refuse_repeated_keys(keys_from)?;
        self.scratch.keys.truncate(keys_from);
        self.leave();
        Ok(())
    }

    /// More room for keys; beyond a size at once for as many as the text can have, since what
    /// doubles leaves as much behind as it has.
    #[cold]
    fn grow_keys(&mut self) {
        let most = self.json.text().len() / MEMBER_BYTES_MIN;
        let keys = &mut self.scratch.keys;
        if size_of_val(keys.as_slice()) >= KEPT_MAX && most > keys.len() {
            keys.reserve_exact(most - keys.len());
        } else {
            keys.reserve(1);
        }
    }

    /// Compares the keys written since as they were encoded, so that two spellings are one key.
    fn refuse_repeated_keys(&mut self, from: usize) -> Result<(), Fault> {
        let out = &*self.out;
        let bytes = |key: &WrittenKey| out.get(key.start..key.end).unwrap_or_default();
        let keys = self.scratch.keys.get_mut(from..).unwrap_or_default();
        let repeated = if keys.len() <= PAIRWISE_MAX {
            (1..keys.len()).find_map(|at| {
                let (before, rest) = keys.split_at(at);
                let key = rest.first()?;
                let same =
                    |other: &&WrittenKey| other.hash == key.hash && bytes(other) == bytes(key);
                before.iter().find(same).map(|_| key.text_at)
            })
        } else {
            // Equal hashes, even if somebody made them, cost no more than comparing all bytes.
            keys.sort_unstable_by(|a, b| {
                (a.hash.cmp(&b.hash))
                    .then_with(|| bytes(a).cmp(bytes(b)))
                    .then(a.text_at.cmp(&b.text_at))
            });
            keys.windows(2).find_map(|pair| match pair {
                [a, b] if a.hash == b.hash && bytes(a) == bytes(b) => Some(b.text_at),
                _ => None,
            })
        };
        match repeated {
            Some(text_at) => {
                let fault = Fault::invalid(Some(text_at), "the key is given twice");
                Err(self.name_entry(fault, text_at))
            }
            None => Ok(()),
        }
    }

    /// A key of a map, which JSON always quotes.
    fn map_key(&mut self, kind: Kind) -> Result<(), Fault> {
        if kind == Kind::String {
            return self.string_bytes("a key");
        }
        let at = self.json.at();
        let text = self.json.string(&mut self.scratch.text, "a key")?;
        match key_scalar(kind, text) {
            Some(scalar) => {
                scalar.put(self.out);
                Ok(())
            }
            None => {
                let expected = format!("{} as key", kind.noun());
                Err(self.json.unexpected_at(at, &expected))
            }
        }
    }

    /// Adds a map key to the path of a failure.
    #[cold]
    pub(super) fn name_entry(&self, fault: Fault, key_at: usize) -> Fault {
        let mut lexer = self.json.clone();
        lexer.seek(key_at);
        let mut buffer = Vec::new();
        let fault = fault.at(self.json.at());
        match lexer.string(&mut buffer, "a key") {
            Ok(key) => fault.under_key(key),
            Err(_) => fault,
        }
    }
}

/// A map key that is no string.
pub(super) fn key_scalar(kind: Kind, text: &[u8]) -> Option<Scalar> {
    match (kind, text) {
        (Kind::Bool, b"true") => Some(Scalar::Varint(1)),
        (Kind::Bool, b"false") => Some(Scalar::Varint(0)),
        (Kind::Bool, _) => None,
        _ => number::parse(kind, text).ok(),
    }
}

/// Where the key of the entry written at `from` begins: after the tag of the field, the length
/// of the entry and the tag of the key. All three are varints.
fn key_start(out: &[u8], from: usize) -> usize {
    let mut at = from;
    for _ in 0..3 {
        while out.get(at).is_some_and(|byte| *byte >= 0x80) {
            at += 1;
        }
        at += 1;
    }
    at
}

/// Appends a map's string key with its length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
