//! One call on the wire: [`Call`] to HTTP/2 request, HTTP/2 response to reply. The only code that
//! touches a backend's stream.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TE, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use tokio::time::Sleep;

use super::pool::{Lease, Pool};
use super::taken::Taken;
use crate::call::compression::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING};
use crate::call::{Accept, Call, Code, Coding, Codings, Deadline, Status, timeout};

mod answers;
mod body;
mod failure;
mod trailers;

pub(super) use answers::{Answers, on_time};
pub(super) use body::RequestBody;
use body::{Cancel, Source};
use failure::Failure;

/// Header bytes of one header block that a call accepts, counted as HTTP/2 does.
pub(super) const HEADERS_MAX: usize = 64 * 1024;

/// What HTTP/2 adds to every field's length (RFC 9113 section 6.5.2).
const FIELD_OVERHEAD: usize = 32;

/// How often a request that never left may find its connection gone: once for every connection
/// of a full pool, and then some.
const UNSENT_MAX: usize = 16;

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
    _lease: Arc<Lease>,
}

/// Sends the call and waits for response headers.
///
/// A request that never left is sent on another connection; one that the backend says it has not
/// seen (REFUSED_STREAM, GOAWAY below it) is sent once more if it can be repeated.
///
/// # Errors
/// The backend was not reached, or failed before it answered.
pub(super) async fn send(
    name: &str,
    pool: &Pool,
    authority: &Authority,
    taken: &Taken,
    call: Call,
) -> Result<Answered, Status> {
    let uri = uri(authority, &call.method.path)?;
    let (requests, coding) = taken.suit(call.requests, call.encodings.request)?;
    let headers = headers(call.metadata.0, coding, call.encodings.accept);
    let mut source = Source::new(requests);
    let mut refused = false;
    let mut unsent = 0;
    loop {
        let lease = Arc::new(pool.lease().await?);
        let repeat = source.repeat();
        let (body, cancel) = RequestBody::new(source, Arc::clone(&lease));
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers.clone();
        if let Some(left) = call.deadline.remaining() {
            request
                .headers_mut()
                .insert(GRPC_TIMEOUT, timeout::format(left));
        }
        let mut error = match lease.sender().try_send_request(request).await {
            Ok(response) => {
                taken.learn(response.headers());
                let hold = Hold {
                    cancel,
                    _lease: lease,
                };
                return Ok(Answered { response, hold });
            }
            Err(error) => error,
        };
        if let Some(status) = cancel.and_then(Cancel::into_fault) {
            return Err(status);
        }
        if let Some(request) = error.take_message() {
            lease.retire_connection();
            unsent += 1;
            if unsent <= UNSENT_MAX {
                source = request.into_body().into_source();
                continue;
            }
        }
        let failure = Failure::of(error.error());
        match repeat {
            Some(again) if failure.is_unsent() && !refused => {
                if failure == Failure::GoAway {
                    lease.retire_connection();
                }
                refused = true;
                source = again;
            }
            Some(_) | None => return Err(failure.status(name)),
        }
    }
}

fn uri(authority: &Authority, path: &str) -> Result<Uri, Status> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    Uri::from_parts(parts)
        .map_err(|_| Status::gateway(Code::Internal, "the method's path is no HTTP path"))
}

fn headers(metadata: HeaderMap, coding: Option<Coding>, accept: Accept) -> HeaderMap {
    let mut headers = metadata;
    // What is true of this request alone, whatever stands in the metadata.
    headers.remove(GRPC_TIMEOUT);
    headers.remove(CONTENT_LENGTH);
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
    match coding {
        Some(coding) => headers.insert(GRPC_ENCODING, coding.value()),
        None => headers.remove(GRPC_ENCODING),
    };
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
