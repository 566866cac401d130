//! A value from a URL (path variable, query parameter, form field), already percent-decoded.
//!
//! Scalars are their ProtoJSON text without quotes; well-known types with a text form are that
//! text; `Value`, `Struct` and `ListValue` are JSON.

use super::Writer;
use super::map::{key_scalar, put_bytes};
use super::value::{put_base64, put_text_form};
use crate::transcode::error::{EXCERPT_MAX, Error, Fault, excerpt};
use crate::transcode::json::number;
use crate::transcode::plan::{Field, Kind, Plans, Presence, Shape, Tag, Wkt};
use crate::transcode::wire::write::{Scalar, put_varint};
use crate::transcode::{FieldRef, ReadOptions, Scratch, Zero};

/// One text as a fragment of the root message.
pub(crate) fn text(
    plans: &Plans,
    path: FieldRef<'_>,
    map_key: Option<&str>,
    text: &str,
    zero: Zero,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let text = text.as_bytes();
    let options = unbounded();
    let outcome = super::run(plans, text, &options, scratch, out, |writer| {
        writer.within(path.steps(), &mut |writer, field, slot| {
            writer.url_field(field, slot, map_key, text, zero)
        })
    });
    outcome.map_err(|error| placed(plans, path, map_key, error))
}

/// The bytes of a bytes field, or of a message already in wire form, as a fragment of the root
/// message; a list gets one element. `pieces` are joined.
pub(crate) fn payload(
    plans: &Plans,
    path: FieldRef<'_>,
    map_key: Option<&str>,
    pieces: &[&[u8]],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let options = unbounded();
    let outcome = super::run(plans, b"", &options, scratch, out, |writer| {
        writer.within(path.steps(), &mut |writer, field, slot| {
            writer.payload_field(field, slot, map_key, pieces)
        })
    });
    outcome.map_err(|error| placed(plans, path, map_key, error))
}

/// The key of a map's entry as a number, whatever its spelling; `None` of text keys, and of text
/// that is no such key.
pub(crate) fn numeric_key(plans: &Plans, path: FieldRef<'_>, key: &str) -> Option<u64> {
    let field = plans.field_at(*path.steps().last()?)?;
    match field.shape {
        Shape::Map(Kind::String) | Shape::Single | Shape::List | Shape::Packed => None,
        Shape::Map(kind) => match key_scalar(kind, key.as_bytes())? {
            Scalar::Varint(bits) | Scalar::Fixed64(bits) => Some(bits),
            Scalar::Fixed32(bits) => Some(bits.into()),
        },
    }
}

/// What comes out is not much longer than what was given, and that is bounded.
fn unbounded() -> ReadOptions {
    ReadOptions {
        output_max: usize::MAX,
        ..ReadOptions::default()
    }
}

#[cold]
fn placed(plans: &Plans, path: FieldRef<'_>, map_key: Option<&str>, mut error: Error) -> Error {
    let below = match map_key {
        Some(key) => format!("[{:?}]{}", excerpt(key.as_bytes(), EXCERPT_MAX), error.path),
        None => error.path,
    };
    error.path = super::join(&plans.name_of(path), &below);
    error
}

impl<'c> Writer<'c, '_> {
    fn url_field(
        &mut self,
        field: &'c Field,
        slot: usize,
        map_key: Option<&str>,
        text: &[u8],
        zero: Zero,
    ) -> Result<(), Fault> {
        let explicit = match zero {
            Zero::Write => Presence::Explicit,
            Zero::Omit => Presence::Implicit,
        };
        match (field.shape, map_key) {
            (Shape::Map(key_kind), Some(key)) => {
                self.out.extend_from_slice(field.tag.bytes());
                let prefix = self.open_length(slot);
                self.url_key(key_kind, key)?;
                let tag = Tag::new(2, field.kind.wire_type());
                self.url_value(field.kind, tag, slot, Presence::Explicit, explicit, text)?;
                self.close_length(slot, prefix);
                Ok(())
            }
            (Shape::Map(_), None) => Err(refused(
                "a map's key in brackets, like `labels[key]=value`",
                text,
            )),
            (_, Some(_)) => {
                let message = "expected no key in brackets: the field is not a map";
                Err(Fault::invalid(None, message))
            }
            (Shape::Single, None) => {
                let presence = match field.presence {
                    Presence::Explicit => Presence::Explicit,
                    Presence::Implicit => explicit,
                };
                self.url_value(field.kind, field.tag, slot, presence, explicit, text)
            }
            (Shape::List | Shape::Packed, None) => {
                let tag = field.element_tag;
                self.url_value(field.kind, tag, slot, Presence::Explicit, explicit, text)
            }
        }
    }

    /// The key of a map's entry, with its tag.
    fn url_key(&mut self, kind: Kind, key: &str) -> Result<(), Fault> {
        self.out
            .extend_from_slice(Tag::new(1, kind.wire_type()).bytes());
        if kind == Kind::String {
            put_bytes(self.out, key.as_bytes());
            return Ok(());
        }
        let expected = || format!("{} as key", kind.noun());
        key_scalar(kind, key.as_bytes())
            .ok_or_else(|| refused(&expected(), key.as_bytes()))?
            .put(self.out);
        Ok(())
    }

    fn payload_field(
        &mut self,
        field: &'c Field,
        slot: usize,
        map_key: Option<&str>,
        pieces: &[&[u8]],
    ) -> Result<(), Fault> {
        if !matches!(field.kind, Kind::Bytes | Kind::Message(_)) {
            let message = format!("expected {}, found a file", field.kind.noun());
            return Err(Fault::invalid(None, message));
        }
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let put = |out: &mut Vec<u8>, tag: Tag| {
            out.extend_from_slice(tag.bytes());
            put_varint(out, length as u64);
            out.reserve(length);
            for piece in pieces {
                out.extend_from_slice(piece);
            }
        };
        match (field.shape, map_key) {
            (Shape::Map(key_kind), Some(key)) => {
                self.out.extend_from_slice(field.tag.bytes());
                let prefix = self.open_length(slot);
                self.url_key(key_kind, key)?;
                put(self.out, Tag::new(2, field.kind.wire_type()));
                self.close_length(slot, prefix);
            }
            (Shape::Single, None) => {
                let absent = field.presence == Presence::Implicit && length == 0;
                if !absent {
                    put(self.out, field.tag);
                }
            }
            (Shape::List | Shape::Packed, None) => put(self.out, field.element_tag),
            (Shape::Map(_), None) | (_, Some(_)) => {
                let message = "expected a key in brackets for a map, and for nothing else";
                return Err(Fault::invalid(None, message));
            }
        }
        Ok(())
    }

    /// One value with its tag. `presence` is the field's own; `inner` that of the fields of a
    /// well-known type.
    fn url_value(
        &mut self,
        kind: Kind,
        tag: Tag,
        slot: usize,
        presence: Presence,
        inner: Presence,
        text: &[u8],
    ) -> Result<(), Fault> {
        match kind {
            Kind::String | Kind::Bytes => {
                if text.is_empty() && presence == Presence::Implicit {
                    return Ok(());
                }
                self.out.extend_from_slice(tag.bytes());
                if kind == Kind::String {
                    put_bytes(self.out, text);
                } else if !put_base64(self.out, text) {
                    return Err(refused("base64 text", text));
                }
            }
            Kind::Message(id) => {
                self.out.extend_from_slice(tag.bytes());
                let prefix = self.open_length(slot);
                match self.plans.plan(id).wkt {
                    Some(Wkt::Wrapper(kind)) => {
                        let tag = Tag::new(1, kind.wire_type());
                        self.url_value(kind, tag, slot, inner, inner, text)?;
                    }
                    Some(wkt @ (Wkt::Timestamp | Wkt::Duration | Wkt::FieldMask)) => {
                        if !put_text_form(self.out, wkt, text, inner) {
                            return Err(refused(self.noun(kind), text));
                        }
                    }
                    Some(Wkt::Struct | Wkt::Value | Wkt::ListValue) => {
                        self.json.token();
                        self.body(id)?;
                        self.json.end()?;
                    }
                    Some(Wkt::Any) | None => return Err(self.no_text_form(kind)),
                }
                self.close_length(slot, prefix);
            }
            Kind::Group(_) => return Err(self.no_text_form(kind)),
            _ => {
                let scalar = self.url_scalar(kind, text)?;
                if presence == Presence::Explicit || !scalar.is_zero() {
                    self.out.extend_from_slice(tag.bytes());
                    scalar.put(self.out);
                }
            }
        }
        Ok(())
    }

    fn url_scalar(&self, kind: Kind, text: &[u8]) -> Result<Scalar, Fault> {
        match kind {
            Kind::Bool => key_scalar(kind, text).ok_or_else(|| refused("true or false", text)),
            Kind::Enum(id) => {
                let enumeration = self.plans.enumeration(id);
                if let Some(number) = enumeration.number(text) {
                    return Ok(Scalar::Varint(i64::from(number) as u64));
                }
                let expected =
                    || refused(&format!("a value of the enum {}", enumeration.name), text);
                match number::parse(kind, text) {
                    Ok(Scalar::Varint(number))
                        if !enumeration.closed || enumeration.has(number as i32) =>
                    {
                        Ok(Scalar::Varint(number))
                    }
                    Err(_) if enumeration.null && text == b"null" => Ok(Scalar::Varint(0)),
                    _ => Err(expected()),
                }
            }
            _ => number::parse(kind, text).map_err(|misfit| {
                let shown = excerpt(text, EXCERPT_MAX);
                let (noun, reason) = (kind.noun(), misfit.reason());
                Fault::invalid(None, format!("expected {noun}, found {shown:?}, {reason}"))
            }),
        }
    }

    #[cold]
    fn no_text_form(&self, kind: Kind) -> Fault {
        let name = kind.message().map_or("", |id| self.plans.name(id));
        Fault::invalid(
            None,
            format!("a {name} is a message, which has no form as URL text"),
        )
    }
}

#[cold]
fn refused(expected: &str, text: &[u8]) -> Fault {
    let shown = excerpt(text, EXCERPT_MAX);
    Fault::invalid(None, format!("expected {expected}, found {shown:?}"))
}
