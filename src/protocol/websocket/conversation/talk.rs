//! A call under way: what the client says goes into it, and what it answers goes out, in turns.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::ws::{self, Utf8Bytes};
use tokio::time::Instant;

use super::super::heartbeat::Ear;
use super::super::line::{Gone, Heard, Line};
use super::super::uploads::Uploads;
use super::{Conversation, Stop};
use crate::call::{self, Answer, Call, Code, Message, Metadata, Replies, Reply, Status};
use crate::observe::Direction;
use crate::protocol::Codec;
use crate::protocol::body::Idle;
use crate::protocol::unary;
use crate::schema::Shape;

/// Where replies come from.
enum Source {
    Made(Pin<Box<dyn Future<Output = Result<Reply, Status>> + Send>>),
    Open(Replies),
}

/// Whose turn it is, if both could go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Client,
    Backend,
}

impl Turn {
    const fn other(self) -> Self {
        match self {
            Self::Client => Self::Backend,
            Self::Backend => Self::Client,
        }
    }
}

/// A call under way.
pub(super) struct Talk<'c, S> {
    conversation: &'c mut Conversation<S>,
    line: &'c mut Line,
    source: Source,
    /// Of the reply's head.
    metadata: Metadata,
    /// Where the client's messages go, until it has half-closed.
    uploads: Option<Uploads>,
    idle: Option<Idle>,
    turn: Turn,
    replies: u64,
    /// Of the replies, since the first.
    codec: Option<Codec>,
}

/// What happens next.
enum Event {
    Heard(Heard),
    Answer(Answer),
    Silence(Status),
}

impl<'c, S: call::Service> Talk<'c, S> {
    /// Makes the call. More messages of it come over the line if there is a place to put them.
    pub(super) fn new(
        conversation: &'c mut Conversation<S>,
        line: &'c mut Line,
        call: Call,
        uploads: Option<Uploads>,
    ) -> Self {
        let frames = &conversation.head.frames;
        let idle = (frames.method().shape != Shape::Unary).then(|| {
            let tally = uploads.as_ref().map(Uploads::tally);
            Idle::new(frames.options().timeouts.stream_idle, tally)
        });
        let calls = conversation.calls.clone();
        Self {
            conversation,
            line,
            source: Source::Made(Box::pin(async move { calls.call(call).await })),
            metadata: Metadata::new(),
            uploads,
            idle,
            turn: Turn::Client,
            replies: 0,
            codec: None,
        }
    }

    /// Goes on to the end.
    pub(super) async fn run(mut self) -> Stop {
        loop {
            let ear = match &self.uploads {
                Some(uploads) if !uploads.has_room() => Ear::Closed,
                Some(_) | None => Ear::Open,
            };
            let uploads = self.uploads.take();
            let event = tokio::select! {
                biased;
                event = std::future::poll_fn(|cx| self.poll_event(ear, cx)) => Some(event),
                () = room(uploads.as_ref()), if ear == Ear::Closed => None,
            };
            self.uploads = uploads;
            let step = match event {
                None => Ok(()),
                Some(Event::Heard(heard)) => self.heard(heard),
                Some(Event::Answer(answer)) => self.answer(answer),
                Some(Event::Silence(status)) => Err(status.into()),
            };
            if let Err(stop) = step {
                return self.stopped(stop);
            }
        }
    }

    /// The end, with what the reply's head said.
    fn stopped(self, stop: Stop) -> Stop {
        match stop {
            Stop::End(mut ending) => {
                ending.metadata = self.metadata;
                Stop::End(ending)
            }
            stop @ (Stop::Left | Stop::Gone) => stop,
        }
    }

    fn poll_event(&mut self, ear: Ear, cx: &mut Context<'_>) -> Poll<Event> {
        for turn in [self.turn, self.turn.other()] {
            let event = match turn {
                Turn::Client if ear == Ear::Open => self.line.poll_heard(cx).map(Event::Heard),
                Turn::Client => Poll::Pending,
                Turn::Backend => self.poll_answer(cx),
            };
            if event.is_ready() {
                self.turn = turn.other();
                return event;
            }
        }
        if let Poll::Ready(heard) = self.line.poll_rest(ear, cx) {
            return Poll::Ready(Event::Heard(heard));
        }
        self.conversation.record.poll_long(cx);
        match &mut self.idle {
            Some(idle) => idle.poll_silence(cx).map(Event::Silence),
            None => Poll::Pending,
        }
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            match &mut self.source {
                Source::Made(reply) => match ready!(reply.as_mut().poll(cx)) {
                    Ok(reply) => {
                        self.metadata = reply.metadata;
                        self.source = Source::Open(reply.replies);
                    }
                    Err(status) => return Poll::Ready(Event::Answer(Answer::End(status.into()))),
                },
                Source::Open(replies) => {
                    if ready!(self.line.poll_writable(cx)).is_err() {
                        return Poll::Ready(Event::Heard(Heard::Gone));
                    }
                    let answer = ready!(replies.poll_answer(cx));
                    let answer = answer.unwrap_or_else(|| Answer::End(unary::no_end().into()));
                    return Poll::Ready(Event::Answer(answer));
                }
            }
        }
    }

    fn heard(&mut self, heard: Heard) -> Result<(), Stop> {
        let said = self.conversation.said(heard)?;
        if let Some(uploads) = &self.uploads {
            uploads.put(said);
        }
        if self.conversation.head.incoming.is_half_closed() {
            self.uploads = None;
        }
        Ok(())
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Stop> {
        let is_stream = matches!(
            self.conversation.head.frames.method().shape,
            Shape::ServerStream | Shape::Bidi
        );
        match answer {
            Answer::End(end) if end.status.is_ok() && self.replies == 0 && !is_stream => {
                let status = unary::not_one_reply("no message");
                Err(call::End { status, ..end }.into())
            }
            Answer::End(end) => Err(end.into()),
            Answer::Message(_) if self.replies > 0 && !is_stream => {
                Err(unary::not_one_reply("more than one message").into())
            }
            Answer::Message(message) => {
                self.replies += 1;
                self.conversation.record.reply(&message);
                if let Some(idle) = &mut self.idle {
                    idle.touch();
                }
                let frame = self.frame(&message)?;
                self.line.send(frame).map_err(|Gone| Stop::Gone)
            }
        }
    }

    /// A reply in the codec that the client chose, or used.
    fn frame(&mut self, message: &Message) -> Result<ws::Message, Status> {
        let frames = &self.conversation.head.frames;
        let max = frames.options().limits.response_message;
        if message.len() > max {
            return Err(unary::too_large(message.len(), max));
        }
        let codec = *self
            .codec
            .get_or_insert_with(|| self.conversation.head.incoming.codec());
        match codec {
            Codec::Proto => {
                unary::uncompressed(message).map(|_| ws::Message::Binary(message.payload()))
            }
            Codec::Json => {
                let began = Instant::now();
                let json = frames.write_json(message)?;
                let record = &self.conversation.record;
                let (length, took) = (message.len(), began.elapsed());
                record.transcoded(Direction::Response, length, json.len(), took);
                let text = Utf8Bytes::try_from(json)
                    .map_err(|_| Status::gateway(Code::Internal, "a reply's JSON is not UTF-8"))?;
                Ok(ws::Message::Text(text))
            }
        }
    }
}

async fn room(uploads: Option<&Uploads>) {
    match uploads {
        Some(uploads) => uploads.room().await,
        None => std::future::pending().await,
    }
}
