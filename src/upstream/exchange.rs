//! One call on the wire: `Call` to HTTP/2 request, HTTP/2 response to reply. The only code that
//! touches a backend's stream.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use tokio::time::Sleep;

use super::breaker::Breaker;
use super::endpoint::Endpoint;
use super::pool::{Lease, Pool};
use super::retry::PREVIOUS_ATTEMPTS;
use crate::call::compression::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING};
use crate::call::trail::Step;
use crate::call::{
    Accept, Code, Coding, Codings, Deadline, Encodings, Metadata, Packed, Retry, Status, timeout,
};

mod answers;
mod body;
mod failure;
mod trailers;

pub(super) use answers::{Answers, Opened, Reading, is_due, on_time};
use body::Cancel;
pub(super) use body::{RequestBody, Source};
pub(super) use failure::Failure;

/// Header bytes of one header block that a call accepts, counted as HTTP/2 does.
pub(super) const HEADERS_MAX: usize = 64 * 1024;

/// What HTTP/2 adds to every field's length (RFC 9113 section 6.5.2).
const FIELD_OVERHEAD: usize = 32;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// What this gateway calls itself.
const AGENT: &str = concat!("transom/", env!("CARGO_PKG_VERSION"));

/// The clock of one call; resolves when the deadline passes.
pub(super) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self(match deadline {
            Deadline::At(at) => Some(Box::pin(tokio::time::sleep_until(at))),
            Deadline::Never => None,
        })
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0
            .as_mut()
            .map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}

/// A response whose headers are there.
pub(super) struct Answered {
    response: Response<Incoming>,
    hold: Hold,
}

/// What a reply holds on to: dropped, it ends the request's side and gives the stream back.
pub(super) struct Hold {
    cancel: Option<Cancel>,
    lease: Arc<Lease>,
}

impl Answered {
    /// The stream that it comes by.
    pub(super) fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.hold.lease)
    }
}

/// What every attempt of a call sends, and how long it may take.
pub(super) struct Outgoing {
    path: PathAndQuery,
    headers: HeaderMap,
    /// What request messages are compressed in, as the client sent them.
    packed: Option<Packed>,
    deadline: Deadline,
    /// How much less the backend is told.
    offset: Duration,
}

/// What is true of one attempt alone.
#[derive(Default)]
pub(super) struct Repeat {
    /// So many attempts were made before, if the backend is to know.
    pub(super) previous: Option<u32>,
    /// Its place in the call's trail.
    pub(super) step: Option<Step>,
    /// Its `authorization`, in place of what the client sent.
    pub(super) authorization: Option<HeaderValue>,
}

/// An attempt without an answer.
pub(super) struct Unanswered {
    pub(super) status: Status,
    /// The messages, if they can be sent again: all of them, or those that never left.
    pub(super) source: Option<Source>,
    /// The stream, if it had one.
    pub(super) lease: Option<Arc<Lease>>,
}

impl Outgoing {
    /// What of a call is the same for each attempt.
    ///
    /// # Errors
    /// The method's path is none.
    pub(super) fn new(
        path: &str,
        metadata: Metadata,
        encodings: &Encodings,
        deadline: Deadline,
        offset: Duration,
    ) -> Result<Self, Status> {
        let path = PathAndQuery::try_from(path)
            .map_err(|_| Status::gateway(Code::Internal, "the method's path is no HTTP path"))?;
        Ok(Self {
            path,
            headers: headers(metadata.0, encodings.accept),
            packed: encodings.request,
            deadline,
            offset,
        })
    }

    /// Sends it to an endpoint and waits for response headers.
    ///
    /// # Errors
    /// The backend was not reached, or failed before it answered.
    pub(super) async fn send(
        &self,
        endpoint: &Endpoint,
        source: Source,
        attempt: &Repeat,
    ) -> Result<Answered, Unanswered> {
        let by = (endpoint.pool(), &endpoint.breaker);
        self.send_by(by, endpoint, source, attempt).await
    }

    /// The same, on a connection of this pool; the breaker bounds those that wait for one.
    ///
    /// # Errors
    /// The backend was not reached, or failed before it answered.
    pub(super) async fn send_by(
        &self,
        (pool, breaker): (&Pool, &Arc<Breaker>),
        endpoint: &Endpoint,
        source: Source,
        attempt: &Repeat,
    ) -> Result<Answered, Unanswered> {
        let lease = match pool.lease(breaker).await {
            Ok(lease) => Arc::new(lease),
            Err(status) => {
                return Err(Unanswered {
                    status,
                    source: Some(source),
                    lease: None,
                });
            }
        };
        let failed = |status, source, lease| Unanswered {
            status,
            source,
            lease: Some(lease),
        };
        let repeat = source.repeat();
        let (source, coding) = match source.suit(&endpoint.taken, self.packed) {
            Ok(suited) => suited,
            Err(status) => return Err(failed(status, None, lease)),
        };
        let (body, cancel) = RequestBody::new(source, Arc::clone(&lease));
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.uri(endpoint);
        *request.headers_mut() = self.headers.clone();
        self.complete(request.headers_mut(), coding, attempt);
        let mut error = match lease.sender().try_send_request(request).await {
            Ok(response) => {
                endpoint.taken.learn(response.headers());
                let hold = Hold { cancel, lease };
                return Ok(Answered { response, hold });
            }
            Err(error) => error,
        };
        if let Some(status) = cancel.and_then(Cancel::into_fault) {
            return Err(failed(status, None, lease));
        }
        let failure = lease.failure(error.error());
        let status = failure.status(&endpoint.target.upstream);
        if let Some(request) = error.take_message() {
            lease.retire_connection();
            let source = request.into_body().into_source();
            let status = status.retry(Retry::Unsent);
            return Err(failed(status, Some(source), lease));
        }
        if failure == Failure::GoAway {
            lease.retire_connection();
        }
        Err(failed(status, repeat, lease))
    }

    fn uri(&self, endpoint: &Endpoint) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(endpoint.target.scheme());
        parts.authority = Some(endpoint.authority.clone());
        parts.path_and_query = Some(self.path.clone());
        // All three are there, which is all it asks for.
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// What is true of one attempt alone.
    fn complete(&self, headers: &mut HeaderMap, coding: Option<Coding>, attempt: &Repeat) {
        if let Some(left) = self.deadline.remaining() {
            let told = timeout::told(left, self.offset);
            headers.insert(GRPC_TIMEOUT, timeout::format(told));
        }
        if let Some(coding) = coding {
            headers.insert(GRPC_ENCODING, coding.value());
        }
        if let Some(previous) = attempt.previous {
            headers.insert(PREVIOUS_ATTEMPTS, previous.into());
        }
        if let Some(authorization) = &attempt.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(step) = &attempt.step {
            step.inject(headers);
        }
    }
}

/// The headers of every attempt.
fn headers(metadata: HeaderMap, accept: Accept) -> HeaderMap {
    let mut headers = metadata;
    // What is true of one request alone, whatever stands in the metadata.
    for own in [
        GRPC_TIMEOUT,
        CONTENT_LENGTH,
        PREVIOUS_ATTEMPTS,
        GRPC_ENCODING,
    ] {
        headers.remove(own);
    }
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let agent = match headers.get(USER_AGENT) {
        Some(client) => {
            let agent = [client.as_bytes(), b" ", AGENT.as_bytes()].concat();
            HeaderValue::from_bytes(&agent).ok()
        }
        None => None,
    };
    headers.insert(USER_AGENT, agent.unwrap_or(HeaderValue::from_static(AGENT)));
    let offered = match accept {
        Accept::Opened => Codings::ALL,
        Accept::Passed(codings) => codings,
    };
    headers.insert(GRPC_ACCEPT_ENCODING, offered.value());
    headers
}

/// True if a header block is larger than calls accept.
fn is_oversize(headers: &HeaderMap) -> bool {
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD)
        .sum();
    size > HEADERS_MAX
}
