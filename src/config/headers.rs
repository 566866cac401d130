//! Headers with which somebody is asked, such as an API key: out of a file or a variable, never out of the
//! configuration.

use http::{HeaderName, HeaderValue};

/// Headers at most.
const HEADERS_MAX: usize = 32;

/// A line for each header, `name: value`. Empty lines, and those that begin with `#`, say nothing.
///
/// # Errors
/// What is wrong with which line; the value is not in it.
pub(super) fn of_lines(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.map(|(index, line)| (index + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let all = lines.map(|(number, line)| {
        pair(line, ':').ok_or_else(|| format!("line {number}: expected `name: value`"))
    });
    few(all.collect::<Result<_, _>>()?)
}

/// `name=value`, with commas between; values are percent-encoded.
///
/// # Errors
/// What is wrong with which of them; the value is not in it.
pub(super) fn of_list(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let all = text.split(',').map(str::trim).enumerate();
    let all = all.filter(|(_, one)| !one.is_empty());
    let all = all.map(|(index, one)| {
        let decoded = percent_encoding::percent_decode_str(one).decode_utf8();
        let found = decoded.ok().and_then(|one| pair(&one, '='));
        found.ok_or_else(|| format!("header {}: expected `name=value`", index + 1))
    });
    few(all.collect::<Result<_, _>>()?)
}

fn pair(text: &str, between: char) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(between)?;
    let name = HeaderName::try_from(name.trim()).ok()?;
    let mut value = HeaderValue::try_from(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

fn few(all: Vec<(HeaderName, HeaderValue)>) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    if all.len() > HEADERS_MAX {
        let found = all.len();
        return Err(format!(
            "found {found} headers, expected at most {HEADERS_MAX}"
        ));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_no_value_is_told() {
        let lines = of_lines("# a key\n\nx-api-key: s3cret: and more\nAuthorization: Bearer x\n");
        let list = of_list("x-api-key=s3cret%3A and more, authorization=Bearer%20x");
        assert_eq!(lines, list);
        let all = lines.unwrap_or_default();
        assert_eq!(all.len(), 2);
        assert!(!format!("{all:?}").contains("s3cret"), "{all:?}");
        for wrong in ["x-api-key s3cret", "x key: s3cret", "a: s3cret\u{1}"] {
            let error = of_lines(wrong).err().unwrap_or_default();
            assert_eq!(error, "line 1: expected `name: value`");
        }
        assert!(of_list("s3cret").is_err_and(|error| !error.contains("s3cret")));
    }
}
