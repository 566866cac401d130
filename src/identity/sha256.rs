//! SHA-256.

use ring::digest::{Context, SHA256};

/// What a text is known by without being kept.
pub(super) type Hash = [u8; 32];

/// The hash of what the parts are together.
pub(super) fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = Context::new(&SHA256);
    for part in parts {
        hasher.update(part);
    }
    // SHA-256 has this length.
    hasher.finish().as_ref().try_into().unwrap_or_default()
}

/// 64 hexadecimal digits, of either case.
pub(super) fn from_hex(text: &str) -> Option<Hash> {
    let digit = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut hash = Hash::default();
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// A number below 16 as a hexadecimal digit.
pub(super) const fn digit(number: u8) -> u8 {
    match number {
        0..=9 => b'0' + number,
        _ => b'a' + (number & 0xf) - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_hashed_as_one_text() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Some(hash(&[b"abc"])), from_hex(hex));
        assert_eq!(
            Some(hash(&[b"a", b"", b"bc"])),
            from_hex(&hex.to_uppercase())
        );
        for text in [
            "",
            &hex[1..],
            &format!("{hex}0"),
            &hex.replace('b', "g"),
            &hex.replace("ba", "é"),
        ] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
