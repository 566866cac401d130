//! Envelopes, base64 and percent escapes as one would read them by hand: what the gateway's own
//! readers and writers are held against.

use std::fmt;

/// Bytes before a payload.
pub(crate) const PREFIX: usize = 5;

/// A flags byte and a payload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Envelope<'b> {
    pub(crate) flags: u8,
    pub(crate) payload: &'b [u8],
}

impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}:{}", self.flags, self.payload.escape_ascii())
    }
}

/// The whole envelopes at the beginning of a body, and what is left behind them.
pub(crate) fn envelopes(mut body: &[u8]) -> (Vec<Envelope<'_>>, &[u8]) {
    let mut found = Vec::new();
    while let Some((flags, declared)) = prefix(body)
        && let Some(payload) = body[PREFIX..].get(..declared)
    {
        found.push(Envelope { flags, payload });
        body = &body[PREFIX + declared..];
    }
    (found, body)
}

/// Flags and declared length of what begins here, once they are there.
pub(crate) fn prefix(body: &[u8]) -> Option<(u8, usize)> {
    let &[flags, a, b, c, d] = body.first_chunk()?;
    let declared = [a, b, c, d]
        .iter()
        .fold(0, |n, &byte| n << 8 | usize::from(byte));
    Some((flags, declared))
}

/// The envelopes of an answer, which has nothing else.
pub(crate) fn all_envelopes(body: &[u8]) -> Vec<Envelope<'_>> {
    let (found, rest) = envelopes(body);
    assert!(
        rest.is_empty(),
        "a body ends within an envelope: {}",
        body.escape_ascii()
    );
    found
}

/// How concatenated padded base64 strings end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    /// Within a group of four.
    Short,
    /// At a group that is none.
    Bad,
}

/// Decodes concatenated padded base64 strings, group by group, up to the first that is none.
pub(crate) fn base64(text: &[u8]) -> (Vec<u8>, Ending) {
    let mut out = Vec::new();
    for group in text.chunks(4) {
        let Ok(group) = <[u8; 4]>::try_from(group) else {
            return (out, Ending::Short);
        };
        match bytes_of(group) {
            Some((bytes, length)) => out.extend_from_slice(&bytes[..length]),
            None => return (out, Ending::Bad),
        }
    }
    (out, Ending::Whole)
}

/// Decodes base64 without padding.
pub(crate) fn base64_unpadded(text: &[u8]) -> Option<Vec<u8>> {
    let padding = match text.len() % 4 {
        0 => 0,
        2 => 2,
        3 => 1,
        _ => return None,
    };
    let (out, ending) = base64(&[text, &b"=="[..padding]].concat());
    (ending == Ending::Whole && !text.contains(&b'=')).then_some(out)
}

/// The bytes of a group, and how many of them count.
fn bytes_of(group: [u8; 4]) -> Option<([u8; 3], usize)> {
    let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
    let mut bits = 0_u32;
    for character in &group[..4 - padding] {
        bits = bits << 6 | u32::from(digit(*character)?);
    }
    let (length, left_over) = match padding {
        0 => (3, 0),
        1 => (2, 2),
        2 => (1, 4),
        _ => return None,
    };
    // Bits that stand for nothing are zero.
    (bits & ((1 << left_over) - 1) == 0).then_some(())?;
    let [_, a, b, c] = (bits << (6 * padding)).to_be_bytes();
    Some(([a, b, c], length))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(character: u8) -> Option<u8> {
    let at = ALPHABET.iter().position(|known| *known == character)?;
    u8::try_from(at).ok()
}

/// One padded base64 string.
pub(crate) fn to_base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            out.push(if place <= three.len() {
                ALPHABET[(bits >> (18 - 6 * place)) as usize & 0x3f]
            } else {
                b'='
            });
        }
    }
    out
}
