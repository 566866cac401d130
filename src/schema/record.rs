//! An option of a descriptor, read by field numbers.
//!
//! Nothing here relies on the annotation's own definition: a descriptor set may lack it, or bring an old
//! or a false one. What cannot be read counts as not said. No bytes make it panic, and work is linear in
//! them; whoever follows messages into each other states how deep.

use std::panic::{AssertUnwindSafe, catch_unwind};

use prost::Message as _;
use prost::bytes::{Buf as _, Bytes, BytesMut};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_reflect::DynamicMessage;

/// The fields of one message, in the order of the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    fields: Vec<(u32, Scalar)>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(Bytes),
}

/// How the elements of a packed list lie in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Varint,
    Fixed32,
    Fixed64,
}

impl Record {
    /// A descriptor's options. The library that holds them trusts them, and panics on those that do not fit
    /// their definitions, so it is guarded.
    pub(crate) fn of_options(read: impl FnOnce() -> DynamicMessage) -> Self {
        Self::of_fitting_options(read).unwrap_or_default()
    }

    /// The same; none of options that do not fit.
    pub(crate) fn of_fitting_options(read: impl FnOnce() -> DynamicMessage) -> Option<Self> {
        let options = catch_unwind(AssertUnwindSafe(|| read().encode_to_vec())).ok()?;
        Some(Self::read(options.into()))
    }

    /// Reads as far as the bytes are a message.
    pub(crate) fn read(mut bytes: Bytes) -> Self {
        let mut fields = Vec::new();
        while bytes.has_remaining() {
            let Ok((number, wire)) = decode_key(&mut bytes) else {
                break;
            };
            let Some(scalar) = scalar(&mut bytes, number, wire) else {
                break;
            };
            if let Some(scalar) = scalar {
                fields.push((number, scalar));
            }
        }
        Self { fields }
    }

    /// The message again, in wire form.
    pub(crate) fn encode(&self) -> Vec<u8> {
        use prost::encoding::{encode_key, encode_varint};
        let mut out = Vec::new();
        for (number, scalar) in &self.fields {
            match scalar {
                Scalar::Varint(value) => {
                    encode_key(*number, WireType::Varint, &mut out);
                    encode_varint(*value, &mut out);
                }
                Scalar::Fixed64(value) => {
                    encode_key(*number, WireType::SixtyFourBit, &mut out);
                    out.extend_from_slice(&value.to_le_bytes());
                }
                Scalar::Fixed32(value) => {
                    encode_key(*number, WireType::ThirtyTwoBit, &mut out);
                    out.extend_from_slice(&value.to_le_bytes());
                }
                Scalar::Bytes(bytes) => {
                    encode_key(*number, WireType::LengthDelimited, &mut out);
                    encode_varint(bytes.len() as u64, &mut out);
                    out.extend_from_slice(bytes);
                }
            }
        }
        out
    }

    /// Every field with its number.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (u32, &Scalar)> {
        self.fields.iter().map(|(number, scalar)| (*number, scalar))
    }

    fn all(&self, number: u32) -> impl DoubleEndedIterator<Item = &Scalar> {
        let of = self.fields.iter().filter(move |(own, _)| *own == number);
        of.map(|(_, scalar)| scalar)
    }

    /// The last value of a field.
    pub(crate) fn last(&self, number: u32) -> Option<&Scalar> {
        self.all(number).next_back()
    }

    pub(crate) fn varint(&self, number: u32) -> Option<u64> {
        match self.last(number)? {
            Scalar::Varint(value) => Some(*value),
            Scalar::Fixed64(_) | Scalar::Fixed32(_) | Scalar::Bytes(_) => None,
        }
    }

    pub(crate) fn flag(&self, number: u32) -> bool {
        self.varint(number).is_some_and(|value| value != 0)
    }

    pub(crate) fn bytes(&self, number: u32) -> Option<&Bytes> {
        self.all_bytes(number).next_back()
    }

    pub(crate) fn all_bytes(&self, number: u32) -> impl DoubleEndedIterator<Item = &Bytes> {
        self.all(number).filter_map(|scalar| match scalar {
            Scalar::Bytes(bytes) => Some(bytes),
            Scalar::Varint(_) | Scalar::Fixed64(_) | Scalar::Fixed32(_) => None,
        })
    }

    /// Text; what is not UTF-8 is not said.
    pub(crate) fn text(&self, number: u32) -> Option<String> {
        String::from_utf8(self.bytes(number)?.to_vec()).ok()
    }

    pub(crate) fn texts(&self, number: u32) -> Vec<String> {
        let texts = self.all_bytes(number);
        texts
            .filter_map(|bytes| String::from_utf8(bytes.to_vec()).ok())
            .collect()
    }

    /// A message: several of them on the wire are one.
    pub(crate) fn message(&self, number: u32) -> Option<Self> {
        let mut all = self.all_bytes(number);
        let first = all.next()?;
        let mut joined = BytesMut::from(first.as_ref());
        for more in all {
            joined.extend_from_slice(more);
        }
        Some(Self::read(joined.freeze()))
    }

    pub(crate) fn messages(&self, number: u32) -> impl Iterator<Item = Self> {
        self.all_bytes(number).cloned().map(Self::read)
    }

    /// Elements of a list of numbers, packed or not.
    pub(crate) fn list(&self, number: u32, packing: Packing) -> Vec<Scalar> {
        let mut out = Vec::new();
        for scalar in self.all(number) {
            match scalar {
                Scalar::Bytes(packed) => unpack(packed.clone(), packing, &mut out),
                single => out.push(single.clone()),
            }
        }
        out
    }
}

/// One value; `Some(None)` for a group, which no annotation has.
#[allow(clippy::option_option)]
fn scalar(bytes: &mut Bytes, number: u32, wire: WireType) -> Option<Option<Scalar>> {
    let scalar = match wire {
        WireType::Varint => Scalar::Varint(decode_varint(bytes).ok()?),
        WireType::SixtyFourBit => Scalar::Fixed64(bytes.try_get_u64_le().ok()?),
        WireType::ThirtyTwoBit => Scalar::Fixed32(bytes.try_get_u32_le().ok()?),
        WireType::LengthDelimited => {
            let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
            if length > bytes.len() {
                return None;
            }
            Scalar::Bytes(bytes.split_to(length))
        }
        WireType::StartGroup => {
            skip_field(wire, number, bytes, DecodeContext::default()).ok()?;
            return Some(None);
        }
        WireType::EndGroup => return None,
    };
    Some(Some(scalar))
}

fn unpack(mut bytes: Bytes, packing: Packing, out: &mut Vec<Scalar>) {
    while bytes.has_remaining() {
        let element = match packing {
            Packing::Varint => decode_varint(&mut bytes).map(Scalar::Varint).ok(),
            Packing::Fixed32 => bytes.try_get_u32_le().map(Scalar::Fixed32).ok(),
            Packing::Fixed64 => bytes.try_get_u64_le().map(Scalar::Fixed64).ok(),
        };
        match element {
            Some(element) => out.push(element),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_not_said_and_what_stands_before_it_is() {
        // 1: 7, 2: "hi", 3: five bytes of which one is there.
        let record = Record::read(Bytes::from_static(b"\x08\x07\x12\x02hi\x1a\x05x"));
        assert_eq!(record.varint(1), Some(7));
        assert_eq!(record.text(2).as_deref(), Some("hi"));
        assert_eq!(record.bytes(3), None);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        let mut state = 1u64;
        for length in 0..2000usize {
            let bytes: Vec<u8> = (0..length % 40)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    (state >> 33) as u8
                })
                .collect();
            let record = Record::read(bytes.into());
            for number in 1..20 {
                let _ = (record.message(number), record.text(number));
                let _ = record.list(number, Packing::Fixed32);
            }
        }
    }

    #[test]
    fn a_list_is_read_packed_or_not() {
        let record = Record::read(Bytes::from_static(b"\x08\x01\x0a\x02\x02\x03\x08\x04"));
        let values: Vec<_> = (1..=4).map(Scalar::Varint).collect();
        assert_eq!(record.list(1, Packing::Varint), values);
    }
}
