//! Whom a request is for, and where it ends: what has to be beyond doubt before anybody acts on it.
//!
//! Proxies that read one request differently are how requests are smuggled and caches poisoned.
//! hyper refuses most doubtful heads; what it lets through is refused here, with 400:
//!
//! * HTTP/1.1 without `host`; any version with two, or with one that is no host and port;
//! * HTTP/2 with neither `:authority` nor `host`, or with two that differ;
//! * `transfer-encoding` other than one `chunked`.
//!
//! An absolute HTTP/1.1 target wins over `host`, as RFC 9112 section 3.2.2 says.
//!
//! Under TLS a request may be for a host of another certificate than the one that was shown, since HTTP/2
//! clients share connections; it is refused with 421, and its client makes a connection of its own.

use axum::body::Body;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};

use super::tls::Names;
use crate::call::{Code, Secured};

/// Why a request is refused before anybody acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Readers may think differently of it; what was expected instead.
    Doubtful(&'static str),
    /// It is for a host of another certificate than the connection's.
    Misdirected,
    /// It is for a host that no certificate has, or names no path, and came to be sent to `https`.
    Nowhere,
}

/// Refuses a request of which readers may think differently.
///
/// # Errors
/// See [`Refused::Doubtful`].
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Refused> {
    check_host(
        request.version(),
        request.uri().authority(),
        request.headers(),
    )
    .and_then(|()| check_transfer(request.headers()))
    .map_err(Refused::Doubtful)
}

/// Refuses a request for a host of another certificate than the one that was shown.
///
/// # Errors
/// See [`Refused::Misdirected`].
pub(super) fn check_certificate<B>(
    request: &Request<B>,
    names: &Names,
    secured: Option<&Secured>,
) -> Result<(), Refused> {
    let asked = secured.and_then(|secured| secured.server_name.as_deref());
    match host(request) {
        Some(host) if names.is_misdirected(asked, host) => Err(Refused::Misdirected),
        Some(_) | None => Ok(()),
    }
}

/// The host that a request is for, without its port.
pub(super) fn host<B>(request: &Request<B>) -> Option<&str> {
    let header = || request.headers().get(header::HOST)?.to_str().ok();
    let authority = request.uri().authority();
    authority
        .map(Authority::as_str)
        .or_else(header)
        .map(without_port)
}

/// The host of `host[:port]`; an IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    }
}

fn check_host(
    version: Version,
    authority: Option<&Authority>,
    headers: &HeaderMap,
) -> Result<(), &'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err("expected one host header, found more");
    }
    if host.is_some_and(|host| !is_host(host.as_bytes()))
        || authority.is_some_and(|authority| !is_host(authority.as_str().as_bytes()))
    {
        return Err("expected a host, such as example.com:8080, as the request's authority");
    }
    match (host, authority) {
        (Some(host), Some(authority)) if version >= Version::HTTP_2 => {
            let same = host
                .as_bytes()
                .eq_ignore_ascii_case(authority.as_str().as_bytes());
            if same {
                Ok(())
            } else {
                Err("expected one authority, found host and :authority that differ")
            }
        }
        (None, _) if version == Version::HTTP_11 => Err("expected a host header, found none"),
        (None, None) if version >= Version::HTTP_2 => Err("expected an :authority, found none"),
        _ => Ok(()),
    }
}

/// True for `host[:port]` of RFC 3986, which has no user name.
fn is_host(text: &[u8]) -> bool {
    let (is_named, port) = if let Some(literal) = text.strip_prefix(b"[") {
        let Some(end) = literal.iter().position(|byte| *byte == b']') else {
            return false;
        };
        let (address, port) = literal.split_at(end);
        let is_address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        (
            !address.is_empty() && address.iter().all(is_address),
            port.get(1..).unwrap_or_default(),
        )
    } else {
        let end = text.iter().position(|byte| *byte == b':');
        let (name, port) = text.split_at(end.unwrap_or(text.len()));
        let is_name =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte);
        (!name.is_empty() && name.iter().all(is_name), port)
    };
    is_named
        && match port {
            [] => true,
            [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
            _ => false,
        }
}

/// The only transfer coding a request may have is `chunked`, once. In HTTP/2 h2 refuses any.
fn check_transfer(headers: &HeaderMap) -> Result<(), &'static str> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err("expected no transfer-encoding but one chunked"),
    }
}

/// The answer to a refused request, after which an HTTP/1.1 connection is closed.
pub(super) fn refuse(version: Version, refused: Refused) -> Response<Body> {
    let (status, code, reason) = match refused {
        Refused::Doubtful(reason) => (StatusCode::BAD_REQUEST, Code::InvalidArgument, reason),
        Refused::Misdirected => (
            StatusCode::MISDIRECTED_REQUEST,
            Code::Unknown,
            "found a host of another certificate, expected a connection on which it was asked for",
        ),
        Refused::Nowhere => (
            StatusCode::NOT_FOUND,
            Code::NotFound,
            "expected a path on a host that a certificate has, to send the client on to https",
        ),
    };
    tracing::debug!(reason, "refused a request");
    let body = serde_json::json!({
        "code": code.number(), "message": reason, "details": [],
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if version < Version::HTTP_2 {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn request(version: Version, uri: &str, headers: &[(&'static str, &str)]) -> Request<()> {
        let mut request = Request::builder().version(version).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, value.as_bytes());
        }
        request.body(()).unwrap()
    }

    #[test]
    fn a_request_is_for_one_host() {
        use Version as V;
        for (version, uri, hosts, is_taken) in [
            (V::HTTP_11, "/", &["a"][..], true),
            (V::HTTP_11, "/", &[], false),
            (V::HTTP_11, "/", &["a", "a"], false),
            (V::HTTP_11, "http://b/", &["a"], true),
            (V::HTTP_11, "http://b/", &[], false),
            (V::HTTP_11, "http://u@b/", &["a"], false),
            (V::HTTP_10, "/", &[], true),
            (V::HTTP_10, "/", &["a", "b"], false),
            (V::HTTP_2, "http://a/", &[], true),
            (V::HTTP_2, "http://a/", &["A"], true),
            (V::HTTP_2, "http://a/", &["b"], false),
            (V::HTTP_2, "http://u:p@a/", &[], false),
            (V::HTTP_2, "/", &["a"], true),
            (V::HTTP_2, "/", &[], false),
        ] {
            let hosts: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            let checked = check(&request(version, uri, &hosts));
            assert_eq!(checked.is_ok(), is_taken, "{version:?} {uri} {hosts:?}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        for host in [
            "a",
            "a.b-c:80",
            "127.0.0.1:0",
            "[::1]",
            "[::1]:8080",
            "a:",
            "xn--a_b",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "", ":80", "a/b?c", "a?b", "a#b", "u@a", "u:p@a", "a b", "a\tb", "a\0", "é", "a:b",
            "a:80:80", "a:123456", "[::1", "[]", "[::1]80", "[g]", "a\\b", "a,b c", "<a>",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn the_host_of_an_authority_is_without_its_port() {
        for (authority, host) in [
            ("a.b", "a.b"),
            ("a.b:443", "a.b"),
            ("a.b:", "a.b"),
            ("[::1]", "[::1]"),
            ("[::1]:443", "[::1]"),
        ] {
            assert_eq!(without_port(authority), host);
        }
    }

    #[test]
    fn chunked_is_the_only_transfer_coding_and_comes_once() {
        for (codings, is_taken) in [
            (&[][..], true),
            (&["chunked"], true),
            (&["Chunked"], true),
            (&["chunked", "chunked"], false),
            (&["chunked, chunked"], false),
            (&["identity, chunked"], false),
            (&["gzip, chunked"], false),
            (&["identity"], false),
        ] {
            let mut headers: Vec<_> = codings
                .iter()
                .map(|coding| ("transfer-encoding", *coding))
                .collect();
            headers.push(("host", "a"));
            let checked = check(&request(Version::HTTP_11, "/", &headers));
            assert_eq!(checked.is_ok(), is_taken, "{codings:?}");
        }
    }
}
