//! The port that sends clients from `http` to `https`.
//!
//! Where a client is sent is what it asked for, on the other port: its host only if a certificate has it,
//! so that nobody can have others sent elsewhere by a cache that believes in headers.

use std::net::SocketAddr;

use axum::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};

use super::Config;
use super::target::{self, Refused};
use super::tls::Tls;

/// The port of `https` that URLs need not name.
const HTTPS: u16 = 443;

/// Where clients are sent from, and to which port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The address that is listened on, in plaintext.
    pub address: SocketAddr,
    /// The port by which clients reach TLS; that of the listener itself if there is none.
    pub port: Option<u16>,
}

impl Redirect {
    /// How it is listened on, beside a listener that speaks TLS.
    #[must_use]
    pub fn beside(&self, public: &Config) -> Config {
        Config {
            address: self.address,
            tls: None,
            hsts: None,
            ..public.clone()
        }
    }
}

/// The answer to a request in plaintext, whatever it is: 308, which keeps method and body, or 404 for a
/// host that no certificate has: no other connection would make it right, as a 421 would have clients think. `port` is that of TLS.
#[must_use]
pub fn answer<B>(request: &Request<B>, tls: &Tls, port: u16) -> Response<Body> {
    let host = target::host(request).filter(|host| tls.has(host));
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let place = host
        .filter(|_| path.starts_with('/'))
        .map(|host| match port {
            HTTPS => format!("https://{host}{path}"),
            port => format!("https://{host}:{port}{path}"),
        });
    let Some(place) = place.and_then(|place| HeaderValue::try_from(place).ok()) else {
        return target::refuse(request.version(), Refused::Nowhere);
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, place);
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::super::Clients;
    use super::*;

    #[test]
    fn a_client_is_sent_to_what_it_asked_for_and_to_no_other_host() {
        let names = ["a.example", "*.b.example", "127.0.0.1", "::1"].map(str::to_owned);
        let made = generate_simple_self_signed(names).unwrap();
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let tls = Tls::new(pem.as_bytes(), key.as_bytes(), Clients::Unasked).unwrap();
        for (host, uri, port, place) in [
            (
                "a.example",
                "/v1/x?a=b&c",
                443,
                Some("https://a.example/v1/x?a=b&c"),
            ),
            ("A.example:80", "/", 8443, Some("https://A.example:8443/")),
            (
                "x.b.example",
                "//evil.example/",
                443,
                Some("https://x.b.example//evil.example/"),
            ),
            (
                "evil.example",
                "http://a.example/y",
                443,
                Some("https://a.example/y"),
            ),
            ("127.0.0.1:8080", "/", 443, Some("https://127.0.0.1/")),
            ("[::1]:8080", "/", 443, Some("https://[::1]/")),
            ("evil.example", "/", 443, None),
            ("a.example.evil", "/", 443, None),
            ("127.0.0.2", "/", 443, None),
            ("a.example", "*", 443, None),
        ] {
            let request = Request::builder().uri(uri).header("host", host);
            let answer = answer(&request.body(()).unwrap(), &tls, port);
            let found = answer.headers().get("location");
            assert_eq!(
                found.map(|place| place.to_str().unwrap()),
                place,
                "{host} {uri}"
            );
            let status = if place.is_some() { 308 } else { 404 };
            assert_eq!(answer.status(), status);
        }
    }
}
