//! Wire bytes out: varints, scalars, and lengths that are patched once the body is there.

/// The wire form of a value that is not length-delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
}

impl Scalar {
    /// All bits are zero; `-0.0` is not.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Varint(bits) | Self::Fixed64(bits) => bits == 0,
            Self::Fixed32(bits) => bits == 0,
        }
    }

    /// Appends the value.
    pub(crate) fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::Varint(value) => put_varint(out, value),
            Self::Fixed32(bits) => out.extend_from_slice(&bits.to_le_bytes()),
            Self::Fixed64(bits) => out.extend_from_slice(&bits.to_le_bytes()),
        }
    }
}

/// Appends a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    let mut bytes = [0; 10];
    let mut len = 0;
    for byte in &mut bytes {
        len += 1;
        *byte = value as u8 | 0x80;
        value >>= 7;
        if value == 0 {
            *byte &= 0x7F;
            break;
        }
    }
    out.extend_from_slice(bytes.get(..len).unwrap_or_default());
}

/// Bytes a varint takes.
pub(crate) fn varint_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// A length prefix whose body is being written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prefix {
    at: usize,
    width: u8,
}

impl Prefix {
    /// Reserves `width` bytes (at least one) for the length of what is written next.
    pub(crate) fn open(out: &mut Vec<u8>, width: u8) -> Self {
        let width = width.clamp(1, 10);
        let at = out.len();
        if width == 1 {
            out.push(0);
        } else {
            out.resize(at + usize::from(width), 0);
        }
        Self { at, width }
    }

    /// Writes the length of what was written since; moves it only if the width was guessed
    /// wrong. Gives the right width.
    pub(crate) fn close(self, out: &mut Vec<u8>) -> u8 {
        let guessed = usize::from(self.width);
        let body = self.at + guessed;
        let len = out.len().saturating_sub(body);
        if guessed == 1
            && len < 0x80
            && let Some(prefix) = out.get_mut(self.at)
        {
            *prefix = len as u8;
            return 1;
        }
        let needed = varint_len(len as u64);
        if needed > guessed {
            out.resize(out.len() + needed - guessed, 0);
            out.copy_within(body..body + len, self.at + needed);
        } else if needed < guessed {
            out.copy_within(body.., self.at + needed);
            out.truncate(self.at + needed + len);
        }
        let mut rest = len;
        if let Some(prefix) = out.get_mut(self.at..self.at + needed) {
            for byte in prefix {
                *byte = rest as u8 | 0x80;
                rest >>= 7;
                if rest == 0 {
                    *byte &= 0x7F;
                }
            }
        }
        needed as u8
    }

    /// Nothing was written since.
    pub(crate) fn is_empty(self, out: &[u8]) -> bool {
        out.len() == self.at + usize::from(self.width)
    }
}
