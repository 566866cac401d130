//! Comments of the files, as people should read them.
//!
//! A comment is kept as Markdown. What is for tools or for the authors alone goes: `(-- … --)`, also across
//! lines, and directives of linters. A reference `[Book][library.v1.Book]` stays, for whoever makes links
//! of them; [`plain`] is the text without.

/// Beginnings of lines that speak to tools.
const DIRECTIVES: &[&str] = &[
    "buf:lint:",
    "buf:breaking:",
    "protolint:",
    "api-linter:",
    "aip.dev/not-precedent:",
    "LINT.IfChange",
    "LINT.ThenChange",
];

/// A comment without what is not for readers.
pub(super) fn clean(comment: &str) -> String {
    let mut text = String::with_capacity(comment.len());
    let mut rest = comment;
    while let Some((before, after)) = rest.split_once("(--") {
        text.push_str(before);
        // What is never closed is for readers after all.
        let Some((_, after)) = after.split_once("--)") else {
            text.push_str("(--");
            rest = after;
            break;
        };
        rest = after;
    }
    text.push_str(rest);
    let is_directive = |line: &str| {
        let line = line.trim_start();
        DIRECTIVES.iter().any(|sign| line.starts_with(sign))
    };
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for line in text.lines().filter(|line| !is_directive(line)) {
        let line = line.trim_end();
        if line.is_empty() {
            blank = true;
            continue;
        }
        if !out.is_empty() {
            // What was taken away leaves no gap.
            out.push_str(if blank { "\n\n" } else { "\n" });
        }
        blank = false;
        out.push_str(line);
    }
    out
}

/// The first paragraph in one line, without its period, and the rest.
pub(super) fn split(comment: &str) -> (String, String) {
    let (first, rest) = comment.split_once("\n\n").unwrap_or((comment, ""));
    let words: Vec<&str> = first.split_whitespace().collect();
    let mut summary = words.join(" ");
    if summary.ends_with('.') && !summary.ends_with("..") {
        summary.pop();
    }
    (summary, rest.trim_start_matches('\n').to_owned())
}

/// The text without references: `[Book][library.v1.Book]` and `[Book][]` are `Book`.
#[must_use]
pub fn plain(comment: &str) -> String {
    let mut out = String::with_capacity(comment.len());
    let mut rest = comment;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        match reference(after) {
            Some((text, after)) => {
                out.push_str(text);
                rest = after;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Longest text and longest name of a reference: no `]` is looked for beyond, so work stays linear.
const REFERENCE_BYTES_MAX: usize = 512;

/// The text of a reference whose `[` is taken, and what follows the reference.
fn reference(after: &str) -> Option<(&str, &str)> {
    let (text, after) = until_bracket(after)?;
    let (name, after) = until_bracket(after.strip_prefix('[')?)?;
    let is_name = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b));
    (!text.is_empty() && is_name).then_some((text, after))
}

fn until_bracket(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = bytes
        .iter()
        .take(REFERENCE_BYTES_MAX)
        .position(|byte| matches!(byte, b']' | b'['))?;
    let (before, after) = text.split_at_checked(end)?;
    Some((before, after.strip_prefix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_tools_goes_also_across_lines() {
        for (comment, expected) in [
            ("A book.", "A book."),
            ("A (-- one --)book(-- two --).", "A book."),
            (
                "A book.\n(-- api-linter: core::0131=disabled\n    aip.dev/not-precedent: old. --)",
                "A book.",
            ),
            ("A.\n\n(-- x --)\n\nB.", "A.\n\nB."),
            ("buf:lint:ignore ENUM_ZERO\nA.\n  buf:lint:ignore X", "A."),
            ("A (-- never closed", "A (-- never closed"),
            ("A.\n  - one\n  - two", "A.\n  - one\n  - two"),
            ("(-- all --)", ""),
        ] {
            assert_eq!(clean(comment), expected, "{comment}");
        }
    }

    #[test]
    fn the_summary_is_the_first_paragraph_in_one_line() {
        for (comment, summary, description) in [
            ("Gets a book.", "Gets a book", ""),
            (
                "Gets\n a book.\n\nMore.\n\nAnd more.",
                "Gets a book",
                "More.\n\nAnd more.",
            ),
            ("And so on...", "And so on...", ""),
            ("", "", ""),
        ] {
            let expected = (summary.to_owned(), description.to_owned());
            assert_eq!(split(comment), expected, "{comment}");
        }
    }

    #[test]
    fn references_become_their_text_and_links_stay() {
        for (comment, expected) in [
            ("Of a [Book][library.v1.Book].", "Of a Book."),
            ("Of a [Book][].", "Of a Book."),
            (
                "[a](https://example.com) and [b]",
                "[a](https://example.com) and [b]",
            ),
            ("[x][not a name]", "[x][not a name]"),
            ("a[0][1]", "a0"),
            ("[", "["),
            ("[[Book][b.Book]]", "[Book]"),
        ] {
            assert_eq!(plain(comment), expected, "{comment}");
        }
    }

    #[test]
    fn a_hundred_thousand_brackets_take_linear_work() {
        let hostile = "[".repeat(100_000);
        assert_eq!(plain(&hostile), hostile);
        let hostile = "[a".repeat(50_000);
        assert_eq!(plain(&hostile), hostile);
        let hostile = "(--".repeat(50_000);
        assert_eq!(clean(&hostile), hostile);
    }
}
