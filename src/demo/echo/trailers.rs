//! Trailers of a successful call.
//!
//! tonic lets a service set the trailers of a failure only; this wrapper adds those that a
//! response carries as an extension to the ones tonic writes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

/// What a handler puts into its response's extensions.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Trailers(pub(super) HeaderMap);

/// A service whose responses' [`Trailers`] are sent.
#[derive(Clone, Debug)]
pub(in crate::demo) struct WithTrailers<S> {
    inner: S,
}

impl<S> WithTrailers<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: NamedService> NamedService for WithTrailers<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for WithTrailers<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            Ok(match response.extensions_mut().remove::<Trailers>() {
                Some(Trailers(more)) if !more.is_empty() => response.map(|body| add(body, more)),
                _ => response,
            })
        })
    }
}

fn add(body: Body, more: HeaderMap) -> Body {
    let mut more = Some(more);
    Body::new(body.map_frame(move |mut frame| {
        if let Some(trailers) = frame.trailers_mut() {
            trailers.extend(more.take().into_iter().flatten());
        }
        frame
    }))
}
