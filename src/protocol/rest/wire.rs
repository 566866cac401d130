//! A reader of one message's own fields in protobuf wire form, for the two messages that REST
//! itself opens: `google.api.HttpBody` and the details of a `google.rpc.Status`.
//!
//! Total: whatever the bytes are, it yields fields or ends; it never recurses, allocates or panics.

use std::ops::Range;

/// One field: its number and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The field number.
    pub(super) number: u64,
    /// The value.
    pub(super) value: Value,
}

/// A field's value, as far as anybody here needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 2: where in the message the bytes are.
    Bytes(Range<usize>),
    /// A fixed-width number, jumped over.
    Fixed,
}

/// The message is not well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// The fields of a message, in wire order. Ends after the first [`Broken`]. A group counts as
/// broken: no message read here has one.
pub(super) struct Fields<'w> {
    wire: &'w [u8],
    at: usize,
}

impl<'w> Fields<'w> {
    pub(super) fn of(wire: &'w [u8]) -> Self {
        Self { wire, at: 0 }
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.wire.get(self.at).ok_or(Broken)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn skip(&mut self, length: u64) -> Result<Range<usize>, Broken> {
        let left = self.wire.len() - self.at;
        let length = usize::try_from(length)
            .ok()
            .filter(|n| *n <= left)
            .ok_or(Broken)?;
        let start = self.at;
        self.at += length;
        Ok(start..self.at)
    }

    fn field(&mut self) -> Result<Field, Broken> {
        let tag = self.varint()?;
        let value = match tag & 0b111 {
            0 => Value::Varint(self.varint()?),
            1 => self.skip(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.skip(length)?)
            }
            5 => self.skip(4).map(|_| Value::Fixed)?,
            _ => return Err(Broken),
        };
        match tag >> 3 {
            0 => Err(Broken),
            number => Ok(Field { number, value }),
        }
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.wire.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.at = self.wire.len();
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_lie_and_varints_that_never_end_are_broken_and_end_the_reading() {
        let rows: [&[u8]; 7] = [
            &[0x0a, 0x05, b'a'],
            &[
                0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
            &[0x80],
            &[
                0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01,
            ],
            &[0x00, 0x00],
            &[0x0b],
            &[0x0f],
        ];
        for wire in rows {
            let fields: Vec<_> = Fields::of(wire).collect();
            assert_eq!(fields, [Err(Broken)], "{wire:?}");
        }
    }

    #[test]
    fn varints_are_read_whole() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX,
        ] {
            let mut wire = vec![0x08];
            prost::encoding::encode_varint(value, &mut wire);
            let (number, value) = (1, Value::Varint(value));
            let read = Fields::of(&wire).next();
            assert_eq!(read, Some(Ok(Field { number, value })));
        }
    }
}
