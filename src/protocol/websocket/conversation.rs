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

use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Utf8Bytes, WebSocket};
use tokio::time::Instant;

use super::ending::Ending;
use super::heartbeat::Ear;
use super::incoming::{Frame, Incoming, Said, Wants};
use super::line::{Heard, Line};
use super::uploads::Uploads;
use crate::call::{self, Code, Encodings, Message, Requests, Status, Tenure};
use crate::observe::{CallRecord, Direction};
use crate::protocol::call_head::CallHead;
use crate::protocol::rest::frames::Frames;
use crate::protocol::unary::{self, Unread};

mod talk;

use talk::Talk;

/// How long the last words may take when the gateway stops.
const LAST_WORDS: Duration = Duration::from_millis(800);

/// What the handshake says of a call.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) frames: Frames,
    pub(super) incoming: Incoming,
    /// The only message, if the URL is it.
    pub(super) url: Option<Message>,
    pub(super) call: CallHead,
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
        let mut line = Line::new(socket, &self.head.tenure, self.head.call.deadline);
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
        let head = CallHead {
            upstream: self.head.call.upstream.take(),
            metadata: std::mem::take(&mut self.head.call.metadata),
            deadline: self.head.call.deadline,
            peer: self.head.call.peer.clone(),
            trail: self.head.call.trail.take(),
            rules: self.head.call.rules.take(),
        };
        let method = self.head.frames.method();
        let call = match head.with(method, Encodings::default(), requests) {
            Ok(call) => call,
            Err(status) => return status.into(),
        };
        Talk::new(self, line, call, uploads).run().await
    }

    /// What the client says, as far as the call needs it to begin.
    async fn requests(&mut self, line: &mut Line) -> Result<(Option<Uploads>, Requests), Stop> {
        let message = match self.head.url.take() {
            None if self.head.incoming.wants() == Wants::Many => {
                let (uploads, requests) = Uploads::new(self.record.shared_requests());
                return Ok((Some(uploads), requests));
            }
            None => self.first(line).await?,
            Some(message) => message,
        };
        self.record.request(&message);
        Ok((None, Requests::One(message)))
    }

    /// The message of a call that takes one.
    async fn first(&mut self, line: &mut Line) -> Result<Message, Stop> {
        let within = self.head.frames.options().timeouts.request_body;
        let heard = unary::in_time(within, self.head.call.deadline, async {
            Ok::<_, Unread>(std::future::poll_fn(|cx| poll_quiet(line, cx)).await)
        });
        let heard = heard.await.map_err(late)?;
        match self.said(heard)? {
            Said::Message(message) => Ok(message),
            Said::HalfClose => Err(Stop::Gone), // `Incoming` refuses it: the call takes one
        }
    }

    fn taken(&mut self, frame: &Frame) -> Result<Said, Stop> {
        let began = Instant::now();
        let said = self.head.incoming.take(frame, &mut self.head.frames)?;
        match (&said, frame) {
            (Said::Message(message), Frame::Text(text)) => {
                let (length, took) = (message.len(), began.elapsed());
                let record = &self.record;
                record.transcoded(Direction::Request, length, text.len(), took);
            }
            (Said::Message(_) | Said::HalfClose, _) => {}
        }
        Ok(said)
    }

    /// Takes what was heard.
    fn said(&mut self, heard: Heard) -> Result<Said, Stop> {
        match heard {
            Heard::Frame(frame) => self.taken(&frame),
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
