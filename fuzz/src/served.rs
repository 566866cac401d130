//! A router without sockets, and the one thread that runs it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Body;
use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use transom::call::Service;
use transom::observe::Observe;
use transom::protocol::{Config, Options, Router, Serving};
use transom::schema::Schema;

use crate::budget::within;

/// Longer than the rest of a request is read on for.
const LINGERING: Duration = Duration::from_secs(5);

/// A router before a backend.
pub(crate) struct Served<S> {
    router: Router<S>,
    runtime: Runtime,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl<S: Service> Served<S> {
    pub(crate) fn new(schema: &Arc<Schema>, backend: S, options: Options) -> Self {
        Self::with(schema, backend, options.into())
    }

    pub(crate) fn with(schema: &Arc<Schema>, backend: S, config: Config) -> Self {
        let serving = Serving::new(Arc::clone(schema), backend, config);
        // Time passes only where everything waits for it, so that no input depends on the clock.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime needs nothing but memory");
        Self {
            router: Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default()),
            runtime,
        }
    }

    /// Sends a request of so many bytes.
    ///
    /// # Panics
    /// If the answer's body breaks off, or took too long.
    pub(crate) fn send(&self, request: Request<Body>, bytes: usize) -> Whole {
        let answer = async {
            let (head, body) = self.router.handle(request).await.into_parts();
            let body = body.collect().await.expect("no body breaks off here");
            let trailers = body.trailers().cloned();
            // Whoever still reads the rest of a request is done by then; else they would add up.
            tokio::time::sleep(LINGERING).await;
            Whole {
                head,
                body: body.to_bytes(),
                trailers,
            }
        };
        within("a request", bytes, || self.runtime.block_on(answer))
    }
}

impl Whole {
    /// A header field that is text; empty if it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        let value = self.head.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}
