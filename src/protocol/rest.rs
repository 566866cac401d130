//! REST with JSON, by the schema's `google.api.http` bindings.
//!
//! ```text
//! guard ─► route ─► head (what body, what answer) ─► body ─► bind ─► Call ─► reply | stream
//!   └────────┴───────────┴────────────┴────────────────┴── Failure ────────────► error
//! ```
//!
//! An answer is whole or it is an error: a unary reply is written as JSON before its status goes
//! out, and a stream that fails says so in its last line.

use std::sync::Arc;

use axum::body::Body;
use http::header::{ALLOW, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderValue, Method as Verb, Response, StatusCode};

use super::body::Idle;
use super::linger::linger;
use super::{Exchange, Serving, deadline, metadata, pass, unary};
use crate::call::{self, Call, Encodings, Requests, Status};
use crate::observe::CallRecord;
use crate::schema::{Binding, Captures, Route, Shape};

mod bind;
mod body;
mod error;
mod guard;
mod http_body;
mod percent;
mod reply;
mod stream;
mod trailing;
mod wire;

use error::Failure;
use trailing::{Shown, Trailing};

/// What only REST has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// What becomes of a query parameter that names no field of the request.
    pub unknown_query: UnknownQuery,
}

/// What becomes of a query parameter that names no field of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownQuery {
    /// It is ignored: links gather parameters that are meant for others.
    #[default]
    Ignore,
    /// 400 that names it.
    Refuse,
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
    record.protocol("rest");
    let is_head = parts.method == Verb::HEAD;
    let response = match found(&parts, route) {
        Ok(Target::Binding(binding, captures)) => {
            record.template(&binding.template);
            record.method(&binding.method);
            Request {
                serving,
                binding,
                captures: &captures,
                parts,
                body,
                record,
            }
            .answer()
            .await
        }
        Ok(Target::Options(allow)) => {
            linger(body);
            options(&allow, record)
        }
        Err(failure) => {
            linger(body);
            refusal(serving, &failure, record)
        }
    };
    if is_head {
        without_body(response)
    } else {
        response
    }
}

/// What a request is about.
enum Target<'s> {
    Binding(&'s Binding, Captures),
    Options(Vec<&'s str>),
}

fn found<'s>(parts: &Parts, route: Route<'s>) -> Result<Target<'s>, Failure> {
    guard::check(parts)?;
    let path = parts.uri.path();
    match (route, &parts.method) {
        (Route::Found { .. } | Route::None, verb @ (&Verb::TRACE | &Verb::CONNECT)) => {
            Err(Failure::wrong_verb(verb.as_str(), &VERBS))
        }
        (Route::Found { binding, captures }, _) => Ok(Target::Binding(binding, captures)),
        (Route::WrongVerb { allow }, &Verb::OPTIONS) => Ok(Target::Options(allow)),
        (Route::None, &Verb::OPTIONS) if path == "*" => Ok(Target::Options(VERBS.to_vec())),
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
    serving: &'a Serving<S>,
    binding: &'a Binding,
    captures: &'a [std::ops::Range<usize>],
    parts: Parts,
    body: Body,
    record: CallRecord,
}

impl<S: call::Service> Request<'_, S> {
    async fn answer(self) -> Response<Body> {
        match self.binding.method.shape {
            Shape::Unary => self.unary().await,
            Shape::ServerStream => self.server_stream().await,
            Shape::ClientStream | Shape::Bidi => {
                let failure = Failure::unimplemented(format!(
                    "{} takes a stream of messages, which REST does not carry yet; \
                     call it by gRPC or gRPC-Web on that path",
                    self.binding.method.path
                ));
                self.refuse(&failure)
            }
        }
    }

    /// Answers before a call is made; the body may not have been read.
    fn refuse(self, failure: &Failure) -> Response<Body> {
        linger(self.body);
        refusal(self.serving, failure, self.record)
    }

    async fn unary(mut self) -> Response<Body> {
        let trailing = Trailing::of(&self.parts);
        let call = match self.call().await {
            Ok(call) => call,
            Err(failure) => return self.refuse(&failure),
        };
        let max = self.serving.config.limits.response_message;
        let whole = unary::make(&self.serving.calls, call, max).await;
        reply::answer(self.serving, self.binding, whole, trailing, self.record)
    }

    async fn server_stream(mut self) -> Response<Body> {
        let trailing = Trailing::of(&self.parts);
        let form = match stream::Form::of(self.serving, self.binding, &self.parts.headers) {
            Ok(form) => form,
            Err(failure) => return self.refuse(&failure),
        };
        let call = match self.call().await {
            Ok(call) => call,
            Err(failure) => return self.refuse(&failure),
        };
        let mut idle = Idle::new(self.serving.config.timeouts.stream_idle, None);
        match idle.watch(self.serving.calls.call(call)).await {
            Ok(reply) => {
                let begun = stream::Begun { reply, idle };
                let verb = &self.parts.method;
                stream::answer(self.serving, form, verb, trailing, begun, self.record).await
            }
            Err(status) => refusal(self.serving, &status.into(), self.record),
        }
    }

    /// Turns the request into a call: its head is judged before its body is read.
    async fn call(&mut self) -> Result<Call, Failure> {
        let config = &self.serving.config;
        let plans = self.serving.schema.plans();
        let method = &self.binding.method;
        let kind = body::Kind::of(plans, self.binding, &self.parts.headers)?;
        let deadline = deadline::of(&self.parts.headers, method.shape, &config.timeouts)
            .map_err(|malformed| malformed.as_invalid_field())?;
        self.record.deadline(deadline);
        if deadline.has_passed() {
            return Err(Status::deadline_exceeded().into());
        }
        let metadata = metadata::from_request(&mut self.parts, self.record.request_id())
            .map_err(|malformed| malformed.as_invalid_field())?;
        let bounds = unary::Bounds {
            bytes: config.limits.request_message,
            within: config.timeouts.request_body,
            deadline,
        };
        let payload = kind.read(std::mem::take(&mut self.body), bounds).await?;
        let request = bind::Request {
            path: self.parts.uri.path(),
            captures: self.captures,
            query: self.parts.uri.query(),
            payload,
        };
        let message = bind::message(plans, self.binding, &request, config)?;
        self.record.request(message.len());
        Ok(Call {
            method: Arc::clone(method),
            metadata,
            deadline,
            peer: pass::peer(&self.parts),
            encodings: Encodings::default(),
            requests: Requests::One(message),
        })
    }
}

/// An error's answer, without metadata of a backend.
fn refusal<S>(serving: &Serving<S>, failure: &Failure, record: CallRecord) -> Response<Body> {
    failed(serving, failure, Shown::default(), record)
}

/// An error's answer, with what the backend said besides.
fn failed<S>(
    serving: &Serving<S>,
    failure: &Failure,
    mut shown: Shown,
    record: CallRecord,
) -> Response<Body> {
    let plans = serving.schema.plans();
    let body = failure.render(plans, &serving.config.print, &mut shown.headers);
    record.finish_with(failure.http(), &failure.status);
    shown.into_response(failure.http(), body)
}

/// The answer to HEAD: what GET would give, its length included, but no body.
fn without_body(response: Response<Body>) -> Response<Body> {
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
