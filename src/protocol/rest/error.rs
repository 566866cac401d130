//! How REST says that a call failed: an HTTP status, and a body in one of three shapes.
//!
//! ```text
//! status    {"code":5,"message":"no such shelf","details":[{"@type":"type.googleapis.com/…",…}]}
//! aip193    {"error":{"code":404,"message":"no such shelf","status":"NOT_FOUND","details":[…]}}
//! problem   {"type":"about:blank","title":"Not Found","status":404,"detail":"no such shelf",
//!            "code":5,"details":[…]}
//! ```
//!
//! The last record of a stream is `{"error":…}` in every shape; within it stands the first, what
//! the second has within its own `error`, or the third. All members are always there. A detail that
//! the schema cannot open is kept as `{"@type":…,"value":"<base64>"}`; one that is not even an Any
//! is left out; neither loses the rest.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};

use super::wire::{Fields, Value};
use super::{ErrorShape, Terms};
use crate::call::{Code, Status};
use crate::protocol::indent::laid_out;
use crate::protocol::unary::Unread;
use crate::protocol::{excerpt, json, misfit, scratch};
use crate::transcode::{self, PlanId, Plans, PrintOptions, UnknownAny};

/// Field number of `details` in `google.rpc.Status`.
const STATUS_DETAILS: u64 = 3;

/// Why a request is not answered by its method: the status, and what HTTP says more finely.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::protocol) struct Failure {
    /// What happened.
    pub(in crate::protocol) status: Status,
    /// The HTTP status, where it is not the one of the code.
    http: Option<StatusCode>,
    /// The `allow` header of a 405.
    allow: Option<String>,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self {
            status,
            http: None,
            allow: None,
        }
    }
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        Self {
            status: unread.status(),
            http: Some(unread.http()),
            allow: None,
        }
    }
}

impl Failure {
    /// The client's mistake, with an HTTP status of its own.
    pub(in crate::protocol) fn of_client(
        http: StatusCode,
        code: Code,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::downstream(code, message),
            http: Some(http),
            allow: None,
        }
    }

    /// 400: about the request as a whole.
    pub(in crate::protocol) fn bad_request(message: impl AsRef<str>) -> Self {
        Status::invalid_field("", message.as_ref()).into()
    }

    /// 400: about one field.
    pub(super) fn invalid_field(field: &str, description: &str) -> Self {
        Status::invalid_field(excerpt::of_text(field), description).into()
    }

    /// 404.
    pub(super) fn not_found(verb: &str, path: &str) -> Self {
        let message = format!(
            "nothing is bound to {} {}",
            excerpt::of_text(verb),
            excerpt::of_text(path)
        );
        Status::downstream(Code::NotFound, message).into()
    }

    /// 405, with what is allowed.
    pub(in crate::protocol) fn wrong_verb(verb: &str, allow: &[&str]) -> Self {
        let allow = allow.join(", ");
        let message = format!(
            "found method {}, expected one of {allow}",
            excerpt::of_text(verb)
        );
        let failure = Self::of_client(StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented, message);
        Self {
            allow: Some(allow),
            ..failure
        }
    }

    /// 406.
    pub(super) fn not_acceptable(message: impl Into<String>) -> Self {
        Self::of_client(StatusCode::NOT_ACCEPTABLE, Code::InvalidArgument, message)
    }

    /// 413.
    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::of_client(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::ResourceExhausted,
            message,
        )
    }

    /// 415.
    pub(super) fn unsupported_type(message: impl Into<String>) -> Self {
        Self::of_client(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::InvalidArgument,
            message,
        )
    }

    /// 417.
    pub(super) fn expectation_failed(message: impl Into<String>) -> Self {
        Self::of_client(
            StatusCode::EXPECTATION_FAILED,
            Code::InvalidArgument,
            message,
        )
    }

    /// The request's JSON or text did not fit the schema. `within` names the field where the
    /// transcoder gives no path of its own.
    pub(super) fn of_input(error: &transcode::Error, within: &str) -> Self {
        let (status, http) = misfit::of_request(error, within);
        Self {
            status,
            http,
            allow: None,
        }
    }

    /// A value of the URL did not fit its field: as [`of_input`](Self::of_input), but a place within
    /// so short a text helps nobody.
    pub(super) fn of_text(error: transcode::Error, within: &str) -> Self {
        Self::of_input(
            &transcode::Error {
                offset: None,
                ..error
            },
            within,
        )
    }

    /// The HTTP status of the answer.
    pub(super) fn http(&self) -> StatusCode {
        self.http.unwrap_or_else(|| self.status.code.http())
    }

    /// Sets the answer's headers beside those of a backend, and gives its body.
    pub(super) fn render(
        &self,
        Terms { plans, options }: Terms<'_>,
        headers: &mut HeaderMap,
    ) -> Bytes {
        let shape = options.rest.errors;
        headers.insert(CONTENT_TYPE, content_type(shape));
        if let Some(allow) = self
            .allow
            .as_deref()
            .and_then(|a| HeaderValue::from_str(a).ok())
        {
            headers.insert(ALLOW, allow);
        }
        if self.status.code == Code::Unauthenticated {
            headers
                .entry(WWW_AUTHENTICATE)
                .or_insert(HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after(&self.status) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let mut body = Vec::with_capacity(256);
        let any = AnyPrinter::new(plans, &options.print);
        write_body(&self.status, self.http(), shape, Some(&any), &mut body);
        laid_out(options.rest.layout, body).into()
    }
}

/// The body of an error without details, and its content type: for a request of which not even
/// the schema is known.
pub(in crate::protocol) fn plain(
    status: &Status,
    http: StatusCode,
    shape: ErrorShape,
) -> (HeaderValue, Vec<u8>) {
    let mut body = Vec::with_capacity(256);
    write_body(status, http, shape, None, &mut body);
    (content_type(shape), body)
}

const fn content_type(shape: ErrorShape) -> HeaderValue {
    HeaderValue::from_static(match shape {
        ErrorShape::Status | ErrorShape::Aip193 => "application/json",
        ErrorShape::Problem => "application/problem+json",
    })
}

/// Opens the details of a status by the schema.
struct AnyPrinter<'p> {
    plans: &'p Plans,
    plan: Option<PlanId>,
    print: PrintOptions,
}

impl<'p> AnyPrinter<'p> {
    fn new(plans: &'p Plans, print: &PrintOptions) -> Self {
        Self {
            plans,
            plan: plans.find("google.protobuf.Any"),
            print: PrintOptions {
                unknown_any: UnknownAny::Base64,
                ..*print
            },
        }
    }

    /// Appends an Any, opened. False, and perhaps a part written, if it cannot be.
    fn write(&self, any: &[u8], out: &mut Vec<u8>) -> bool {
        self.plan.is_some_and(|plan| {
            scratch::with(|scratch| self.plans.to_json(plan, any, &self.print, scratch, out))
                .is_ok()
        })
    }
}

/// Appends what stands in the last record of a stream as its `error`.
pub(in crate::protocol) fn write_record(
    status: &Status,
    shape: ErrorShape,
    plans: &Plans,
    print: &PrintOptions,
    out: &mut Vec<u8>,
) {
    let any = AnyPrinter::new(plans, print);
    write_object(status, status.code.http(), shape, Some(&any), out);
}

/// Appends the whole body.
fn write_body(
    status: &Status,
    http: StatusCode,
    shape: ErrorShape,
    any: Option<&AnyPrinter<'_>>,
    out: &mut Vec<u8>,
) {
    match shape {
        ErrorShape::Status | ErrorShape::Problem => write_object(status, http, shape, any, out),
        ErrorShape::Aip193 => {
            out.extend_from_slice(b"{\"error\":");
            write_object(status, http, shape, any, out);
            out.push(b'}');
        }
    }
}

/// Appends the object that tells everything.
fn write_object(
    status: &Status,
    http: StatusCode,
    shape: ErrorShape,
    any: Option<&AnyPrinter<'_>>,
    out: &mut Vec<u8>,
) {
    let number = |number: i32, out: &mut Vec<u8>| {
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    };
    let http_number = i32::from(http.as_u16());
    match shape {
        ErrorShape::Status => {
            out.extend_from_slice(b"{\"code\":");
            number(status.code.number(), out);
            out.extend_from_slice(b",\"message\":");
            json::string(&status.message, out);
        }
        ErrorShape::Aip193 => {
            out.extend_from_slice(b"{\"code\":");
            number(http_number, out);
            out.extend_from_slice(b",\"message\":");
            json::string(&status.message, out);
            out.extend_from_slice(b",\"status\":");
            json::string(status.code.name(), out);
        }
        ErrorShape::Problem => {
            out.extend_from_slice(b"{\"type\":\"about:blank\",\"title\":");
            json::string(http.canonical_reason().unwrap_or(TITLE_OF_499), out);
            out.extend_from_slice(b",\"status\":");
            number(http_number, out);
            out.extend_from_slice(b",\"detail\":");
            json::string(&status.message, out);
            out.extend_from_slice(b",\"code\":");
            number(status.code.number(), out);
        }
    }
    out.extend_from_slice(b",\"details\":[");
    write_details(status, any, out);
    out.extend_from_slice(b"]}");
}

/// What everybody calls 499, the one status here that is in no registry.
const TITLE_OF_499: &str = "Client Closed Request";

fn write_details(status: &Status, printer: Option<&AnyPrinter<'_>>, out: &mut Vec<u8>) {
    let mut separate = false;
    for any in details(&status.details) {
        let before = out.len();
        if separate {
            out.push(b',');
        }
        let start = out.len();
        let mut written = printer.is_some_and(|printer| printer.write(any, out));
        if !written {
            out.truncate(start);
            written = write_unopened(any, out);
        }
        if written {
            separate = true;
        } else {
            out.truncate(before);
        }
    }
}

/// The details of a `google.rpc.Status` in wire form, each an Any; a broken tail ends them.
fn details(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    Fields::of(wire)
        .map_while(Result::ok)
        .filter_map(|field| match field.value {
            Value::Bytes(range) if field.number == STATUS_DETAILS => wire.get(range),
            Value::Bytes(_) | Value::Varint(_) | Value::Fixed => None,
        })
}

/// The type URL and value of an Any; `None` if it is not one.
fn open_any(any: &[u8]) -> Option<(&str, &[u8])> {
    let (mut url, mut value) = ("", &any[..0]);
    for field in Fields::of(any) {
        let field = field.ok()?;
        match (field.number, field.value) {
            (1, Value::Bytes(range)) => url = std::str::from_utf8(any.get(range)?).ok()?,
            (2, Value::Bytes(range)) => value = any.get(range)?,
            _ => {}
        }
    }
    Some((url, value))
}

/// Appends an Any with its value in base64. False, and perhaps a part written, if it is none.
fn write_unopened(any: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((url, value)) = open_any(any) else {
        return false;
    };
    out.extend_from_slice(b"{\"@type\":");
    json::string(url, out);
    out.extend_from_slice(b",\"value\":\"");
    base64_simd::STANDARD.encode_append(value, out);
    out.extend_from_slice(b"\"}");
    true
}

/// The delay of a `google.rpc.RetryInfo`, in whole seconds rounded up.
pub(in crate::protocol) fn retry_after(status: &Status) -> Option<u64> {
    if !matches!(status.code, Code::ResourceExhausted | Code::Unavailable) {
        return None;
    }
    let (_, info) = details(&status.details)
        .filter_map(open_any)
        .find(|(url, _)| url.rsplit('/').next() == Some("google.rpc.RetryInfo"))?;
    let delay = Fields::of(info)
        .map_while(Result::ok)
        .find_map(|field| match field.value {
            Value::Bytes(range) if field.number == 1 => info.get(range),
            Value::Bytes(_) | Value::Varint(_) | Value::Fixed => None,
        })?;
    let (mut seconds, mut nanos) = (0u64, 0u64);
    for field in Fields::of(delay) {
        match field.ok()? {
            field if field.number == 1 => seconds = as_varint(&field.value)?,
            field if field.number == 2 => nanos = as_varint(&field.value)?,
            _ => {}
        }
    }
    // A negative span is a huge varint here; it says nothing useful, so it says nothing.
    let seconds = seconds.checked_add(u64::from(nanos > 0))?;
    (i64::try_from(seconds).is_ok() && nanos < 1_000_000_000).then_some(seconds)
}

const fn as_varint(value: &Value) -> Option<u64> {
    match value {
        Value::Varint(number) => Some(*number),
        Value::Bytes(_) | Value::Fixed => None,
    }
}
