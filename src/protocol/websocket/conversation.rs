//! The task of one connection: a call, from the client's first frame to the last one it gets.
//!
//! ```text
//! client ── frames ──► Incoming ──► Uploads (room for a chunk) ──► Call
//! client ◄─ frames ─── Line ◄────── replies ◄──────────────── Reply
//! ```
//!
//! Both ways are pulled: a frame is read when there is room for its message, a reply when the last
//! one could be sent. They take turns, so neither starves the other. Whatever ends the task drops
//! the call, which cancels it at the backend if it has not ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::ws::{self, CloseFrame, Utf8Bytes, WebSocket};

use super::ending::Ending;
use super::heartbeat::Ear;
use super::incoming::{Incoming, Said, Wants};
use super::line::{Gone, Heard, Line};
use super::offer::Form;
use super::uploads::Uploads;
use crate::call::{
    self, Answer, Call, Code, Deadline, Encodings, Message, Metadata, Peer, Replies, Reply,
    Requests, Status, Tenure,
};
use crate::observe::{CallRecord, Tally};
use crate::protocol::body::Idle;
use crate::protocol::rest::frames::Frames;
use crate::protocol::unary::{self, Unread};
use crate::schema::Shape;

/// How long the last words may take when the gateway stops.
const LAST_WORDS: Duration = Duration::from_millis(800);

/// What the handshake says of a call.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) frames: Frames,
    pub(super) incoming: Incoming,
    /// The only message, if the URL is it.
    pub(super) url: Option<Message>,
    pub(super) metadata: Metadata,
    pub(super) deadline: Deadline,
    pub(super) peer: Peer,
    pub(super) tenure: Tenure,
}

/// A call that is made over a WebSocket.
pub(super) struct Conversation<S> {
    calls: S,
    head: Head,
    record: CallRecord,
}

/// Why there is no further step.
enum Stop {
    /// The client is told.
    End(Box<Ending>),
    /// The client has said good-bye.
    Left,
    /// There is nobody to be told.
    Gone,
}

impl<T: Into<Ending>> From<T> for Stop {
    fn from(ending: T) -> Self {
        Self::End(Box::new(ending.into()))
    }
}

impl<S: call::Service> Conversation<S> {
    pub(super) fn new(calls: S, head: Head, record: CallRecord) -> Self {
        Self {
            calls,
            head,
            record,
        }
    }

    /// Holds the conversation, to its end.
    pub(super) async fn hold(mut self, socket: WebSocket) {
        let mut line = Line::new(socket, &self.head.tenure, self.head.deadline);
        let stop = self.talk(&mut line).await;
        let over = self.head.tenure.over();
        let last_words = async {
            over.await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = self.leave(line, stop) => {}
            () = last_words => {}
        }
    }

    /// Tells the client how it ended. A record that is dropped says that the client went away.
    async fn leave(self, mut line: Line, stop: Stop) {
        match stop {
            Stop::Gone => return,
            Stop::Left => drop(self.record),
            Stop::End(ending) => {
                let text = ending.text(self.head.frames.plans(), self.head.frames.options());
                let Ok(last) = Utf8Bytes::try_from(text) else {
                    return; // JSON is text
                };
                let close = CloseFrame {
                    code: ending.close,
                    reason: ending.reason().into(),
                };
                if line.close(last, close).await.is_err() {
                    return;
                }
                self.record.finish(&ending.end.status);
            }
        }
        line.linger().await;
    }

    /// All of the call.
    async fn talk(&mut self, line: &mut Line) -> Stop {
        let (uploads, requests) = match self.requests(line).await {
            Ok(requests) => requests,
            Err(stop) => return stop,
        };
        let call = Call {
            method: Arc::clone(self.head.frames.method()),
            metadata: std::mem::take(&mut self.head.metadata),
            deadline: self.head.deadline,
            peer: self.head.peer,
            encodings: Encodings::default(),
            requests,
        };
        let (calls, shape) = (self.calls.clone(), self.head.frames.method().shape);
        let timeouts = &self.head.frames.options().timeouts;
        let idle = (shape != Shape::Unary).then(|| {
            let uploads = uploads.as_ref().map(|(_, tally)| Arc::clone(tally));
            Idle::new(timeouts.stream_idle, uploads)
        });
        let (uploads, tally) = uploads.unzip();
        let talk = Talk {
            conversation: self,
            line,
            source: Source::Made(Box::pin(async move { calls.call(call).await })),
            metadata: Metadata::new(),
            uploads,
            tally,
            idle,
            turn: Turn::Client,
            replies: 0,
            form: None,
        };
        talk.run().await
    }

    /// What the client says, as far as the call needs it to begin.
    async fn requests(
        &mut self,
        line: &mut Line,
    ) -> Result<(Option<(Uploads, Arc<Tally>)>, Requests), Stop> {
        let message = match self.head.url.take() {
            None if self.head.incoming.wants() == Wants::Many => {
                let (uploads, requests) = Uploads::new();
                return Ok((Some((uploads, self.record.shared_requests())), requests));
            }
            None => self.first(line).await?,
            Some(message) => message,
        };
        self.record.request(message.len());
        Ok((None, Requests::One(message)))
    }

    /// The message of a call that takes one.
    async fn first(&mut self, line: &mut Line) -> Result<Message, Stop> {
        let within = self.head.frames.options().timeouts.request_body;
        let heard = unary::in_time(within, self.head.deadline, async {
            Ok::<_, Unread>(std::future::poll_fn(|cx| poll_quiet(line, cx)).await)
        });
        let heard = heard.await.map_err(late)?;
        match self.said(heard)? {
            Said::Message(message) => Ok(message),
            Said::HalfClose => Err(Stop::Gone), // `Incoming` refuses it: the call takes one
        }
    }

    /// Takes what was heard.
    fn said(&mut self, heard: Heard) -> Result<Said, Stop> {
        match heard {
            Heard::Frame(frame) => Ok(self.head.incoming.take(&frame, &mut self.head.frames)?),
            Heard::Broken(fault) => Err(fault.into()),
            Heard::Left => Err(Stop::Left),
            Heard::Gone => Err(Stop::Gone),
            Heard::Leave => Err(Ending::going_away().into()),
        }
    }
}

fn late(unread: Unread) -> Status {
    match unread {
        Unread::TooSlow { within } => {
            let message = format!("no message came within {} s", within.as_secs_f32());
            Status::downstream(Code::DeadlineExceeded, message)
        }
        unread => unread.status(),
    }
}

/// Waits for the client, with nothing else to do.
fn poll_quiet(line: &mut Line, cx: &mut Context<'_>) -> Poll<Heard> {
    match line.poll_heard(cx) {
        Poll::Pending => line.poll_rest(Ear::Open, cx),
        heard @ Poll::Ready(_) => heard,
    }
}

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
struct Talk<'c, S> {
    conversation: &'c mut Conversation<S>,
    line: &'c mut Line,
    source: Source,
    /// Of the reply's head.
    metadata: Metadata,
    /// Where the client's messages go, until it has half-closed.
    uploads: Option<Uploads>,
    tally: Option<Arc<Tally>>,
    idle: Option<Idle>,
    turn: Turn,
    replies: u64,
    /// Of the replies, since the first.
    form: Option<Form>,
}

/// What happens next.
enum Event {
    Heard(Heard),
    Answer(Answer),
    Silence(Status),
}

impl<S: call::Service> Talk<'_, S> {
    async fn run(mut self) -> Stop {
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
        if let (Said::Message(message), Some(tally)) = (&said, &self.tally) {
            tally.count(message.len());
        }
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
                let status = unary::cardinality("no message");
                Err(call::End { status, ..end }.into())
            }
            Answer::End(end) => Err(end.into()),
            Answer::Message(_) if self.replies > 0 && !is_stream => {
                Err(unary::cardinality("more than one message").into())
            }
            Answer::Message(message) => {
                self.replies += 1;
                self.conversation.record.reply(message.len());
                if let Some(idle) = &mut self.idle {
                    idle.touch();
                }
                let frame = self.frame(&message)?;
                self.line.send(frame).map_err(|Gone| Stop::Gone)
            }
        }
    }

    /// A reply in the form that the client chose, or used.
    fn frame(&mut self, message: &Message) -> Result<ws::Message, Status> {
        let frames = &self.conversation.head.frames;
        let max = frames.options().limits.response_message;
        if message.len() > max {
            return Err(unary::too_large(message.len(), max));
        }
        let form = *self
            .form
            .get_or_insert_with(|| self.conversation.head.incoming.form());
        match form {
            Form::Proto => {
                unary::uncompressed(message).map(|_| ws::Message::Binary(message.payload()))
            }
            Form::Json => {
                let json = frames.write_json(message)?;
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
