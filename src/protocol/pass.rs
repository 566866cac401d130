//! The pass lane: gRPC and gRPC-Web requests, whose messages are cut and counted, never opened.
//!
//! A request with one message is read to its end before the call is made: a second message, a
//! broken frame or a body that never comes then costs the backend nothing, and what reaches it can
//! be sent again. A stream of messages is pulled by whoever sends them on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, request};
use http_body::Body as _;

use super::body::Idle;
use super::linger::linger;
use super::unary::{self, Unread};
use super::{Exchange, Options, deadline, excerpt, metadata};
use crate::call::compression::{self, GRPC_ACCEPT_ENCODING, GRPC_ENCODING, Unopened};
use crate::call::{
    self, Accept, Call, Code, Coding, Codings, Deadline, Encodings, FrameDecoder, FrameError,
    Message, Origin, Peer, Reply, Requests, Status,
};
use crate::observe::Tally;
use crate::schema::Shape;

/// A call that is ready to be made.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) call: Call,
    /// Watches over streams; unary calls have their deadline.
    pub(super) idle: Option<Idle>,
    /// The method's.
    pub(super) options: Arc<Options>,
}

impl Passed {
    /// Makes a call of `exchange`'s request, whose head and body it takes.
    pub(super) async fn from_exchange<S>(exchange: &mut Exchange<'_, S>) -> Result<Self, Status> {
        let passed = Self::new(exchange).await;
        if passed.is_err() {
            linger(std::mem::take(&mut exchange.body));
        }
        passed
    }

    async fn new<S>(exchange: &mut Exchange<'_, S>) -> Result<Self, Status> {
        let Exchange {
            serving,
            parts,
            body,
            record,
        } = exchange;
        let Some(method) = serving.schema.method(parts.uri.path()) else {
            return Err(Status::downstream(
                Code::Unimplemented,
                "there is no such method here",
            ));
        };
        let options = serving.chosen.of_method(method);
        record.method(method);
        let internal =
            |error: &dyn std::error::Error| Status::downstream(Code::Internal, error.to_string());
        let deadline = deadline::of(&parts.headers, method.shape, &options.timeouts)
            .map_err(|error| internal(&error))?;
        record.deadline(deadline);
        if deadline.has_passed() {
            return Err(Status::deadline_exceeded());
        }
        let encodings = Encodings {
            request: request_coding(&parts.headers)?,
            accept: Accept::Passed(Codings::accepted(&parts.headers)),
        };
        let metadata = metadata::from_request(parts, record.request_id(), &options.metadata)
            .map_err(|error| internal(&error))?;
        let peer = peer(parts);

        let max = options.limits.request_message;
        let mut messages = Messages::new(std::mem::take(body), max, encodings.request);
        let (requests, idle) = match method.shape {
            Shape::Unary | Shape::ServerStream => {
                let only = messages.only(deadline, options.timeouts.request_body);
                let message = match only.await {
                    Ok(message) => message,
                    Err(status) => {
                        linger(messages.body);
                        return Err(status);
                    }
                };
                record.request(message.len());
                (Requests::One(message), None)
            }
            Shape::ClientStream | Shape::Bidi => {
                let tally = record.shared_requests();
                messages.tally = Some(Arc::clone(&tally));
                (Requests::stream(messages), Some(tally))
            }
        };
        let idle =
            (method.shape != Shape::Unary).then(|| Idle::new(options.timeouts.stream_idle, idle));
        let method = Arc::clone(method);
        let call = Call {
            method,
            metadata,
            deadline,
            peer,
            encodings,
            requests,
        };
        Ok(Self {
            call,
            idle,
            options: Arc::clone(options),
        })
    }

    /// Makes the call. A client stream that falls silent before the answer begins is given up.
    pub(super) async fn make<S: call::Service>(
        self,
        calls: &S,
    ) -> Result<(Reply, Option<Idle>), Status> {
        let Self { call, mut idle, .. } = self;
        let reply = calls.call(call);
        let reply = match &mut idle {
            Some(idle) => idle.watch(reply).await?,
            None => reply.await?,
        };
        Ok((reply, idle))
    }
}

/// What the request's messages are compressed in, if they are.
fn request_coding(headers: &HeaderMap) -> Result<Option<Coding>, Status> {
    let Some(name) = headers
        .get(GRPC_ENCODING)
        .map(|name| name.as_bytes().trim_ascii())
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
    else {
        return Ok(None);
    };
    match Coding::of_messages(name) {
        Some(coding) => Ok(Some(coding)),
        None => {
            let shown = excerpt::of_bytes(name);
            Err(Status::downstream(
                Code::Unimplemented,
                format!("found grpc-encoding \"{shown}\", expected one of identity, gzip, zstd"),
            ))
        }
    }
}

/// The peer the listener put into the request; an unspecified one where there is no listener.
pub(super) fn peer(parts: &request::Parts) -> Peer {
    const UNKNOWN: Peer = Peer {
        address: std::net::SocketAddr::new(
            std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
            0,
        ),
    };
    parts.extensions.get().copied().unwrap_or(UNKNOWN)
}

/// A request's body as messages.
#[derive(Debug)]
struct Messages {
    body: Body,
    decoder: FrameDecoder,
    coding: Option<Coding>,
    /// Payload bytes of a message at most, decompressed.
    max: usize,
    tally: Option<Arc<Tally>>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The body's end has been reached, or an error handed out.
    Over,
}

impl Messages {
    fn new(body: Body, max: usize, coding: Option<Coding>) -> Self {
        let decoder = FrameDecoder::new(max);
        Self {
            body,
            decoder,
            coding,
            max,
            tally: None,
            state: State::Reading,
        }
    }

    /// The one message of a body that must have exactly one.
    async fn only(
        &mut self,
        deadline: Deadline,
        within: std::time::Duration,
    ) -> Result<Message, Status> {
        let read = async {
            let mut next = async || {
                std::future::poll_fn(|cx| self.poll_message(cx))
                    .await
                    .transpose()
            };
            let message = match next().await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(Err(cardinality("none"))),
                Err(status) => return Ok(Err(status)),
            };
            Ok::<_, Unread>(match next().await {
                Ok(None) => Ok(message),
                Ok(Some(_)) => Err(cardinality("more than one")),
                Err(status) => Err(status),
            })
        };
        unary::in_time(within, deadline, read)
            .await
            .unwrap_or_else(|unread| Err(unread.status()))
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Status>>> {
        while self.state == State::Reading {
            match self.decoder.next() {
                Ok(Some(message)) => return Poll::Ready(Some(self.checked(message))),
                Ok(None) => {}
                Err(error) => return self.fail(broken(error)),
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                // Trailers of a request mean nothing in gRPC.
                Some(Ok(frame)) => self.decoder.push(frame.into_data().unwrap_or(Bytes::new())),
                Some(Err(_)) => return self.fail(Unread::Broken.status()),
                None => {
                    self.state = State::Over;
                    if let Err(error) = self.decoder.finish() {
                        return Poll::Ready(Some(Err(broken(error))));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    fn checked(&mut self, message: Message) -> Result<Message, Status> {
        if message.is_compressed()
            && let Err(status) = self.measured(&message)
        {
            self.state = State::Over;
            return Err(status);
        }
        if let Some(tally) = &self.tally {
            tally.count(message.len());
        }
        Ok(message)
    }

    /// Counts what is in a compressed message, which goes on as it is.
    fn measured(&self, message: &Message) -> Result<(), Status> {
        let Some(coding) = self.coding else {
            return Err(Status::downstream(
                Code::Internal,
                "a message is marked as compressed, but grpc-encoding names no compression",
            ));
        };
        compression::measure(message, coding, self.max)
            .map(|_| ())
            .map_err(|unopened| Status::downstream(unopened.code(), unopened.to_string()))
    }

    fn fail(&mut self, status: Status) -> Poll<Option<Result<Message, Status>>> {
        self.state = State::Over;
        Poll::Ready(Some(Err(status)))
    }
}

impl Stream for Messages {
    type Item = Result<Message, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A body of a million empty messages is always ready; it shares its thread all the same.
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        let message = self.poll_message(cx);
        if message.is_ready() {
            budget.made_progress();
        }
        message
    }
}

fn broken(error: FrameError) -> Status {
    let code = match error {
        FrameError::TooLarge { .. } => Code::ResourceExhausted,
        FrameError::Flags { .. } | FrameError::Truncated { .. } => Code::Internal,
    };
    let hint = match error {
        FrameError::Truncated { .. } => "unexpected EOF: ",
        FrameError::TooLarge { .. } | FrameError::Flags { .. } => "",
    };
    Status::downstream(code, format!("{hint}{error}"))
}

pub(super) fn cardinality(found: &str) -> Status {
    Status::downstream(
        Code::Unimplemented,
        format!("the method takes exactly one request message, found {found}"),
    )
}

/// Adds what both forms of gRPC have in the head of every answer that has begun.
pub(super) fn head(
    rules: &metadata::rules::Rules,
    metadata: call::Metadata,
    encoding: Option<Coding>,
    headers: &mut HeaderMap,
) {
    metadata::to_headers_by(rules, metadata, metadata::Lane::Pass, headers);
    if let Some(coding) = encoding {
        headers.insert(GRPC_ENCODING, coding.value());
    }
}

/// Adds what a client may need besides a status with which no answer began: whoever asked for what
/// is not here, perhaps an encoding, learns which encodings are.
pub(super) fn refusal_head(status: &Status, headers: &mut HeaderMap) {
    if status.code == Code::Unimplemented && status.origin == Origin::Downstream {
        headers.insert(GRPC_ACCEPT_ENCODING, Codings::ALL.value());
    }
}

/// Watches over the reply messages that are passed on compressed: the limit counts what is in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing {
    pub(super) encoding: Option<Coding>,
    /// Payload bytes at most, decompressed.
    pub(super) max: usize,
}

impl Passing {
    /// Says whether the message may go on.
    pub(super) fn check(self, message: &Message) -> Result<(), Status> {
        if !message.is_compressed() {
            return Ok(());
        }
        let Some(coding) = self.encoding else {
            return Err(Status::upstream(
                Code::Internal,
                "a reply message is marked as compressed, but no encoding is named",
            ));
        };
        match compression::measure(message, coding, self.max) {
            Ok(_) => Ok(()),
            Err(unopened) => {
                let text = format!("in the reply, {unopened}");
                Err(match unopened {
                    Unopened::TooLarge { .. } => Status::gateway(unopened.code(), text),
                    Unopened::Broken { .. } => Status::upstream(unopened.code(), text),
                })
            }
        }
    }
}
