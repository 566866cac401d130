//! Native gRPC over HTTP/2, passed through: messages unopened, status in HTTP trailers.
//!
//! The HTTP status is always 200. A call that fails before its answer begins is *Trailers-Only*:
//! one HEADERS frame with the status in it.

use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::body::{self, Chunk, Encoder, ReplyBody, Tail};
use super::pass::{self, Passed, Passing};
use super::{Exchange, status};
use crate::call::{self, Answer, End, Message, Reply, Status};
use crate::observe::CallRecord;

/// Answers a native gRPC request.
pub(super) async fn answer<S: call::Service>(mut exchange: Exchange<'_, S>) -> Response<Body> {
    exchange.record.protocol("grpc");
    let content_type = content_type(&exchange.parts.headers);
    let reply = match Passed::from_exchange(&mut exchange).await {
        Ok(passed) => {
            let (options, deadline) = (Arc::clone(&passed.options), passed.call.deadline);
            let made = passed.make(&exchange.serving.calls).await;
            made.map(|begun| (begun, options, deadline))
        }
        Err(status) => Err(status),
    };
    let mut record = exchange.record;
    let ((reply, idle), options, deadline) = match reply {
        Ok(begun) => begun,
        Err(status) => return trailers_only(content_type, status.into(), record),
    };
    let Reply {
        metadata,
        encoding,
        mut replies,
    } = reply;
    let first = std::future::poll_fn(|cx| Poll::Ready(replies.poll_answer(cx))).await;
    let first = match first {
        Poll::Ready(Some(Answer::End(end))) if metadata.0.is_empty() => {
            return trailers_only(content_type, end, record);
        }
        Poll::Ready(first) => first,
        Poll::Pending => None,
    };
    record.head(StatusCode::OK);
    let mut head = HeaderMap::with_capacity(metadata.0.len() + 4);
    head.insert(header::CONTENT_TYPE, content_type);
    pass::head(&options.metadata, metadata, encoding, &mut head);
    let message_max = options.limits.response_message;
    let is_stream = idle.is_some();
    let native = Native(Passing {
        encoding,
        max: message_max,
    });
    let body = ReplyBody::new(replies, native, message_max, idle, record).starting_with(first);
    let mut response = respond(head, Body::new(body));
    if is_stream {
        body::end_at(deadline, &mut response);
    }
    response
}

/// The media type of the answer: the request's own spelling of the sub-type.
fn content_type(headers: &HeaderMap) -> HeaderValue {
    let named = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().contains(&b'+'));
    HeaderValue::from_static(if named {
        "application/grpc+proto"
    } else {
        "application/grpc"
    })
}

fn trailers_only(content_type: HeaderValue, end: End, record: CallRecord) -> Response<Body> {
    record.finish_with(StatusCode::OK, &end.status);
    let mut head = HeaderMap::with_capacity(8);
    head.insert(header::CONTENT_TYPE, content_type);
    pass::refusal_head(&end.status, &mut head);
    status::to_fields(end, &mut head);
    respond(head, Body::empty())
}

fn respond(head: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = head;
    response
}

/// Messages as they are, the end as trailers.
#[derive(Debug)]
struct Native(Passing);

impl Encoder for Native {
    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        self.0.check(&message)?;
        chunk.pass(message.into_frame());
        Ok(())
    }

    fn end(&mut self, end: End, _: &mut Chunk) -> Tail {
        let mut trailers = HeaderMap::with_capacity(end.trailers.0.len() + 3);
        status::to_fields(end, &mut trailers);
        Tail::Trailers(trailers)
    }
}
