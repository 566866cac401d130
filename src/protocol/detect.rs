//! Which dialect a request speaks, told from its head alone.
//!
//! | request | dialect |
//! |---|---|
//! | `application/grpc[+proto,+json]` over HTTP/2 | native gRPC; 505 over HTTP/1.1 |
//! | `application/grpc-web[+proto,+json]`, `application/grpc-web-text[+proto]` | gRPC-Web |
//! | `application/connect+proto`, `application/connect+json` | a stream of Connect |
//! | another `application/grpc…` or `application/connect…` sub-type | 415 that lists the known ones |
//! | `upgrade: websocket`, over HTTP/2 CONNECT with `:protocol` | WebSocket |
//! | anything else | REST, or unary Connect on a method's own path |
//!
//! Media types are compared without case and without parameters. More than one content type is a
//! 415: whatever stands behind the gateway might believe the other one.

use http::{HeaderMap, Method, StatusCode, Version, header, request};

use super::codec::Codec;
use super::enveloped::Wire;
use super::{Cors, HeadLimits, Refusal, field_value};
use crate::call::{Code, Status};

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// gRPC over HTTP/2.
    Grpc(Codec),
    /// gRPC-Web.
    GrpcWeb(Codec, Wire),
    /// Connect with enveloped messages.
    ConnectStream(Codec),
    /// WebSocket, after its handshake.
    WebSocket,
    /// A REST binding, or unary Connect where no binding has the path.
    Rest,
}

/// The types this gateway takes, for those who came with another.
pub(super) const KNOWN_TYPES: &str = "application/grpc, application/grpc+proto, \
    application/grpc+json, application/grpc-web, application/grpc-web+proto, \
    application/grpc-web+json, application/grpc-web-text, application/grpc-web-text+proto, \
    application/connect+proto, application/connect+json, application/proto, application/json";

/// Says which dialect a request speaks.
///
/// # Errors
/// No dialect takes such a request: its head is too large, contradicts itself, or names a type or
/// a version that the dialect does not have.
pub(super) fn detect(
    request: &request::Parts,
    limits: &HeadLimits,
    cors: &Cors,
) -> Result<Dialect, Refusal> {
    check_size(request, limits)?;
    let dialect = match content_type(&request.headers)? {
        // What may be done with a path is asked alike, whatever the type.
        Some(_) | None if request.method == Method::OPTIONS => Dialect::Rest,
        Some(media_type) => of_media_type(media_type)?,
        None => Dialect::Rest,
    };
    match dialect {
        Dialect::Grpc(_) | Dialect::GrpcWeb(..) | Dialect::ConnectStream(_) => {
            check_origin(request, cors)?;
            if request.method != Method::POST {
                let message = "calls with this content type are made with POST";
                return Err(Refusal::wrong_verb("POST", message));
            }
            if matches!(dialect, Dialect::Grpc(_)) && request.version < Version::HTTP_2 {
                return Err(Refusal::new(
                    StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                    Status::downstream(
                        Code::Unimplemented,
                        "gRPC needs HTTP/2; over HTTP/1.1 use gRPC-Web (application/grpc-web+proto)",
                    ),
                ));
            }
        }
        Dialect::Rest if asks_for_websocket(request) => {
            check_page(request, cors)?;
            return Ok(Dialect::WebSocket);
        }
        Dialect::Rest | Dialect::WebSocket => check_origin(request, cors)?,
    }
    Ok(dialect)
}

fn check_size(request: &request::Parts, limits: &HeadLimits) -> Result<(), Refusal> {
    let url = request
        .uri
        .path_and_query()
        .map_or(0, |url| url.as_str().len());
    if url > limits.url {
        return Err(Refusal::new(
            StatusCode::URI_TOO_LONG,
            Status::downstream(
                Code::InvalidArgument,
                format!(
                    "found a URL of {url} bytes, expected at most {}",
                    limits.url
                ),
            ),
        ));
    }
    /// What a header field costs beyond its text (RFC 9113, section 6.5.2).
    const FIELD_OVERHEAD: usize = 32;
    let fields = request.headers.len();
    let size: usize = request
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD)
        .sum();
    if fields > limits.metadata_fields || size > limits.metadata {
        return Err(Refusal::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Status::downstream(
                Code::ResourceExhausted,
                format!(
                    "found {fields} header fields of {size} bytes together, expected at most {} of {}",
                    limits.metadata_fields, limits.metadata
                ),
            ),
        ));
    }
    Ok(())
}

/// A page of another site must not make calls with what its visitor's browser can reach.
fn check_origin(request: &request::Parts, cors: &Cors) -> Result<(), Refusal> {
    if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    check_page(request, cors)
}

/// The same whatever the verb: any page may make the handshake of a WebSocket, a GET, and read what
/// comes then.
fn check_page(request: &request::Parts, cors: &Cors) -> Result<(), Refusal> {
    if cors.admits(request) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        Status::downstream(
            Code::PermissionDenied,
            "the request comes from a page of another origin, which is not allowed here",
        ),
    ))
}

/// The one content type, without its parameters.
fn content_type(headers: &HeaderMap) -> Result<Option<&[u8]>, Refusal> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::unsupported_type(
            "the request has more than one content-type",
        ));
    }
    Ok(Some(field_value::essence(value.as_bytes())))
}

/// The types that name a dialect by themselves.
const TYPES: [(&[u8], Dialect); 10] = [
    (b"application/grpc", Dialect::Grpc(Codec::Proto)),
    (b"application/grpc+proto", Dialect::Grpc(Codec::Proto)),
    (b"application/grpc+json", Dialect::Grpc(Codec::Json)),
    (
        b"application/grpc-web",
        Dialect::GrpcWeb(Codec::Proto, Wire::Binary),
    ),
    (
        b"application/grpc-web+proto",
        Dialect::GrpcWeb(Codec::Proto, Wire::Binary),
    ),
    (
        b"application/grpc-web+json",
        Dialect::GrpcWeb(Codec::Json, Wire::Binary),
    ),
    (
        b"application/grpc-web-text",
        Dialect::GrpcWeb(Codec::Proto, Wire::Text),
    ),
    (
        b"application/grpc-web-text+proto",
        Dialect::GrpcWeb(Codec::Proto, Wire::Text),
    ),
    (
        b"application/connect+proto",
        Dialect::ConnectStream(Codec::Proto),
    ),
    (
        b"application/connect+json",
        Dialect::ConnectStream(Codec::Json),
    ),
];

/// Beginnings of types that only a dialect would have, and none here does.
const FAMILIES: [&[u8]; 3] = [
    b"application/grpc+",
    b"application/grpc-web",
    b"application/connect+",
];

fn of_media_type(media_type: &[u8]) -> Result<Dialect, Refusal> {
    if let Some((_, dialect)) = TYPES
        .iter()
        .find(|(name, _)| media_type.eq_ignore_ascii_case(name))
    {
        return Ok(*dialect);
    }
    let begins = |name: &&[u8]| {
        media_type
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    if FAMILIES.iter().any(begins) {
        return Err(Refusal::unsupported_type(
            "this kind of gRPC or Connect is not served here",
        ));
    }
    Ok(Dialect::Rest)
}

fn asks_for_websocket(request: &request::Parts) -> bool {
    let is_websocket = |protocol: &[u8]| protocol.eq_ignore_ascii_case(b"websocket");
    let extended = request.extensions.get::<hyper::ext::Protocol>();
    extended.is_some_and(|protocol| is_websocket(protocol.as_ref()))
        || field_value::items(&request.headers, &header::UPGRADE).any(is_websocket)
}
