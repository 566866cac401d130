//! Descriptions without HTML: they are Markdown, written by whoever wrote the protos, and some pages would
//! take a tag in it for one. Comments tell of `<name>`, they do not mark up.

use std::borrow::Cow;

use serde_json::Value;

use super::convert::walk::Object;

/// Members that hold objects by names, which mean nothing.
const NAMED: [&str; 16] = [
    "properties",
    "patternProperties",
    "dependentSchemas",
    "$defs",
    "schemas",
    "responses",
    "parameters",
    "headers",
    "requestBodies",
    "securitySchemes",
    "links",
    "callbacks",
    "paths",
    "content",
    "additionalOperations",
    "x-additionalOperations",
];

/// Members that hold values of the API, not texts about it.
const VALUES: [&str; 5] = ["example", "examples", "default", "const", "enum"];

/// Deepest nesting that is looked at. Documents of a catalog have about thirty levels.
const DEPTH_MAX: usize = 200;

/// Escapes what would be HTML in every `description`.
pub(super) fn escape(document: &mut Object) {
    members(document, DEPTH_MAX);
}

fn members(object: &mut Object, depth: usize) {
    for (name, value) in object.iter_mut() {
        match (name.as_str(), value) {
            ("description", Value::String(text)) => {
                if let Cow::Owned(escaped) = escaped(text) {
                    *text = escaped;
                }
            }
            (name, Value::Object(named)) if NAMED.contains(&name) => {
                for value in named.values_mut() {
                    inner(value, depth);
                }
            }
            (name, _) if VALUES.contains(&name) || name.starts_with("x-") => {}
            (_, value) => inner(value, depth),
        }
    }
}

fn inner(value: &mut Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Object(object) => members(object, depth),
        Value::Array(items) => items.iter_mut().for_each(|item| inner(item, depth)),
        _ => {}
    }
}

/// The text with a `\` before each `<` that could begin a tag. What is code for certain stays: where in
/// doubt, a `\` is seen, and nothing worse.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains('<') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut fence: Option<&str> = None;
    // A fence within a list or a quotation, or a span over several lines: no code is certain any more.
    let mut is_lost = false;
    let mut is_torn = false;
    for line in text.split_inclusive('\n') {
        if let Some(open) = fence {
            out.push_str(line);
            let bare = line.trim_start_matches(' ');
            let closes = line.len() - bare.len() < 4
                && fence_of(bare).is_some_and(|mark| {
                    mark.starts_with(open) && bare.trim_end().len() == mark.len()
                });
            if closes {
                fence = None;
            }
            continue;
        }
        if let Some(mark) = fence_of(line).filter(|_| !is_lost) {
            out.push_str(line);
            fence = Some(mark);
            continue;
        }
        is_lost |= line.contains("```") || line.contains("~~~");
        is_torn &= !line.trim().is_empty();
        is_torn |= push(&mut out, line, is_lost || is_torn);
    }
    match fence {
        // Nobody closed it, so nobody knows what it was.
        Some(_) => Cow::Owned(every(text)),
        None => Cow::Owned(out),
    }
}

/// The marks of a fence that stands at the very beginning of a line.
fn fence_of(line: &str) -> Option<&str> {
    let first = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = line.trim_start_matches(first);
    let marks = line.get(..line.len() - rest.len())?;
    (marks.len() >= 3 && !rest.contains('`')).then_some(marks)
}

/// Appends a line, its spans of code as they are unless in doubt; true if a span in it is not closed.
fn push(out: &mut String, line: &str, in_doubt: bool) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find(['`', '\\', '<']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix('<') {
            tag(out, from);
            rest = after;
            continue;
        }
        if let Some(escaped) = from.strip_prefix('\\') {
            let length = 1 + escaped.chars().next().map_or(0, char::len_utf8);
            // An escaped `<` is one already.
            let (both, after) = from.split_at(length);
            out.push_str(both);
            rest = after;
            continue;
        }
        let ticks = from.len() - from.trim_start_matches('`').len();
        let (open, after) = from.split_at(ticks);
        let Some(length) = closing(after, ticks) else {
            out.push_str(open);
            every_into(out, after);
            return true;
        };
        let (code, after) = after.split_at(length);
        out.push_str(open);
        // A cell of a table ends before a span does.
        if in_doubt || code.contains('|') {
            every_into(out, code);
        } else {
            out.push_str(code);
        }
        rest = after;
    }
    out.push_str(rest);
    false
}

/// Where the run of so many backticks ends that closes a span.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text.get(at..)?.find('`') {
        let start = at + found;
        let rest = text.get(start..)?;
        let run = rest.len() - rest.trim_start_matches('`').len();
        if run == ticks {
            return Some(start + run);
        }
        at = start + run;
    }
    None
}

/// Every `<` that could begin a tag.
fn every(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    every_into(&mut out, text);
    out
}

fn every_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let from = &rest[before.len()..];
        // What is escaped an odd number of times needs no more.
        let slashes = before.len() - before.trim_end_matches('\\').len();
        if slashes % 2 == 1 {
            out.push('<');
        } else {
            tag(out, from);
        }
        rest = after;
    }
    out.push_str(rest);
}

/// Appends the `<` that a text begins with, escaped unless it begins no tag or a link.
fn tag(out: &mut String, from: &str) {
    let after = &from[1..];
    let begins =
        after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    let target = after
        .split(['>', '<', ' ', '\n'])
        .next()
        .unwrap_or_default();
    let is_link = (target.starts_with("https://") || target.starts_with("http://"))
        && after[target.len()..].starts_with('>');
    if begins && !is_link {
        out.push('\\');
    }
    out.push('<');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_escaped_and_code_is_not() {
        for (text, expected) in [
            ("a < b, 1 <2", "a < b, 1 <2"),
            ("<img src=\"/v1/x\">", "\\<img src=\"/v1/x\">"),
            ("</b><!-- x --><?p?>", "\\</b>\\<!-- x -->\\<?p?>"),
            ("`List<T>` and ``a`<b>``", "`List<T>` and ``a`<b>``"),
            ("\\<b>", "\\<b>"),
            ("\\\\<b>", "\\\\\\<b>"),
            ("\\`<b>`", "\\`\\<b>`"),
            ("see <https://a.example/x>", "see <https://a.example/x>"),
            ("<https://a.example x>", "\\<https://a.example x>"),
            ("```\n<b>\n```\n<b>", "```\n<b>\n```\n\\<b>"),
            ("~~~\n```\n~~~\n<b>", "~~~\n```\n~~~\n\\<b>"),
            ("```\n<b>\n  ```\n<b>", "```\n<b>\n  ```\n\\<b>"),
            ("```\n<b>", "```\n\\<b>"),
            ("- ```\n  a\n  ```\n<b>", "- ```\n  a\n  ```\n\\<b>"),
            ("a ` b\n`<b>` c", "a ` b\n`\\<b>` c"),
            ("a ` b\n\n`<b>` c", "a ` b\n\n`<b>` c"),
            ("`a | <b>`", "`a | \\<b>`"),
        ] {
            assert_eq!(escaped(text), expected, "{text}");
        }
    }

    #[test]
    fn values_of_the_api_are_left_alone() {
        let mut document = json!({
            "description": "<b>",
            "example": {"description": "<b>"},
            "x-other": {"description": "<b>"},
            "properties": {"example": {"description": "<b>"}, "description": {"type": "string"}},
            "allOf": [{"description": "<b>", "enum": ["<b>"]}],
        });
        escape(document.as_object_mut().unwrap());
        assert_eq!(
            document,
            json!({
                "description": "\\<b>",
                "example": {"description": "<b>"},
                "x-other": {"description": "<b>"},
                "properties": {"example": {"description": "\\<b>"}, "description": {"type": "string"}},
                "allOf": [{"description": "\\<b>", "enum": ["<b>"]}],
            })
        );
    }
}
