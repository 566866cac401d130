//! gRPC-Web, binary and text: gRPC for clients that cannot read HTTP trailers.
//!
//! ```text
//! | 0x00 | length | message |  …  | 0x80 | length | grpc-status:0\r\n… |
//! ```
//!
//! The status is always in the body's last frame, even when no answer has begun: a browser's
//! script of another origin cannot read headers that nobody exposed to it. HTTP says 200. In the
//! text form each piece of that is base64, so that a page can read messages as they come.

mod trailers;

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use super::body::{self, Chunk, Encoder, ReplyBody, Tail};
use super::codec::Codec;
use super::enveloped::{self, Begun, Enveloped, Family, Form, Wire, Writer};
use super::field_value::{essence, items, weight};
use super::metadata::rules::Rules;
use super::unary::{self, Whole};
use super::{Exchange, text};
use crate::call::{self, End, Message, Reply, Status};
use crate::observe::{CallRecord, Direction, Protocol, Weight};
use crate::schema::Shape;

/// Answers a gRPC-Web request.
pub(super) async fn answer<S: call::Service>(
    mut exchange: Exchange<'_, S>,
    codec: Codec,
    wire: Wire,
) -> Response<Body> {
    exchange.record.protocol(match wire {
        Wire::Binary => Protocol::GrpcWeb,
        Wire::Text => Protocol::GrpcWebText,
    });
    let form = Form {
        codec,
        wire,
        family: Family::Grpc,
    };
    let manner = Manner::of(form, &exchange.parts.headers);
    let enveloped = Enveloped::from_exchange(&mut exchange, form).await;
    let Exchange {
        serving,
        mut record,
        ..
    } = exchange;
    let enveloped = match enveloped {
        Ok(enveloped) => enveloped,
        Err(status) => {
            let rules = &serving.chosen.of_gateway().metadata;
            return complete(rules, &manner, status.into(), None, record);
        }
    };
    let options = Arc::clone(&enveloped.options);
    if enveloped.call.method.shape == Shape::Unary {
        let mut writer = enveloped.writer();
        let max = options.limits.response_message;
        let whole = unary::make(&serving.calls, enveloped.call, max).await;
        writer.encoding = whole.encoding;
        return complete(&options.metadata, &manner, whole, Some(&writer), record);
    }
    let begun = match enveloped.make(&serving.calls).await {
        Ok(begun) => begun,
        Err(status) => return complete(&options.metadata, &manner, status.into(), None, record),
    };
    let Begun {
        reply,
        writer,
        idle,
        deadline,
        ..
    } = begun;
    let Reply {
        metadata,
        encoding,
        replies,
    } = reply;
    record.head(StatusCode::OK);
    let head = manner.head(&options.metadata, metadata, encoding);
    let message_max = options.limits.response_message;
    let body = ReplyBody::new(replies, Framed(writer), message_max, idle, record);
    let body = match manner.wire {
        Wire::Binary => Body::new(body),
        Wire::Text => Body::new(body.map_frame(|frame| frame.map_data(|data| text::encode(&data)))),
    };
    let mut response = enveloped::respond(head, body);
    body::end_at(deadline, &mut response);
    response
}

/// How the answer looks.
#[derive(Clone, Debug)]
struct Manner {
    content_type: HeaderValue,
    wire: Wire,
}

impl Manner {
    /// The request's own form, and its spelling of the sub-type, unless `accept` names the other.
    fn of(form: Form, headers: &HeaderMap) -> Self {
        let named = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().contains(&b'+'));
        let wire = match form.codec {
            Codec::Proto => accepted(headers).unwrap_or(form.wire),
            Codec::Json => form.wire,
        };
        let content_type = HeaderValue::from_static(match (form.codec, wire, named) {
            (Codec::Json, Wire::Binary | Wire::Text, _) => "application/grpc-web+json",
            (Codec::Proto, Wire::Binary, true) => "application/grpc-web+proto",
            (Codec::Proto, Wire::Binary, false) => "application/grpc-web",
            (Codec::Proto, Wire::Text, true) => "application/grpc-web-text+proto",
            (Codec::Proto, Wire::Text, false) => "application/grpc-web-text",
        });
        Self { content_type, wire }
    }

    fn head(
        &self,
        rules: &Rules,
        metadata: call::Metadata,
        encoding: Option<call::Coding>,
    ) -> HeaderMap {
        let mut head = HeaderMap::with_capacity(metadata.0.len() + 4);
        head.insert(header::CONTENT_TYPE, self.content_type.clone());
        enveloped::head(Family::Grpc, rules, metadata, encoding, &mut head);
        head
    }
}

/// The one form that `accept` names; `None` if it names both or neither.
fn accepted(headers: &HeaderMap) -> Option<Wire> {
    const BINARY: &[u8] = b"application/grpc-web";
    const TEXT: &[u8] = b"-text";
    let (mut binary, mut text) = (false, false);
    let wanted = items(headers, &header::ACCEPT).filter(|item| weight(item) != Some(0));
    for range in wanted.map(essence) {
        let Some((start, rest)) = range.split_at_checked(BINARY.len()) else {
            continue;
        };
        if !start.eq_ignore_ascii_case(BINARY) {
            continue;
        }
        match rest.split_at_checked(TEXT.len()) {
            Some((start, _)) if start.eq_ignore_ascii_case(TEXT) => text = true,
            Some(_) | None => binary = true,
        }
    }
    match (binary, text) {
        (true, false) => Some(Wire::Binary),
        (false, true) => Some(Wire::Text),
        (true, true) | (false, false) => None,
    }
}

/// A whole answer: message and trailers leave in one piece.
fn complete(
    rules: &Rules,
    manner: &Manner,
    whole: Whole,
    writer: Option<&Writer>,
    record: CallRecord,
) -> Response<Body> {
    let Whole {
        metadata,
        encoding,
        message,
        mut end,
    } = whole;
    let mut body = Chunk::default();
    if let (Some(message), Some(writer)) = (message, writer) {
        let (began, weight) = (Instant::now(), Weight::from(&message));
        match writer.message(message, &mut body) {
            Ok(()) => {
                record.reply(weight);
                if writer.transcodes() {
                    let (length, took) = (weight.bytes, began.elapsed());
                    record.transcoded(Direction::Response, length, body.len(), took);
                }
            }
            Err(status) => end.status = status,
        }
    }
    let mut head = manner.head(rules, metadata, encoding);
    enveloped::refusal_head(Family::Grpc, &end.status, &mut head);
    record.finish_with(StatusCode::OK, &end.status);
    let body = body.buffer();
    trailers::write(end, body);
    let body = std::mem::take(body);
    let body = match manner.wire {
        Wire::Binary => Body::from(body),
        Wire::Text => Body::from(text::encode(&body)),
    };
    enveloped::respond(head, body)
}

/// Messages in their envelopes, the end as a trailers frame.
#[derive(Debug)]
struct Framed(Writer);

impl Encoder for Framed {
    fn transcodes(&self) -> bool {
        self.0.transcodes()
    }

    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        self.0.message(message, chunk)
    }

    fn end(&mut self, end: End, chunk: &mut Chunk) -> Tail {
        trailers::write(end, chunk.buffer());
        Tail::Complete
    }
}
