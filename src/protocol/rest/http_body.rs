//! `google.api.HttpBody`: bytes with a content type, as they are, in and out.
//!
//! ```text
//! message HttpBody { string content_type = 1; bytes data = 2; repeated Any extensions = 3; }
//! ```
//!
//! On the way in the data is copied once, into the message's frame; on the way out it is a slice of
//! the backend's message. Extensions are not shown. Only types that a browser cannot run in the
//! gateway's origin are shown inline; all others come as attachments.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use prost::encoding::encode_varint;

use super::error::Failure;
use super::wire::{self, Broken, Fields, Value};
use crate::call::{Code, Message, Status};
use crate::protocol::field_value::essence;
use crate::protocol::{scratch, unary};
use crate::schema::{Binding, Body, HTTP_BODY, Method};
use crate::transcode::{FieldPath, PlanId, Plans, ReadOptions, Scratch, Unknown};

const CONTENT_TYPE_NUMBER: u64 = 1;
const DATA_NUMBER: u64 = 2;
const LENGTH_DELIMITED: u64 = 2;

/// What bytes of no stated type are.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// True for the plan of an `HttpBody`.
pub(super) fn is_plan(plans: &Plans, plan: PlanId) -> bool {
    plans.name(plan) == HTTP_BODY
}

/// The fields of an `HttpBody` in wire form, but for the bytes of the data, which follow.
pub(super) fn head(content_type: &str, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content_type.len() + 16);
    for (number, text, length) in [
        (CONTENT_TYPE_NUMBER, content_type, content_type.len()),
        (DATA_NUMBER, "", data.len()),
    ] {
        if length > 0 {
            encode_varint(number << 3 | LENGTH_DELIMITED, &mut out);
            encode_varint(length as u64, &mut out);
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}

/// True if the binding's request body is an `HttpBody`.
pub(super) fn is_request(plans: &Plans, binding: &Binding) -> bool {
    match &binding.body {
        Body::None => false,
        Body::Whole => binding.method.http_body_input,
        Body::Field(field) => is_single(plans, field),
    }
}

/// Where the `HttpBody` of a binding's replies is; `None` if they have none.
pub(super) fn of_reply(plans: &Plans, binding: &Binding) -> Result<Option<Place>, Status> {
    match &binding.response_body {
        None => Ok(whole_reply(&binding.method)),
        Some(field) if is_single(plans, field) => {
            scratch::with(|scratch| Place::of(plans, field, scratch))
                .map(Some)
                .map_err(|f| f.status)
        }
        Some(_) => Ok(None),
    }
}

fn whole_reply(method: &Method) -> Option<Place> {
    method.http_body_output.then(Place::whole)
}

fn is_single(plans: &Plans, field: &FieldPath) -> bool {
    !field.is_repeated()
        && !field.is_map()
        && field.message().is_some_and(|plan| is_plan(plans, plan))
}

/// Where in the root message an `HttpBody` lies: the tags of the fields around it, outermost first.
#[derive(Debug, PartialEq)]
pub(super) struct Place {
    tags: Vec<u64>,
}

impl Place {
    /// The root message itself.
    pub(super) const fn whole() -> Self {
        Self { tags: Vec::new() }
    }

    /// Learns the tags from the encoding of an empty message at that place: a tag and a length for
    /// every level, and nothing else.
    pub(super) fn of(
        plans: &Plans,
        field: &FieldPath,
        scratch: &mut Scratch,
    ) -> Result<Self, Failure> {
        let mut probe = Vec::with_capacity(16);
        let read = ReadOptions {
            unknown: Unknown::Refuse,
            depth_max: 100,
            output_max: 1 << 10,
        };
        plans
            .field_to_wire(field, b"{}", &read, scratch, &mut probe)
            .map_err(|error| Failure::of_input(&error, field.name()))?;
        let mut tags = Vec::with_capacity(1);
        let mut rest = probe.as_slice();
        while !rest.is_empty() {
            match Fields::of(rest).next() {
                Some(Ok(wire::Field {
                    number,
                    value: Value::Bytes(range),
                })) => {
                    tags.push(number << 3 | LENGTH_DELIMITED);
                    rest = rest.get(range).unwrap_or_default();
                }
                Some(_) | None => {
                    let text =
                        format!("{} is a group, and an HttpBody cannot be one", field.name());
                    return Err(Status::gateway(Code::Internal, text).into());
                }
            }
        }
        Ok(Self { tags })
    }

    /// The `HttpBody` in a root message: content type and data, sharing its memory. Split
    /// sub-messages count as merged, so the last value of each field holds.
    pub(super) fn open(&self, message: &Message) -> Result<HttpBody, Status> {
        unary::uncompressed(message)?;
        self.read(&message.payload())
    }

    /// The same, in the bytes of a message.
    pub(super) fn read(&self, message: &Bytes) -> Result<HttpBody, Status> {
        let mut body = HttpBody {
            content_type: Bytes::new(),
            data: Bytes::new(),
        };
        read(&self.tags, message, &mut body).map_err(|Broken| {
            Status::upstream(
                Code::Internal,
                "the backend's google.api.HttpBody is malformed",
            )
        })?;
        Ok(body)
    }
}

fn read(tags: &[u64], message: &Bytes, body: &mut HttpBody) -> Result<(), Broken> {
    for field in Fields::of(message) {
        let wire::Field { number, value } = field?;
        let Value::Bytes(range) = value else { continue };
        match tags.split_first() {
            Some((tag, beneath)) if *tag >> 3 == number => {
                read(beneath, &message.slice(range), body)?;
            }
            None if number == CONTENT_TYPE_NUMBER => body.content_type = message.slice(range),
            None if number == DATA_NUMBER => body.data = message.slice(range),
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Appends an `HttpBody`, as the root message or in one of its fields.
///
/// # Errors
/// The field is one that cannot have it.
pub(super) fn write(
    plans: &Plans,
    field: Option<&FieldPath>,
    content_type: &str,
    data: &[u8],
    (scratch, out): (&mut Scratch, &mut Vec<u8>),
) -> Result<(), Failure> {
    let head = head(content_type, data);
    let Some(field) = field else {
        out.reserve(head.len() + data.len());
        out.extend_from_slice(&head);
        out.extend_from_slice(data);
        return Ok(());
    };
    plans
        .payload_to_wire(field, None, &[&head, data], scratch, out)
        .map_err(|error| Failure::of_input(&error, field.name()))
}

/// An opened `HttpBody`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HttpBody {
    content_type: Bytes,
    /// The bytes.
    pub(super) data: Bytes,
}

impl HttpBody {
    /// Sets the content type, and the disposition of a type that is not shown inline.
    pub(super) fn describe(&self, headers: &mut HeaderMap) {
        let stated = std::str::from_utf8(&self.content_type)
            .ok()
            .filter(|text| is_media_type(text));
        let value = stated
            .and_then(|text| HeaderValue::from_str(text).ok())
            .unwrap_or(OCTETS);
        if !stated.is_some_and(is_inert) {
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
        }
        headers.insert(CONTENT_TYPE, value);
    }
}

/// `type/subtype`, perhaps with parameters (RFC 9110, section 8.3.1), and only one: where a comma
/// follows, browsers go by what stands behind it (the Fetch standard, "extract a MIME type").
fn is_media_type(text: &str) -> bool {
    let is_token = |text: &[u8]| {
        !text.is_empty()
            && text
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
    };
    let mut parts = essence(text.as_bytes()).splitn(2, |byte| *byte == b'/');
    parts.next().is_some_and(is_token)
        && parts.next().is_some_and(is_token)
        && is_single_value(text)
}

/// True without a comma but in quotes, all of which end.
fn is_single_value(text: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return false,
            _ => {}
        }
    }
    !quoted
}

/// True for a type that a browser shows without running anything in it.
fn is_inert(content_type: &str) -> bool {
    const KINDS: [&str; 4] = ["image/", "audio/", "video/", "font/"];
    const TYPES: [&str; 7] = [
        "text/plain",
        "text/csv",
        "text/markdown",
        "text/css",
        "application/json",
        "application/pdf",
        "application/x-ndjson",
    ];
    let essence = essence(content_type.as_bytes());
    let is = |part: &[u8], name: &str| part.eq_ignore_ascii_case(name.as_bytes());
    let starts = |kind: &&str| essence.get(..kind.len()).is_some_and(|e| is(e, kind));
    let is_xml = essence.last_chunk::<3>().is_some_and(|end| is(end, "xml"));
    !is_xml && (KINDS.iter().any(starts) || TYPES.iter().any(|name| is(essence, name)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn place(tags: &[u64]) -> Place {
        Place {
            tags: tags.iter().map(|n| n << 3 | LENGTH_DELIMITED).collect(),
        }
    }

    #[test]
    fn what_is_written_at_a_place_is_read_there() {
        for tags in [&[][..], &[2], &[1, 2000, 15]] {
            for size in [0, 1, 127, 128, 40_000] {
                let data = vec![7; size];
                let mut out = [head("image/png", &data), data.clone()].concat();
                for tag in place(tags).tags.iter().rev() {
                    let mut around = Vec::new();
                    encode_varint(*tag, &mut around);
                    encode_varint(out.len() as u64, &mut around);
                    out = [around, out].concat();
                }
                let body = place(tags).read(&out.into()).unwrap();
                assert_eq!(body.content_type, "image/png");
                assert_eq!(body.data, data, "{tags:?} {size}");
            }
        }
    }

    #[test]
    fn a_malformed_body_is_the_backends_fault() {
        let status = place(&[])
            .read(&Bytes::from_static(&[0x12, 0x09, 1]))
            .unwrap_err();
        assert_eq!(
            (status.code, status.origin),
            (Code::Internal, crate::call::Origin::Upstream)
        );
    }

    #[test]
    fn only_inert_types_are_shown_inline() {
        let rows = [
            ("image/png", "image/png", None),
            (
                "text/plain; charset=utf-8",
                "text/plain; charset=utf-8",
                None,
            ),
            ("text/html", "text/html", Some("attachment")),
            (
                "TEXT/HTML;charset=utf-8",
                "TEXT/HTML;charset=utf-8",
                Some("attachment"),
            ),
            ("image/svg+xml", "image/svg+xml", Some("attachment")),
            ("application/xml", "application/xml", Some("attachment")),
            ("", "application/octet-stream", Some("attachment")),
            (
                "text/html\r\nset-cookie: a",
                "application/octet-stream",
                Some("attachment"),
            ),
            ("nonsense", "application/octet-stream", Some("attachment")),
            (
                "text/plain;a=b,text/html",
                "application/octet-stream",
                Some("attachment"),
            ),
            (
                r#"text/plain;a="\\",text/html;""#,
                "application/octet-stream",
                Some("attachment"),
            ),
            (
                r#"image/png;a="b"#,
                "application/octet-stream",
                Some("attachment"),
            ),
            (
                r#"video/mp4; codecs="avc1.42E01E, mp4a.40.2""#,
                r#"video/mp4; codecs="avc1.42E01E, mp4a.40.2""#,
                None,
            ),
        ];
        for (stated, content_type, disposition) in rows {
            let body = HttpBody {
                content_type: Bytes::copy_from_slice(stated.as_bytes()),
                data: Bytes::new(),
            };
            let mut headers = HeaderMap::new();
            body.describe(&mut headers);
            assert_eq!(headers[CONTENT_TYPE], content_type, "{stated:?}");
            let found = headers
                .get(CONTENT_DISPOSITION)
                .map(|v| v.to_str().unwrap());
            assert_eq!(found, disposition, "{stated:?}");
        }
    }
}
