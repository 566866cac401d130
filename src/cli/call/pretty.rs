//! Compact JSON over several lines. Nothing but space is added: the order and the spelling of what
//! the transcoder wrote stay as they are.

/// Indents JSON by two spaces a level. The input is valid JSON without space between its tokens.
pub(super) fn indented(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut within_text, mut escaped) = (0_usize, false, false);
    for (index, &byte) in json.iter().enumerate() {
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
    out
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
        assert_eq!(String::from_utf8_lossy(&indented(json)), expected);
        assert_eq!(indented(br#""a""#), br#""a""#);
    }
}
