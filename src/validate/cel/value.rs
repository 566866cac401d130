//! Wire bytes as values of CEL.
//!
//! Numbers are `int`, `uint` or `double`, enums `int`; of the well-known types times are times, wrappers
//! what they hold or null, JSON what it is, and an Any the message in it, where the schema has its type.

use std::collections::HashMap;

use bytes::Bytes;
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull,
    CelString, CelTimestamp, CelUInt,
};
use cel::common::value::Val;
use chrono::{DateTime, TimeDelta};
use prost_reflect::{ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::message::{Fields, Message};
use super::{Given, Typed};
use crate::schema::record::{Record, Scalar};
use crate::transcode::plan::WireType;
use crate::transcode::wire::read::{Cursor, Malformed};
use crate::validate::DEPTH_MAX;
use crate::validate::compile::known::{known, wrapped_field};
use crate::validate::plan::Known;

/// A value, or why there is none.
pub(in crate::validate) type Made = Result<Box<dyn Val>, String>;

/// A value as it lay on the wire.
#[derive(Clone, Debug)]
pub(in crate::validate) enum Owned {
    /// A varint, or the bits of a fixed number.
    Number(u64),
    Len(Bytes),
}

/// A message of this type.
pub(in crate::validate) fn message(descriptor: &MessageDescriptor, wire: Bytes) -> Made {
    of_message(descriptor, wire, 0)
}

/// A value of a field, or one element of it.
pub(in crate::validate) fn value(field: &FieldDescriptor, raw: Owned) -> Made {
    of_kind(&field.kind(), raw, 0)
}

/// A list of a field's elements.
pub(in crate::validate) fn list(
    field: &FieldDescriptor,
    elements: impl Iterator<Item = Result<Owned, Malformed>>,
) -> Made {
    let kind = field.kind();
    let elements: Result<Vec<_>, String> = elements
        .map(|raw| of_kind(&kind, raw.map_err(|malformed| malformed.to_string())?, 0))
        .collect();
    Ok(Box::new(CelList::from(elements?)))
}

/// A map of a field's entries.
pub(in crate::validate) fn map(
    field: &FieldDescriptor,
    entries: impl Iterator<Item = (Owned, Owned)>,
) -> Made {
    let kind = field.kind();
    let entry = kind.as_message().ok_or("it is no map")?;
    let (key, value) = (
        entry.map_entry_key_field().kind(),
        entry.map_entry_value_field().kind(),
    );
    let mut out = HashMap::new();
    for (own, raw) in entries {
        out.insert(as_key(of_kind(&key, own, 0)?)?, of_kind(&value, raw, 0)?);
    }
    Ok(Box::new(CelMap::from(out)))
}

/// A moment, if it is one that CEL has.
pub(super) fn timestamp(seconds: i64, nanos: i32) -> Made {
    let at = u32::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)
        .and_then(|nanos| DateTime::from_timestamp(seconds, nanos));
    match at {
        Some(at) => Ok(Box::new(CelTimestamp::from(at.fixed_offset()))),
        None => Err(format!("{seconds} s and {nanos} ns are no moment")),
    }
}

fn duration(seconds: i64, nanos: i32) -> Made {
    let span = TimeDelta::try_seconds(seconds)
        .and_then(|span| span.checked_add(&TimeDelta::nanoseconds(nanos.into())));
    match span {
        Some(span) => Ok(Box::new(CelDuration::from(span))),
        None => Err(format!("{seconds} s and {nanos} ns are no duration")),
    }
}

fn of_kind(kind: &Kind, raw: Owned, depth: usize) -> Made {
    let bits = match (raw, kind) {
        (Owned::Len(bytes), Kind::String) => {
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| "the text is not UTF-8")?;
            return Ok(Box::new(CelString::from(text)));
        }
        (Owned::Len(bytes), Kind::Bytes) => return Ok(Box::new(CelBytes::from(bytes.to_vec()))),
        (Owned::Len(bytes), Kind::Message(of)) => {
            return of_message(of, bytes, depth);
        }
        (Owned::Len(_), _) => return Err("a number was expected".to_owned()),
        (Owned::Number(bits), _) => bits,
    };
    Ok(match kind {
        Kind::Double => Box::new(CelDouble::from(f64::from_bits(bits))),
        Kind::Float => Box::new(CelDouble::from(f64::from(f32::from_bits(bits as u32)))),
        Kind::Int32 | Kind::Sfixed32 | Kind::Enum(_) => {
            Box::new(CelInt::from(i64::from(bits as i32)))
        }
        Kind::Int64 | Kind::Sfixed64 => Box::new(CelInt::from(bits as i64)),
        Kind::Uint32 | Kind::Fixed32 => Box::new(CelUInt::from(u64::from(bits as u32))),
        Kind::Uint64 | Kind::Fixed64 => Box::new(CelUInt::from(bits)),
        Kind::Sint32 => {
            let bits = bits as u32;
            let value = (bits >> 1) as i32 ^ -((bits & 1) as i32);
            Box::new(CelInt::from(i64::from(value)))
        }
        Kind::Sint64 => Box::new(CelInt::from((bits >> 1) as i64 ^ -((bits & 1) as i64))),
        Kind::Bool => Box::new(CelBool::from(bits != 0)),
        Kind::String | Kind::Bytes | Kind::Message(_) => {
            return Err("a length was expected".to_owned());
        }
    })
}

fn of_message(descriptor: &MessageDescriptor, wire: Bytes, depth: usize) -> Made {
    if depth >= DEPTH_MAX {
        return Err(format!("messages are nested more than {DEPTH_MAX} deep"));
    }
    match known(descriptor) {
        Known::Duration | Known::Timestamp => {
            let (mut seconds, mut nanos) = (0, 0);
            for field in Wire::new(&wire) {
                match field? {
                    (1, _, Owned::Number(bits)) => seconds = bits as i64,
                    (2, _, Owned::Number(bits)) => nanos = bits as i32,
                    _ => {}
                }
            }
            return match known(descriptor) {
                Known::Duration => duration(seconds, nanos),
                _ => timestamp(seconds, nanos),
            };
        }
        Known::Wrapper(_) => {
            let Some(field) = wrapped_field(descriptor) else {
                return Err("the wrapper has no value field".to_owned());
            };
            let fields = fields(descriptor, &wire, depth)?;
            let value = fields.get(&field.number());
            return Ok(value.map_or_else(|| default(&field, depth), |value| value.clone_as_boxed()));
        }
        Known::Any => {
            let fields = fields(descriptor, &wire, depth)?;
            let url = fields
                .get(&1)
                .and_then(|url| url.downcast_ref::<CelString<'_>>());
            let of = url.and_then(|url| url.inner().rsplit('/').next());
            if let Some(of) = of.and_then(|of| descriptor.parent_pool().get_message_by_name(of)) {
                let value = fields
                    .get(&2)
                    .and_then(|value| value.downcast_ref::<CelBytes<'_>>());
                let value = value.map(|value| value.inner().to_vec());
                return of_message(&of, value.unwrap_or_default().into(), depth + 1);
            }
        }
        Known::FieldMask | Known::None => {}
    }
    match descriptor.full_name() {
        "google.protobuf.Struct" => json(fields(descriptor, &wire, depth)?.remove(&1), || {
            Box::new(CelMap::from(HashMap::new()))
        }),
        "google.protobuf.ListValue" => json(fields(descriptor, &wire, depth)?.remove(&1), || {
            Box::new(CelList::from(Vec::new()))
        }),
        "google.protobuf.Value" => {
            let mut fields = fields(descriptor, &wire, depth)?;
            fields.remove(&1);
            json(fields.into_values().next(), || Box::new(CelNull))
        }
        _ => Ok(Box::new(Message::new(descriptor.clone(), wire, depth))),
    }
}

fn json(value: Option<Box<dyn Val>>, otherwise: impl FnOnce() -> Box<dyn Val>) -> Made {
    Ok(value.unwrap_or_else(otherwise))
}

/// The fields of a message that are set.
pub(super) fn fields(
    descriptor: &MessageDescriptor,
    wire: &Bytes,
    depth: usize,
) -> Result<Fields, String> {
    let mut lists: HashMap<u32, Vec<Owned>> = HashMap::new();
    for field in Wire::new(wire) {
        let (number, wire_type, raw) = field?;
        let Some(field) = descriptor.get_field(number) else {
            continue;
        };
        let kind = field.kind();
        let own = match kind.wire_type() {
            prost_reflect::prost::encoding::WireType::Varint => WireType::Varint,
            prost_reflect::prost::encoding::WireType::SixtyFourBit => WireType::Fixed64,
            prost_reflect::prost::encoding::WireType::ThirtyTwoBit => WireType::Fixed32,
            _ if field.is_group() => WireType::StartGroup,
            _ => WireType::Len,
        };
        let packed = field.is_list()
            && wire_type == WireType::Len
            && matches!(
                own,
                WireType::Varint | WireType::Fixed32 | WireType::Fixed64
            );
        if let Some(oneof) = field.containing_oneof() {
            for other in oneof.fields().filter(|other| other.number() != number) {
                lists.remove(&other.number());
            }
        }
        match raw {
            Owned::Len(bytes) if packed => unpack(&bytes, own, lists.entry(number).or_default())?,
            raw if wire_type == own => {
                let list = lists.entry(number).or_default();
                let is_message = matches!(kind, Kind::Message(_));
                if !(field.is_list() || field.is_map() || is_message) {
                    list.clear();
                }
                list.push(raw);
            }
            _ => {}
        }
    }
    let mut out = Fields::new();
    for (number, list) in lists {
        let Some(field) = descriptor.get_field(number) else {
            continue;
        };
        if let Some(value) = of_field(&field, list, depth)? {
            out.insert(number, value);
        }
    }
    Ok(out)
}

/// What was found of a field; none where that is as good as nothing.
fn of_field(
    field: &FieldDescriptor,
    mut list: Vec<Owned>,
    depth: usize,
) -> Result<Option<Box<dyn Val>>, String> {
    let kind = field.kind();
    if list.is_empty() {
        return Ok(None);
    }
    if field.is_map() {
        let Some(entry) = kind.as_message() else {
            return Ok(None);
        };
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let mut out = HashMap::with_capacity(list.len());
        for raw in list {
            let Owned::Len(bytes) = raw else { continue };
            let mut fields = fields(entry, &bytes, depth)?;
            let own = fields.remove(&1).unwrap_or_else(|| default(&key, depth));
            let value = fields.remove(&2).unwrap_or_else(|| default(&value, depth));
            out.insert(as_key(own)?, value);
        }
        return Ok(Some(Box::new(CelMap::from(out))));
    }
    if field.is_list() {
        let elements: Result<Vec<_>, String> = list
            .into_iter()
            .map(|raw| of_kind(&kind, raw, depth + 1))
            .collect();
        return Ok(Some(Box::new(CelList::from(elements?))));
    }
    // Several pieces of one message are one message.
    let raw = if list.len() > 1 {
        let mut joined = Vec::new();
        for raw in list {
            if let Owned::Len(bytes) = raw {
                joined.extend_from_slice(&bytes);
            }
        }
        Owned::Len(joined.into())
    } else {
        match list.pop() {
            Some(raw) => raw,
            None => return Ok(None),
        }
    };
    let is_zero = match &raw {
        Owned::Number(bits) => *bits == 0,
        Owned::Len(bytes) => bytes.is_empty(),
    };
    if is_zero && !field.supports_presence() {
        return Ok(None);
    }
    of_kind(&kind, raw, depth + 1).map(Some)
}

/// What a field is that is not set.
pub(super) fn default(field: &FieldDescriptor, depth: usize) -> Box<dyn Val> {
    if field.is_map() {
        return Box::new(CelMap::from(HashMap::new()));
    }
    if field.is_list() {
        return Box::new(CelList::from(Vec::new()));
    }
    if let Kind::Message(of) = field.kind() {
        // Null where there is no message to speak of.
        return match known(&of) {
            Known::Wrapper(_) | Known::Any => Box::new(CelNull),
            _ => of_message(&of, Bytes::new(), depth + 1).unwrap_or_else(|_| Box::new(CelNull)),
        };
    }
    match field.default_value() {
        Value::Bool(value) => Box::new(CelBool::from(value)),
        Value::I32(value) | Value::EnumNumber(value) => Box::new(CelInt::from(i64::from(value))),
        Value::I64(value) => Box::new(CelInt::from(value)),
        Value::U32(value) => Box::new(CelUInt::from(u64::from(value))),
        Value::U64(value) => Box::new(CelUInt::from(value)),
        Value::F32(value) => Box::new(CelDouble::from(f64::from(value))),
        Value::F64(value) => Box::new(CelDouble::from(value)),
        Value::String(value) => Box::new(CelString::from(value)),
        Value::Bytes(value) => Box::new(CelBytes::from(value.to_vec())),
        Value::Message(_) | Value::List(_) | Value::Map(_) => Box::new(CelNull),
    }
}

fn as_key(value: Box<dyn Val>) -> Result<CelMapKey<'static>, String> {
    CelMapKey::try_from(value).map_err(|_| "the key of a map is of no type that keys have".into())
}

/// What a predefined rule is given: the rules that it stands among, and its own value, with its type.
pub(in crate::validate) fn given(
    rules: &Record,
    of_rules: &MessageDescriptor,
    extension: &ExtensionDescriptor,
) -> Result<(Given, Typed), String> {
    let kind = extension.kind();
    if extension.is_map() || extension.is_group() {
        return Err("its value is a map or a group, which rules here cannot have".to_owned());
    }
    let mut elements = Vec::new();
    for (_, scalar) in rules
        .fields()
        .filter(|(number, _)| *number == extension.number())
    {
        let own = match kind {
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::Fixed32,
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::Fixed64,
            Kind::String | Kind::Bytes | Kind::Message(_) => WireType::Len,
            _ => WireType::Varint,
        };
        match scalar {
            Scalar::Varint(bits) | Scalar::Fixed64(bits) => elements.push(Owned::Number(*bits)),
            Scalar::Fixed32(bits) => elements.push(Owned::Number((*bits).into())),
            Scalar::Bytes(bytes) if own != WireType::Len => unpack(bytes, own, &mut elements)?,
            Scalar::Bytes(bytes) => elements.push(Owned::Len(bytes.clone())),
        }
    }
    let of_one = Typed::of_kind(&kind);
    let (rule, of_rule): (Box<dyn Val>, _) = if extension.is_list() {
        let values: Result<Vec<_>, _> = elements
            .into_iter()
            .map(|raw| of_kind(&kind, raw, 0))
            .collect();
        (
            Box::new(CelList::from(values?)),
            Typed::List(Box::new(of_one)),
        )
    } else {
        let last = elements.pop().ok_or("it has no value")?;
        (of_kind(&kind, last, 0)?, of_one)
    };
    let rules = message(of_rules, rules.encode().into())?;
    Ok((Given { rules, rule }, of_rule))
}

fn unpack(bytes: &Bytes, own: WireType, out: &mut Vec<Owned>) -> Result<(), String> {
    let mut cursor = Cursor::new(bytes, 0, bytes.len());
    while !cursor.is_at_end() {
        let number = match own {
            WireType::Fixed32 => cursor.fixed32().map(u64::from),
            WireType::Fixed64 => cursor.fixed64(),
            _ => cursor.varint(),
        };
        out.push(Owned::Number(number.map_err(|error| error.to_string())?));
    }
    Ok(())
}

/// The fields on the wire.
struct Wire<'b> {
    bytes: &'b Bytes,
    cursor: Cursor<'b>,
}

impl<'b> Wire<'b> {
    fn new(bytes: &'b Bytes) -> Self {
        Self {
            bytes,
            cursor: Cursor::new(bytes, 0, bytes.len()),
        }
    }

    fn field(&mut self) -> Result<(u32, WireType, Owned), Malformed> {
        let (number, wire_type) = self.cursor.tag()?;
        let (start, end) = match wire_type {
            WireType::Varint => {
                return Ok((number, wire_type, Owned::Number(self.cursor.varint()?)));
            }
            WireType::Fixed32 => {
                let bits = self.cursor.fixed32()?;
                return Ok((number, wire_type, Owned::Number(bits.into())));
            }
            WireType::Fixed64 => {
                return Ok((number, wire_type, Owned::Number(self.cursor.fixed64()?)));
            }
            WireType::Len => self.cursor.length()?,
            WireType::StartGroup => self.cursor.group(number)?,
            WireType::EndGroup => return Err(Malformed::EndGroup(number)),
        };
        Ok((number, wire_type, Owned::Len(self.bytes.slice(start..end))))
    }
}

impl Iterator for Wire<'_> {
    type Item = Result<(u32, WireType, Owned), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_at_end() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.cursor = Cursor::new(&[], 0, 0);
        }
        Some(field.map_err(|malformed| malformed.to_string()))
    }
}
