//! What is refused from the head of a REST request, before anything is looked up: expectations
//! nobody can meet, and paths that another reader would resolve to something else.

use http::header::EXPECT;
use http::request;

use super::error::Failure;
use super::percent;
use crate::schema::Route;

/// Checks a request's head. What is wrong in a variable of the path is told by its field.
///
/// # Errors
/// 417 for an expectation other than `100-continue`; 400 for a dubious path.
pub(super) fn check(parts: &request::Parts, route: &Route<'_>) -> Result<(), Failure> {
    let is_known =
        |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if parts
        .headers
        .get_all(EXPECT)
        .iter()
        .any(|value| !is_known(value))
    {
        return Err(Failure::expectation_failed(
            "expected no expectation but `100-continue`",
        ));
    }
    let path = parts.uri.path();
    check_path(path)
        .and_then(|()| check_values(path, route))
        .map_err(|dubious| dubious.failure(route))
}

/// What is wrong with a path.
#[derive(Debug, PartialEq, Eq)]
struct Dubious {
    /// Offset of the segment or byte.
    at: usize,
    found: Found,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Found {
    #[error("{}", percent::Malformed::Escape)]
    Escape,
    #[error("found a backslash")]
    Backslash,
    #[error("found a control character")]
    Control,
    #[error("found a `.` or `..` segment")]
    Dots,
}

impl Dubious {
    /// The answer, which names the variable where there is one at that place.
    fn failure(&self, route: &Route<'_>) -> Failure {
        let text = format!("in the path, {}", self.found);
        if let Route::Found { binding, captures } = route {
            let mut named = binding.variables.iter().zip(captures);
            if let Some((variable, _)) = named.find(|(_, capture)| capture.contains(&self.at)) {
                return Failure::invalid_field(variable.field.name(), &text);
            }
        }
        Failure::bad_request(text)
    }
}

/// Refuses `.` and `..` segments, backslashes, NUL, CR and LF, raw or encoded, and escapes that are
/// none. `//` is an empty segment and `;x` a part of the value: both are left alone.
fn check_path(path: &str) -> Result<(), Dubious> {
    let bytes = path.as_bytes();
    let is_plain = |byte: &u8| !matches!(byte, b'%' | b'\\' | b'.' | 0 | b'\r' | b'\n');
    if bytes.iter().all(is_plain) {
        return Ok(());
    }
    let mut from = 0;
    for segment in bytes.split(|byte| *byte == b'/') {
        check_segment(segment, from)?;
        from += segment.len() + 1;
    }
    Ok(())
}

/// Refuses `.` and `..` before a verb: in `/a/..:run` they are the segment whose value is taken.
fn check_values(path: &str, route: &Route<'_>) -> Result<(), Dubious> {
    let Route::Found { captures, .. } = route else {
        return Ok(());
    };
    for capture in captures.iter() {
        let value = path.get(capture.clone()).unwrap_or_default();
        let last = value.rsplit('/').next().unwrap_or_default();
        if matches!(last.as_bytes().first(), Some(b'.' | b'%')) {
            check_segment(last.as_bytes(), capture.end.saturating_sub(last.len()))?;
        }
    }
    Ok(())
}

/// Checks a segment that begins at this offset.
fn check_segment(segment: &[u8], from: usize) -> Result<(), Dubious> {
    let (mut dots, mut length) = (0_usize, 0_usize);
    let mut rest = segment;
    while let Some((&raw, after)) = rest.split_first() {
        let at = from + segment.len() - rest.len();
        let dubious = |found| Dubious { at, found };
        let (byte, after) = match raw {
            b'%' => percent::escape(after).ok_or(dubious(Found::Escape))?,
            byte => (byte, after),
        };
        match byte {
            b'\\' => return Err(dubious(Found::Backslash)),
            0 | b'\r' | b'\n' => return Err(dubious(Found::Control)),
            _ => {}
        }
        dots += usize::from(byte == b'.');
        length += 1;
        rest = after;
    }
    if dots == length && matches!(length, 1 | 2) {
        let (at, found) = (from, Found::Dots);
        return Err(Dubious { at, found });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_others_would_resolve_are_refused() {
        let refused = [
            "/a/..",
            "/../a",
            "/a/./b",
            "/.",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/%2e",
            "/a\\b",
            "/a%5cb",
            "/a%00",
            "/a%0d%0ab",
            "/a%0A",
            "/a%zz",
            "/a%",
            "/a%2",
        ];
        for path in refused {
            assert!(check_path(path).is_err(), "{path}");
        }
        let taken = [
            "/",
            "",
            "*",
            "/a//b",
            "/a;x/b",
            "/a/...",
            "/a/.b",
            "/a%2Fb",
            "/a/b.c",
            "/%252e",
            "/a%2F..%2Fb",
        ];
        for path in taken {
            assert!(check_path(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn only_100_continue_can_be_expected() {
        let rows = [
            (None, true),
            (Some("100-continue"), true),
            (Some("100-Continue"), true),
            (Some("200-ok"), false),
        ];
        for (expect, taken) in rows {
            let mut request = http::Request::new(());
            if let Some(expect) = expect {
                request
                    .headers_mut()
                    .insert(EXPECT, expect.parse().unwrap());
            }
            let parts = request.into_parts().0;
            assert_eq!(check(&parts, &Route::None).is_ok(), taken, "{expect:?}");
        }
    }
}
