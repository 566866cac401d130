//! Native gRPC over HTTP/2: messages passed through unopened, or JSON (`application/grpc+json`), the
//! status in HTTP trailers.
//!
//! The HTTP status is always 200. A call that fails before its answer begins is *Trailers-Only*:
//! one HEADERS frame with the status in it.

use std::task::Poll;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::body::{self, Chunk, Encoder, ReplyBody, Tail};
use super::codec::Codec;
use super::enveloped::{self, Begun, Enveloped, Family, Form, Wire, Writer};
use super::{Exchange, status};
use crate::call::{self, Answer, End, Message, Reply, Status};
use crate::observe::{CallRecord, Protocol};

/// Answers a native gRPC request.
pub(super) async fn answer<S: call::Service>(
    mut exchange: Exchange<'_, S>,
    codec: Codec,
) -> Response<Body> {
    exchange.record.protocol(Protocol::Grpc);
    let content_type = content_type(codec, &exchange.parts.headers);
    let form = Form {
        codec,
        wire: Wire::Binary,
        family: Family::Grpc,
    };
    let begun = match Enveloped::from_exchange(&mut exchange, form).await {
        Ok(enveloped) => enveloped.make(&exchange.serving.calls).await,
        Err(status) => Err(status),
    };
    let mut record = exchange.record;
    let Begun {
        reply,
        writer,
        idle,
        options,
        deadline,
    } = match begun {
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
    enveloped::head(
        Family::Grpc,
        &options.metadata,
        metadata,
        encoding,
        &mut head,
    );
    let message_max = options.limits.response_message;
    let is_stream = idle.is_some();
    let body =
        ReplyBody::new(replies, Native(writer), message_max, idle, record).starting_with(first);
    let mut response = enveloped::respond(head, Body::new(body));
    if is_stream {
        body::end_at(deadline, &mut response);
    }
    response
}

/// The media type of the answer: the request's own spelling of the sub-type.
fn content_type(codec: Codec, headers: &HeaderMap) -> HeaderValue {
    let named = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().contains(&b'+'));
    HeaderValue::from_static(match codec {
        Codec::Json => "application/grpc+json",
        Codec::Proto if named => "application/grpc+proto",
        Codec::Proto => "application/grpc",
    })
}

fn trailers_only(content_type: HeaderValue, end: End, record: CallRecord) -> Response<Body> {
    record.finish_with(StatusCode::OK, &end.status);
    let mut head = HeaderMap::with_capacity(8);
    head.insert(header::CONTENT_TYPE, content_type);
    enveloped::refusal_head(Family::Grpc, &end.status, &mut head);
    status::to_fields(end, &mut head);
    enveloped::respond(head, Body::empty())
}

/// Messages in their envelopes, the end as trailers.
#[derive(Debug)]
struct Native(Writer);

impl Encoder for Native {
    fn transcodes(&self) -> bool {
        self.0.transcodes()
    }

    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        self.0.message(message, chunk)
    }

    fn end(&mut self, end: End, _: &mut Chunk) -> Tail {
        let mut trailers = HeaderMap::with_capacity(end.trailers.0.len() + 3);
        status::to_fields(end, &mut trailers);
        Tail::Trailers(trailers)
    }
}
