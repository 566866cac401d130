//! The answer to a unary call: canonical ProtoJSON, or the bytes of an `HttpBody`.

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use tokio::time::Instant;

use super::error::Failure;
use super::trailing::{Shown, Trailing};
use super::{Terms, failed, http_body};
use crate::call::{End, Message, Metadata, Status};
use crate::observe::{CallRecord, Direction};
use crate::protocol::indent::laid_out;
use crate::protocol::unary::{self, Whole};
use crate::protocol::{misfit, scratch};
use crate::schema::Binding;
use crate::transcode::{FieldPath, PlanId, Plans, PrintOptions};

/// The metadata by which a backend chooses the HTTP status of a success.
const HTTP_CODE: &str = "x-http-code";

/// What JSON is.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers with what the backend said.
pub(super) fn answer(
    terms: Terms<'_>,
    binding: &Binding,
    whole: Whole,
    trailing: Trailing,
    record: CallRecord,
) -> Response<Body> {
    let Whole {
        metadata,
        message,
        end,
        ..
    } = whole;
    let End { status, trailers } = end;
    let http = http_code(&metadata);
    let shown = Shown::new(&terms.options.metadata, metadata, trailers, trailing);
    let Some(message) = message else {
        return failed(terms, &status.into(), shown, record);
    };
    record.reply(&message);
    let began = Instant::now();
    match write(terms, binding, &message) {
        Ok(content) => {
            let (length, text) = (message.len(), content.len());
            record.transcoded(Direction::Response, length, text, began.elapsed());
            let response = content.into_response(http, shown);
            record.finish_with(http, &status);
            response
        }
        Err(status) => failed(terms, &Failure::from(status), shown, record),
    }
}

/// What an answer's body is.
enum Content {
    Json(Bytes),
    Raw(http_body::HttpBody),
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Self::Json(json) => json.len(),
            Self::Raw(raw) => raw.data.len(),
        }
    }

    fn into_response(self, http: StatusCode, mut shown: Shown) -> Response<Body> {
        let body = match self {
            _ if !has_body(http) => Bytes::new(),
            Self::Json(json) => {
                shown.headers.insert(CONTENT_TYPE, JSON);
                json
            }
            Self::Raw(raw) => {
                raw.describe(&mut shown.headers);
                raw.data
            }
        };
        shown.into_response(http, body)
    }
}

fn write(terms: Terms<'_>, binding: &Binding, message: &Message) -> Result<Content, Status> {
    let Terms { plans, options } = terms;
    if let Some(place) = http_body::of_reply(plans, binding)? {
        return place.open(message).map(Content::Raw);
    }
    // JSON is rarely more than twice the wire form; a guess too small costs one move.
    let mut json = Vec::with_capacity(2 * message.len() + 64);
    let field = binding.response_body.as_ref();
    write_json(
        plans,
        binding.method.output,
        field,
        message,
        &options.print,
        &mut json,
    )?;
    Ok(Content::Json(laid_out(options.rest.layout, json).into()))
}

/// Appends a reply message as JSON, or only the field that the binding answers with. On an error
/// nothing is appended.
pub(super) fn write_json(
    plans: &Plans,
    plan: PlanId,
    field: Option<&FieldPath>,
    message: &Message,
    print: &PrintOptions,
    json: &mut Vec<u8>,
) -> Result<(), Status> {
    let wire = unary::uncompressed(message)?;
    let before = json.len();
    let written = scratch::with(|scratch| match field {
        None => plans.to_json(plan, wire, print, scratch, json),
        Some(field) => plans.field_to_json(field, wire, print, scratch, json),
    });
    written.map_err(|error| {
        json.truncate(before);
        misfit::of_reply(&error)
    })
}

/// False for the statuses whose answers end with their head.
pub(super) fn has_body(http: StatusCode) -> bool {
    !matches!(
        http,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    )
}

/// The HTTP status of a success.
pub(super) fn http_code(metadata: &Metadata) -> StatusCode {
    metadata
        .get(HTTP_CODE)
        .and_then(|value| StatusCode::from_bytes(value.as_bytes()).ok())
        .filter(|status| (200..400).contains(&status.as_u16()))
        .unwrap_or(StatusCode::OK)
}
