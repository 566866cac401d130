//! The front door: what holds for every request, before it is a call or a page.
//!
//! Calls go straight to the protocol router: what a path means is the schema's matter, and an axum
//! router in between would cost every call three allocations to decide nothing. Pages are an axum
//! router; they have a port of their own.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::sync::Arc;

use axum::body::Body;
use axum::middleware::{Next, from_fn};
use http::{Request, Response, header};
use hyper::body::Incoming;
use tower::util::Oneshot;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_http::sensitive_headers::{SetSensitiveRequestHeaders, SetSensitiveRequestHeadersLayer};

use super::live::Live;
use crate::listener::{Tls, redirect};
use crate::protocol::Pages as _;

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

/// Sends every client to `https`, on this port.
pub(super) fn redirect(
    tls: Tls,
    port: u16,
) -> impl Fn(Request<Incoming>) -> Ready<Result<Response<Body>, Infallible>>
+ Clone
+ Send
+ Sync
+ 'static {
    move |request| ready(Ok(redirect::answer(&request, &tls, port)))
}

/// The operators' pages, with the documentation in front of them, where there is any.
pub(super) fn with_site(pages: axum::Router, live: Arc<Live>) -> axum::Router {
    pages.layer(from_fn(move |request: Request<Body>, next: Next| {
        let serving = live.serving.load_full();
        let (parts, body) = request.into_parts();
        let site = live.site.load_full();
        let answering =
            site.and_then(|site| site.answer(&serving.schema, serving.config(), &parts));
        async move {
            match answering {
                Some(answering) => answering.await,
                None => next.run(Request::from_parts(parts, body)).await,
            }
        }
    }))
}
