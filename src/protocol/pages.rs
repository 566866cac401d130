//! Pages beside the calls: a seam for what answers paths that nothing else has.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use http::{Response, request};

use super::Config;
use crate::schema::Schema;

/// Answers paths that neither a binding nor a method has.
pub trait Pages: fmt::Debug + Send + Sync {
    /// The answer to a request, for the schema and the choices it sees; `None` if the path is no page's.
    /// The body of such a request is not read.
    fn answer(
        &self,
        schema: &Arc<Schema>,
        config: &Config,
        request: &request::Parts,
    ) -> Option<Pin<Box<dyn Future<Output = Response<Body>> + Send>>>;
}
