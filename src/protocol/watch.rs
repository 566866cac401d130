//! Answers beside the calls: a seam for what looks at some of REST's answers once they are made. Where
//! nobody looks it costs a comparison.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};

use super::{Config, Serving};
use crate::schema::{Binding, Route, Schema};

/// Bytes of an answer that is looked at.
const ANSWER_MAX: u64 = 256 << 10;

/// Looks at answers.
pub trait Watch: fmt::Debug + Send + Sync {
    /// Whether the answer to this request is looked at.
    fn wants(&self) -> bool;

    /// The JSON of a success, not compressed, and the place of its binding among the schema's. Must not
    /// block.
    fn take(&self, schema: &Arc<Schema>, config: &Config, binding: usize, json: Bytes);
}

/// A request whose answer somebody wants.
pub(super) struct Watched<'a> {
    watch: &'a Arc<dyn Watch>,
    schema: &'a Arc<Schema>,
    config: &'a Config,
    binding: &'a Binding,
}

impl<'a> Watched<'a> {
    /// None of streams, and of requests whose answers have no body.
    pub(super) fn of<S>(serving: &'a Serving<S>, route: &Route<'a>, verb: &Method) -> Option<Self> {
        let watch = serving.config.watch.as_ref()?;
        let Route::Found { binding, .. } = route else {
            return None;
        };
        let is_whole = !binding.method.shape.gives_stream() && verb != Method::HEAD;
        (is_whole && watch.wants()).then_some(Self {
            watch,
            schema: &serving.schema,
            config: &serving.config,
            binding,
        })
    }

    /// Hands the answer over if it is JSON of a bounded size, and gives it back as it was. Its body is in
    /// memory, so nothing is waited for.
    pub(super) async fn look(self, response: Response<Body>) -> Response<Body> {
        let is_json = (response.headers().get(CONTENT_TYPE))
            .is_some_and(|value| value.as_bytes() == b"application/json");
        let size = response.body().size_hint().exact().unwrap_or_default();
        if response.status() != StatusCode::OK || !is_json || size == 0 || size > ANSWER_MAX {
            return response;
        }
        let (head, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(whole) => {
                let trailers = whole.trailers().cloned();
                let json = whole.to_bytes();
                let (watch, binding) = (self.watch, self.binding.id);
                watch.take(self.schema, self.config, binding, json.clone());
                match trailers {
                    None => Body::from(json),
                    Some(trailers) => Body::new(
                        Full::new(json).with_trailers(std::future::ready(Some(Ok(trailers)))),
                    ),
                }
            }
            // Bytes in memory do not break; if these did, the client has to see it.
            Err(error) => Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(error)])),
        };
        Response::from_parts(head, body)
    }
}
