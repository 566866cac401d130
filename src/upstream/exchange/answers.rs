//! A backend's response as messages and, always last, an end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body;
use hyper::body::Incoming;

use super::failure::Failure;
use super::{Answered, HEADERS_MAX, Hold, Timer, is_oversize, trailers};
use crate::call::compression::{self, GRPC_ENCODING, Unopened};
use crate::call::{
    Accept, Answer, Buffers, Cause, Code, Coding, Deadline, End, FrameDecoder, FrameError, Message,
    Metadata, Origin, Replies, Reply, Retry, Share, Status,
};
use crate::schema::method::Shape;
use crate::upstream::books::Ledger;

/// How the content-type of a gRPC response begins.
const GRPC: &[u8] = b"application/grpc";

/// Bytes of a wrong content-type that a message repeats.
const SHOWN_MAX: usize = 100;

/// How much earlier than here a deadline may be seen to pass in a backend: its clock was set to
/// what `grpc-timeout` says, in whole units, and ticks by itself.
const CLOCKS_DIFFER: Duration = Duration::from_millis(20);

/// The reply's messages, then its end.
pub(in crate::upstream) struct Answers {
    metadata: Metadata,
    /// What was looked at already.
    first: Option<Answer>,
    /// `None` after the end: stream, lease and clock are let go with it.
    live: Option<Live>,
}

struct Live {
    name: Arc<str>,
    body: Incoming,
    decoder: FrameDecoder,
    /// What the message that is not whole yet holds.
    share: Share,
    /// A `grpc-status` in the headers of a response that has a body all the same.
    early: Option<End>,
    cardinality: Cardinality,
    compressed: Compressed,
    max_message: usize,
    taken: usize,
    timer: Timer,
    deadline: Deadline,
    hold: Hold,
    ledger: Option<Ledger>,
}

/// How the answers to a call are read.
pub(in crate::upstream) struct Reading {
    pub(in crate::upstream) upstream: Arc<str>,
    pub(in crate::upstream) shape: Shape,
    pub(in crate::upstream) accept: Accept,
    pub(in crate::upstream) max_message: usize,
    pub(in crate::upstream) deadline: Deadline,
    /// What holds messages that are not whole.
    pub(in crate::upstream) buffers: Arc<Buffers>,
}

/// An answer whose headers were read.
pub(in crate::upstream) enum Opened {
    /// There is nothing but an end.
    Ended(End),
    /// Messages may come.
    Live(Box<Answers>),
}

impl Opened {
    /// The failure that it is, as far as one has looked.
    pub(in crate::upstream) fn failure(&self) -> Option<&Status> {
        let end = match self {
            Self::Ended(end) => end,
            Self::Live(answers) => match &answers.first {
                Some(Answer::End(end)) => end,
                Some(Answer::Message(_)) | None => return None,
            },
        };
        Some(&end.status).filter(|status| !status.is_ok())
    }
}

/// How many messages a successful reply has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cardinality {
    One,
    Any,
}

/// What becomes of a message that has its compressed flag set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compressed {
    /// The backend said nothing of compression.
    Unnamed,
    /// It named something that was not offered, and is not known.
    Unknown,
    /// The caller takes it as it is.
    Passed(Coding),
    /// The caller gets what is in it.
    Opened(Coding),
}

impl Compressed {
    fn of(encoding: Option<&HeaderValue>, accept: Accept) -> Self {
        let Some(name) = encoding.filter(|name| *name != "identity") else {
            return Self::Unnamed;
        };
        match (Coding::of_messages(name.as_bytes()), accept) {
            (None, _) => Self::Unknown,
            (Some(coding), Accept::Passed(codings)) if codings.contains(coding) => {
                Self::Passed(coding)
            }
            (Some(coding), _) => Self::Opened(coding),
        }
    }

    /// True if messages are decompressed, here or by the caller, who counts what is in them.
    const fn takes_work(self) -> bool {
        matches!(self, Self::Passed(_) | Self::Opened(_))
    }
}

impl Answers {
    /// Reads the response's headers.
    ///
    /// # Errors
    /// The response is not gRPC, or its headers are too large.
    pub(in crate::upstream) fn open(
        reading: &Reading,
        answered: Answered,
    ) -> Result<Opened, Status> {
        let name = &reading.upstream;
        let cardinality = Cardinality::of(reading.shape);
        let (parts, body) = answered.response.into_parts();
        let mut headers = parts.headers;
        if is_oversize(&headers) {
            return Err(oversize(name, "headers"));
        }
        check_content_type(name, parts.status, &headers)?;
        if body.is_end_stream() {
            let end = match trailers::end(headers) {
                Some(end) => end,
                None if parts.status == StatusCode::OK => return Err(without_status(name)),
                None => return Err(http_error(name, parts.status, "")),
            };
            let mut end = cardinality.check(name, end, 0);
            end.status = on_time(end.status, reading.deadline);
            return Ok(Opened::Ended(end));
        }
        let early = if trailers::has_status(&headers) {
            trailers::end(headers.clone())
        } else {
            None
        };
        if parts.status != StatusCode::OK && early.is_none() {
            return Err(http_error(name, parts.status, ""));
        }
        let encoding = headers.remove(GRPC_ENCODING);
        let live = Live {
            name: Arc::clone(name),
            body,
            decoder: FrameDecoder::new(reading.max_message),
            share: Share::of(&reading.buffers),
            early,
            cardinality,
            compressed: Compressed::of(encoding.as_ref(), reading.accept),
            max_message: reading.max_message,
            taken: 0,
            timer: Timer::new(Deadline::Never),
            deadline: reading.deadline,
            hold: answered.hold,
            ledger: None,
        };
        Ok(Opened::Live(Box::new(Self {
            metadata: Metadata(headers),
            first: None,
            live: Some(live),
        })))
    }

    /// Waits for the first message, or the end if there is none.
    pub(in crate::upstream) async fn look(&mut self) {
        if self.first.is_none() {
            self.first = self.next().await;
        }
    }

    /// The next step, for whoever reads the answers here; `None` after the end.
    pub(in crate::upstream) async fn step(&mut self) -> Option<Answer> {
        self.next().await
    }

    /// The reply: from here on this clock watches it, and its end is written down.
    pub(in crate::upstream) fn into_reply(
        mut self: Box<Self>,
        timer: Timer,
        ledger: Ledger,
    ) -> Reply {
        let mut encoding = None;
        if let (Some(Answer::End(end)), _) = (&self.first, &self.live) {
            // It ended while one looked.
            let mut ledger = ledger;
            ledger.ended(&end.status);
        } else if let Some(live) = &mut self.live {
            live.timer = timer;
            live.ledger = Some(ledger);
            if let Compressed::Passed(coding) = live.compressed {
                encoding = Some(coding);
            }
        }
        Reply {
            metadata: std::mem::take(&mut self.metadata),
            encoding,
            replies: Replies::boxed(Pin::from(self)),
        }
    }
}

impl Stream for Answers {
    type Item = Answer;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        let Some(live) = &mut self.live else {
            return Poll::Ready(None);
        };
        let deadline = live.deadline;
        let polled = live.poll(cx).map(|answer| match answer {
            Answer::End(mut end) => {
                end.status = on_time(end.status, deadline);
                if let Some(ledger) = &mut live.ledger {
                    ledger.ended(&end.status);
                }
                Answer::End(end)
            }
            message @ Answer::Message(_) => message,
        });
        if let Poll::Ready(Answer::End(_)) = polled {
            self.live = None;
        }
        polled.map(Some)
    }
}

impl Live {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Answer> {
        loop {
            if self.compressed.takes_work() {
                ready!(compression::poll_turn(cx));
            }
            let next = self.decoder.next();
            if let Err(crowded) = self.share.hold(self.decoder.held()) {
                return Poll::Ready(fail(crowded.status()));
            }
            match next {
                Ok(Some(message)) => return Poll::Ready(self.take(message, cx)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(fail(broken_frame(&self.name, error))),
            }
            // Before every frame: a backend that never pauses does not outlive the deadline.
            if Pin::new(&mut self.timer).poll(cx).is_ready() {
                return Poll::Ready(fail(Status::deadline_exceeded()));
            }
            if let Poll::Ready(crowded) = self.share.poll_shed(cx) {
                return Poll::Ready(fail(crowded.status()));
            }
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(fail(self.broken(&error))),
                None => return Poll::Ready(Answer::End(self.ended())),
            };
            match frame.into_data() {
                Ok(data) => self.decoder.push(data),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Poll::Ready(Answer::End(self.finish(trailers)));
                    }
                }
            }
        }
    }

    fn take(&mut self, message: Message, cx: &mut Context<'_>) -> Answer {
        self.hold.lease.traffic().receives(message.len());
        let message = if message.is_compressed() {
            match self.decompress(message, cx) {
                Ok(message) => message,
                Err(status) => return fail(status),
            }
        } else {
            message
        };
        self.taken += 1;
        if self.cardinality == Cardinality::One && self.taken > 1 {
            let what = "sent more than one message to a method that answers with one";
            return fail(protocol_error(&self.name, Code::Unimplemented, what));
        }
        Answer::Message(message)
    }

    /// What the caller gets of a compressed message.
    fn decompress(&self, message: Message, cx: &mut Context<'_>) -> Result<Message, Status> {
        let internal = |what| Err(protocol_error(&self.name, Code::Internal, what));
        match self.compressed {
            Compressed::Unnamed => {
                internal("sent a compressed message without naming its encoding")
            }
            Compressed::Unknown => {
                internal("compressed a message in an encoding that it was not offered")
            }
            Compressed::Passed(_) => Ok(message),
            Compressed::Opened(coding) => compression::open(&message, coding, self.max_message)
                .inspect(|opened| compression::spend(opened.len(), cx))
                .map_err(|unopened| match unopened {
                    Unopened::TooLarge { .. } => {
                        Status::gateway(unopened.code(), format!("in the reply, {unopened}"))
                    }
                    Unopened::Broken { .. } => {
                        protocol_error(&self.name, unopened.code(), &format!("failed: {unopened}"))
                    }
                }),
        }
    }

    /// The body ended without trailers.
    fn ended(&mut self) -> End {
        // A reset with NO_ERROR looks like an end; only END_STREAM is one.
        if !self.body.is_end_stream() {
            return self.end_with(Failure::Reset(h2::Reason::NO_ERROR).status(&self.name));
        }
        if let Err(error) = self.decoder.finish() {
            return self.end_with(broken_frame(&self.name, error));
        }
        match self.early.take() {
            Some(end) => self.cardinality.check(&self.name, end, self.taken),
            None => self.end_with(without_status(&self.name)),
        }
    }

    fn finish(&mut self, trailers: HeaderMap) -> End {
        if is_oversize(&trailers) {
            return self.end_with(oversize(&self.name, "trailers"));
        }
        let Some(mut end) = trailers::end(trailers).or_else(|| self.early.take()) else {
            return self.ended();
        };
        if let Err(error) = self.decoder.finish() {
            // The backend's own failure says more than the message it cut short.
            if end.status.is_ok() {
                return self.end_with(broken_frame(&self.name, error));
            }
        }
        if self.taken > 0 && matches!(end.status.retry, Retry::BeforeFirstByte | Retry::Lost) {
            end.status.retry = Retry::Never;
        }
        self.cardinality.check(&self.name, end, self.taken)
    }

    /// The stream broke: by the client, by us, or by the backend.
    fn broken(&self, error: &hyper::Error) -> Status {
        match self.hold.cancel.as_ref().and_then(super::Cancel::fault) {
            Some(fault) => fault.clone(),
            None => self.settle(self.hold.lease.failure(error).status(&self.name)),
        }
    }

    fn end_with(&self, status: Status) -> End {
        self.settle(status).into()
    }

    /// Once a message went down, nothing is repeated.
    fn settle(&self, status: Status) -> Status {
        if self.taken > 0 {
            status.retry(Retry::Never)
        } else {
            status
        }
    }
}

impl Cardinality {
    fn of(shape: Shape) -> Self {
        match shape {
            Shape::Unary | Shape::ClientStream => Self::One,
            Shape::ServerStream | Shape::Bidi => Self::Any,
        }
    }

    /// Success without the one message is none.
    fn check(self, name: &str, end: End, taken: usize) -> End {
        if self == Self::One && taken == 0 && end.status.is_ok() {
            let what = "said OK without the message that the method answers with";
            return End {
                status: protocol_error(name, Code::Unimplemented, what),
                ..end
            };
        }
        end
    }
}

/// A backend that watches the deadline too may be the first to act on it, and many then say
/// CANCELLED. Clients are told what happened: the deadline has passed.
pub(in crate::upstream) fn on_time(status: Status, deadline: Deadline) -> Status {
    if status.code == Code::Cancelled && status.origin == Origin::Upstream && is_due(deadline) {
        return Status::deadline_exceeded();
    }
    status
}

/// True if a deadline has passed, or may have for a backend.
pub(in crate::upstream) fn is_due(deadline: Deadline) -> bool {
    let left = deadline.remaining();
    left.is_some_and(|left| left <= CLOCKS_DIFFER)
}

fn fail(status: Status) -> Answer {
    Answer::End(status.into())
}

fn check_content_type(name: &str, status: StatusCode, headers: &HeaderMap) -> Result<(), Status> {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_grpc = value
        .and_then(|value| value.split_at_checked(GRPC.len()))
        .is_some_and(
            // Not application/grpc-web, which frames its trailers.
            |(kind, rest)| {
                kind.eq_ignore_ascii_case(GRPC) && matches!(rest, [] | [b'+' | b';' | b' ', ..])
            },
        );
    if is_grpc {
        return Ok(());
    }
    let found = match value {
        None => " without a content-type".to_owned(),
        Some(value) => {
            let shown = value.get(..SHOWN_MAX).unwrap_or(value);
            format!(" with content-type \"{}\"", shown.escape_ascii())
        }
    };
    Err(http_error(name, status, &found))
}

/// A response that says nothing in gRPC's words.
fn http_error(name: &str, status: StatusCode, found: &str) -> Status {
    let message = format!(
        "upstream {name:?} answered HTTP {}{found}; expected gRPC",
        status.as_u16()
    );
    Status::upstream(Code::from_http(status), message)
        .retry(Retry::BeforeFirstByte)
        .because(Cause::UpstreamProtocol)
}

fn oversize(name: &str, what: &str) -> Status {
    let message = format!("upstream {name:?} sent {what} of more than {HEADERS_MAX} bytes");
    Status::upstream(Code::ResourceExhausted, message).because(Cause::UpstreamProtocol)
}

fn without_status(name: &str) -> Status {
    protocol_error(name, Code::Unknown, "ended the call without a grpc-status")
}

fn protocol_error(name: &str, code: Code, what: &str) -> Status {
    Status::upstream(code, format!("upstream {name:?} {what}")).because(Cause::UpstreamProtocol)
}

fn broken_frame(name: &str, error: FrameError) -> Status {
    let code = match error {
        FrameError::TooLarge { .. } => Code::ResourceExhausted,
        FrameError::Flags { .. } | FrameError::Truncated { .. } => Code::Internal,
    };
    protocol_error(name, code, &format!("broke the message framing: {error}"))
}
