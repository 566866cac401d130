//! `multipart/form-data` (RFC 7578) in a body that was read whole: the parts are slices of it.
//!
//! A crate for this reads streams and hands out copies; here nothing is copied, every bound has a
//! name, and an error says at which byte. Total: whatever the bytes are, parts come out or one
//! error does, after work linear in the body.

use std::borrow::Cow;

use memchr::memmem;

/// Bytes of a boundary at most (RFC 2046, section 5.1.1).
const BOUNDARY_MAX: usize = 70;

/// Bytes of the headers of one part at most.
const HEADERS_MAX: usize = 8 << 10;

/// Headers of one part at most.
const HEADER_COUNT_MAX: usize = 16;

/// What stands between parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boundary {
    /// `\r\n--boundary`.
    delimiter: Vec<u8>,
}

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'b> {
    /// What it is the value of.
    pub(super) name: Cow<'b, str>,
    /// It has a file name.
    pub(super) is_file: bool,
    /// Its content type; empty if it has none.
    pub(super) content_type: &'b str,
    /// Its content.
    pub(super) data: &'b [u8],
}

/// Why a body is no `multipart/form-data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// The content type has no boundary, or none that can be one.
    #[error(
        "found no usable boundary in the content-type, expected `boundary=` and up to {BOUNDARY_MAX} characters"
    )]
    Boundary,
    /// The boundary is nowhere.
    #[error("expected the boundary that the content-type names, found no line that begins with it")]
    NoParts,
    /// The last boundary is missing.
    #[error(
        "found the end of the body within a part, expected the boundary and `--` (at byte {0})"
    )]
    Truncated(usize),
    /// A boundary is followed by something.
    #[error("expected a line break or `--` after the boundary, found something else (at byte {0})")]
    Delimiter(usize),
    /// The headers of a part are too long, too many, or none.
    #[error("found headers of a part that are malformed or too long (at byte {0})")]
    Headers(usize),
    /// A part without a name.
    #[error("found a part without `content-disposition: form-data; name=\"…\"` (at byte {0})")]
    NoName(usize),
    /// A part in an encoding that HTTP does not have.
    #[error("found a content-transfer-encoding, expected the bytes as they are (at byte {0})")]
    Encoding(usize),
}

impl Boundary {
    /// The boundary that a content type names.
    pub(super) fn of(content_type: &str) -> Result<Self, Malformed> {
        let mut found = None;
        for parameter in parameters(content_type) {
            let (name, value) = parameter.ok_or(Malformed::Boundary)?;
            if name.eq_ignore_ascii_case("boundary") && found.replace(value).is_some() {
                return Err(Malformed::Boundary);
            }
        }
        let boundary = found.ok_or(Malformed::Boundary)?;
        let is_one = (1..=BOUNDARY_MAX).contains(&boundary.len())
            && boundary.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            && !boundary.ends_with(' ');
        if !is_one {
            return Err(Malformed::Boundary);
        }
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        Ok(Self { delimiter })
    }
}

/// The parts of a body; the first error ends them.
pub(super) fn parts<'b>(boundary: &'b Boundary, body: &'b [u8]) -> Parts<'b> {
    let finder = memmem::Finder::new(&boundary.delimiter);
    let first = boundary.delimiter.get(2..).unwrap_or_default();
    let at = if body.starts_with(first) {
        Some(first.len())
    } else {
        finder
            .find(body)
            .map(|before| before + boundary.delimiter.len())
    };
    Parts {
        body,
        finder,
        state: at.map_or(State::Failed(Malformed::NoParts), State::After),
    }
}

/// The parts of a body.
pub(super) struct Parts<'b> {
    body: &'b [u8],
    finder: memmem::Finder<'b>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// Right behind a boundary, at this offset.
    After(usize),
    /// About to say so.
    Failed(Malformed),
    Ended,
}

impl<'b> Iterator for Parts<'b> {
    type Item = Result<Part<'b>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = match std::mem::replace(&mut self.state, State::Ended) {
            State::After(at) => at,
            State::Failed(malformed) => return Some(Err(malformed)),
            State::Ended => return None,
        };
        self.part(at).transpose()
    }
}

impl<'b> Parts<'b> {
    /// The part behind the boundary that ends at an offset; `None` if that was the last boundary.
    fn part(&mut self, at: usize) -> Result<Option<Part<'b>>, Malformed> {
        let rest = self.from(at);
        if rest.starts_with(b"--") {
            return Ok(None);
        }
        let padding = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let line = at + padding;
        if !self.from(line).starts_with(b"\r\n") {
            return Err(if self.from(line).len() < 2 {
                Malformed::Truncated(line)
            } else {
                Malformed::Delimiter(line)
            });
        }
        // The line break is left in place, so that empty headers and an empty part end by one too.
        let begin = line + 2;
        let headers = self.from(begin);
        let (head, data_at) = if headers.starts_with(b"\r\n") {
            (&headers[..0], begin + 2)
        } else {
            let within = headers.get(..HEADERS_MAX).unwrap_or(headers);
            match memmem::find(within, b"\r\n\r\n") {
                Some(end) => (&headers[..end], begin + end + 4),
                None if headers.len() > HEADERS_MAX => return Err(Malformed::Headers(begin)),
                None => return Err(Malformed::Truncated(self.body.len())),
            }
        };
        // An empty part's boundary begins with the line break that ends its headers.
        let search = data_at - 2;
        let end = self
            .finder
            .find(self.from(search))
            .map(|end| search + end)
            .ok_or(Malformed::Truncated(self.body.len()))?;
        self.state = State::After(end + self.finder.needle().len());
        let data = self.body.get(data_at..end).unwrap_or_default();
        part(head, data, begin).map(Some)
    }

    fn from(&self, at: usize) -> &'b [u8] {
        self.body.get(at..).unwrap_or_default()
    }
}

/// Reads the headers of a part, which begin at an offset of the body.
fn part<'b>(head: &'b [u8], data: &'b [u8], at: usize) -> Result<Part<'b>, Malformed> {
    let head = std::str::from_utf8(head).map_err(|_| Malformed::Headers(at))?;
    let (mut disposition, mut content_type) = (None, "");
    let lines = head.split("\r\n").filter(|line| !line.is_empty());
    for (index, line) in lines.enumerate() {
        let (name, value) = line.split_once(':').ok_or(Malformed::Headers(at))?;
        let value = value.trim_ascii();
        let is_plain = !value
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\t');
        if index == HEADER_COUNT_MAX || !is_plain {
            return Err(Malformed::Headers(at));
        }
        if name.eq_ignore_ascii_case("content-disposition") {
            disposition = Some(value);
        } else if name.eq_ignore_ascii_case("content-type") && value.is_ascii() {
            content_type = value;
        } else if name.eq_ignore_ascii_case("content-transfer-encoding") {
            let known = ["7bit", "8bit", "binary"];
            if !known.iter().any(|known| value.eq_ignore_ascii_case(known)) {
                return Err(Malformed::Encoding(at));
            }
        }
    }
    let disposition = disposition.ok_or(Malformed::NoName(at))?;
    let kind = disposition.split(';').next().unwrap_or_default();
    if !kind.trim_ascii().eq_ignore_ascii_case("form-data") {
        return Err(Malformed::NoName(at));
    }
    let (mut found, mut is_file) = (None, false);
    for parameter in parameters(disposition) {
        let (name, value) = parameter.ok_or(Malformed::Headers(at))?;
        if name.eq_ignore_ascii_case("name") && found.replace(value).is_some() {
            return Err(Malformed::Headers(at));
        }
        is_file |= name.eq_ignore_ascii_case("filename") || name.eq_ignore_ascii_case("filename*");
    }
    let name = found
        .filter(|name| !name.is_empty())
        .ok_or(Malformed::NoName(at))?;
    Ok(Part {
        name: unescape(name),
        is_file,
        content_type,
        data,
    })
}

/// The parameters of a header value, behind its first `;`; `None` for one that is none.
pub(super) fn parameters(value: &str) -> Parameters<'_> {
    let rest = value.split_once(';').map_or("", |(_, rest)| rest);
    Parameters { rest }
}

/// The parameters of a header value.
pub(super) struct Parameters<'h> {
    rest: &'h str,
}

impl<'h> Iterator for Parameters<'h> {
    type Item = Option<(&'h str, Cow<'h, str>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self
            .rest
            .trim_start_matches(|c: char| c == ';' || c.is_ascii_whitespace());
        if text.is_empty() {
            return None;
        }
        let parameter = self.parameter(text);
        if parameter.is_none() {
            self.rest = "";
        }
        Some(parameter)
    }
}

impl<'h> Parameters<'h> {
    fn parameter(&mut self, text: &'h str) -> Option<(&'h str, Cow<'h, str>)> {
        let (name, value) = text.split_once('=')?;
        let name = name.trim_ascii();
        if name.is_empty() || name.contains(['"', ';']) {
            return None;
        }
        let Some(quoted) = value.trim_ascii_start().strip_prefix('"') else {
            let (token, rest) = value.split_once(';').unwrap_or((value, ""));
            self.rest = rest;
            return Some((name, Cow::Borrowed(token.trim_ascii())));
        };
        let mut escaped = false;
        for (at, byte) in quoted.bytes().enumerate() {
            match byte {
                // A backslash before anything else is a path of some old browser.
                b'\\'
                    if matches!(quoted.as_bytes().get(at + 1), Some(b'"' | b'\\')) && !escaped =>
                {
                    escaped = true;
                    continue;
                }
                b'"' if !escaped => {
                    let (inner, rest) = quoted.split_at_checked(at)?;
                    self.rest = rest.get(1..)?;
                    return Some((name, unquote(inner)));
                }
                _ => {}
            }
            escaped = false;
        }
        None
    }
}

/// Without the backslashes before quotes and backslashes.
fn unquote(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some('"' | '\\')) => out.extend(characters.next()),
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// What browsers write for a quote and line breaks in a name.
fn unescape(name: Cow<'_, str>) -> Cow<'_, str> {
    if !name.contains('%') {
        return name;
    }
    let plain = name
        .replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n");
    Cow::Owned(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
