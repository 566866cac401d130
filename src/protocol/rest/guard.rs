//! What is refused from the head of a REST request, before anything is looked up: expectations
//! nobody can meet, and paths that another reader would resolve to something else.

use http::header::EXPECT;
use http::request;

use super::error::Failure;
use super::percent;

/// Checks a request's head.
///
/// # Errors
/// 417 for an expectation other than `100-continue`; 400 for a dubious path.
pub(super) fn check(parts: &request::Parts) -> Result<(), Failure> {
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
    check_path(parts.uri.path())
}

/// Refuses `.` and `..` segments, backslashes, NUL, CR and LF, raw or encoded, and escapes that are
/// none. `//` is an empty segment and `;x` a part of the value: both are left alone.
fn check_path(path: &str) -> Result<(), Failure> {
    let bytes = path.as_bytes();
    let is_plain = |byte: &u8| !matches!(byte, b'%' | b'\\' | b'.' | 0 | b'\r' | b'\n');
    if bytes.iter().all(is_plain) {
        return Ok(());
    }
    bytes
        .split(|byte| *byte == b'/')
        .try_for_each(check_segment)
}

fn check_segment(segment: &[u8]) -> Result<(), Failure> {
    let (mut dots, mut length) = (0_usize, 0_usize);
    let mut rest = segment;
    while let Some((&raw, after)) = rest.split_first() {
        let (byte, after) = match raw {
            b'%' => percent::escape(after).ok_or_else(|| {
                Failure::bad_request(format!("in the path, {}", percent::Malformed::Escape))
            })?,
            byte => (byte, after),
        };
        match byte {
            b'\\' => return Err(Failure::bad_request("found a backslash in the path")),
            0 | b'\r' | b'\n' => {
                return Err(Failure::bad_request(
                    "found a control character in the path",
                ));
            }
            _ => {}
        }
        dots += usize::from(byte == b'.');
        length += 1;
        rest = after;
    }
    if dots == length && matches!(length, 1 | 2) {
        return Err(Failure::bad_request(
            "found a `.` or `..` segment in the path",
        ));
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
            assert_eq!(check(&request.into_parts().0).is_ok(), taken, "{expect:?}");
        }
    }
}
