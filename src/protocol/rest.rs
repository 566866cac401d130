//! REST with JSON, by the schema's `google.api.http` bindings.
//!
//! ```text
//!                                                ┌ body ─► bind ┐
//! guard ─► route ─► head (what body, what answer) ┤              ├─► Call ─► reply | stream
//!   │        │           │                        └── requests ──┘
//!   └────────┴───────────┴─────────── Failure ──────────┴────────────────► error
//! ```
//!
//! An answer is whole or it is an error: a unary reply is written as JSON before its status goes
//! out, and a stream that fails says so in its last line.

use std::sync::Arc;

use axum::body::Body;
use http::header::{ALLOW, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderValue, Method as Verb, Response, StatusCode};
use tokio::time::Instant;

use super::body::Idle;
use super::call_head::{Aim, CallHead};
use super::checks::Checks;
use super::linger::linger;
use super::{Exchange, Serving, coding, unary};
use crate::call::{self, Call, Deadline, Encodings, Requests, Share, Status};
use crate::observe::{CallRecord, Direction, Protocol};
use crate::schema::{Binding, Captures, Route, Shape};
use crate::transcode::Plans;

mod accept;
mod bind;
mod body;
mod error;
pub(super) mod frames;
mod guard;
mod http_body;
mod multipart;
mod options;
mod percent;
mod reply;
mod requests;
mod stream;
mod trailing;
mod trial;
mod wire;

use body::Payload;
pub(super) use error::Failure;
pub(super) use error::{plain, retry_after, write_record};
pub use options::{Envelope, ErrorShape, MultiSegment, Options, StreamForm, UnknownQuery};
use requests::Fault;
use trailing::{Shown, Trailing};
pub(crate) use trial::{Fate, Given, Place, Trial, trial};

/// What a request is read and answered by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'s> {
    plans: &'s Arc<Plans>,
    options: &'s Arc<super::Options>,
}

impl<'s> Terms<'s> {
    pub(super) fn new<S>(serving: &'s Serving<S>, options: &'s Arc<super::Options>) -> Self {
        Self {
            plans: serving.schema.plans(),
            options,
        }
    }
}

/// The verbs some binding may have, for a path that has none.
const VERBS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Answers one request, which the schema routed by verb and raw path.
pub(super) async fn answer<S: call::Service>(
    exchange: Exchange<'_, S>,
    route: Route<'_>,
) -> Response<Body> {
    let Exchange {
        serving,
        parts,
        body,
        mut record,
    } = exchange;
    record.protocol(Protocol::Rest);
    let is_head = parts.method == Verb::HEAD;
    let response = match found(&parts, route) {
        Ok(Subject::Binding(binding, captures)) => {
            record.template(&binding.template);
            record.method(&binding.method);
            Request {
                calls: &serving.calls,
                gate: serving.gate.as_deref(),
                checks: &serving.checks,
                buffers: &serving.config.buffers,
                terms: Terms::new(serving, serving.chosen.of_binding(binding)),
                binding,
                captures: &captures,
                parts,
                body,
                record,
                fault: None,
            }
            .answer()
            .await
        }
        Ok(Subject::Options(allow)) => {
            linger(body);
            options(&allow, record)
        }
        Err(failure) => {
            linger(body);
            let terms = Terms::new(serving, serving.chosen.of_gateway());
            refusal(terms, &failure, record)
        }
    };
    if is_head {
        without_body(response)
    } else {
        response
    }
}

/// What a request is about.
enum Subject<'s> {
    Binding(&'s Binding, Captures),
    Options(Vec<&'s str>),
}

fn found<'s>(parts: &Parts, route: Route<'s>) -> Result<Subject<'s>, Failure> {
    guard::check(parts, &route)?;
    let path = parts.uri.path();
    match (route, &parts.method) {
        (Route::Found { .. } | Route::None, verb @ (&Verb::TRACE | &Verb::CONNECT)) => {
            Err(Failure::wrong_verb(verb.as_str(), &VERBS))
        }
        (Route::Found { binding, captures }, _) => Ok(Subject::Binding(binding, captures)),
        (Route::WrongVerb { allow }, &Verb::OPTIONS) => Ok(Subject::Options(allow)),
        (Route::None, &Verb::OPTIONS) if path == "*" => Ok(Subject::Options(VERBS.to_vec())),
        (Route::WrongVerb { allow }, verb) => Err(Failure::wrong_verb(verb.as_str(), &allow)),
        (Route::None, verb) => Err(Failure::not_found(verb.as_str(), path)),
    }
}

/// 204 with what the path is bound for.
fn options(allow: &[&str], record: CallRecord) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::try_from(allow.join(", ")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    record.finish_with(StatusCode::NO_CONTENT, &Status::ok());
    response
}

/// A request whose binding is known.
struct Request<'a, S> {
    calls: &'a S,
    gate: Option<&'a dyn call::Gate>,
    checks: &'a Checks,
    /// What holds what is not whole yet.
    buffers: &'a Arc<call::Buffers>,
    terms: Terms<'a>,
    binding: &'a Binding,
    captures: &'a [std::ops::Range<usize>],
    parts: Parts,
    body: Body,
    record: CallRecord,
    /// How the client breaks its side, if it has one that streams.
    fault: Option<Fault>,
}

impl<S: call::Service> Request<'_, S> {
    async fn answer(mut self) -> Response<Body> {
        if let Err(unsupported) = coding::decode(&self.parts.headers, &mut self.body) {
            return self.unsupported(&unsupported);
        }
        match self.binding.method.shape {
            Shape::Unary | Shape::ClientStream => self.whole().await,
            Shape::ServerStream | Shape::Bidi => self.stream().await,
        }
    }

    /// Answers before a call is made; the body may not have been read.
    fn refuse(self, failure: &Failure) -> Response<Body> {
        linger(self.body);
        refusal(self.terms, failure, self.record)
    }

    /// 415 with the content codings that are taken.
    fn unsupported(self, unsupported: &coding::Unsupported) -> Response<Body> {
        let failure = Failure::unsupported_type(unsupported.to_string());
        let mut response = self.refuse(&failure);
        coding::Unsupported::list(&mut response);
        response
    }

    /// The answer to a call with one reply.
    async fn whole(mut self) -> Response<Body> {
        let trailing = Trailing::of(&self.parts);
        let call = match self.call().await {
            Ok(call) => call,
            Err(failure) => return self.refuse(&failure),
        };
        let max = self.terms.options.limits.response_message;
        let whole = if self.binding.method.shape == Shape::Unary {
            unary::make(self.calls, call, max).await
        } else {
            // In a box, since every request has room for what this one awaits.
            let made = Box::pin(unary::make(self.calls, call, max));
            let made = self.idle().watch(async { Ok(made.await) }).await;
            made.unwrap_or_else(unary::Whole::from)
        };
        if whole.end.status.is_ok() || self.fault.is_none() {
            return reply::answer(self.terms, self.binding, whole, trailing, self.record);
        }
        let failure = Fault::explain(self.fault, whole.end.status);
        let rules = &self.terms.options.metadata;
        let shown = Shown::new(rules, whole.metadata, whole.end.trailers, trailing);
        failed(self.terms, &failure, shown, self.record)
    }

    /// The answer to a call with many.
    async fn stream(mut self) -> Response<Body> {
        let trailing = Trailing::of(&self.parts);
        let form = match stream::Form::of(self.terms, self.binding, &self.parts.headers) {
            Ok(form) => form,
            Err(failure) => return self.refuse(&failure),
        };
        let call = match self.call().await {
            Ok(call) => call,
            Err(failure) => return self.refuse(&failure),
        };
        let deadline = call.deadline;
        let mut idle = self.idle();
        match idle.watch(self.calls.call(call)).await {
            Ok(reply) => {
                let begun = stream::Begun {
                    reply,
                    form,
                    trailing,
                    idle,
                    fault: self.fault,
                    deadline,
                };
                stream::answer(self.terms, &self.parts.method, begun, self.record).await
            }
            Err(status) => {
                let failure = Fault::explain(self.fault, status);
                refusal(self.terms, &failure, self.record)
            }
        }
    }

    /// Who watches over the silence of a stream, the client's messages counted in.
    fn idle(&mut self) -> Idle {
        let uploads = self.fault.is_some().then(|| self.record.shared_requests());
        Idle::new(self.terms.options.timeouts.stream_idle, uploads)
    }

    /// Turns the request into a call: its head is judged before its body is read.
    async fn call(&mut self) -> Result<Call, Failure> {
        let Terms { plans, options } = self.terms;
        let method = &self.binding.method;
        let kind = requests::Kind::of(plans, self.binding, &self.parts.headers)?;
        let aim = Aim {
            method,
            template: &self.binding.template,
            options,
            gate: self.gate,
            checks: self.checks,
        };
        let head = CallHead::of(&mut self.parts, aim, &mut self.record)
            .await
            .map_err(|unfit| unfit.as_invalid_field())?;
        let requests = match kind {
            requests::Kind::One(kind) => self.message(kind, head.deadline).await?,
            requests::Kind::Many(cut) => self.messages(cut)?,
        };
        Ok(head.with(method, Encodings::default(), requests)?)
    }

    /// The one message of the URL and the whole body.
    async fn message(&mut self, kind: body::Kind, deadline: Deadline) -> Result<Requests, Failure> {
        let options = self.terms.options;
        let bounds = unary::Bounds {
            bytes: options.limits.request_message,
            within: options.timeouts.request_body,
            deadline,
        };
        let (body, buffers) = (std::mem::take(&mut self.body), self.buffers);
        let payload = kind.read(body, bounds, buffers).await?;
        let request = self.bound(payload);
        let (began, text) = (Instant::now(), request.payload.len());
        let message = bind::message(self.terms.plans, self.binding, &request, options)?;
        let took = began.elapsed();
        let record = &self.record;
        record.transcoded(Direction::Request, message.len(), text, took);
        record.request(&message);
        Ok(Requests::One(message))
    }

    /// The messages of the body, as they come.
    fn messages(&mut self, cut: requests::Cut) -> Result<Requests, Failure> {
        let tally = self.record.shared_requests();
        let body = std::mem::take(&mut self.body);
        let url = self.bound(Payload::Empty);
        let share = Share::of(self.buffers);
        let taken = (body, tally, share);
        let (requests, fault) = requests::stream(self.terms, self.binding, &url, cut, taken)?;
        self.fault = Some(fault);
        Ok(requests)
    }

    /// What the request gives its binding.
    fn bound(&self, payload: Payload) -> bind::Request<'_> {
        bind::Request {
            path: self.parts.uri.path(),
            captures: self.captures,
            query: self.parts.uri.query(),
            payload,
        }
    }
}

/// An error's answer, without metadata of a backend.
pub(super) fn refusal(terms: Terms<'_>, failure: &Failure, record: CallRecord) -> Response<Body> {
    failed(terms, failure, Shown::default(), record)
}

/// An error's answer, with what the backend said besides.
fn failed(
    terms: Terms<'_>,
    failure: &Failure,
    mut shown: Shown,
    record: CallRecord,
) -> Response<Body> {
    let body = failure.render(terms, &mut shown.headers);
    record.finish_with(failure.http(), &failure.status);
    shown.into_response(failure.http(), body)
}

/// The answer to HEAD: what GET would give, its length included, but no body.
pub(super) fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    // A stream has no length, and its body here none either.
    let length = ::http_body::Body::size_hint(&body).exact();
    if let Some(length) = length.filter(|length| *length > 0) {
        let length = HeaderValue::from(length);
        parts.headers.insert(CONTENT_LENGTH, length);
    }
    Response::from_parts(parts, Body::empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
