//! Content codings of HTTP, for JSON and files: gzip, Brotli and zstd, both ways.
//!
//! | request | |
//! |---|---|
//! | `content-encoding: gzip`, `br`, `zstd` | the body is decompressed as it comes; limits count what comes out |
//! | `identity`, or none | the body as it is |
//! | anything else, or more than one | refused, with the list in `accept-encoding` |
//!
//! | answer | |
//! |---|---|
//! | whole, of a type that shrinks, at least [`Compression::min_bytes`] | by `accept-encoding` |
//! | a stream, or short, or with trailers behind it | as it is |
//!
//! gRPC and gRPC-Web never come here: their messages have an encoding of their own.

use axum::body::Body;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue, Response};
use http_body::Body as _;

use super::{excerpt, field_value};
use crate::call::Coding;

mod accept;
mod decoded;
mod encoded;

use decoded::Decoded;
pub use decoded::Undecodable;
pub(super) use encoded::Answering;

/// What a request's body may be compressed in, for those who came with something else.
const TAKEN: HeaderValue = HeaderValue::from_static("gzip, br, zstd");

/// Which answers are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// Whether any is.
    pub responses: bool,
    /// Shorter ones are not: they would save nothing, or little.
    pub min_bytes: u64,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            responses: true,
            min_bytes: 1 << 10,
        }
    }
}

/// A content coding that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found content-encoding \"{found}\", expected one of gzip, br, zstd, or none")]
pub(crate) struct Unsupported {
    found: String,
}

impl Unsupported {
    /// Lists in an answer what would have been taken (RFC 9110, section 15.5.16).
    pub(super) fn list(response: &mut Response<Body>) {
        response.headers_mut().insert(ACCEPT_ENCODING, TAKEN);
    }
}

/// Undoes the content coding of a request's body, which decompresses itself as it is read. What is
/// broken in it is seen then: see [`Undecodable`].
///
/// # Errors
/// The body has a coding that is not taken, or several.
pub(super) fn decode(headers: &HeaderMap, body: &mut Body) -> Result<(), Unsupported> {
    if !headers.contains_key(CONTENT_ENCODING) || body.is_end_stream() {
        return Ok(());
    }
    if let Some(coding) = content_coding(headers)? {
        *body = Body::new(Decoded::new(std::mem::take(body), coding));
    }
    Ok(())
}

fn content_coding(headers: &HeaderMap) -> Result<Option<Coding>, Unsupported> {
    let mut coding = None;
    for name in field_value::items(headers, &CONTENT_ENCODING) {
        if name.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        // Codings around codings have no use but to hide what they expand to.
        match Coding::of_content(name) {
            Some(known) if coding.is_none() => coding = Some(known),
            Some(_) | None => {
                let values = headers.get_all(CONTENT_ENCODING).iter();
                let all: Vec<_> = values.map(HeaderValue::as_bytes).collect();
                return Err(Unsupported {
                    found: excerpt::of_bytes(&all.join(&b", "[..])).to_string(),
                });
            }
        }
    }
    Ok(coding)
}

#[cfg(test)]
mod tests;
