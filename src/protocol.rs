//! Every dialect a client may speak, turned into a [`Call`](crate::call::Call) once and answered
//! in kind.
//!
//! ```text
//!                 detect            dialect                      S: call::Service
//! http::Request ─────────► Dialect ─────────► Call (metadata, ──────────────────► Reply
//!               one match           filters,   deadline,                            │
//!                                   limits     messages)                            │
//! http::Response ◄────────────────────────────────────────────────────────────────┘
//!                 headers, body encoder, trailers; the access-log record ends with the body
//! ```
//!
//! A request takes the [`Serving`] snapshot once, at detection, and keeps it to its end. Answers
//! are infallible: whatever goes wrong is an answer in the client's own dialect.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Body;
use http::{HeaderValue, Request, Response, header, request};

use crate::call::{self, gate};
use crate::observe::served::Table;
use crate::observe::{CallRecord, Observe, Protocol};
use crate::schema::{Listing, Route, Row, Schema};

pub mod body;
mod call_head;
mod checks;
mod codec;
mod coding;
mod connect;
pub mod cors;
mod deadline;
mod detect;
mod enveloped;
mod excerpt;
mod field_value;
mod forwarded;
mod grpc;
mod grpc_web;
pub mod indent;
mod json;
mod linger;
pub mod metadata;
mod misfit;
pub mod options;
mod pages;
mod refusal;
pub mod rest;
mod scratch;
mod status;
pub mod text;
pub mod unary;
mod watch;
mod websocket;

use checks::Checks;
pub use checks::Validation;
use codec::Codec;
pub use coding::{Compression, Undecodable};
pub use cors::Cors;
use detect::{Dialect, detect};
use options::Chosen;
pub use options::Options;
pub use pages::Pages;
use refusal::Refusal;
pub use watch::Watch;

/// What is chosen for the gateway: once for all requests, and for single routes.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Bounds on a request's head, which is judged before its route is known.
    pub head: HeadLimits,
    /// Which answers in HTTP's own terms are compressed.
    pub compression: Compression,
    /// Pages of which other origins may call.
    pub cors: Cors,
    /// What holds where no route says otherwise.
    pub options: Arc<Options>,
    /// What holds for some methods or bindings instead; the first that applies counts.
    pub routes: Vec<options::Route>,
    /// What answers where neither a binding nor a method has the path; the first that has it counts.
    pub pages: Vec<Arc<dyn Pages>>,
    /// Proxies whose word about their clients counts.
    pub trusted_proxies: Vec<call::Network>,
    /// Who decides which calls may pass; without anybody, all may.
    pub gates: Option<Arc<dyn call::Gates>>,
    /// What messages that are not whole yet may hold in memory.
    pub buffers: Arc<call::Buffers>,
    /// What looks at some of REST's answers.
    pub watch: Option<Arc<dyn Watch>>,
    /// The number of the configuration that all this is of, for the log.
    pub generation: u64,
}

impl Config {
    /// What a schema serves and where it goes: a row for each way to call a method.
    #[must_use]
    pub fn rows(&self, schema: &Schema) -> Vec<Row> {
        self.chosen(schema).rows(schema)
    }

    /// Methods whose requests cannot be checked although this says that they are: their paths, and why.
    #[must_use]
    pub fn unusable(&self, schema: &Schema) -> BTreeMap<String, String> {
        checks::unusable(schema, &self.chosen(schema))
    }

    /// Whether any requests are checked.
    #[must_use]
    pub fn validates(&self) -> bool {
        self.validations()
            .any(|(_, validation)| validation == Validation::Requests)
    }

    /// Whether requests are checked: by what routes say, in their order, and what holds where none says.
    pub fn validations(&self) -> impl Iterator<Item = (Option<&options::Applies>, Validation)> {
        let routes = self.routes.iter().filter_map(|route| {
            let options = route.options()?;
            Some((Some(&route.applies), options.validation))
        });
        routes.chain([(None, self.options.validation)])
    }

    fn chosen(&self, schema: &Schema) -> Chosen {
        Chosen::new(schema, &self.options, &self.routes)
    }
}

impl From<Options> for Config {
    fn from(options: Options) -> Self {
        Self {
            options: Arc::new(options),
            ..Self::default()
        }
    }
}

/// Bounds on a request's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of path and query together.
    pub url: usize,
    /// Bytes of all header fields, each counted as name + value + 32 (RFC 9113, section 6.5.2).
    pub metadata: usize,
    /// Number of header fields.
    pub metadata_fields: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            url: 8 << 10,
            metadata: 16 << 10,
            metadata_fields: 100,
        }
    }
}

/// Bounds on sizes. Above one of them the client is told which, and nothing more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Payload bytes of one request message, and bytes of a unary body.
    pub request_message: usize,
    /// Payload bytes of one reply message.
    pub response_message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_message: 4 << 20,
            response_message: 4 << 20,
        }
    }
}

/// Bounds on time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The deadline of a unary call whose client names none; `None` lets it run.
    pub unary_default: Option<Duration>,
    /// The longest deadline a client can get for a unary call.
    pub unary_cap: Option<Duration>,
    /// The deadline of a stream whose client names none; `None` lets it run.
    pub stream_default: Option<Duration>,
    /// The longest deadline a client can get for a stream.
    pub stream_cap: Option<Duration>,
    /// The time in which the whole body of a request with one message must have come.
    pub request_body: Duration,
    /// How long a stream may live without a message either way; `None` lets it.
    pub stream_idle: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            unary_default: Some(Duration::from_secs(15)),
            unary_cap: Some(Duration::from_secs(5 * 60)),
            stream_default: None,
            stream_cap: None,
            request_body: Duration::from_secs(60),
            stream_idle: Some(Duration::from_secs(5 * 60)),
        }
    }
}

/// Everything a request can see: one snapshot, replaced whole when anything in it changes.
#[derive(Debug)]
pub struct Serving<S> {
    /// What can be called.
    pub schema: Arc<Schema>,
    /// What answers calls.
    pub calls: S,
    /// How requests are read and answers are written.
    config: Config,
    chosen: Chosen,
    checks: Checks,
    gate: Option<Arc<dyn call::Gate>>,
    /// What counts the schema's methods: found with the first request.
    counted: OnceLock<Table>,
}

impl<S> Serving<S> {
    /// A snapshot: the options of every method and binding are chosen here.
    #[must_use]
    pub fn new(schema: Arc<Schema>, calls: S, config: Config) -> Self {
        let chosen = config.chosen(&schema);
        let checks = Checks::new(&schema, &chosen);
        let gate = config.gates.as_ref().map(|gates| gates.of(&schema));
        Self {
            schema,
            calls,
            config,
            chosen,
            checks,
            gate,
            counted: OnceLock::new(),
        }
    }

    /// How requests are read and answers are written.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What is served and where it goes, and what is not served.
    pub fn listing(&self) -> Listing {
        Listing {
            rows: self.chosen.rows(&self.schema),
            refusals: self.schema.refusals().to_vec(),
        }
    }
}

/// One request on its way to becoming a call: what a dialect gets.
#[derive(Debug)]
struct Exchange<'a, S> {
    /// The snapshot this request sees to its end.
    serving: &'a Serving<S>,
    /// The request's head.
    parts: request::Parts,
    /// The request's body, not yet read.
    body: Body,
    /// The call's access-log line. Ends with the response's body; dropped before: CANCELLED.
    record: CallRecord,
}

/// Answers HTTP requests by making calls, whatever their path.
#[derive(Debug)]
pub struct Router<S> {
    serving: Arc<ArcSwap<Serving<S>>>,
    observe: Observe,
}

impl<S> Clone for Router<S> {
    fn clone(&self) -> Self {
        Self {
            serving: Arc::clone(&self.serving),
            observe: self.observe.clone(),
        }
    }
}

impl<S: call::Service> Router<S> {
    /// A router that serves whatever snapshot is current when a request comes.
    #[must_use]
    pub fn new(serving: Arc<ArcSwap<Serving<S>>>, observe: Observe) -> Self {
        Self { serving, observe }
    }

    /// Answers one request. The request's extensions hold the [`call::Peer`], if it is known.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let serving = self.serving.load_full();
        let (mut parts, body) = request.into_parts();
        if !serving.config.trusted_proxies.is_empty() {
            forwarded::resolve(&mut parts, &serving.config.trusted_proxies);
        }
        let counted = serving.counted.get_or_init(|| {
            self.observe
                .table(&serving.schema, serving.config.generation)
        });
        let record = self.observe.begin(&parts, Some(counted));
        let request_id = record.request_id().clone();
        let is_head = parts.method == http::Method::HEAD;
        let (body, rest) = linger::Rest::of(parts.version, body);
        let cors = &serving.config.cors;
        let mut response = if let Some(response) = cors.preflight(&parts) {
            linger::linger(body);
            record.finish_with(response.status(), &call::Status::ok());
            response
        } else {
            let notice = cors.notice(&parts.headers);
            let fields = serving.gate.as_ref().map(|_| gate::Fields::default());
            if let Some(fields) = &fields {
                parts.extensions.insert(fields.clone());
            }
            let exchange = Exchange {
                serving: &serving,
                parts,
                body,
                record,
            };
            let mut response = exchange.answer().await;
            if is_head {
                // Refusals too: over HTTP/2 nothing beneath takes their bodies away.
                response = rest::without_body(response);
            }
            if let Some(fields) = fields {
                fields.write(response.headers_mut());
            }
            cors.write(notice, response.headers_mut());
            response
        };
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, request_id);
        // A browser must never guess that an error's or a file's bytes are a script.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if rest.is_long() {
            headers.insert(header::CONNECTION, CLOSE);
        }
        response
    }
}

/// Given by the client or made here; the same in the answer, the log and the backend's metadata.
const REQUEST_ID: http::HeaderName = http::HeaderName::from_static("x-request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const CLOSE: HeaderValue = HeaderValue::from_static("close");

impl<S: call::Service> Exchange<'_, S> {
    async fn answer(self) -> Response<Body> {
        let serving = self.serving;
        let config = &serving.config;
        match detect(&self.parts, &config.head, &config.cors) {
            Ok(Dialect::Grpc(codec)) => grpc::answer(self, codec).await,
            Ok(Dialect::GrpcWeb(codec, wire)) => grpc_web::answer(self, codec, wire).await,
            Ok(Dialect::ConnectStream(codec)) => connect::stream::answer(self, codec).await,
            Ok(Dialect::WebSocket) => websocket::answer(self).await,
            Ok(Dialect::Rest) => match coding::Answering::new(&config.compression, &self.parts) {
                Some(answering) => answering.encode(self.answer_by_path().await).await,
                None => self.answer_by_path().await,
            },
            Err(refusal) => {
                linger::linger(self.body);
                if serving.schema.method(self.parts.uri.path()).is_some() {
                    return refusal.answer_in_words(self.record);
                }
                refusal.answer_in(config.options.rest.errors, self.record)
            }
        }
    }

    /// REST where a binding has the path; else Connect, where the path is a method's own; else a page.
    async fn answer_by_path(mut self) -> Response<Body> {
        let serving = self.serving;
        let path = self.parts.uri.path();
        let route = serving.schema.route(self.parts.method.as_str(), path);
        let unbound = match &route {
            Route::Found { .. } => false,
            Route::WrongVerb { .. } => self.parts.method == http::Method::POST,
            Route::None => true,
        };
        if unbound {
            if let Some(method) = serving.schema.unannotated_method(path) {
                let method = Arc::clone(method);
                return connect::answer(self, method).await;
            }
            if connect::is_spoken(&self.parts) {
                return connect::not_found(self);
            }
            if matches!(route, Route::None)
                && let Some(answering) = (serving.config.pages.iter())
                    .find_map(|pages| pages.answer(&serving.schema, &serving.config, &self.parts))
            {
                linger::linger(self.body);
                self.record.protocol(Protocol::Pages);
                let response = answering.await;
                self.record
                    .finish_with(response.status(), &call::Status::ok());
                return response;
            }
        }
        let watched = watch::Watched::of(serving, &route, &self.parts.method);
        let response = rest::answer(self, route).await;
        match watched {
            None => response,
            Some(watched) => watched.look(response).await,
        }
    }
}

impl<S: call::Service> tower::Service<Request<Body>> for Router<S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let router = self.clone();
        Box::pin(async move { Ok(router.handle(request).await) })
    }
}

#[cfg(test)]
mod tests;
