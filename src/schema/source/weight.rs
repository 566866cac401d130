//! How much a descriptor set holds, counted on the wire.
//!
//! An empty message takes two bytes there and hundreds once it is decoded and linked, so a set
//! within its byte limit could still fill the memory.

use prost::bytes::{Buf as _, Bytes};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Most messages (each counts four times), fields, enum values, methods, … and source locations, taken together. All of
/// `googleapis` with comments stays below.
pub(super) const DEFINITIONS_MAX: usize = 2_000_000;

/// A message takes about as much memory as so many fields.
const MESSAGE: usize = 4;

/// Deepest nesting that is looked into; prost refuses to decode what is deeper.
const DEPTH_MAX: usize = 101;

/// What a length-delimited field holds, as far as it holds definitions.
#[derive(Clone, Copy)]
enum Holder {
    File,
    Message,
    /// An enum's values, a service's methods, source info's locations: numbered field.
    List(u32),
    Leaf,
}

/// Whether the files hold more than [`DEFINITIONS_MAX`].
pub(super) fn exceeds(files: &[Bytes]) -> bool {
    let mut count = 0;
    for file in files {
        add(file.clone(), Holder::File, 0, &mut count);
        if count > DEFINITIONS_MAX {
            return true;
        }
    }
    false
}

/// Counts until the bytes end, break, or are too many. Broken ones are told when they are decoded.
fn add(mut rest: Bytes, holder: Holder, depth: usize, count: &mut usize) {
    if depth > DEPTH_MAX {
        return;
    }
    while rest.has_remaining() && *count <= DEFINITIONS_MAX {
        let Ok((number, wire)) = decode_key(&mut rest) else {
            return;
        };
        if wire != WireType::LengthDelimited {
            if skip_field(wire, number, &mut rest, DecodeContext::default()).is_err() {
                return;
            }
            continue;
        }
        let length = decode_varint(&mut rest).ok();
        let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
            return;
        };
        if length > rest.remaining() {
            return;
        }
        let value = rest.split_to(length);
        if let Some(held) = held(holder, number) {
            *count += match held {
                Holder::Message => MESSAGE,
                Holder::File | Holder::List(_) | Holder::Leaf => 1,
            };
            add(value, held, depth + 1, count);
        }
    }
}

/// What the field of this number holds; `None` if it is no definition.
const fn held(holder: Holder, number: u32) -> Option<Holder> {
    match (holder, number) {
        (Holder::File, 4) | (Holder::Message, 3) => Some(Holder::Message),
        (Holder::File, 5 | 6) | (Holder::Message, 4) => Some(Holder::List(2)),
        (Holder::File, 9) => Some(Holder::List(1)),
        (Holder::File, 3 | 7) | (Holder::Message, 2 | 5 | 6 | 8 | 9 | 10) => Some(Holder::Leaf),
        (Holder::List(list), _) if list == number => Some(Holder::Leaf),
        (Holder::File | Holder::Message | Holder::List(_) | Holder::Leaf, _) => None,
    }
}
