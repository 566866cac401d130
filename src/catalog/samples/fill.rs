//! Fills templates. `src/docs/assets/samples.js` does the same in the page.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::{Catalog, Method, Operation};
use super::{literal, request, templates};

/// What placeholders stand for; what is absent is not in it.
pub(super) type Values = BTreeMap<&'static str, Value>;

/// The values of a request.
pub(super) fn values(
    method: &Method,
    operation: Option<&Operation>,
    base: &str,
    messages: &[Map<String, Value>],
) -> Values {
    let base = base.trim_end_matches('/');
    let (scheme, authority) = base.split_once("://").unwrap_or(("http", base));
    let empty = Map::new();
    let message = messages.first().unwrap_or(&empty);
    let all: Vec<Value> = messages.iter().cloned().map(Value::Object).collect();
    let lines: Vec<String> = all.iter().map(Value::to_string).collect();
    let mut values = Values::new();
    let mut put = |name, value: Value| values.insert(name, value);
    put("base", base.into());
    put(
        if scheme == "http" {
            "plaintext"
        } else {
            "secure"
        },
        "".into(),
    );
    let socket = if scheme == "http" { "ws" } else { "wss" };
    put(
        "socket",
        format!("{socket}://{authority}{}", method.served.path).into(),
    );
    // gRPC knows no path before that of the method.
    let authority = authority.split('/').next().unwrap_or_default();
    put("authority", authority.into());
    put("rpc", format!("{base}{}", method.served.path).into());
    put("message", Value::Object(message.clone()));
    put("messages", Value::Array(all));
    put("message_lines", lines.join("\n").into());
    // Headers are the reader's own, and nobody reads yet.
    put("without_headers", "".into());
    let Some(operation) = operation else {
        return values;
    };
    put(
        "url",
        format!("{base}{}", request::url(operation, message)).into(),
    );
    let is_file = templates::is_bytes_in(method, operation);
    let body = if is_file {
        None
    } else {
        request::body(operation, message)
    };
    let verb = match operation.verb.as_str() {
        "*" => "POST",
        verb => verb,
    };
    put("verb", verb.into());
    // `--json` posts by itself, and without it curl gets.
    let streams = method.served.shape.takes_stream();
    let natural = if body.is_some() && !streams {
        "POST"
    } else {
        "GET"
    };
    let curl = if verb == natural {
        "curl".to_owned()
    } else {
        format!("curl -X {verb}")
    };
    put("curl", curl.into());
    if is_file || !streams && body.is_some() {
        put("has_headers", "".into());
    }
    if is_file {
        put("file", "".into());
    } else if streams {
        let bodies: Vec<Value> = messages
            .iter()
            .map(|message| {
                request::body(operation, message).unwrap_or_else(|| Value::Object(Map::new()))
            })
            .collect();
        let lines: Vec<String> = bodies.iter().map(Value::to_string).collect();
        put("body_lines", lines.join("\n").into());
        put("bodies", Value::Array(bodies));
    } else if let Some(body) = body {
        put("json", "".into());
        put("body_text", body.to_string().into());
        put("body", body);
    }
    values
}

/// A template with its values.
pub(super) fn text(
    catalog: &Catalog,
    method: &Method,
    lang: &str,
    template: &str,
    values: &Values,
) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in template.lines() {
        if line.contains("{{header.") || names(line).any(|name| !values.contains_key(name)) {
            continue;
        }
        lines.push(fill(catalog, method, line, values));
    }
    if lang == "Shell" {
        continued(&mut lines);
    }
    lines.join("\n")
}

/// In a shell a line that goes on in the next one says so.
fn continued(lines: &mut [String]) {
    for place in 1..lines.len() {
        let goes_on = lines[place].starts_with("  ");
        let before = &mut lines[place - 1];
        if goes_on && !before.ends_with('|') && !before.starts_with('#') {
            before.push_str(" \\");
        }
    }
}

/// A placeholder, with what stands before and behind it.
struct Found<'a> {
    before: &'a str,
    name: &'a str,
    quoting: &'a str,
    after: &'a str,
}

/// The first placeholder of a text. Braces of a language may stand right before it.
fn find(text: &str) -> Option<Found<'_>> {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || "_.".contains(c))
    };
    text.match_indices("{{").find_map(|(place, _)| {
        // `{{{name:raw}}`: the placeholder begins with the last two.
        let braces = text[place..].len() - text[place..].trim_start_matches('{').len();
        let start = place + braces - 2;
        let (inner, after) = text[start + 2..].split_once("}}")?;
        let (name, quoting) = inner.split_once(':')?;
        (is_word(name) && is_word(quoting)).then_some(Found {
            before: &text[..start],
            name,
            quoting,
            after,
        })
    })
}

/// Names of all placeholders.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let found = find(rest)?;
        rest = found.after;
        Some(found.name)
    })
}

fn fill(catalog: &Catalog, method: &Method, line: &str, values: &Values) -> String {
    let indent = " ".repeat(line.len() - line.trim_start_matches(' ').len());
    let mut made = String::new();
    let mut rest = line;
    while let Some(found) = find(rest) {
        made.push_str(found.before);
        if let Some(value) = values.get(found.name) {
            let text = quoted(catalog, method, found.quoting, value);
            let is_plain = matches!(found.quoting, "shell" | "raw");
            made.push_str(&if is_plain {
                text
            } else {
                text.replace('\n', &format!("\n{indent}"))
            });
        }
        rest = found.after;
    }
    made.push_str(rest);
    made
}

fn quoted(catalog: &Catalog, method: &Method, kind: &str, value: &Value) -> String {
    let plain = || match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match kind {
        "shell" => shell(&plain()),
        "string" => Value::String(plain()).to_string(),
        "json" => serde_json::to_string_pretty(value).unwrap_or_default(),
        "python" => {
            let mut text = String::new();
            python(value, 0, &mut text);
            text
        }
        "rust" => match value {
            Value::Object(message) => {
                literal::message(catalog, &method.descriptor.input(), message)
            }
            Value::Array(messages) => {
                let items: Vec<String> = messages
                    .iter()
                    .filter_map(Value::as_object)
                    .map(|message| literal::message(catalog, &method.descriptor.input(), message))
                    .collect();
                format!("vec![{}]", items.join(", "))
            }
            _ => literal::quote(&plain()),
        },
        _ => plain(),
    }
}

/// Single quotes, but where nothing needs them.
fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// JSON in Python's words.
fn python(value: &Value, depth: usize, text: &mut String) {
    let (indent, more) = ("    ".repeat(depth), "    ".repeat(depth + 1));
    match value {
        Value::Null => text.push_str("None"),
        Value::Bool(true) => text.push_str("True"),
        Value::Bool(false) => text.push_str("False"),
        Value::Array(items) if !items.is_empty() => {
            text.push_str("[\n");
            for item in items {
                text.push_str(&more);
                python(item, depth + 1, text);
                text.push_str(",\n");
            }
            text.push_str(&indent);
            text.push(']');
        }
        Value::Object(entries) if !entries.is_empty() => {
            text.push_str("{\n");
            for (key, item) in entries {
                text.push_str(&more);
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push_str(": ");
                python(item, depth + 1, text);
                text.push_str(",\n");
            }
            text.push_str(&indent);
            text.push('}');
        }
        value => text.push_str(&value.to_string()),
    }
}
