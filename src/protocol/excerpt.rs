//! As much of what a client sent as an error repeats: enough to recognise it, too little to be
//! worth sending.

use std::slice::EscapeAscii;

/// Input bytes that an error repeats at most.
const SHOWN_MAX: usize = 100;

/// The beginning of a text.
pub(super) fn of_text(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SHOWN_MAX))
        .unwrap_or_default()
}

/// The beginning of some bytes, with escapes for those that are no characters.
pub(super) fn of_bytes(bytes: &[u8]) -> EscapeAscii<'_> {
    bytes.get(..SHOWN_MAX).unwrap_or(bytes).escape_ascii()
}
