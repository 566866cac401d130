//! Compact JSON over several lines. Nothing but space is added: the order and the spelling of what
//! the transcoder wrote stay as they are.

/// Bytes that each of the input's becomes, at most: deep lists of small values would grow a
/// hundredfold.
const GROWTH_MAX: usize = 8;

/// Bytes that even the smallest input may become.
const SMALL: usize = 4 << 10;

/// White space in JSON answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// None.
    #[default]
    Compact,
    /// Two spaces a level, for people. Lines of a stream stay lines.
    Indented,
}

/// The JSON in this layout. What would grow too much stays as it is: it is for nobody's eyes.
#[must_use]
pub fn laid_out(layout: Layout, json: Vec<u8>) -> Vec<u8> {
    match layout {
        Layout::Compact => json,
        Layout::Indented => indented(&json).unwrap_or(json),
    }
}

/// Indents JSON by two spaces a level; `None` if it would grow too much. The input is valid
/// JSON without space between its tokens.
fn indented(json: &[u8]) -> Option<Vec<u8>> {
    let max = json.len().saturating_mul(GROWTH_MAX).max(SMALL);
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut within_text, mut escaped) = (0_usize, false, false);
    for (index, &byte) in json.iter().enumerate() {
        if out.len() > max {
            return None;
        }
        if within_text {
            out.push(byte);
            within_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        let next = json.get(index + 1);
        let previous = index.checked_sub(1).and_then(|before| json.get(before));
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                depth += 1;
                if !matches!(next, Some(b'}' | b']')) {
                    line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if !matches!(previous, Some(b'{' | b'[')) {
                    line(&mut out, depth);
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                within_text = byte == b'"';
                out.push(byte);
            }
        }
    }
    Some(out)
}

fn line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_is_added() {
        let json = br#"{"a":[1,{"b":"x,\":{\\"},[],{}],"c":{},"d":"\\"}"#;
        let expected = r#"{
  "a": [
    1,
    {
      "b": "x,\":{\\"
    },
    [],
    {}
  ],
  "c": {},
  "d": "\\"
}"#;
        let indented = |json| indented(json).map(|out| String::from_utf8(out).unwrap_or_default());
        assert_eq!(indented(json).as_deref(), Some(expected));
        assert_eq!(indented(br#""a""#).as_deref(), Some(r#""a""#));
    }

    #[test]
    fn what_would_grow_too_much_stays_compact() {
        let deep = ["[".repeat(90), vec!["1"; 1000].join(","), "]".repeat(90)].concat();
        assert_eq!(indented(deep.as_bytes()), None);
        let json = deep.clone().into_bytes();
        assert_eq!(laid_out(Layout::Indented, json), deep.into_bytes());
        assert_eq!(laid_out(Layout::Compact, b"[1]".to_vec()), b"[1]");
        assert_eq!(laid_out(Layout::Indented, b"[1]".to_vec()), b"[\n  1\n]");
    }
}
