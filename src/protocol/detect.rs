//! Which dialect a request speaks, told from its head alone.
//!
//! | request | dialect |
//! |---|---|
//! | `application/grpc[+proto]` over HTTP/2 | native gRPC; 505 over HTTP/1.1 |
//! | `application/grpc-web[+proto]` | gRPC-Web |
//! | another `application/grpc…` sub-type | 415 that lists the known ones |
//! | `upgrade: websocket`, over HTTP/2 CONNECT with `:protocol` | WebSocket |
//! | anything else | REST, or Connect on a method's own path |
//!
//! Media types are compared without case and without parameters. More than one content type is a
//! 415: whatever stands behind the gateway might believe the other one.

use http::{HeaderMap, Method, StatusCode, Version, header, request};

use super::{HeadLimits, Refusal, field_value};
use crate::call::{Code, Status};

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// gRPC over HTTP/2, passed through.
    Grpc,
    /// gRPC-Web, binary.
    GrpcWeb,
    /// WebSocket, after its handshake.
    WebSocket,
    /// JSON by a REST binding, or Connect where no binding has the path.
    Rest,
}

/// The types this gateway takes, for those who came with another.
pub(super) const KNOWN_TYPES: &str = "application/grpc, application/grpc+proto, \
    application/grpc-web, application/grpc-web+proto, application/json";

/// Says which dialect a request speaks.
///
/// # Errors
/// No dialect takes such a request: its head is too large, contradicts itself, or names a type or
/// a version that the dialect does not have.
pub fn detect(request: &request::Parts, limits: &HeadLimits) -> Result<Dialect, Refusal> {
    check_size(request, limits)?;
    let dialect = match content_type(&request.headers)? {
        Some(media_type) => of_media_type(media_type)?,
        None => Dialect::Rest,
    };
    match dialect {
        Dialect::Grpc | Dialect::GrpcWeb => {
            check_origin(request)?;
            if request.method != Method::POST {
                return Err(Refusal::wrong_verb("POST", "gRPC calls are made with POST"));
            }
            if dialect == Dialect::Grpc && request.version < Version::HTTP_2 {
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
            check_page(request)?;
            return Ok(Dialect::WebSocket);
        }
        Dialect::Rest | Dialect::WebSocket => check_origin(request)?,
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

/// A page of another site must not make calls with what its visitor's browser can reach. Tools and
/// servers send no `origin`; a browser cannot leave it out.
fn check_origin(request: &request::Parts) -> Result<(), Refusal> {
    if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    check_page(request)
}

/// The same whatever the verb: any page may make the handshake of a WebSocket, a GET, and read what
/// comes then.
fn check_page(request: &request::Parts) -> Result<(), Refusal> {
    let foreign = match request.headers.get(header::ORIGIN) {
        Some(origin) => !is_own(origin.as_bytes(), request),
        None => request
            .headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "cross-site"),
    };
    if foreign {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            Status::downstream(
                Code::PermissionDenied,
                "the request comes from a page of another origin, which is not allowed here",
            ),
        ));
    }
    Ok(())
}

/// True if the origin's authority is the one the request was made to.
fn is_own(origin: &[u8], request: &request::Parts) -> bool {
    let (authority, default_port): (_, &[u8]) = match origin {
        [b'h', b't', b't', b'p', b's', b':', b'/', b'/', rest @ ..] => (rest, b":443"),
        [b'h', b't', b't', b'p', b':', b'/', b'/', rest @ ..] => (rest, b":80"),
        _ => return false,
    };
    let own = match request.uri.authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => request
            .headers
            .get(header::HOST)
            .map_or(&b""[..], |host| host.as_bytes()),
    };
    let [own, authority] =
        [own, authority].map(|name| name.strip_suffix(default_port).unwrap_or(name));
    !own.is_empty() && own.eq_ignore_ascii_case(authority)
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

fn of_media_type(media_type: &[u8]) -> Result<Dialect, Refusal> {
    const GRPC: &[u8] = b"application/grpc";
    let Some((start, sub_type)) = media_type.split_at_checked(GRPC.len()) else {
        return Ok(Dialect::Rest);
    };
    if !start.eq_ignore_ascii_case(GRPC) {
        return Ok(Dialect::Rest);
    }
    // The longer names first: `-web` is a prefix of `-web-text`.
    let is = |name: &[u8]| sub_type.eq_ignore_ascii_case(name);
    if is(b"") || is(b"+proto") {
        Ok(Dialect::Grpc)
    } else if is(b"-web") || is(b"-web+proto") {
        Ok(Dialect::GrpcWeb)
    } else if sub_type.starts_with(b"+")
        || sub_type
            .get(..4)
            .is_some_and(|web| web.eq_ignore_ascii_case(b"-web"))
    {
        Err(Refusal::unsupported_type(
            "this kind of gRPC is not served here",
        ))
    } else {
        Ok(Dialect::Rest)
    }
}

fn asks_for_websocket(request: &request::Parts) -> bool {
    let is_websocket = |protocol: &[u8]| protocol.eq_ignore_ascii_case(b"websocket");
    let extended = request.extensions.get::<hyper::ext::Protocol>();
    extended.is_some_and(|protocol| is_websocket(protocol.as_ref()))
        || field_value::items(&request.headers, &header::UPGRADE).any(is_websocket)
}
