//! One JSON value as one value of a field.

use super::Writer;
use crate::transcode::Unknown;
use crate::transcode::error::{EXCERPT_MAX, Fault, excerpt};
use crate::transcode::json::number::{self, Misfit};
use crate::transcode::plan::{Kind, PlanId, Presence, Tag, WireType, Wkt};
use crate::transcode::wire::write::{Prefix, Scalar, put_varint};
use crate::transcode::wkt::{duration, field_mask, timestamp};

impl Writer<'_, '_> {
    /// A value of any kind, with its tag. Zero is left out if presence is implicit, and an enum
    /// value that is passed over always.
    pub(super) fn value(
        &mut self,
        kind: Kind,
        tag: &[u8],
        number: u32,
        slot: usize,
        presence: Presence,
    ) -> Result<(), Fault> {
        let from = self.out.len();
        match kind {
            Kind::String => {
                self.out.extend_from_slice(tag);
                let body = self.out.len();
                self.string_bytes("a string")?;
                self.omit_empty(from, body, presence);
            }
            Kind::Bytes => {
                self.out.extend_from_slice(tag);
                let body = self.out.len();
                let at = self.json.at();
                let text = self.json.string(&mut self.scratch.text, "base64 text")?;
                if !put_base64(self.out, text) {
                    return Err(self.json.unexpected_at(at, "base64 text"));
                }
                self.omit_empty(from, body, presence);
            }
            Kind::Message(id) => {
                self.out.extend_from_slice(tag);
                let prefix = self.open_length(slot);
                self.body(id)?;
                self.close_length(slot, prefix);
            }
            Kind::Group(id) => {
                self.out.extend_from_slice(tag);
                self.body(id)?;
                self.end_group(number);
            }
            Kind::Double
            | Kind::Float
            | Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::Bool
            | Kind::Enum(_) => {
                if let Some(scalar) = self.scalar(kind)?
                    && (presence == Presence::Explicit || !scalar.is_zero())
                {
                    self.out.extend_from_slice(tag);
                    scalar.put(self.out);
                }
            }
        }
        Ok(())
    }

    /// A value that is not length-delimited, without its tag; nothing for an enum value whose
    /// name is unknown and passed over, as an unknown field is.
    pub(super) fn scalar(&mut self, kind: Kind) -> Result<Option<Scalar>, Fault> {
        let at = self.json.at();
        let outcome = match (self.json.peek(), kind) {
            (_, Kind::Bool) => {
                return if self.json.take(b"true") {
                    Ok(Some(Scalar::Varint(1)))
                } else if self.json.take(b"false") {
                    Ok(Some(Scalar::Varint(0)))
                } else {
                    Err(self.json.unexpected("true or false"))
                };
            }
            (b'"', Kind::Enum(id)) => {
                let name = self.json.string(&mut self.scratch.text, "an enum value")?;
                let enumeration = self.plans.enumeration(id);
                return match enumeration.number(name) {
                    Some(number) => Ok(Some(Scalar::Varint(i64::from(number) as u64))),
                    None if self.options.unknown == Unknown::Ignore => Ok(None),
                    None => {
                        let expected = format!("a value of the enum {}", enumeration.name);
                        Err(self.json.unexpected_at(at, &expected))
                    }
                };
            }
            (b'"', _) => {
                let text = self.json.string(&mut self.scratch.text, kind.noun())?;
                number::parse(kind, text)
            }
            (b'n', Kind::Enum(id)) if self.plans.enumeration(id).null => {
                return if self.json.take(b"null") {
                    Ok(Some(Scalar::Varint(0)))
                } else {
                    Err(self.json.unexpected("null"))
                };
            }
            _ => self.json.number(kind.noun())?.scalar(kind),
        };
        let scalar = outcome.map_err(|misfit| self.misfit(at, kind, misfit))?;
        self.refuse_unknown_number(at, kind, scalar)?;
        Ok(Some(scalar))
    }

    /// A closed enum has no values but the declared ones.
    fn refuse_unknown_number(&self, at: usize, kind: Kind, scalar: Scalar) -> Result<(), Fault> {
        if let (Kind::Enum(id), Scalar::Varint(number)) = (kind, scalar) {
            let enumeration = self.plans.enumeration(id);
            if enumeration.closed && !enumeration.has(number as i32) {
                let expected = format!("a value of the closed enum {}", enumeration.name);
                return Err(self.json.unexpected_at(at, &expected));
            }
        }
        Ok(())
    }

    #[cold]
    fn misfit(&self, at: usize, kind: Kind, misfit: Misfit) -> Fault {
        let rest = self.json.text().get(at..self.json.at()).unwrap_or_default();
        let shown = excerpt(rest, EXCERPT_MAX);
        let (noun, reason) = (kind.noun(), misfit.reason());
        Fault::invalid(
            Some(at),
            format!("expected {noun}, found {shown}, {reason}"),
        )
    }

    /// A string with its length, without a tag.
    pub(super) fn string_bytes(&mut self, expected: &str) -> Result<(), Fault> {
        if let Some(plain) = self.json.plain_string() {
            put_varint(self.out, plain.len() as u64);
            self.out.extend_from_slice(plain);
            return Ok(());
        }
        let prefix = Prefix::open(self.out, 1);
        self.json.string_to(self.out, expected)?;
        prefix.close(self.out);
        Ok(())
    }

    /// Takes back a tag and length of nothing, if nothing is absence.
    fn omit_empty(&mut self, from: usize, body: usize, presence: Presence) {
        if presence == Presence::Implicit && self.out.len() == body + 1 {
            self.out.truncate(from);
        }
    }

    /// Ends a group.
    pub(super) fn end_group(&mut self, number: u32) {
        let tag = Tag::new(number, WireType::EndGroup);
        self.out.extend_from_slice(tag.bytes());
    }

    /// A well-known type that is a string in JSON.
    pub(super) fn text_form(&mut self, wkt: Wkt, id: PlanId) -> Result<(), Fault> {
        let at = self.json.at();
        let expected = self.noun(Kind::Message(id));
        let text = self.json.string(&mut self.scratch.text, expected)?;
        if put_text_form(self.out, wkt, text, Presence::Implicit) {
            Ok(())
        } else {
            Err(self.json.unexpected_at(at, expected))
        }
    }
}

/// Appends the body of a Timestamp, Duration or FieldMask; false if the text is not one.
pub(super) fn put_text_form(out: &mut Vec<u8>, wkt: Wkt, text: &[u8], presence: Presence) -> bool {
    let parsed = match wkt {
        Wkt::Timestamp => timestamp::parse(text),
        Wkt::Duration => duration::parse(text),
        Wkt::FieldMask => {
            return field_mask::paths(text, |path| {
                out.push(0x0A);
                put_varint(out, field_mask::snake_len(path) as u64);
                field_mask::put_snake(out, path);
            });
        }
        Wkt::Any | Wkt::Struct | Wkt::Value | Wkt::ListValue | Wkt::Wrapper(_) => None,
    };
    let Some((seconds, nanos)) = parsed else {
        return false;
    };
    for (tag, value) in [(0x08, seconds), (0x10, i64::from(nanos))] {
        if presence == Presence::Explicit || value != 0 {
            out.push(tag);
            put_varint(out, value as u64);
        }
    }
    true
}

/// Appends bytes with their length; either alphabet, padded or not. False if the text is not
/// base64.
pub(super) fn put_base64(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let bare = text.get(..text.len() - padding).unwrap_or_default();
    if padding > 0 && (padding > 2 || !text.len().is_multiple_of(4)) {
        return false;
    }
    put_varint(out, bare.len() as u64 * 3 / 4);
    let alphabet = match memchr::memchr2(b'-', b'_', bare) {
        Some(_) => base64_simd::URL_SAFE_NO_PAD,
        None => base64_simd::STANDARD_NO_PAD,
    };
    let (whole, tail) = bare.split_at(bare.len() & !3);
    alphabet.decode_append(whole, out).is_ok() && put_base64_tail(out, tail)
}

/// The last one or two bytes. Bits beyond them are dropped, as other parsers do.
fn put_base64_tail(out: &mut Vec<u8>, tail: &[u8]) -> bool {
    let bits = tail.iter().try_fold(0u32, |bits, digit| {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        Some(bits << 6 | u32::from(value))
    });
    match (bits, tail.len()) {
        (Some(_), 0) => true,
        (Some(bits), 2) => {
            out.push((bits >> 4) as u8);
            true
        }
        (Some(bits), 3) => {
            out.extend([(bits >> 10) as u8, (bits >> 2) as u8]);
            true
        }
        _ => false,
    }
}
