//! A value on the wire, understood: what rules see.

use std::borrow::Cow;

use super::scan::Raw;
use crate::transcode::plan::WireType;
use crate::transcode::wire::read::{Cursor, Malformed};
use crate::validate::judge::Input;
use crate::validate::plan::{Kind, Known};
use crate::validate::violation::Subscript;

/// Nanoseconds of a second.
pub(super) const NANOS: i128 = 1_000_000_000;

/// What is told of a map's key at most, in bytes: a hundred violations must not be a hundred copies of
/// what a client sent.
const KEY_MAX: usize = 256;

/// What standard rules see of a value.
pub(super) fn input<'m>(kind: Kind, raw: &'m Raw<'_>) -> Result<Input<'m>, String> {
    match raw {
        Raw::Number(bits) => Ok(number(kind, *bits)),
        Raw::Len(bytes) => match kind {
            Kind::String => text(bytes).map(Input::Text),
            Kind::Bytes => Ok(Input::Bytes(bytes)),
            Kind::Message(known) => message(known, bytes),
            _ => Ok(Input::Message),
        },
    }
}

/// A number by its kind; a varint is cut to the width of its field, as generated parsers do.
pub(super) fn number(kind: Kind, bits: u64) -> Input<'static> {
    match kind {
        Kind::Double => Input::Double(f64::from_bits(bits)),
        Kind::Float => Input::Double(f32::from_bits(bits as u32).into()),
        Kind::Int32 | Kind::Enum | Kind::Sfixed32 => Input::Int((bits as i32).into()),
        Kind::Int64 | Kind::Sfixed64 => Input::Int(bits as i64),
        Kind::Uint32 | Kind::Fixed32 => Input::Uint((bits as u32).into()),
        Kind::Uint64 | Kind::Fixed64 => Input::Uint(bits),
        Kind::Sint32 => {
            let bits = bits as u32;
            Input::Int(((bits >> 1) as i32 ^ -((bits & 1) as i32)).into())
        }
        Kind::Sint64 => Input::Int((bits >> 1) as i64 ^ -((bits & 1) as i64)),
        Kind::Bool => Input::Bool(bits != 0),
        Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Group => Input::Message,
    }
}

/// The bits of a number, the same for all forms that mean the same.
pub(super) fn normal(kind: Kind, bits: u64) -> u64 {
    match kind {
        Kind::Int32 | Kind::Enum | Kind::Uint32 | Kind::Sint32 => (bits as u32).into(),
        Kind::Bool => u64::from(bits != 0),
        _ => bits,
    }
}

/// A map's key as an element of a path.
pub(super) fn subscript(kind: Kind, raw: &Raw<'_>) -> Subscript {
    match raw {
        Raw::Len(bytes) => {
            let start = bytes.get(..KEY_MAX).unwrap_or(bytes);
            Subscript::Text(String::from_utf8_lossy(start).into_owned())
        }
        Raw::Number(bits) => match number(kind, *bits) {
            Input::Int(key) => Subscript::Int(key),
            Input::Bool(key) => Subscript::Bool(key),
            Input::Uint(key) => Subscript::Uint(key),
            _ => Subscript::Uint(*bits),
        },
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_owned())
}

fn message(known: Known, bytes: &[u8]) -> Result<Input<'_>, String> {
    let malformed = |malformed: Malformed| malformed.to_string();
    match known {
        Known::None => Ok(Input::Message),
        Known::Duration => nanos(bytes).map(Input::Duration).map_err(malformed),
        Known::Timestamp => nanos(bytes).map(Input::Moment).map_err(malformed),
        Known::Any => {
            let mut url: &[u8] = &[];
            each(bytes, |number, raw| {
                if let (1, Raw::Len(Cow::Borrowed(bytes))) = (number, raw) {
                    url = bytes;
                }
            })
            .map_err(malformed)?;
            text(url).map(Input::TypeUrl)
        }
        Known::FieldMask => {
            let mut paths = Vec::new();
            each(bytes, |number, raw| {
                if let (1, Raw::Len(Cow::Borrowed(bytes))) = (number, raw) {
                    paths.push(bytes);
                }
            })
            .map_err(malformed)?;
            let paths: Result<Vec<_>, _> = paths.into_iter().map(text).collect();
            paths.map(Input::Paths)
        }
        Known::Wrapper(wrapped) => {
            let kind = wrapped.kind();
            let mut last = Raw::zero(kind, 0);
            let is_text = matches!(last, Raw::Len(_));
            each(bytes, |number, raw| {
                if number == 1 && matches!(raw, Raw::Len(_)) == is_text {
                    last = raw;
                }
            })
            .map_err(malformed)?;
            match last {
                Raw::Number(bits) => Ok(number(kind, bits)),
                Raw::Len(Cow::Borrowed(bytes)) if kind == Kind::String => {
                    text(bytes).map(Input::Text)
                }
                Raw::Len(Cow::Borrowed(bytes)) => Ok(Input::Bytes(bytes)),
                Raw::Len(Cow::Owned(_)) => Ok(Input::Message),
            }
        }
    }
}

/// `seconds` in field 1 and `nanos` in field 2.
fn nanos(bytes: &[u8]) -> Result<i128, Malformed> {
    let (mut seconds, mut nanos) = (0i64, 0i32);
    each(bytes, |number, raw| match (number, raw) {
        (1, Raw::Number(bits)) => seconds = bits as i64,
        (2, Raw::Number(bits)) => nanos = bits as i32,
        _ => {}
    })?;
    Ok(i128::from(seconds) * NANOS + i128::from(nanos))
}

fn each<'m>(bytes: &'m [u8], mut see: impl FnMut(u32, Raw<'m>)) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(bytes, 0, bytes.len());
    while !cursor.is_at_end() {
        let (number, wire_type) = cursor.tag()?;
        let raw = super::scan::raw(&mut cursor, bytes, number, wire_type)?;
        if !matches!(wire_type, WireType::StartGroup) {
            see(number, raw);
        }
    }
    Ok(())
}
