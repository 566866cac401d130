//! Connect's error body.
//!
//! ```text
//! {"code":"not_found","message":"no such shelf","details":[
//!     {"type":"google.rpc.ErrorInfo","value":"<base64, unpadded>","debug":{…}}]}
//! ```
//!
//! `debug` is there for details that the schema can open; it never decides whether a detail is.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use prost::Message as _;

use super::super::Options;
use super::super::indent::laid_out;
use super::super::metadata::{self, Reader};
use super::super::unary::Unread;
use super::super::{json, misfit, rest, scratch};
use super::TRAILER_PREFIX;
use super::get::Unasked;
use crate::call::details::{Any, RpcStatus};
use crate::call::{End, Metadata, Status};
use crate::observe::CallRecord;
use crate::schema::Schema;
use crate::transcode::{self, PrintOptions, UnknownAny};

/// Details that are shown, at most: an answer, not a download.
const DETAILS_MAX: usize = 100;

/// JSON bytes of one detail's `debug`, at most; it repeats `value` for people's eyes.
const DEBUG_MAX: usize = 64 << 10;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A call that did not go well.
#[derive(Debug)]
pub(super) struct Failure {
    end: End,
    metadata: Metadata,
    /// Where HTTP can say it more exactly than the code.
    http: Option<StatusCode>,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::ended(status.into(), Metadata::new())
    }
}

impl From<Unasked> for Failure {
    fn from(unasked: Unasked) -> Self {
        match unasked {
            Unasked::Encoding(status) => Self::in_http(status, StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Unasked::Unfit(status) => status.into(),
        }
    }
}

impl Failure {
    /// The backend's end, with the metadata it sent before.
    pub(super) const fn ended(end: End, metadata: Metadata) -> Self {
        Self {
            end,
            metadata,
            http: None,
        }
    }

    /// A failure that HTTP says more exactly than the code.
    pub(super) fn in_http(status: Status, http: StatusCode) -> Self {
        Self {
            http: Some(http),
            ..status.into()
        }
    }

    /// A request body that did not come.
    pub(super) fn unread(unread: Unread) -> Self {
        Self::in_http(unread.status(), unread.http())
    }

    /// A request body that is not the JSON of the message.
    pub(super) fn unreadable(error: &transcode::Error) -> Self {
        let (status, http) = misfit::of_request(error, "");
        Self {
            http,
            ..status.into()
        }
    }

    /// The response; the record ends with it.
    pub(super) fn respond(
        self,
        schema: &Schema,
        options: &Options,
        record: CallRecord,
    ) -> Response<Body> {
        let End { status, trailers } = self.end;
        let http = self.http.unwrap_or_else(|| status.code.http());
        let mut body = Vec::with_capacity(128);
        write(&status, schema, &mut body);
        let body = laid_out(options.rest.layout, body);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = http;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, JSON);
        metadata::to_headers_by(&options.metadata, self.metadata, Reader::Other, headers);
        metadata::to_prefixed_headers(trailers, TRAILER_PREFIX, headers);
        if http == StatusCode::UNAUTHORIZED {
            headers
                .entry(header::WWW_AUTHENTICATE)
                .or_insert(HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = rest::retry_after(&status) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        record.finish_with(http, &status);
        response
    }
}

/// Appends the error as JSON.
pub(super) fn write(status: &Status, schema: &Schema, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"code\":\"");
    out.extend_from_slice(status.code.connect_name().as_bytes());
    out.push(b'"');
    if !status.message.is_empty() {
        out.extend_from_slice(b",\"message\":");
        json::string(&status.message, out);
    }
    // Broken details are dropped: the code and the message are still true.
    let details = RpcStatus::decode(status.details.clone())
        .unwrap_or_default()
        .details;
    if !details.is_empty() {
        out.extend_from_slice(b",\"details\":[");
        for (at, detail) in details.iter().take(DETAILS_MAX).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self::detail(detail, schema, out);
        }
        out.push(b']');
    }
    out.push(b'}');
}

fn detail(detail: &Any, schema: &Schema, out: &mut Vec<u8>) {
    let name = detail.type_url.rsplit('/').next().unwrap_or_default();
    out.extend_from_slice(b"{\"type\":");
    json::string(name, out);
    out.extend_from_slice(b",\"value\":\"");
    out.extend_from_slice(
        base64_simd::STANDARD_NO_PAD
            .encode_to_string(&detail.value)
            .as_bytes(),
    );
    out.push(b'"');
    let before = out.len();
    if let Some(plan) = schema.plans().find(name) {
        out.extend_from_slice(b",\"debug\":");
        let shown = scratch::with(|scratch| {
            schema
                .plans()
                .to_json(plan, &detail.value, &DEBUG, scratch, out)
        });
        if shown.is_err() {
            out.truncate(before);
        }
    }
    out.push(b'}');
}

const DEBUG: PrintOptions = PrintOptions {
    emit_defaults: false,
    proto_names: false,
    enum_numbers: false,
    unknown_any: UnknownAny::Base64,
    depth_max: 100,
    output_max: DEBUG_MAX,
};
