//! The front door: what holds for every request, before it is a call or a page.
//!
//! Calls go straight to the protocol router: what a path means is the schema's matter, and an axum
//! router in between would cost every call three allocations to decide nothing. Pages are an axum
//! router; they have a port of their own.

use std::convert::Infallible;
use std::future::Future;

use axum::body::Body;
use http::{Request, Response, header};
use hyper::body::Incoming;
use tower::util::Oneshot;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_http::sensitive_headers::{SetSensitiveRequestHeaders, SetSensitiveRequestHeadersLayer};

/// Calls or pages, as the listener wants them.
pub(super) fn service<S>(
    inner: S,
) -> impl Fn(Request<Incoming>) -> Oneshot<SetSensitiveRequestHeaders<S>, Request<Body>>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Future + Send + 'static,
{
    // No log or debug line ever shows these values, whoever prints the request.
    let secrets = [
        header::AUTHORIZATION,
        header::COOKIE,
        header::SEC_WEBSOCKET_PROTOCOL, // where a browser puts a token
    ];
    let service = SetSensitiveRequestHeadersLayer::new(secrets).layer(inner);
    move |request| service.clone().oneshot(request.map(Body::new))
}
