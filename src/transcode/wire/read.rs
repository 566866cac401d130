//! Protobuf wire form, read: varints, tags, lengths, and what can be jumped over.
//!
//! A [`Cursor`] never reads past its end, never believes a length it cannot see, and never recurses:
//! groups inside groups are walked with a bounded stack of field numbers. Overlong varints (beyond ten
//! bytes or 64 bits), field number 0 or above 2^29 - 1, wire types 6 and 7, and an end-group without
//! its start are errors, as they are to the generated parsers.

use std::fmt;

use crate::transcode::plan::WireType;

/// Largest field number the format allows.
const FIELD_NUMBER_MAX: u32 = (1 << 29) - 1;

/// Groups nested inside a group whose end is looked for, at most. Callers count the depth of
/// messages themselves.
const GROUPS_MAX: usize = 100;

/// Longest varint.
const VARINT_MAX: usize = 10;

/// What makes bytes no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// A value or length goes on after the last byte.
    Truncated,
    /// A varint of more than 64 bits.
    Varint,
    /// A field number out of range.
    Number(u64),
    /// Wire type 6 or 7.
    WireType(u64),
    /// An end-group tag that closes nothing, or closes another field's group.
    EndGroup(u32),
    /// A group that never ends.
    OpenGroup(u32),
    /// Groups nested beyond [`GROUPS_MAX`].
    Groups,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the protobuf message ends in the middle of a value"),
            Self::Varint => f.write_str("a varint has more than 64 bits"),
            Self::Number(number) => {
                write!(
                    f,
                    "field number {number} is not within 1 to {FIELD_NUMBER_MAX}"
                )
            }
            Self::WireType(found) => write!(f, "wire type {found} does not exist"),
            Self::EndGroup(number) => write!(f, "the end of group {number} has no start"),
            Self::OpenGroup(number) => write!(f, "group {number} has no end"),
            Self::Groups => write!(f, "groups are nested more than {GROUPS_MAX} deep"),
        }
    }
}

/// A place within wire bytes. Offsets are into the whole input, so a sub-message is the same slice
/// with a nearer end, and the pieces of a split sub-message need no joining.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    /// The input, cut off where this message ends.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Reads `bytes[start..end]`; out of bounds means empty.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], start: usize, end: usize) -> Self {
        Self {
            bytes: bytes.get(..end).unwrap_or_default(),
            at: start,
        }
    }

    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// One varint.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.varint_long(),
        }
    }

    fn varint_long(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        for (nth, &byte) in rest.iter().take(VARINT_MAX).enumerate() {
            if nth == VARINT_MAX - 1 && byte > 1 {
                return Err(Malformed::Varint);
            }
            value |= u64::from(byte & 0x7f) << (7 * nth);
            if byte < 0x80 {
                self.at += nth + 1;
                return Ok(value);
            }
        }
        Err(Malformed::Truncated)
    }

    /// Field number and wire type.
    #[inline]
    pub(crate) fn tag(&mut self) -> Result<(u32, WireType), Malformed> {
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Len,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            other => return Err(Malformed::WireType(other)),
        };
        let number = tag >> 3;
        if number == 0 || number > u64::from(FIELD_NUMBER_MAX) {
            return Err(Malformed::Number(number));
        }
        Ok((number as u32, wire))
    }

    #[inline]
    pub(crate) fn fixed32(&mut self) -> Result<u32, Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let four = rest.first_chunk::<4>().ok_or(Malformed::Truncated)?;
        self.at += 4;
        Ok(u32::from_le_bytes(*four))
    }

    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let eight = rest.first_chunk::<8>().ok_or(Malformed::Truncated)?;
        self.at += 8;
        Ok(u64::from_le_bytes(*eight))
    }

    /// The bounds of a length-delimited value; the cursor stands behind it afterwards.
    #[inline]
    pub(crate) fn length(&mut self) -> Result<(usize, usize), Malformed> {
        let length = self.varint()?;
        let rest = self.bytes.len().saturating_sub(self.at);
        if length > rest as u64 {
            return Err(Malformed::Truncated);
        }
        let start = self.at;
        self.at += length as usize;
        Ok((start, self.at))
    }

    /// The bounds of a group whose start tag was just read; the cursor stands behind its end tag.
    pub(crate) fn group(&mut self, number: u32) -> Result<(usize, usize), Malformed> {
        let start = self.at;
        let mut open = [0u32; GROUPS_MAX];
        let mut depth = 0usize;
        loop {
            if self.is_at_end() {
                let inner = depth.checked_sub(1).and_then(|top| open.get(top));
                return Err(Malformed::OpenGroup(inner.copied().unwrap_or(number)));
            }
            let before = self.at;
            let (found, wire) = self.tag()?;
            match wire {
                WireType::Varint => {
                    self.varint()?;
                }
                WireType::Fixed64 => {
                    self.fixed64()?;
                }
                WireType::Fixed32 => {
                    self.fixed32()?;
                }
                WireType::Len => {
                    self.length()?;
                }
                WireType::StartGroup => {
                    *open.get_mut(depth).ok_or(Malformed::Groups)? = found;
                    depth += 1;
                }
                WireType::EndGroup => match depth.checked_sub(1) {
                    None if found == number => return Ok((start, before)),
                    Some(top) if open.get(top) == Some(&found) => depth = top,
                    _ => return Err(Malformed::EndGroup(found)),
                },
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cursor(bytes: &[u8]) -> Cursor<'_> {
        Cursor::new(bytes, 0, bytes.len())
    }

    #[test]
    fn varints() {
        let ff = [0xff; 9];
        for (bytes, expected) in [
            (&[0u8][..], Ok(0)),
            (&[0x7f], Ok(127)),
            (&[0x80, 1], Ok(128)),
            (&[0xff, 0xff, 3], Ok(65535)),
            (&[&ff[..], &[1]].concat(), Ok(u64::MAX)),
            (&[0x80, 0x80, 0], Ok(0)),
            (&[&ff[..], &[2]].concat(), Err(Malformed::Varint)),
            (&[0x80; 11], Err(Malformed::Varint)),
            (&[], Err(Malformed::Truncated)),
            (&[0x80], Err(Malformed::Truncated)),
            (&[0x80, 0x80, 0x80], Err(Malformed::Truncated)),
        ] {
            assert_eq!(cursor(bytes).varint(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn tags() {
        for (bytes, expected) in [
            (&[0x08u8][..], Ok((1, WireType::Varint))),
            (
                &[0xfd, 0xff, 0xff, 0xff, 0x0f],
                Ok((FIELD_NUMBER_MAX, WireType::Fixed32)),
            ),
            (&[0x00], Err(Malformed::Number(0))),
            (&[0x0e], Err(Malformed::WireType(6))),
            (&[0x0f], Err(Malformed::WireType(7))),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x10],
                Err(Malformed::Number(1 << 29)),
            ),
        ] {
            assert_eq!(cursor(bytes).tag(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn a_length_that_lies_reads_nothing() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0];
        for bytes in [&[5u8, 1, 2][..], &huge, &[1]] {
            assert_eq!(
                cursor(bytes).length(),
                Err(Malformed::Truncated),
                "{bytes:x?}"
            );
        }
        assert_eq!(cursor(&[0]).length(), Ok((1, 1)));
        assert_eq!(
            Cursor::new(&[1, 2], 9, 9).varint(),
            Err(Malformed::Truncated)
        );
    }

    #[test]
    fn groups_are_matched_and_bounded() {
        assert_eq!(cursor(&[0x08, 1, 0x0c]).group(1), Ok((0, 2)));
        // group 1 { group 2 { 3: "x" } }
        assert_eq!(
            cursor(&[0x13, 0x1a, 1, b'x', 0x14, 0x0c, 9]).group(1),
            Ok((0, 5))
        );
        assert_eq!(cursor(&[0x13, 0x0c]).group(1), Err(Malformed::EndGroup(1)));
        assert_eq!(cursor(&[0x14]).group(1), Err(Malformed::EndGroup(2)));
        assert_eq!(cursor(&[0x13]).group(1), Err(Malformed::OpenGroup(2)));
        assert_eq!(cursor(&[]).group(1), Err(Malformed::OpenGroup(1)));
        assert_eq!(cursor(&[0x13; 10_000]).group(1), Err(Malformed::Groups));
    }
}
