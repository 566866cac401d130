//! The answer to a call that streams its replies: JSON in the framing that the client accepts (see
//! [`records`]), each message sent as soon as it is there, or the bytes of `HttpBody`s.
//!
//! A call that fails before its first message is a plain error answer. A stream of `HttpBody` is a
//! download: the pieces' bytes one after the other, and a failure breaks the body off.
//!
//! The head waits for the first message, since only then is it known that the call goes well. It
//! waits no longer than [`records::KEEP_ALIVE`] where silence is told: from then on a failure is
//! one in the stream.

use std::task::Poll;

use axum::body::Body;
use http::{HeaderMap, Method as Verb, Response, StatusCode};

use super::error::Failure;
use super::requests::Fault;
use super::trailing::{Shown, Trailing};
use super::{Terms, failed, http_body, reply};
use crate::call::{Answer, Deadline, End, Message, Replies, Reply, Status};
use crate::observe::CallRecord;
use crate::protocol::body::{self, Chunk, Encoder, Idle, Pulse, ReplyBody, Tail};
use crate::protocol::unary;
use crate::schema::Binding;

mod records;

use records::Records;

/// How a stream's messages are written.
#[derive(Debug)]
pub(super) enum Form {
    /// As JSON.
    Records(Records),
    /// The bytes of every `HttpBody`.
    Pieces(http_body::Place),
}

impl Form {
    /// The form that the binding has and the client accepts.
    ///
    /// # Errors
    /// 406 if there is none.
    pub(super) fn of(
        terms: Terms<'_>,
        binding: &Binding,
        headers: &HeaderMap,
    ) -> Result<Self, Failure> {
        match http_body::of_reply(terms.plans, binding)? {
            Some(place) => Ok(Self::Pieces(place)),
            None => Records::of(terms, binding, headers).map(Self::Records),
        }
    }

    fn pulse(&self) -> Option<Pulse> {
        match self {
            Self::Records(records) => records.pulse(),
            Self::Pieces(_) => None,
        }
    }

    /// Opens the first message, so that a failure to show it is still a plain error.
    fn open(&mut self, first: &Message, max: usize) -> Result<(), Status> {
        if first.len() > max {
            return Err(unary::too_large(first.len(), max));
        }
        match self {
            Self::Records(records) => records.open(first),
            Self::Pieces(place) => place.open(first).map(drop),
        }
    }

    /// Sets what the head says of the body.
    fn describe(&self, first: Option<&Message>, headers: &mut HeaderMap) {
        match (self, first) {
            (Self::Records(records), _) => records.describe(headers),
            (Self::Pieces(place), Some(first)) => {
                if let Ok(body) = place.open(first) {
                    body.describe(headers);
                }
            }
            (Self::Pieces(_), None) => {}
        }
    }
}

/// A reply whose head is there, and how it is to be shown.
pub(super) struct Begun {
    pub(super) reply: Reply,
    pub(super) form: Form,
    /// Where its trailers go.
    pub(super) trailing: Trailing,
    /// Who watches over its silence.
    pub(super) idle: Idle,
    /// How the client broke its side, if it has one that streams.
    pub(super) fault: Option<Fault>,
    pub(super) deadline: Deadline,
}

/// What a reply begins with.
enum Opening {
    Message(Message),
    End(End),
    /// Nothing, for so long that the client has to be told.
    Silence(&'static [u8]),
}

impl Opening {
    async fn of(replies: &mut Replies, idle: &mut Idle, pulse: &mut Option<Pulse>) -> Self {
        std::future::poll_fn(|cx| match replies.poll_answer(cx) {
            Poll::Ready(Some(Answer::Message(message))) => Poll::Ready(Self::Message(message)),
            Poll::Ready(Some(Answer::End(end))) => Poll::Ready(Self::End(end)),
            Poll::Ready(None) => Poll::Ready(Self::End(unary::no_end().into())),
            Poll::Pending => match (idle.poll_silence(cx), &mut *pulse) {
                (Poll::Ready(status), _) => Poll::Ready(Self::End(status.into())),
                (Poll::Pending, Some(pulse)) => pulse.poll_beat(cx).map(Self::Silence),
                (Poll::Pending, None) => Poll::Pending,
            },
        })
        .await
    }
}

/// Answers with the stream.
pub(super) async fn answer(
    terms: Terms<'_>,
    verb: &Verb,
    begun: Begun,
    mut record: CallRecord,
) -> Response<Body> {
    let Begun {
        reply,
        mut form,
        trailing,
        mut idle,
        fault,
        deadline,
    } = begun;
    let Reply {
        metadata,
        mut replies,
        ..
    } = reply;
    let rules = &terms.options.metadata;
    let mut pulse = form.pulse();
    let opening = Opening::of(&mut replies, &mut idle, &mut pulse).await;
    let (first, beat, trailers) = match opening {
        Opening::End(End { status, trailers }) if !status.is_ok() => {
            let shown = Shown::new(rules, metadata, trailers, trailing);
            return failed(terms, &Fault::explain(fault, status), shown, record);
        }
        Opening::End(end) => (None, None, Some(end.trailers)),
        Opening::Message(message) => (Some(message), None, None),
        Opening::Silence(beat) => (None, Some(beat), None),
    };
    let max = terms.options.limits.response_message;
    if let Some(first) = &first
        && let Err(status) = form.open(first, max)
    {
        let shown = Shown::new(rules, metadata, trailers.unwrap_or_default(), trailing);
        return failed(terms, &status.into(), shown, record);
    }
    // Messages that come need a status that can have them.
    let http = match reply::http_code(&metadata) {
        http if trailers.is_some() || reply::has_body(http) => http,
        _ => StatusCode::OK,
    };
    let mut before = match &form {
        Form::Records(records) => records.preamble(&metadata),
        Form::Pieces(_) => Vec::new(),
    };
    before.extend_from_slice(beat.unwrap_or_default());
    let is_over = trailers.is_some();
    // A stream without a message has a body known whole, so nothing stands behind it.
    let mut shown = Shown::new(
        rules,
        metadata,
        trailers.unwrap_or_default(),
        Trailing::Headers,
    );
    form.describe(first.as_ref(), &mut shown.headers);
    let body = if is_over || verb == Verb::HEAD {
        record.finish_with(http, &Status::ok());
        match form {
            Form::Records(records) if is_over && reply::has_body(http) => {
                before.extend_from_slice(records.none());
                Body::from(before)
            }
            Form::Records(_) | Form::Pieces(_) => Body::empty(),
        }
    } else {
        record.head(http);
        let first = first.map(Answer::Message);
        match form {
            Form::Records(records) => Body::new(
                ReplyBody::new(
                    replies,
                    records.ending_with(trailing),
                    max,
                    Some(idle),
                    record,
                )
                .with_pulse(pulse)
                .preceded_by(&before)
                .starting_with(first),
            ),
            Form::Pieces(place) => Body::new(
                ReplyBody::new(replies, Pieces(place), max, Some(idle), record)
                    .starting_with(first),
            ),
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = http;
    *response.headers_mut() = shown.headers;
    body::end_at(deadline, &mut response);
    response
}

/// The bytes of every message's `HttpBody`.
#[derive(Debug)]
struct Pieces(http_body::Place);

impl Encoder for Pieces {
    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        chunk.pass(self.0.open(&message)?.data);
        Ok(())
    }

    fn end(&mut self, end: End, _: &mut Chunk) -> Tail {
        if end.status.is_ok() {
            Tail::Complete
        } else {
            Tail::Abort
        }
    }
}
