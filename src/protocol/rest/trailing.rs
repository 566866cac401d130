//! What a backend says besides its messages: metadata become headers, and trailers too, behind the
//! prefix [`PREFIX`]; real trailers for a client that says it reads them (`te: trailers`).
//!
//! ```text
//! GET /v1/shelves/7                         GET /v1/shelves/7
//!                                           te: trailers
//!
//! HTTP/1.1 200 OK                           HTTP/1.1 200 OK
//! x-site: north            (metadata)       x-site: north
//! grpc-trailer-x-cost: 1   (a trailer)      trailer: grpc-trailer-x-cost
//!
//! {"name":7}                                {"name":7}
//!                                           grpc-trailer-x-cost: 1
//! ```

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::header::{TE, TRAILER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method as Verb, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::StreamBody;

use crate::call::Metadata;
use crate::protocol::field_value::{essence, items};
use crate::protocol::metadata::rules::Rules;
use crate::protocol::metadata::{self, Reader};

/// Before the name of a trailer.
const PREFIX: &str = "grpc-trailer-";

/// Where a call's trailers go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trailing {
    /// Among the headers.
    #[default]
    Headers,
    /// Behind the body.
    Trailers,
}

impl Trailing {
    /// What this client can read.
    pub(super) fn of(request: &Parts) -> Self {
        let is_trailers = |coding| essence(coding).eq_ignore_ascii_case(b"trailers");
        let mut codings = items(&request.headers, &TE);
        // Neither an HTTP/1.0 body nor the one that HEAD leaves out has anything behind it.
        let has_room = request.version >= Version::HTTP_11 && request.method != Verb::HEAD;
        if has_room && codings.any(is_trailers) {
            Self::Trailers
        } else {
            Self::Headers
        }
    }
}

/// Trailers as they stand behind a body.
pub(super) fn behind(trailers: Metadata) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(trailers.0.len());
    metadata::to_prefixed_headers(trailers, PREFIX, &mut out);
    out
}

/// What a backend sent besides messages, as HTTP shows it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Before the body.
    pub(super) headers: HeaderMap,
    /// Behind it.
    trailers: HeaderMap,
}

impl Shown {
    /// Metadata and trailers, filtered.
    pub(super) fn new(
        rules: &Rules,
        metadata: Metadata,
        trailers: Metadata,
        trailing: Trailing,
    ) -> Self {
        let mut headers = HeaderMap::with_capacity(metadata.0.len() + trailers.0.len() + 4);
        metadata::to_headers_by(rules, metadata, Reader::Other, &mut headers);
        let trailers = match trailing {
            Trailing::Trailers => behind(trailers),
            Trailing::Headers => {
                metadata::to_prefixed_headers(trailers, PREFIX, &mut headers);
                HeaderMap::new()
            }
        };
        Self { headers, trailers }
    }

    /// A whole response.
    pub(super) fn into_response(self, http: StatusCode, body: Bytes) -> Response<Body> {
        let Self {
            mut headers,
            trailers,
        } = self;
        let body = if trailers.is_empty() {
            Body::from(body)
        } else if body.is_empty() {
            // Some answers have no body at all, and so nothing behind it.
            headers.extend(trailers);
            Body::empty()
        } else {
            // HTTP/1.1 sends only trailers that were announced.
            let names: Vec<_> = trailers.keys().map(http::HeaderName::as_str).collect();
            if let Ok(names) = HeaderValue::try_from(names.join(", ")) {
                headers.insert(TRAILER, names);
            }
            let frames = [Frame::data(body), Frame::trailers(trailers)];
            Body::new(StreamBody::new(stream::iter(
                frames.map(Ok::<_, std::convert::Infallible>),
            )))
        };
        let mut response = Response::new(body);
        *response.status_mut() = http;
        *response.headers_mut() = headers;
        response
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_those_who_say_so_get_trailers() {
        let rows = [
            (
                "GET",
                Version::HTTP_11,
                Some("trailers"),
                Trailing::Trailers,
            ),
            ("GET", Version::HTTP_2, Some("Trailers"), Trailing::Trailers),
            (
                "GET",
                Version::HTTP_11,
                Some("gzip;q=0.5, trailers;q=1"),
                Trailing::Trailers,
            ),
            ("GET", Version::HTTP_11, Some("gzip"), Trailing::Headers),
            ("GET", Version::HTTP_11, None, Trailing::Headers),
            ("GET", Version::HTTP_10, Some("trailers"), Trailing::Headers),
            ("HEAD", Version::HTTP_2, Some("trailers"), Trailing::Headers),
        ];
        for (verb, version, te, expected) in rows {
            let mut request = http::Request::builder().method(verb).version(version);
            if let Some(te) = te {
                request = request.header(TE, te);
            }
            let parts = request.body(()).unwrap().into_parts().0;
            assert_eq!(Trailing::of(&parts), expected, "{verb} {version:?} {te:?}");
        }
    }
}
