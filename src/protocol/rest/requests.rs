//! A request's body as a stream of messages, for methods that take one.
//!
//! ```text
//!                 ┌ Splitter: JSON values ─┐
//! body ── chunk ──┤                        ├── Writer ──► Message ──► Call
//!                 └ Pieces: bytes ─────────┘     └ query and path, into the first message only
//! ```
//!
//! Messages are pulled: while the backend does not take one, none is read, and never more than one
//! is held. Limits count each message, never the stream. What the client does wrong is told by the
//! message's place in the stream, `[3].price.units`, and cancels the call at the backend.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::body::Body as Incoming;
use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body as _;
use tokio::time::Instant;

use super::error::Failure;
use super::{Terms, bind, body, http_body as raw};
use crate::call::{Message, Requests, Share, Status};
use crate::observe::Tally;
use crate::protocol::field_value::essence;
use crate::protocol::linger::linger;
use crate::protocol::unary::Unread;
use crate::schema::{Binding, Body};
use crate::transcode::Plans;

mod pieces;
mod splitter;
mod writer;

use pieces::Pieces;
use splitter::{Form, SplitError, Splitter};
pub(super) use writer::Writer;

/// The media types of JSON values that follow each other.
const SEQUENCES: [&str; 2] = ["application/x-ndjson", "application/jsonl"];

/// How many messages a request makes, told from its binding and its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One, of the URL and the whole body.
    One(body::Kind),
    /// As many as the body has.
    Many(Cut),
}

/// How a body is cut into messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// By its JSON values, one after the other.
    Sequence,
    /// The same, or they are the elements of one array.
    Json,
    /// Into the bytes of many `HttpBody`s; this is the request's content type, perhaps empty.
    Raw(String),
}

impl Kind {
    /// What this request's body has to be. A stream whose binding has no body is the one message
    /// of its URL.
    ///
    /// # Errors
    /// 415 for a type or an encoding that the binding cannot take.
    pub(super) fn of(
        plans: &Plans,
        binding: &Binding,
        headers: &HeaderMap,
    ) -> Result<Self, Failure> {
        let is_stream = binding.method.shape.takes_stream() && !matches!(binding.body, Body::None);
        if is_stream && !raw::is_request(plans, binding) && is_sequence(headers) {
            return Ok(Self::Many(Cut::Sequence));
        }
        match body::Kind::of(plans, binding, headers)? {
            body::Kind::Json if is_stream => Ok(Self::Many(Cut::Json)),
            body::Kind::Raw(content_type) if is_stream => Ok(Self::Many(Cut::Raw(content_type))),
            kind => Ok(Self::One(kind)),
        }
    }
}

fn is_sequence(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|stated| {
        let essence = essence(stated.as_bytes());
        SEQUENCES
            .iter()
            .any(|name| essence.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// How the client broke its side of a call, if it did: REST says it more finely than a status.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault(Arc<OnceLock<Failure>>);

impl Fault {
    /// The failure that this status, the end of the call, stands for.
    pub(super) fn explain(fault: Option<Self>, status: Status) -> Failure {
        fault
            .and_then(|fault| fault.0.get().cloned())
            .filter(|failure| failure.status == status)
            .unwrap_or_else(|| status.into())
    }
}

/// The messages of a body.
///
/// # Errors
/// 400 if the URL does not fit.
pub(super) fn stream(
    terms: Terms<'_>,
    binding: &Binding,
    url: &bind::Request<'_>,
    cut: Cut,
    (body, tally, share): (Incoming, Arc<Tally>, Share),
) -> Result<(Requests, Fault), Failure> {
    let max = terms.options.limits.request_message;
    let (form, content_type) = match cut {
        Cut::Sequence => (Some(Form::Sequence), None),
        Cut::Json => (Some(Form::Detected), None),
        Cut::Raw(content_type) => (None, Some(content_type)),
    };
    let writer = Writer::new(terms, binding, url, content_type)?;
    let cutter = match form {
        Some(form) => Cutter::Json(Splitter::new(form, max)),
        None => Cutter::Raw(Pieces::new(writer.piece_max())),
    };
    let fault = Fault::default();
    let messages = Messages {
        body,
        cutter,
        writer,
        tally,
        fault: fault.clone(),
        share,
        state: State::Reading,
    };
    Ok((Requests::stream(messages), fault))
}

/// A body's bytes as the texts or bytes of its messages.
#[derive(Debug)]
enum Cutter {
    Json(Splitter),
    Raw(Pieces),
}

impl Cutter {
    fn push(&mut self, bytes: Bytes) {
        match self {
            Self::Json(splitter) => splitter.push(bytes),
            Self::Raw(pieces) => pieces.push(bytes),
        }
    }

    fn next(&mut self) -> Result<Option<Bytes>, SplitError> {
        match self {
            Self::Json(splitter) => splitter.next(),
            Self::Raw(pieces) => Ok(pieces.next()),
        }
    }

    /// Bytes that are held of a message that is not whole.
    fn held(&self) -> usize {
        match self {
            Self::Json(splitter) => splitter.held(),
            Self::Raw(_) => 0, // pieces are of one chunk
        }
    }

    fn finish(&mut self) -> Result<Option<Bytes>, SplitError> {
        match self {
            Self::Json(splitter) => splitter.finish(),
            Self::Raw(pieces) => Ok(pieces.finish()),
        }
    }
}

/// A request's body as messages.
#[derive(Debug)]
struct Messages {
    body: Incoming,
    cutter: Cutter,
    writer: Writer,
    tally: Arc<Tally>,
    fault: Fault,
    /// What the text that is not whole yet holds.
    share: Share,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The body's end has been reached, or an error handed out.
    Over,
}

impl Messages {
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Failure>>> {
        while self.state == State::Reading {
            let next = self.cutter.next();
            if let Err(crowded) = self.share.hold(self.cutter.held()) {
                return Poll::Ready(Some(Err(crowded.status().into())));
            }
            match next {
                Ok(Some(value)) => return Poll::Ready(Some(self.write(&value))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(self.writer.misplaced(&error)))),
            }
            if let Poll::Ready(crowded) = self.share.poll_shed(cx) {
                return Poll::Ready(Some(Err(crowded.status().into())));
            }
            // A chunk need not hold the end of a message: few bytes decompress to many that do not.
            let budget = ready!(tokio::task::coop::poll_proceed(cx));
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            budget.made_progress();
            match frame {
                // Trailers of a request mean nothing here.
                Some(Ok(frame)) => self.cutter.push(frame.into_data().unwrap_or_default()),
                Some(Err(error)) => return Poll::Ready(Some(Err(Unread::from(error).into()))),
                None => {
                    self.state = State::Over;
                    self.body = Incoming::empty();
                    return Poll::Ready(match self.cutter.finish() {
                        Ok(Some(value)) => Some(self.write(&value)),
                        Ok(None) => None,
                        Err(error) => Some(Err(self.writer.misplaced(&error))),
                    });
                }
            }
        }
        Poll::Ready(None)
    }

    fn write(&mut self, text: &Bytes) -> Result<Message, Failure> {
        let began = Instant::now();
        let message = self.writer.write(text)?;
        let took = began.elapsed();
        self.tally.transcoded(message.len(), text.len(), took);
        Ok(message)
    }

    /// Nothing more is read, and the call is given up.
    fn fail(&mut self, failure: Failure) -> Status {
        self.state = State::Over;
        let status = failure.status.clone();
        let _ = self.fault.0.set(failure); // the first one counts
        status
    }
}

impl Stream for Messages {
    type Item = Result<Message, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A body of a million values is always ready; it shares its thread all the same.
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        let message = ready!(self.poll_message(cx));
        budget.made_progress();
        Poll::Ready(message.map(|message| match message {
            Ok(message) => {
                self.tally.count(&message);
                Ok(message)
            }
            Err(failure) => Err(self.fail(failure)),
        }))
    }
}

impl Drop for Messages {
    /// The call may be over before the client has said everything.
    fn drop(&mut self) {
        linger(std::mem::take(&mut self.body));
    }
}
