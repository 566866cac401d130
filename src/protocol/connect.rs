//! Connect, unary, with JSON: `POST /pkg.Service/Method` on any method, annotated or not.
//!
//! | request | answer |
//! |---|---|
//! | POST, JSON (or no content type) | the reply as JSON, trailers as `trailer-…` headers |
//! | the call fails | an HTTP status and `{"code":"not_found","message":…,"details":[…]}` |
//! | another verb | 405 |
//! | another content type, or a method that streams | 415 |
//!
//! An empty body is an empty message.

mod error;

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method as Verb, Response, StatusCode, header};

use super::linger::linger;
use super::metadata::{self, Lane};
use super::options::ConnectVersion;
use super::unary::{self, Bounds, Whole};
use super::{
    Exchange, Options, Refusal, coding, deadline, field_value, indent, misfit, pass, scratch,
};
use crate::call::{self, Call, Code, Encodings, End, Message, Metadata, Requests, Status};
use crate::observe::CallRecord;
use crate::schema::{Method, Shape};

use error::Failure;

/// The verbs of a method's own path.
const ALLOW: &str = "OPTIONS, POST";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Before the name of a trailer that is sent as a header.
const TRAILER_PREFIX: &str = "trailer-";

/// Answers a request on a method's own path.
pub(super) async fn answer<S: call::Service>(
    mut exchange: Exchange<'_, S>,
    method: Arc<Method>,
) -> Response<Body> {
    exchange.record.protocol("connect");
    exchange.record.method(&method);
    if exchange.parts.method == Verb::OPTIONS {
        return options(exchange.record);
    }
    if let Err(refusal) = check(&exchange.parts.method, &exchange.parts.headers, &method) {
        linger(exchange.body);
        return refusal.answer(exchange.record);
    }
    let serving = exchange.serving;
    let options = serving.chosen.of_method(&method);
    if let Err(unsupported) = coding::decode(&exchange.parts.headers, &mut exchange.body) {
        linger(exchange.body);
        let status = Status::downstream(Code::Unimplemented, unsupported.to_string());
        let failure = Failure::from(status);
        let mut response = failure.respond(&serving.schema, options, exchange.record);
        coding::Unsupported::list(&mut response);
        return response;
    }
    match reply(&mut exchange, &method).await {
        Ok(reply) => reply.respond(options, exchange.record),
        Err(failure) => {
            linger(exchange.body);
            failure.respond(&serving.schema, options, exchange.record)
        }
    }
}

fn options(record: CallRecord) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(ALLOW));
    record.finish_with(StatusCode::NO_CONTENT, &Status::ok());
    response
}

/// Whether the request is one that this form of Connect has.
fn check(verb: &Verb, headers: &HeaderMap, method: &Method) -> Result<(), Refusal> {
    if verb != Verb::POST {
        return Err(Refusal::wrong_verb(ALLOW, "methods are called with POST"));
    }
    let is_json = |value: &HeaderValue| {
        field_value::essence(value.as_bytes()).eq_ignore_ascii_case(b"application/json")
    };
    if !headers.get(header::CONTENT_TYPE).is_none_or(is_json) {
        return Err(Refusal::unsupported_type(
            "this content type is not served here",
        ));
    }
    if method.shape != Shape::Unary {
        return Err(Refusal::no_json(format!(
            "{} is a streaming method, and JSON on this path is for unary ones only; call it by \
             gRPC or gRPC-Web on this path, or by a REST binding (google.api.http)",
            method.name
        )));
    }
    Ok(())
}

/// The parts of an answer to a call that went well.
struct Reply {
    metadata: Metadata,
    trailers: Metadata,
    body: Vec<u8>,
}

async fn reply<S: call::Service>(
    exchange: &mut Exchange<'_, S>,
    method: &Arc<Method>,
) -> Result<Reply, Failure> {
    let Exchange {
        serving,
        parts,
        body,
        record,
    } = exchange;
    let options = serving.chosen.of_method(method);
    check_protocol(&parts.headers, options.connect_version)?;
    let deadline = deadline::of(&parts.headers, method.shape, &options.timeouts)
        .map_err(|malformed| malformed.as_invalid_field())?;
    record.deadline(deadline);
    if deadline.has_passed() {
        return Err(Status::deadline_exceeded().into());
    }
    let metadata = metadata::from_request(parts, record.request_id(), &options.metadata)
        .map_err(|malformed| malformed.as_invalid_field())?;
    let bounds = Bounds {
        bytes: options.limits.request_message,
        within: options.timeouts.request_body,
        deadline,
    };
    let json = unary::read(std::mem::take(body), bounds)
        .await
        .map_err(Failure::unread)?;

    let plans = serving.schema.plans();
    let message = if json.iter().all(u8::is_ascii_whitespace) {
        Message::from_payload(b"")
    } else {
        Message::build(|wire| {
            scratch::with(|scratch| {
                plans.to_wire(method.input, &json, &options.read, scratch, wire)
            })
        })
        .map_err(|error| Failure::unreadable(&error))?
    };
    drop(json);
    record.request(message.len());
    let call = Call {
        method: Arc::clone(method),
        metadata,
        deadline,
        peer: pass::peer(parts),
        encodings: Encodings::default(),
        requests: Requests::One(message),
    };
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
    record.reply(message.len());
    let mut body = Vec::with_capacity(message.len() * 2);
    let printed = unary::uncompressed(&message).and_then(|wire| {
        scratch::with(|scratch| {
            plans.to_json(method.output, wire, &options.print, scratch, &mut body)
        })
        .map_err(|error| misfit::of_reply(&error))
    });
    let End { trailers, .. } = end;
    match printed {
        Ok(()) => Ok(Reply {
            metadata,
            trailers,
            body: indent::laid_out(options.rest.layout, body),
        }),
        Err(status) => Err(Failure::ended(End { status, trailers }, metadata)),
    }
}

/// The headers that only Connect has.
fn check_protocol(headers: &HeaderMap, version: ConnectVersion) -> Result<(), Status> {
    let fits = match headers.get("connect-protocol-version") {
        Some(version) => version == "1",
        None => version == ConnectVersion::Optional,
    };
    if !fits {
        return Err(Status::downstream(
            Code::InvalidArgument,
            "connect-protocol-version: expected 1",
        ));
    }
    Ok(())
}

impl Reply {
    fn respond(self, options: &Options, record: CallRecord) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, JSON);
        metadata::to_headers_by(&options.metadata, self.metadata, Lane::Transcoded, headers);
        metadata::to_prefixed_headers(self.trailers, TRAILER_PREFIX, headers);
        record.finish_with(StatusCode::OK, &Status::ok());
        response
    }
}
