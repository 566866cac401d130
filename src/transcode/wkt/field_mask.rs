//! `google.protobuf.FieldMask` from text like `user.displayName,photo`.

/// What the parser takes, for people.
pub(crate) const EXPECTED: &str = "field paths in lowerCamelCase, separated by commas";

/// Calls `each` with every path of the mask, in text form; false if one of them is malformed.
pub(crate) fn paths<'t>(text: &'t [u8], mut each: impl FnMut(&'t [u8])) -> bool {
    if text.is_empty() {
        return true;
    }
    for path in text.split(|byte| *byte == b',') {
        if !path.split(|byte| *byte == b'.').all(is_segment) {
            return false;
        }
        each(path);
    }
    true
}

/// Letters and digits only: an underscore would not survive the way back to lowerCamelCase. `*`
/// stands for all fields.
fn is_segment(segment: &[u8]) -> bool {
    match segment {
        b"*" => true,
        [first, rest @ ..] => {
            first.is_ascii_alphabetic() && rest.iter().all(u8::is_ascii_alphanumeric)
        }
        [] => false,
    }
}

/// Bytes of the path in snake_case.
pub(crate) fn snake_len(path: &[u8]) -> usize {
    path.len() + path.iter().filter(|byte| byte.is_ascii_uppercase()).count()
}

/// Appends the path in snake_case.
pub(crate) fn put_snake(out: &mut Vec<u8>, path: &[u8]) {
    for byte in path {
        if byte.is_ascii_uppercase() {
            out.push(b'_');
        }
        out.push(byte.to_ascii_lowercase());
    }
}
