//! One level of wire bytes: the values of the planned fields, found and not yet understood.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use super::End;
use super::value;
use crate::transcode::plan::WireType;
use crate::transcode::wire::read::{Cursor, Malformed};
use crate::validate::cel::Owned;
use crate::validate::plan::{Field, Kind, Plan, Shape};

/// A value as it lies on the wire.
#[derive(Clone, Debug)]
pub(in crate::validate) enum Raw<'m> {
    /// A varint, or the bits of a fixed number.
    Number(u64),
    /// Text, bytes, or a message; joined where a message came in several pieces.
    Len(Cow<'m, [u8]>),
}

/// What was found of one field.
#[derive(Clone, Debug)]
pub(super) struct Slot<'m> {
    last: Option<Raw<'m>>,
    /// Elements of a list, entries on the wire of a map; otherwise whether it is there.
    pub(super) count: u64,
    /// Index + 1 of the first and the last piece in [`Found`].
    first: u32,
    tail: u32,
}

/// The values of lists and maps, in chains.
#[derive(Debug, Default)]
pub(super) struct Found<'m> {
    pieces: Vec<Piece<'m>>,
}

#[derive(Debug)]
struct Piece<'m> {
    raw: Raw<'m>,
    /// All elements of a list of numbers in one.
    packed: bool,
    /// Index + 1 of the next one of the field.
    next: u32,
}

impl Slot<'_> {
    pub(super) const EMPTY: Self = Self {
        last: None,
        count: 0,
        first: 0,
        tail: 0,
    };
}

impl<'m> Slot<'m> {
    /// The value of a field that has one.
    pub(super) fn last(&self) -> Option<Raw<'m>> {
        self.last.clone()
    }

    /// The field is there: for one without presence, it is not zero.
    pub(super) fn is_set(&self, field: &Field) -> bool {
        match (&field.shape, &self.last) {
            (Shape::List | Shape::Map(_), _) => self.count > 0,
            (Shape::Single, None) => false,
            (Shape::Single, Some(raw)) => {
                field.presence || !raw.is_zero_of(field.value.kind, field.default)
            }
        }
    }
}

impl Raw<'_> {
    /// What a field without presence is when it is not there.
    pub(super) fn zero(kind: Kind, default: u64) -> Self {
        match kind {
            Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Group => {
                Self::Len(Cow::Borrowed(&[]))
            }
            _ => Self::Number(default),
        }
    }

    /// All bits are zero, or nothing is in it; `-0.0` is not zero, as everywhere in protobuf.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Number(bits) => *bits == 0,
            Self::Len(bytes) => bytes.is_empty(),
        }
    }

    fn is_zero_of(&self, kind: Kind, default: u64) -> bool {
        match self {
            Self::Number(bits) => value::normal(kind, *bits) == default,
            Self::Len(bytes) => bytes.is_empty(),
        }
    }

    /// A copy for expressions.
    pub(super) fn owned(&self) -> Owned {
        match self {
            Self::Number(bits) => Owned::Number(*bits),
            Self::Len(bytes) => Owned::Len(Bytes::copy_from_slice(bytes)),
        }
    }
}

impl<'m> Found<'m> {
    /// Every element of a list, packed ones taken apart.
    pub(super) fn elements<'f>(
        &'f self,
        slot: &Slot<'_>,
        kind: Kind,
    ) -> impl Iterator<Item = Result<Raw<'f>, Malformed>> + use<'f, 'm> {
        let mut at = slot.first;
        let mut packed: Option<Cursor<'f>> = None;
        std::iter::from_fn(move || {
            loop {
                if let Some(cursor) = &mut packed {
                    if !cursor.is_at_end() {
                        let number = number(cursor, kind);
                        if number.is_err() {
                            packed = None;
                            at = 0;
                        }
                        return Some(number.map(Raw::Number));
                    }
                    packed = None;
                }
                let piece = self.pieces.get((at as usize).checked_sub(1)?)?;
                at = piece.next;
                match &piece.raw {
                    Raw::Len(bytes) if piece.packed => {
                        packed = Some(Cursor::new(bytes, 0, bytes.len()));
                    }
                    Raw::Len(bytes) => return Some(Ok(Raw::Len(Cow::Borrowed(bytes)))),
                    Raw::Number(bits) => return Some(Ok(Raw::Number(*bits))),
                }
            }
        })
    }

    fn push(&mut self, slot: &mut Slot<'m>, raw: Raw<'m>, packed: bool) -> Result<(), End> {
        self.pieces.push(Piece {
            raw,
            packed,
            next: 0,
        });
        // Each piece takes at least two bytes of a message, whose length is an u32.
        let index = u32::try_from(self.pieces.len())
            .map_err(|_| End::Malformed("a list has more than 2^32 elements".to_owned()))?;
        match (slot.tail as usize).checked_sub(1) {
            None => slot.first = index,
            Some(tail) => {
                if let Some(piece) = self.pieces.get_mut(tail) {
                    piece.next = index;
                }
            }
        }
        slot.tail = index;
        Ok(())
    }
}

/// Finds the values of the planned fields. What is of another wire type than its field is unknown, as it
/// is to generated parsers.
pub(super) fn scan<'m>(
    plan: &Plan,
    wire: &'m [u8],
    slots: &mut [Slot<'m>],
) -> Result<Found<'m>, End> {
    let mut found = Found::default();
    let mut cursor = Cursor::new(wire, 0, wire.len());
    while !cursor.is_at_end() {
        let (number, wire_type) = cursor.tag()?;
        let raw = raw(&mut cursor, wire, number, wire_type)?;
        let Some((index, field)) = plan.numbered(number) else {
            continue;
        };
        let kind = field.value.kind;
        let repeated = !matches!(field.shape, Shape::Single);
        let fits = wire_type == wire_type_of(field);
        let packed = !fits
            && matches!(field.shape, Shape::List)
            && wire_type == WireType::Len
            && is_number(kind);
        if !fits && !packed {
            continue;
        }
        if let Some(oneof) = field.oneof.and_then(|oneof| plan.oneofs.get(oneof)) {
            for &member in oneof.members.iter().filter(|member| **member != index) {
                if let Some(slot) = slots.get_mut(member) {
                    *slot = Slot::EMPTY;
                }
            }
        }
        let Some(slot) = slots.get_mut(index) else {
            continue;
        };
        if repeated {
            slot.count += match &raw {
                Raw::Len(bytes) if packed => count(bytes, kind)?,
                _ => 1,
            };
            found.push(slot, raw, packed)?;
        } else {
            slot.count = 1;
            slot.last = Some(match (kind, slot.last.take(), raw) {
                // Several pieces of one message are one message.
                (Kind::Message(_) | Kind::Group, Some(Raw::Len(before)), Raw::Len(more)) => {
                    let mut joined = before.into_owned();
                    joined.extend_from_slice(&more);
                    Raw::Len(Cow::Owned(joined))
                }
                (_, _, raw) => raw,
            });
        }
    }
    Ok(found)
}

/// Entries of a map, each key once with its last value, in the order of the keys' first places.
pub(super) fn entries<'f>(
    found: &'f Found<'_>,
    slot: &Slot<'_>,
    key_kind: Kind,
    value_kind: Kind,
    value_default: u64,
) -> Result<Vec<(Raw<'f>, Raw<'f>)>, End> {
    let mut out: Vec<(Raw<'f>, Raw<'f>)> = Vec::new();
    let mut places: HashMap<Place, usize> = HashMap::new();
    for entry in found.elements(slot, Kind::Bytes) {
        let Raw::Len(Cow::Borrowed(bytes)) = entry? else {
            continue;
        };
        let mut key = Raw::zero(key_kind, 0);
        let mut value = Raw::zero(value_kind, value_default);
        let mut cursor = Cursor::new(bytes, 0, bytes.len());
        while !cursor.is_at_end() {
            let (number, wire_type) = cursor.tag()?;
            let raw = raw(&mut cursor, bytes, number, wire_type)?;
            match number {
                1 if wire_type == wire_type_of_kind(key_kind) => key = raw,
                2 if wire_type == wire_type_of_kind(value_kind) => value = raw,
                _ => {}
            }
        }
        let place = match &key {
            Raw::Number(bits) => Place::Number(value::normal(key_kind, *bits)),
            Raw::Len(bytes) => Place::Bytes(bytes.to_vec()),
        };
        match places.get(&place).and_then(|at| out.get_mut(*at)) {
            Some(entry) => entry.1 = value,
            None => {
                places.insert(place, out.len());
                out.push((key, value));
            }
        }
    }
    Ok(out)
}

#[derive(PartialEq, Eq, Hash)]
enum Place {
    Number(u64),
    Bytes(Vec<u8>),
}

/// The value behind a tag.
pub(super) fn raw<'m>(
    cursor: &mut Cursor<'m>,
    wire: &'m [u8],
    number: u32,
    wire_type: WireType,
) -> Result<Raw<'m>, Malformed> {
    let (start, end) = match wire_type {
        WireType::Varint => return cursor.varint().map(Raw::Number),
        WireType::Fixed32 => return cursor.fixed32().map(|bits| Raw::Number(bits.into())),
        WireType::Fixed64 => return cursor.fixed64().map(Raw::Number),
        WireType::Len => cursor.length()?,
        WireType::StartGroup => cursor.group(number)?,
        WireType::EndGroup => return Err(Malformed::EndGroup(number)),
    };
    Ok(Raw::Len(Cow::Borrowed(
        wire.get(start..end).unwrap_or_default(),
    )))
}

/// One element of a packed list.
fn number(cursor: &mut Cursor<'_>, kind: Kind) -> Result<u64, Malformed> {
    match wire_type_of_kind(kind) {
        WireType::Fixed32 => cursor.fixed32().map(u64::from),
        WireType::Fixed64 => cursor.fixed64(),
        _ => cursor.varint(),
    }
}

/// How many elements a packed list has.
fn count(bytes: &[u8], kind: Kind) -> Result<u64, Malformed> {
    let (whole, rest) = match wire_type_of_kind(kind) {
        WireType::Fixed32 => (bytes.len() / 4, bytes.len() % 4),
        WireType::Fixed64 => (bytes.len() / 8, bytes.len() % 8),
        // A varint ends with its first byte without the high bit.
        _ => (
            bytes.iter().filter(|byte| **byte < 0x80).count(),
            usize::from(bytes.last().is_some_and(|byte| *byte >= 0x80)),
        ),
    };
    if rest != 0 {
        return Err(Malformed::Truncated);
    }
    Ok(whole as u64)
}

fn is_number(kind: Kind) -> bool {
    !matches!(
        wire_type_of_kind(kind),
        WireType::Len | WireType::StartGroup
    )
}

fn wire_type_of(field: &Field) -> WireType {
    match field.shape {
        Shape::Map(_) => WireType::Len,
        Shape::Single | Shape::List => wire_type_of_kind(field.value.kind),
    }
}

fn wire_type_of_kind(kind: Kind) -> WireType {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::Fixed64,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::Fixed32,
        Kind::String | Kind::Bytes | Kind::Message(_) => WireType::Len,
        Kind::Group => WireType::StartGroup,
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Bool
        | Kind::Enum => WireType::Varint,
    }
}
