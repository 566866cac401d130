//! gRPC-Web, binary: gRPC for clients that cannot read HTTP trailers.
//!
//! ```text
//! | 0x00 | length | message |  …  | 0x80 | length | grpc-status:0\r\n… |
//! ```
//!
//! The status is always in the body's last frame, even when no answer has begun: a browser's
//! script of another origin cannot read headers that nobody exposed to it. HTTP says 200.

mod trailers;

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::Exchange;
use super::body::{self, Chunk, Encoder, ReplyBody, Tail};
use super::metadata::rules::Rules;
use super::pass::{self, Passed, Passing};
use super::unary::{self, Whole};
use crate::call::{self, End, Message, Reply, Status};
use crate::observe::CallRecord;
use crate::schema::Shape;

/// Answers a gRPC-Web request.
pub(super) async fn answer<S: call::Service>(mut exchange: Exchange<'_, S>) -> Response<Body> {
    exchange.record.protocol("grpc_web");
    let content_type = content_type(&exchange.parts.headers);
    let passed = Passed::from_exchange(&mut exchange).await;
    let Exchange {
        serving,
        mut record,
        ..
    } = exchange;
    let passed = match passed {
        Ok(passed) => passed,
        Err(status) => {
            let rules = &serving.chosen.of_gateway().metadata;
            return complete(rules, content_type, status.into(), record);
        }
    };
    let options = Arc::clone(&passed.options);
    let (rules, message_max) = (&options.metadata, options.limits.response_message);
    if passed.call.method.shape == Shape::Unary {
        let whole = unary::make(&serving.calls, passed.call, message_max).await;
        let whole = counted(whole, message_max);
        return complete(rules, content_type, whole, record);
    }
    let deadline = passed.call.deadline;
    let (reply, idle) = match passed.make(&serving.calls).await {
        Ok(begun) => begun,
        Err(status) => return complete(rules, content_type, status.into(), record),
    };
    let Reply {
        metadata,
        encoding,
        replies,
    } = reply;
    record.head(StatusCode::OK);
    let mut head = HeaderMap::with_capacity(metadata.0.len() + 4);
    head.insert(header::CONTENT_TYPE, content_type);
    pass::head(rules, metadata, encoding, &mut head);
    let binary = Binary(Passing {
        encoding,
        max: message_max,
    });
    let body = ReplyBody::new(replies, binary, message_max, idle, record);
    let mut response = respond(head, Body::new(body));
    body::end_at(deadline, &mut response);
    response
}

/// The media type of the answer: the request's own spelling of the sub-type.
fn content_type(headers: &HeaderMap) -> HeaderValue {
    let named = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().contains(&b'+'));
    HeaderValue::from_static(if named {
        "application/grpc-web+proto"
    } else {
        "application/grpc-web"
    })
}

/// The answer, if what is in its message is within the limit.
fn counted(whole: Whole, max: usize) -> Whole {
    let encoding = whole.encoding;
    let passing = Passing { encoding, max };
    match whole.message.as_ref().map(|message| passing.check(message)) {
        Some(Err(status)) => status.into(),
        Some(Ok(())) | None => whole,
    }
}

/// A whole answer: message and trailers leave in one piece.
fn complete(
    rules: &Rules,
    content_type: HeaderValue,
    whole: Whole,
    record: CallRecord,
) -> Response<Body> {
    let Whole {
        metadata,
        encoding,
        message,
        end,
    } = whole;
    let mut head = HeaderMap::with_capacity(metadata.0.len() + 4);
    head.insert(header::CONTENT_TYPE, content_type);
    pass::head(rules, metadata, encoding, &mut head);
    pass::refusal_head(&end.status, &mut head);
    let mut body = Chunk::default();
    if let Some(message) = message {
        record.reply(message.len());
        body.pass(message.into_frame());
    }
    record.finish_with(StatusCode::OK, &end.status);
    trailers::write(end, body.buffer());
    respond(head, Body::from(std::mem::take(body.buffer())))
}

fn respond(head: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = head;
    response
}

/// Messages as they are, the end as a trailers frame.
#[derive(Debug)]
struct Binary(Passing);

impl Encoder for Binary {
    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        self.0.check(&message)?;
        chunk.pass(message.into_frame());
        Ok(())
    }

    fn end(&mut self, end: End, chunk: &mut Chunk) -> Tail {
        trailers::write(end, chunk.buffer());
        Tail::Complete
    }
}
