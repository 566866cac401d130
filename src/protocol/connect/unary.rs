//! Unary calls by Connect: the message alone in the body, or in the query, and the reply alone.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::Instant;

use super::super::call_head::{Aim, CallHead};
use super::super::codec::{Codec, Coder};
use super::super::linger::linger;
use super::super::metadata::{self, Reader};
use super::super::unary::{self, Bounds, Whole};
use super::super::{Exchange, Options, coding, indent};
use super::error::Failure;
use super::{Source, TRAILER_PREFIX, check_protocol, get};
use crate::call::{self, Encodings, End, Message, Metadata, Requests, Status};
use crate::observe::{CallRecord, Direction};
use crate::schema::Method;

/// Answers a request that unary Connect has.
pub(super) async fn answer<S: call::Service>(
    mut exchange: Exchange<'_, S>,
    method: Arc<Method>,
    source: Source,
) -> Response<Body> {
    let serving = exchange.serving;
    let options = serving.chosen.of_method(&method);
    if let Err(unsupported) = coding::decode(&exchange.parts.headers, &mut exchange.body) {
        linger(exchange.body);
        let status = Status::downstream(call::Code::Unimplemented, unsupported.to_string());
        let failure = Failure::from(status);
        let mut response = failure.respond(&serving.schema, options, exchange.record);
        coding::Unsupported::list(&mut response);
        return response;
    }
    match reply(&mut exchange, &method, source).await {
        Ok(reply) => reply.respond(options, exchange.record),
        Err(failure) => {
            linger(exchange.body);
            failure.respond(&serving.schema, options, exchange.record)
        }
    }
}

/// The parts of an answer to a call that went well.
struct Reply {
    codec: Codec,
    metadata: Metadata,
    trailers: Metadata,
    body: Bytes,
}

async fn reply<S: call::Service>(
    exchange: &mut Exchange<'_, S>,
    method: &Arc<Method>,
    source: Source,
) -> Result<Reply, Failure> {
    let Exchange {
        serving,
        parts,
        body,
        record,
    } = exchange;
    let options = serving.chosen.of_method(method);
    let (codec, asked) = match source {
        Source::Body(codec) => {
            check_protocol(&parts.headers, options.connect_version)?;
            (codec, None)
        }
        Source::Query => {
            let query = parts.uri.query().unwrap_or_default();
            let asked = get::read(query, options)?;
            (asked.codec, Some(asked.message))
        }
    };
    let aim = Aim {
        method,
        template: &method.path,
        options,
        gate: serving.gate.as_deref(),
        checks: &serving.checks,
    };
    let head = CallHead::of(parts, aim, record)
        .await
        .map_err(|unfit| unfit.as_invalid_field())?;
    let payload = match asked {
        Some(payload) => payload,
        None => {
            let bounds = Bounds {
                bytes: options.limits.request_message,
                within: options.timeouts.request_body,
                deadline: head.deadline,
            };
            unary::read(std::mem::take(body), bounds, &serving.config.buffers)
                .await
                .map_err(Failure::unread)?
        }
    };
    let coder = Coder::new(codec, serving.schema.plans(), method, options);
    let message = match &coder {
        Coder::Proto => Message::from_payload(&payload),
        Coder::Json(json) => {
            let began = Instant::now();
            let message = json.to_wire(&payload);
            let length = message.as_ref().map_or(0, Message::len);
            let took = began.elapsed();
            record.transcoded(Direction::Request, length, payload.len(), took);
            message.map_err(|error| Failure::unreadable(&error))?
        }
    };
    drop(payload);
    record.request(&message);
    let call = head.with(method, Encodings::default(), Requests::One(message))?;
    let whole = unary::make(&serving.calls, call, options.limits.response_message).await;
    let Whole {
        metadata,
        message,
        end,
        ..
    } = whole;
    let Some(message) = message else {
        return Err(Failure::ended(end, metadata));
    };
    record.reply(&message);
    let End { trailers, .. } = end;
    let began = Instant::now();
    match written(&coder, &message, options) {
        Ok(body) => {
            if coder.transcodes() {
                let (length, took) = (message.len(), began.elapsed());
                record.transcoded(Direction::Response, length, body.len(), took);
            }
            Ok(Reply {
                codec,
                metadata,
                trailers,
                body,
            })
        }
        Err(status) => Err(Failure::ended(End { status, trailers }, metadata)),
    }
}

/// The reply message as the body has it.
fn written(coder: &Coder, message: &Message, options: &Options) -> Result<Bytes, Status> {
    match coder {
        Coder::Proto => {
            unary::uncompressed(message)?;
            Ok(message.payload())
        }
        Coder::Json(json) => {
            let mut body = Vec::with_capacity(message.len() * 2);
            json.print(message, &mut body)?;
            Ok(indent::laid_out(options.rest.layout, body).into())
        }
    }
}

impl Reply {
    fn respond(self, options: &Options, record: CallRecord) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static(match self.codec {
            Codec::Proto => "application/proto",
            Codec::Json => "application/json",
        });
        headers.insert(header::CONTENT_TYPE, content_type);
        metadata::to_headers_by(&options.metadata, self.metadata, Reader::Other, headers);
        metadata::to_prefixed_headers(self.trailers, TRAILER_PREFIX, headers);
        record.finish_with(StatusCode::OK, &Status::ok());
        response
    }
}
