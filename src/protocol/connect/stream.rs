//! Streams by Connect: messages in envelopes both ways, and the end in the last one.
//!
//! ```text
//! | 0x00 | length | message |  …  | 0x02 | length | {"error":{…},"metadata":{"x-ratio":["7"]}} |
//! ```
//!
//! Every shape of method comes this way but the unary one. HTTP says 200 as soon as the request is
//! one of Connect's streams; whatever fails then is told in the last envelope. Over HTTP/1.1 a
//! conversation takes turns: its client says everything before it listens.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::super::body::{self, Chunk, Encoder, ReplyBody, Tail};
use super::super::codec::Codec;
use super::super::enveloped::{self, Begun, Enveloped, Family, Form, Wire, Writer};
use super::super::linger::linger;
use super::super::metadata::{self, Reader};
use super::super::{Exchange, Refusal, json};
use super::{check_protocol, error};
use crate::call::{self, End, Message, Status, message};
use crate::observe::{CallRecord, Protocol};
use crate::schema::{Method, Schema, Shape};

/// Flags of the envelope that ends a stream.
const END_STREAM: u8 = 0b10;

/// Answers a request of a stream's content type.
pub(in crate::protocol) async fn answer<S: call::Service>(
    mut exchange: Exchange<'_, S>,
    codec: Codec,
) -> Response<Body> {
    exchange.record.protocol(Protocol::Connect);
    let method = match method(&mut exchange) {
        Ok(method) => method,
        Err(refusal) => {
            linger(exchange.body);
            return refusal.answer_in_words(exchange.record);
        }
    };
    let version = exchange.serving.chosen.of_method(method).connect_version;
    let form = Form {
        codec,
        wire: Wire::Binary,
        family: Family::Connect,
    };
    let schema = Arc::clone(&exchange.serving.schema);
    let begun = match check_protocol(&exchange.parts.headers, version) {
        Ok(()) => match Enveloped::from_exchange(&mut exchange, form).await {
            Ok(enveloped) => enveloped.make(&exchange.serving.calls).await,
            Err(status) => Err(status),
        },
        Err(status) => {
            linger(std::mem::take(&mut exchange.body));
            Err(status)
        }
    };
    let mut record = exchange.record;
    let begun = match begun {
        Ok(begun) => begun,
        Err(status) => return refused(codec, &schema, status, record),
    };
    record.head(StatusCode::OK);
    let Begun {
        reply,
        writer,
        idle,
        options,
        deadline,
    } = begun;
    let mut head = HeaderMap::with_capacity(reply.metadata.0.len() + 4);
    head.insert(header::CONTENT_TYPE, content_type(codec));
    let (rules, encoding) = (&options.metadata, reply.encoding);
    enveloped::head(Family::Connect, rules, reply.metadata, encoding, &mut head);
    let message_max = options.limits.response_message;
    let framed = Framed { writer, schema };
    let body = ReplyBody::new(reply.replies, framed, message_max, idle, record);
    let mut response = enveloped::respond(head, Body::new(body));
    body::end_at(deadline, &mut response);
    response
}

/// The method of the path, if it can be called so at all.
fn method<'s, S>(exchange: &mut Exchange<'s, S>) -> Result<&'s Arc<Method>, Refusal> {
    let schema = &exchange.serving.schema;
    let Some(method) = schema.unannotated_method(exchange.parts.uri.path()) else {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            enveloped::no_such_method(),
        ));
    };
    exchange.record.method(method);
    if method.shape == Shape::Unary {
        return Err(Refusal::unfit_type(format!(
            "{} is a unary method, and this content type is for streams; call it by \
             application/json or application/proto",
            method.name
        )));
    }
    Ok(method)
}

const fn content_type(codec: Codec) -> HeaderValue {
    HeaderValue::from_static(match codec {
        Codec::Proto => "application/connect+proto",
        Codec::Json => "application/connect+json",
    })
}

/// The answer to a call that did not begin.
fn refused(codec: Codec, schema: &Schema, status: Status, record: CallRecord) -> Response<Body> {
    let mut head = HeaderMap::with_capacity(4);
    head.insert(header::CONTENT_TYPE, content_type(codec));
    enveloped::refusal_head(Family::Connect, &status, &mut head);
    record.finish_with(StatusCode::OK, &status);
    let mut body = Vec::with_capacity(128);
    end_stream(status.into(), schema, &mut body);
    enveloped::respond(head, Body::from(body))
}

/// Messages in their envelopes, the end in one of its own.
#[derive(Debug)]
struct Framed {
    writer: Writer,
    /// Opens the details of an error.
    schema: Arc<Schema>,
}

impl Encoder for Framed {
    fn transcodes(&self) -> bool {
        self.writer.transcodes()
    }

    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        self.writer.message(message, chunk)
    }

    fn end(&mut self, end: End, chunk: &mut Chunk) -> Tail {
        end_stream(end, &self.schema, chunk.buffer());
        Tail::Complete
    }
}

/// Appends the envelope that ends a stream.
fn end_stream(end: End, schema: &Schema, out: &mut Vec<u8>) {
    let start = message::begin(END_STREAM, out);
    let End { status, trailers } = end;
    out.push(b'{');
    if !status.is_ok() {
        out.extend_from_slice(b"\"error\":");
        error::write(&status, schema, out);
    }
    let mut shown = HeaderMap::new();
    metadata::to_headers(trailers, Reader::Other, &mut shown);
    if !shown.is_empty() {
        if !status.is_ok() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"metadata\":");
        json::metadata(&shown, out);
    }
    out.push(b'}');
    message::seal(out, start);
}
