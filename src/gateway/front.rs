//! The front door: an axum router whose fallback is the protocol router, so that pages and calls
//! share one port and the layers that hold for both.

use std::convert::Infallible;
use std::future::Future;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, header};
use hyper::body::Incoming;
use tower::{Service, ServiceExt as _};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;

/// The public router: calls, behind what holds for pages as well.
pub(super) fn router<S>(calls: S) -> Router
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    Router::new()
        .fallback_service(calls)
        // No log or debug line ever shows these values, whoever prints the request.
        .layer(SetSensitiveRequestHeadersLayer::new([
            header::AUTHORIZATION,
            header::COOKIE,
        ]))
}

/// A router as the listener wants it.
pub(super) fn service(
    router: Router,
) -> impl Fn(Request<Incoming>) -> BoxAnswer + Clone + Send + Sync + 'static {
    move |request| Box::pin(router.clone().oneshot(request.map(Body::new)))
}

type BoxAnswer = std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;
