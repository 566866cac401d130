//! What pages may do here: read. It may be a page that its visitor did not mean to let near this port, by a
//! name of its own that leads here; so neither an origin nor a name says that a request is meant.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// gRPC-Web's content types begin with it. No page can send one of them to another origin unasked, and
/// nobody here answers who asks.
const GRPC_WEB: &[u8] = b"application/grpc-web";

/// Refuses whatever comes from a page and does not only read.
pub(super) async fn no_page(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || !request.headers().contains_key(header::ORIGIN) || is_own_call(&request) {
        return next.run(request).await;
    }
    let text = "the request comes from a page, which can only read here\n";
    (StatusCode::FORBIDDEN, text).into_response()
}

/// True for a call of the gateway's own gRPC services, which change nothing, by a page of this very port
/// that was asked for by an address, or as `localhost`: other names can be made to lead here.
fn is_own_call(request: &Request) -> bool {
    let header = |name| request.headers().get(name).map(|value| value.as_bytes());
    let is_service = request.uri().path().starts_with("/grpc.");
    let (Some(kind), Some(origin), Some(host)) = (
        header(header::CONTENT_TYPE),
        header(header::ORIGIN),
        header(header::HOST),
    ) else {
        return false;
    };
    is_service
        && kind.starts_with(GRPC_WEB)
        && origin.strip_prefix(b"http://") == Some(host)
        && std::str::from_utf8(host).is_ok_and(is_address)
}

/// True for an address, or `localhost`, with a port or without one.
fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let inner = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    name == "localhost" || inner.unwrap_or(name).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_be_made_to_lead_elsewhere() {
        for (host, is) in [
            ("127.0.0.1:9901", true),
            ("10.1.2.3", true),
            ("[::1]:9901", true),
            ("localhost:9901", true),
            ("localhost.evil.example:9901", false),
            ("127.0.0.1.evil.example", false),
            ("evil.example:9901", false),
            ("", false),
        ] {
            assert_eq!(is_address(host), is, "{host}");
        }
    }
}
