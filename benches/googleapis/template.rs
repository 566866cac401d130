//! A path template filled with values: read here anew, so that nothing is taken on trust.

use crate::values::Random;

/// A filled template.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// The raw path.
    pub(crate) path: String,
    /// Field paths and the texts they are to have.
    pub(crate) variables: Vec<(String, String)>,
}

/// Fills a template. `scalar` gives the text of a field that is no string; `None` for strings.
pub(crate) fn fill(
    template: &str,
    random: &mut Random,
    mut scalar: impl FnMut(&str, &mut Random) -> Option<String>,
) -> Filled {
    let mut filled = Filled::default();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        literals(&rest[..open], random, &mut filled.path);
        let close = rest.find('}').unwrap();
        let inner = &rest[open + 1..close];
        rest = &rest[close + 1..];
        let (field, pattern) = inner.split_once('=').unwrap_or((inner, "*"));
        if pattern == "*"
            && let Some(text) = scalar(field, random)
        {
            filled
                .path
                .push_str(&percent(&text, |b| b.is_ascii_alphanumeric()));
            filled.variables.push((field.to_owned(), text));
            continue;
        }
        let multi = pattern.contains('/') || pattern == "**";
        let mut decoded = Vec::new();
        let mut raw = Vec::new();
        for part in pattern.split('/') {
            let count = match part {
                "*" => 1,
                "**" => random.below(3) + 1,
                literal => {
                    decoded.push(literal.to_owned());
                    raw.push(literal.to_owned());
                    continue;
                }
            };
            for _ in 0..count {
                let (raw_token, text) = token(random, multi);
                raw.push(raw_token);
                decoded.push(text);
            }
        }
        filled.path.push_str(&raw.join("/"));
        filled.variables.push((field.to_owned(), decoded.join("/")));
    }
    literals(rest, random, &mut filled.path);
    filled
}

/// Text outside of variables, where a star stands for anything.
fn literals(text: &str, random: &mut Random, out: &mut String) {
    for (n, part) in text.split('/').enumerate() {
        if n > 0 {
            out.push('/');
        }
        match part {
            "*" | "**" => out.push_str(&token(random, true).0),
            literal => out.push_str(literal),
        }
    }
}

/// A segment as it stands in a URL, and what it means. Within several segments an encoded slash
/// stays as it is.
fn token(random: &mut Random, multi: bool) -> (String, String) {
    let (mut raw, mut text) = (String::from("v"), String::from("v"));
    for _ in 0..random.below(6) {
        let part = *random.pick(&PARTS);
        let encoded = percent(part, |b| b.is_ascii_alphanumeric());
        match part {
            "/" if multi => {
                raw.push_str(&encoded);
                text.push_str(&encoded);
            }
            // Legal in a path as they are; no verb begins like this.
            ":" | "~" | ";" | "+" | "=" | "&" | "@" | "," | "." if random.below(2) == 0 => {
                raw.push_str(part);
                text.push_str(part);
            }
            _ => {
                raw.push_str(&encoded);
                text.push_str(part);
            }
        }
        raw.push('7');
        text.push('7');
    }
    (raw, text)
}

/// What segments are made of.
const PARTS: [&str; 18] = [
    "x", "Zq", "0", " ", "ü", "漢", "%", "+", ":", "?", "#", "/", "=", "&", "~", ";", "@", ".",
];

/// Percent-encodes every byte but those that stay.
pub(crate) fn percent(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if stays(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
