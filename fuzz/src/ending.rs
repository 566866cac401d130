//! The end of a call, as an input says it, and what a client must find of it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;
use transom::call::details::{Any, RpcStatus};
use transom::call::{Cause, Code, End, Metadata, Origin, Retry, Status};

use crate::cursor::{Cursor, chosen};

/// How often the message is repeated, chosen by a byte, up to [`MESSAGE_MAX`] bytes: short inputs make
/// long messages.
const REPEATED: [usize; 4] = [1, 16, 256, 4096];
const MESSAGE_MAX: usize = 64 << 10;

/// The end of a call.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) details: Details,
    pub(crate) trailers: HeaderMap,
}

/// What stands in `grpc-status-details-bin`.
#[derive(Clone, Debug)]
pub(crate) enum Details {
    Are(Vec<Any>),
    /// Bytes that need not be a `google.rpc.Status`.
    Raw(Bytes),
}

/// Whose view of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// gRPC and gRPC-Web, which hand on gRPC's own fields.
    Grpc,
    /// Connect.
    Connect,
}

impl Ending {
    /// Input: the code, how often the message is repeated, the message (a text); then as often as
    /// there is more, `d` and a detail (a text with the type, bytes with the value), `r` and raw
    /// details (bytes), or any other byte and a trailer (a text with the name, bytes with the value).
    pub(crate) fn read(input: &mut Cursor<'_>) -> Self {
        let code = *chosen(input.byte(), &Code::ALL);
        let times = *chosen(input.byte(), &REPEATED);
        let mut message = String::from_utf8_lossy(input.text()).into_owned();
        message = message.repeat(times.min(MESSAGE_MAX / message.len().max(1)));
        let (mut details, mut raw, mut trailers) = (Vec::new(), None, HeaderMap::new());
        while !input.is_empty() {
            match input.byte() {
                b'd' => details.push(Any {
                    type_url: String::from_utf8_lossy(input.text()).into_owned(),
                    value: Bytes::copy_from_slice(input.bytes()),
                }),
                b'r' => raw = Some(Bytes::copy_from_slice(input.bytes())),
                _ => {
                    let name = HeaderName::from_bytes(input.text());
                    let value = HeaderValue::from_bytes(input.bytes());
                    if let (Ok(name), Ok(value)) = (name, value) {
                        trailers.append(name, value);
                    }
                }
            }
        }
        Self {
            code,
            message,
            details: raw.map_or(Details::Are(details), Details::Raw),
            trailers,
        }
    }

    /// As a backend says it.
    pub(crate) fn end(&self) -> End {
        End {
            status: Status {
                code: self.code,
                message: self.message.clone(),
                details: self.wire(),
                origin: Origin::Upstream,
                retry: Retry::Never,
                cause: Cause::UpstreamStatus,
            },
            trailers: Metadata(self.trailers.clone()),
        }
    }

    /// The details in wire form; empty without any.
    pub(crate) fn wire(&self) -> Bytes {
        match &self.details {
            Details::Raw(wire) => wire.clone(),
            Details::Are(details) if details.is_empty() => Bytes::new(),
            Details::Are(details) => RpcStatus {
                code: self.code.number(),
                message: self.message.clone(),
                details: details.clone(),
            }
            .encode_to_vec()
            .into(),
        }
    }

    /// The trailers that a client may see, by name, each name's values in their order.
    pub(crate) fn shown(&self, family: Family) -> Vec<(String, Vec<u8>)> {
        let fields = self.trailers.iter();
        let fields = fields.filter(|(name, _)| is_shown(name.as_str(), family));
        let mut shown: Vec<_> = fields
            .flat_map(|(name, value)| {
                let name = name.as_str();
                let values = values(name, value.as_bytes());
                values.into_iter().map(move |value| (name.to_owned(), value))
            })
            .collect();
        shown.sort_by(|(a, _), (b, _)| a.cmp(b));
        shown
    }

    /// Bytes of all of it.
    pub(crate) fn size(&self) -> usize {
        let fields = self.trailers.iter();
        let trailers: usize = fields
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        self.message.len() + self.wire().len() + trailers
    }
}

/// Fields sorted by name.
pub(crate) fn by_name<'f>(
    fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<_> = fields
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    fields
}

/// What a client could be sent of a value: visible ASCII and spaces; for a `-bin` name the base64 of
/// every part up to the first that is none, without padding.
fn values(name: &str, value: &[u8]) -> Vec<Vec<u8>> {
    if !name.ends_with("-bin") {
        let is_sent = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
        return if is_sent { vec![value.to_vec()] } else { Vec::new() };
    }
    let parts = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let digits = parts.map(|part| {
        let end = part.iter().position(|byte| *byte == b'=');
        let (digits, padding) = part.split_at(end.unwrap_or(part.len()));
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
        let is_padding = match padding {
            b"" => true,
            b"=" | b"==" => part.len() % 4 == 0,
            _ => false,
        };
        let is_base64 = digits.iter().all(is_digit) && digits.len() % 4 != 1 && is_padding;
        is_base64.then(|| digits.to_vec())
    });
    digits.map_while(|digits| digits).collect()
}

/// What belongs to one hop, to the gateway or to a browser's safety is not a backend's to say.
fn is_shown(name: &str, family: Family) -> bool {
    const NEVER: [&str; 16] = [
        "alt-svc",
        "clear-site-data",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "set-cookie",
        "strict-transport-security",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-content-type-options",
        "x-http-code",
        "x-request-id",
    ];
    const WRITTEN: [&str; 6] = [
        "grpc-accept-encoding",
        "grpc-encoding",
        "grpc-message",
        "grpc-status",
        "grpc-status-details-bin",
        "grpc-timeout",
    ];
    let is_grpcs = match family {
        Family::Grpc => WRITTEN.contains(&name),
        Family::Connect => name.starts_with("grpc-"),
    };
    let beginnings = ["access-control-", "content-"];
    !is_grpcs && !NEVER.contains(&name) && !beginnings.iter().any(|with| name.starts_with(with))
}
