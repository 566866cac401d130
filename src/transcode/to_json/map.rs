//! Map fields: entries to members of a JSON object.
//!
//! Members are printed in the order of their keys (numbers by value, text by bytes), so that equal
//! maps give equal JSON whatever order a backend's hash table has. Of entries with the same key the
//! last one counts, whole: entries replace each other and do not merge. A key or value that is missing
//! in an entry is its kind's default.

use std::cmp::Ordering;
use std::ops::Range;

use super::index::{Hit, Pieces, bounds, malformed, value};
use super::{Printer, zigzag32, zigzag64};
use crate::transcode::error::Fault;
use crate::transcode::json::print;
use crate::transcode::plan::{Field, Kind, WireType};
use crate::transcode::wire::read::Cursor;

/// One entry on the wire: three words, since an entry of two bytes has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Bounds of the text, or the number: signed ones with their sign bit flipped, so that they
    /// compare as unsigned.
    key: u64,
    value: u64,
    /// The hit of the whole entry. Inputs have less than 2³² of them.
    hit: u32,
    values: Values,
}

/// How often an entry has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Values {
    None,
    One,
    /// Pieces of a message, which merge.
    Several,
}

/// Numbers of an entry's two fields.
const KEY: u32 = 1;
const VALUE: u32 = 2;

const SIGN: u64 = 1 << 63;

impl Printer<'_> {
    /// `{…}` out of the entries in a run of hits. Says whether it has any member.
    pub(super) fn map(
        &mut self,
        field: &Field,
        key: Kind,
        run: Range<usize>,
        depth: usize,
    ) -> Result<bool, Fault> {
        let base = self.buffers.entries.len();
        let mut ordered = true;
        self.buffers.entries.reserve(run.len());
        for at in run {
            let Some(entry) = self.entry(field, key, at)? else {
                continue;
            };
            let own = self.buffers.entries.get_mut(base..).unwrap_or_default();
            if let Some(before) = own.last_mut() {
                match compare(self.wire, key, before, &entry) {
                    Ordering::Less => {}
                    Ordering::Equal => {
                        *before = entry;
                        continue;
                    }
                    Ordering::Greater => ordered = false,
                }
            }
            self.buffers.entries.push(entry);
        }
        let end = self.buffers.entries.len();
        if !ordered && let Some(entries) = self.buffers.entries.get_mut(base..) {
            let wire = self.wire;
            entries.sort_unstable_by(|a, b| compare(wire, key, a, b).then(a.hit.cmp(&b.hit)));
        }
        self.out.push(b'{');
        for at in base..end {
            let Some(&entry) = self.buffers.entries.get(at) else {
                break;
            };
            if !ordered
                && let Some(next) = self.buffers.entries.get(at + 1..end).and_then(<[_]>::first)
                && compare(self.wire, key, &entry, next) == Ordering::Equal
            {
                continue;
            }
            self.entry_member(field, key, entry, depth)
                .map_err(|fault| fault.under_key(&self.key_text(key, entry.key)))?;
        }
        self.buffers.entries.truncate(base);
        self.end(b'}');
        Ok(end > base)
    }

    /// `None`: its value is an unknown number of a closed enum, which makes the entry unknown.
    fn entry(&self, field: &Field, key: Kind, at: usize) -> Result<Option<Entry>, Fault> {
        let mut entry = Entry {
            key: canonical(key, 0),
            value: 0,
            hit: at as u32,
            values: Values::None,
        };
        let (start, end) = self.whole(entry);
        let mut cursor = Cursor::new(self.wire, start, end);
        while !cursor.is_at_end() {
            let at = cursor.at();
            let (number, wire_type) = cursor.tag().map_err(|why| malformed(why, at))?;
            let value = value(&mut cursor, number, wire_type).map_err(|why| malformed(why, at))?;
            if number == KEY && wire_type == key.wire_type() {
                entry.key = canonical(key, value);
            } else if number == VALUE && wire_type == field.kind.wire_type() {
                entry.value = value;
                entry.values = match entry.values {
                    Values::None => Values::One,
                    Values::One | Values::Several => Values::Several,
                };
            }
        }
        if let Kind::Enum(id) = field.kind
            && entry.values != Values::None
        {
            let known = self.plans.enumeration(id);
            if known.closed && !known.has(entry.value as i32) {
                return Ok(None);
            }
        }
        Ok(Some(entry))
    }

    /// Where an entry begins and ends.
    fn whole(&self, entry: Entry) -> (usize, usize) {
        let hit = self.buffers.hit(entry.hit as usize);
        bounds(hit.map_or(0, Hit::value))
    }

    fn entry_member(
        &mut self,
        field: &Field,
        key: Kind,
        entry: Entry,
        depth: usize,
    ) -> Result<(), Fault> {
        self.key(key, entry.key)?;
        match (field.kind.message(), entry.values) {
            (Some(id), Values::Several) => {
                let first = self.buffers.mark();
                let pieces = self.value_pieces(field.kind.wire_type(), entry)?;
                self.message(id, &pieces, depth)?;
                self.buffers.return_to(first);
            }
            // Without a value: the empty bytes at the start of the input.
            (Some(id), _) => self.message(id, &Pieces::One(entry.value), depth)?,
            (None, Values::None) => self.zero(field.kind),
            (None, _) => self.scalar(field.kind, entry.value)?,
        }
        self.comma()
    }

    /// All values of one entry, on the stack of hits.
    fn value_pieces(&mut self, wanted: WireType, entry: Entry) -> Result<Pieces, Fault> {
        let from = self.buffers.height();
        let (start, end) = self.whole(entry);
        let mut cursor = Cursor::new(self.wire, start, end);
        while !cursor.is_at_end() {
            let at = cursor.at();
            let (number, wire_type) = cursor.tag().map_err(|why| malformed(why, at))?;
            let value = value(&mut cursor, number, wire_type).map_err(|why| malformed(why, at))?;
            if number == VALUE && wire_type == wanted {
                self.buffers.push_piece(value);
            }
        }
        Ok(Pieces::Hits(from..self.buffers.height()))
    }

    /// A key is a string whatever its kind.
    fn key(&mut self, kind: Kind, key: u64) -> Result<(), Fault> {
        match kind {
            Kind::String => self.scalar(kind, key)?,
            Kind::Bool => {
                let text: &[u8] = if key == 0 { b"\"false\"" } else { b"\"true\"" };
                self.out.extend_from_slice(text);
            }
            _ if is_signed(kind) => print::quoted_integer(self.out, (key ^ SIGN) as i64),
            _ => print::quoted_integer(self.out, key),
        }
        self.out.push(b':');
        Ok(())
    }

    #[cold]
    fn key_text(&self, kind: Kind, key: u64) -> Vec<u8> {
        match kind {
            Kind::String => {
                let (start, end) = bounds(key);
                self.wire.get(start..end).unwrap_or_default().to_vec()
            }
            Kind::Bool => (key != 0).to_string().into_bytes(),
            _ if is_signed(kind) => ((key ^ SIGN) as i64).to_string().into_bytes(),
            _ => key.to_string().into_bytes(),
        }
    }
}

/// A key as it compares, from its raw value.
fn canonical(kind: Kind, value: u64) -> u64 {
    let signed = match kind {
        Kind::Int32 | Kind::Sfixed32 => i64::from(value as i32),
        Kind::Sint32 => i64::from(zigzag32(value)),
        Kind::Int64 | Kind::Sfixed64 => value as i64,
        Kind::Sint64 => zigzag64(value),
        Kind::Uint32 | Kind::Fixed32 => return value & u64::from(u32::MAX),
        Kind::Bool => return u64::from(value != 0),
        _ => return value,
    };
    signed as u64 ^ SIGN
}

fn is_signed(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Int64 | Kind::Sint64 | Kind::Sfixed64
    )
}

fn compare(wire: &[u8], key: Kind, a: &Entry, b: &Entry) -> Ordering {
    if key != Kind::String {
        return a.key.cmp(&b.key);
    }
    let text = |entry: &Entry| {
        let (start, end) = bounds(entry.key);
        wire.get(start..end).unwrap_or_default()
    };
    text(a).cmp(text(b))
}
