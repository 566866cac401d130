//! Connect: `/pkg.Service/Method` for browsers, for curl, and for whoever has no HTTP/2.
//!
//! | request | answer |
//! |---|---|
//! | POST of `application/json` (or no type) or `application/proto` | unary: the reply in the same form, trailers as `trailer-…` headers |
//! | GET of a method without side effects, the message in the query | the same; caches may keep it |
//! | … and the call fails | an HTTP status and `{"code":"not_found","message":…,"details":[…]}` |
//! | POST of `application/connect+json` or `+proto` | streams of every shape, in envelopes; the status in the last one |
//! | another verb | 405 |
//! | another content type, or one of the wrong shape | 415 |

mod error;
mod get;
pub(super) mod stream;
mod unary;

use std::sync::Arc;

use axum::body::Body;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method as Verb, Response, StatusCode, header, request,
};

use super::codec::Codec;
use super::linger::linger;
use super::options::ConnectVersion;
use super::{Exchange, Refusal, enveloped, field_value};
use crate::call::{self, Code, Status};
use crate::observe::{CallRecord, Protocol};
use crate::schema::{Idempotency, Method, Shape};

/// The header that only Connect's clients send.
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

/// Before the name of a trailer that is sent as a header.
const TRAILER_PREFIX: &str = "trailer-";

/// Answers a request on a method's own path that is no stream.
pub(super) async fn answer<S: call::Service>(
    mut exchange: Exchange<'_, S>,
    method: Arc<Method>,
) -> Response<Body> {
    exchange.record.protocol(Protocol::Connect);
    exchange.record.method(&method);
    let verb = exchange.parts.method.clone();
    if verb == Verb::OPTIONS {
        return options(&method, exchange.record);
    }
    let source = match source(&verb, &exchange.parts.headers, &method) {
        Ok(source) => source,
        Err(refusal) => {
            linger(exchange.body);
            return refusal.answer_in_words(exchange.record);
        }
    };
    let response = unary::answer(exchange, method, source).await;
    if verb == Verb::HEAD {
        super::rest::without_body(response)
    } else {
        response
    }
}

/// True for a request that says of itself that it is Connect's.
pub(super) fn is_spoken(request: &request::Parts) -> bool {
    let query = request.uri.query().unwrap_or_default();
    request.headers.contains_key(PROTOCOL_VERSION)
        || query.split('&').any(|pair| pair == "connect=v1")
        || request
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|stated| {
                field_value::essence(stated.as_bytes()).eq_ignore_ascii_case(b"application/proto")
            })
}

/// 404 for whoever calls what is not here, in Connect's terms.
pub(super) fn not_found<S>(mut exchange: Exchange<'_, S>) -> Response<Body> {
    exchange.record.protocol(Protocol::Connect);
    linger(exchange.body);
    let failure = error::Failure::in_http(enveloped::no_such_method(), StatusCode::NOT_FOUND);
    let serving = exchange.serving;
    failure.respond(
        &serving.schema,
        serving.chosen.of_gateway(),
        exchange.record,
    )
}

/// Where a unary request's message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// In the body.
    Body(Codec),
    /// In the query.
    Query,
}

/// Whether the request is one that unary Connect has.
fn source(verb: &Verb, headers: &HeaderMap, method: &Method) -> Result<Source, Refusal> {
    let source = match *verb {
        Verb::POST => Source::Body(codec(headers)?),
        Verb::GET | Verb::HEAD if takes_get(method) => Source::Query,
        Verb::GET | Verb::HEAD => {
            return Err(Refusal::wrong_verb(
                allow(method),
                "only unary methods without side effects (idempotency_level = NO_SIDE_EFFECTS) are \
                 called with GET; expected POST",
            ));
        }
        _ => {
            let message = format!("found {verb}, and methods are called with POST");
            return Err(Refusal::wrong_verb(allow(method), &message));
        }
    };
    if method.shape != Shape::Unary {
        return Err(Refusal::unfit_type(format!(
            "{} is a streaming method, and this content type is for unary ones; call it by \
             application/connect+json or application/connect+proto, by gRPC or gRPC-Web on this \
             path, or by a REST binding (google.api.http)",
            method.name
        )));
    }
    Ok(source)
}

/// The codec of a unary body; one without a type is JSON.
fn codec(headers: &HeaderMap) -> Result<Codec, Refusal> {
    let Some(stated) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Codec::Json);
    };
    let essence = field_value::essence(stated.as_bytes());
    if essence.eq_ignore_ascii_case(b"application/json") {
        Ok(Codec::Json)
    } else if essence.eq_ignore_ascii_case(b"application/proto") {
        Ok(Codec::Proto)
    } else {
        Err(Refusal::unsupported_type(
            "this content type is not served here",
        ))
    }
}

fn takes_get(method: &Method) -> bool {
    method.shape == Shape::Unary && method.idempotency == Idempotency::NoSideEffects
}

/// The verbs of a method's own path.
fn allow(method: &Method) -> &'static str {
    if takes_get(method) {
        "GET, HEAD, OPTIONS, POST"
    } else {
        "OPTIONS, POST"
    }
}

fn options(method: &Method, record: CallRecord) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow(method)));
    record.finish_with(StatusCode::NO_CONTENT, &Status::ok());
    response
}

/// The header in which a POST says that it is Connect's, and of which version.
fn check_protocol(headers: &HeaderMap, version: ConnectVersion) -> Result<(), Status> {
    match headers.get(PROTOCOL_VERSION) {
        Some(found) if found == "1" => Ok(()),
        None if version == ConnectVersion::Optional => Ok(()),
        Some(_) | None => Err(Status::downstream(
            Code::InvalidArgument,
            "connect-protocol-version: expected 1",
        )),
    }
}
