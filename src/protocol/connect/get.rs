//! A unary call whose message is in the query, so that browsers and caches keep what it answers.
//!
//! `?connect=v1&encoding=json&message=%7B%22id%22%3A7%7D`, where `base64=1` says that the message
//! is base64 in the URL's alphabet, padded or not, and `compression=gzip` that it is compressed. What
//! a URL may hold is bounded before; what comes out of a compressed message, here.

use std::borrow::Cow;

use bytes::Bytes;

use super::super::codec::Codec;
use super::super::{Options, excerpt};
use crate::call::compression::{self, Unopened};
use crate::call::{Code, Coding, Message, Status};
use crate::protocol::options::ConnectVersion;

/// The message of a query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) codec: Codec,
    pub(super) message: Bytes,
}

/// The parameters, as they stand in the query.
#[derive(Debug, Default)]
struct Parameters<'q> {
    connect: Option<&'q str>,
    encoding: Option<&'q str>,
    message: Option<&'q str>,
    base64: Option<&'q str>,
    compression: Option<&'q str>,
}

impl<'q> Parameters<'q> {
    /// The parameters that Connect has; others are nobody's, caches are kept apart by them.
    fn of(query: &'q str) -> Result<Self, Status> {
        let mut parameters = Self::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match key {
                "connect" => &mut parameters.connect,
                "encoding" => &mut parameters.encoding,
                "message" => &mut parameters.message,
                "base64" => &mut parameters.base64,
                "compression" => &mut parameters.compression,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(Status::invalid_field(
                    key,
                    "found it twice in the query, expected it once",
                ));
            }
        }
        Ok(parameters)
    }
}

/// Why a query asks for nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unasked {
    /// Its encoding is none that is served.
    Encoding(Status),
    /// Something else in it does not fit.
    Unfit(Status),
}

impl From<Status> for Unasked {
    fn from(status: Status) -> Self {
        Self::Unfit(status)
    }
}

/// Reads the message of a query.
///
/// # Errors
/// UNIMPLEMENTED for a compression that is not known, RESOURCE_EXHAUSTED for too much, INVALID_ARGUMENT
/// for whatever else is wrong, broken compression among it.
pub(super) fn read(query: &str, options: &Options) -> Result<Asked, Unasked> {
    let parameters = Parameters::of(query)?;
    match parameters.connect {
        Some("v1") => {}
        None if options.connect_version == ConnectVersion::Optional => {}
        found => return Err(unfit("connect", found, "v1").into()),
    }
    let codec = match parameters.encoding {
        Some("json") => Codec::Json,
        Some("proto") => Codec::Proto,
        found => {
            return Err(Unasked::Encoding(unfit("encoding", found, "json or proto")));
        }
    };
    let Some(raw) = parameters.message else {
        return Err(unfit("message", None, "the request message").into());
    };
    let message = percent_decoded(raw);
    let message = match parameters.base64 {
        None | Some("" | "0") => message,
        Some("1") => base64(&message).ok_or_else(|| {
            Status::invalid_field(
                "message",
                "found text that is not base64, which base64=1 promises",
            )
        })?,
        found => return Err(unfit("base64", found, "1").into()),
    };
    let max = options.limits.request_message;
    let message: Bytes = match parameters.compression {
        None | Some("" | "identity") => message.into_owned().into(),
        Some(name) => {
            let Some(coding) = Coding::of_messages(name.as_bytes()) else {
                let shown = excerpt::of_text(name);
                return Err(Status::downstream(
                    Code::Unimplemented,
                    format!(
                        "found compression \"{shown}\", expected one of identity, gzip, zstd, br"
                    ),
                )
                .into());
            };
            let packed = Message::from_payload(&message);
            let opened = compression::open(&packed, coding, max);
            opened.map_err(unopened)?.payload()
        }
    };
    if message.len() > max {
        let text = format!(
            "a message of {} bytes exceeds the limit of {max}",
            message.len()
        );
        return Err(Status::downstream(Code::ResourceExhausted, text).into());
    }
    Ok(Asked { codec, message })
}

/// A query that is broken is its client's mistake, as a body is that breaks its content coding.
fn unopened(error: Unopened) -> Status {
    match error {
        Unopened::TooLarge { .. } => Status::downstream(error.code(), error.to_string()),
        Unopened::Broken { .. } => Status::invalid_field("message", &error.to_string()),
    }
}

fn unfit(name: &str, found: Option<&str>, expected: &str) -> Status {
    let found = match found {
        Some(found) => format!("\"{}\"", excerpt::of_text(found)),
        None => "none in the query".to_owned(),
    };
    Status::invalid_field(name, &format!("found {found}, expected {expected}"))
}

/// A value as its bytes: `+` is a space, and what is no escape stands for itself.
fn percent_decoded(raw: &str) -> Cow<'_, [u8]> {
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        return Cow::Owned(percent_encoding::percent_decode_str(&spaced).collect());
    }
    percent_encoding::percent_decode_str(raw).into()
}

/// The URL's alphabet, padded or not.
fn base64<'t>(text: &[u8]) -> Option<Cow<'t, [u8]>> {
    let unpadded = match text {
        [start @ .., b'=', b'='] | [start @ .., b'='] => start,
        text => text,
    };
    let decoded = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(unpadded);
    decoded.ok().map(Cow::Owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read_with_defaults(query: &str) -> Result<Asked, Unasked> {
        read(query, &Options::default())
    }

    #[test]
    fn a_message_is_read_in_every_way_of_writing_it() {
        for (query, codec, message) in [
            (
                "connect=v1&encoding=json&message=%7B%22a%22%3a1%7d",
                Codec::Json,
                &b"{\"a\":1}"[..],
            ),
            ("message=%7B%7D&encoding=json", Codec::Json, b"{}"),
            ("encoding=json&message={+}", Codec::Json, b"{ }"),
            ("encoding=json&message=", Codec::Json, b""),
            ("encoding=proto&message=%0a%01a", Codec::Proto, b"\n\x01a"),
            (
                "encoding=proto&base64=1&message=CgFh",
                Codec::Proto,
                b"\n\x01a",
            ),
            (
                "encoding=proto&base64=1&message=-_8",
                Codec::Proto,
                b"\xfb\xff",
            ),
            (
                "encoding=proto&base64=1&message=-_8%3D",
                Codec::Proto,
                b"\xfb\xff",
            ),
            (
                "encoding=proto&base64=1&message=_w==",
                Codec::Proto,
                b"\xff",
            ),
            (
                "encoding=json&message={}&compression=identity&x=y&x=z",
                Codec::Json,
                b"{}",
            ),
        ] {
            let asked = read_with_defaults(query).unwrap();
            assert_eq!(
                (asked.codec, &asked.message[..]),
                (codec, message),
                "{query}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, code, place) in [
            ("", Code::InvalidArgument, "encoding"),
            ("encoding=json", Code::InvalidArgument, "message"),
            ("encoding=xml&message=a", Code::InvalidArgument, "encoding"),
            (
                "connect=v2&encoding=json&message={}",
                Code::InvalidArgument,
                "connect",
            ),
            (
                "encoding=json&encoding=json&message={}",
                Code::InvalidArgument,
                "encoding",
            ),
            (
                "encoding=json&message={}&message={}",
                Code::InvalidArgument,
                "message",
            ),
            (
                "encoding=proto&base64=1&message=*",
                Code::InvalidArgument,
                "message",
            ),
            (
                "encoding=proto&base64=1&message=A",
                Code::InvalidArgument,
                "message",
            ),
            (
                "encoding=proto&base64=yes&message=AA",
                Code::InvalidArgument,
                "base64",
            ),
            (
                "encoding=json&message={}&compression=lz4",
                Code::Unimplemented,
                "lz4",
            ),
            (
                "encoding=json&message={}&compression=gzip",
                Code::InvalidArgument,
                "gzip",
            ),
        ] {
            let (Unasked::Encoding(status) | Unasked::Unfit(status)) =
                read_with_defaults(query).unwrap_err();
            assert_eq!(status.code, code, "{query}");
            assert!(
                status.message.contains(place),
                "{query}: {}",
                status.message
            );
        }
    }
}
