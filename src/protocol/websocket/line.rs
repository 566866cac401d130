//! The socket of a conversation, and its timers: what comes in, what goes out, and how it is lost.
//!
//! * What is sent leaves in writes of about [`CHUNK_FULL`] bytes, or when nothing more is ready. A
//!   client that takes nothing of it is given up after the listener's write stall, or soon after the
//!   call's deadline.
//! * A ping is answered before anything more is read, so whoever sends many and reads nothing
//!   fills no buffer.
//! * What lies in memory is one message each way, of the size that the limits allow, and a chunk.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::ws::{self, CloseFrame, WebSocket, close_code};
use bytes::Bytes;
use futures_util::{Sink as _, Stream as _, StreamExt as _};
use tungstenite::error::{CapacityError, ProtocolError};

use super::heartbeat::{Beat, Ear, Heartbeat};
use super::incoming::{Fault, Frame};
use crate::call::{Code, Deadline, Status, Taken, Tenure};
use crate::protocol::body::{CHUNK_FULL, Span};

/// Bytes that are read at once. Every connection has them, so they are few.
const READ: usize = 8 << 10;

/// How long the last of an answer may lie after the deadline of its call.
const GRACE: Duration = Duration::from_secs(1);

/// How long a client has to answer a close frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// How long the last words may travel to a client that is not listened to any more: closing a
/// socket with unread bytes in it takes away what the client has not read yet.
const LINGER: Duration = Duration::from_secs(1);

/// Sizes for a socket on which no message is larger than this.
pub(super) fn sized<F>(
    upgrade: ws::WebSocketUpgrade<F>,
    message_max: usize,
) -> ws::WebSocketUpgrade<F> {
    upgrade
        .read_buffer_size(READ)
        .write_buffer_size(CHUNK_FULL)
        .max_frame_size(message_max)
        .max_message_size(message_max)
}

/// What comes from the client, or becomes of it.
#[derive(Debug)]
pub(super) enum Heard {
    /// Data.
    Frame(Frame),
    /// What nobody may send. Nothing more can be read.
    Broken(Fault),
    /// It said good-bye.
    Left,
    /// It is not there any more, or does not read.
    Gone,
    /// The gateway stops.
    Leave,
}

/// The client is not there any more, or does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// One end of a WebSocket.
pub(super) struct Line {
    socket: WebSocket,
    outbox: Outbox,
    stall: Span,
    write_stall: Duration,
    taken: Taken,
    /// What was taken when the client was last seen to read.
    seen: u64,
    deadline: Deadline,
    heartbeat: Heartbeat,
    /// Until the gateway stops.
    tenure: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    reading: Reading,
}

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outbox {
    /// Has left.
    Clear,
    /// Lies here, and could leave.
    Filled,
    /// Waits for the client to read.
    Stuck,
}

/// Whether the socket is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Open,
    /// When a pong has left.
    AfterPong,
    /// Never again: nobody knows where the next frame begins.
    Over,
}

impl Line {
    pub(super) fn new(socket: WebSocket, tenure: &Tenure, deadline: Deadline) -> Self {
        Self {
            socket,
            outbox: Outbox::Clear,
            stall: Span::new(tenure.write_stall),
            write_stall: tenure.write_stall,
            taken: tenure.taken.clone(),
            seen: 0,
            deadline,
            heartbeat: Heartbeat::new(),
            tenure: Some(Box::pin(tenure.over())),
            reading: Reading::Open,
        }
    }

    /// The next that comes from the client.
    pub(super) fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        loop {
            match self.reading {
                Reading::Open => {}
                Reading::Over => return Poll::Pending,
                Reading::AfterPong => {
                    if ready!(self.poll_flush(cx)).is_err() {
                        return Poll::Ready(Heard::Gone);
                    }
                    self.reading = Reading::Open;
                }
            }
            // Frames that mean nothing are always ready, if enough of them are sent.
            let budget = ready!(tokio::task::coop::poll_proceed(cx));
            let message = ready!(Pin::new(&mut self.socket).poll_next(cx));
            budget.made_progress();
            self.heartbeat.heard();
            return Poll::Ready(match message {
                Some(Ok(ws::Message::Text(text))) => Heard::Frame(Frame::Text(text)),
                Some(Ok(ws::Message::Binary(wire))) => Heard::Frame(Frame::Binary(wire)),
                Some(Ok(ws::Message::Ping(_))) => {
                    self.reading = Reading::AfterPong;
                    continue;
                }
                Some(Ok(ws::Message::Pong(_))) => continue,
                Some(Ok(ws::Message::Close(_))) => Heard::Left,
                None => Heard::Gone,
                Some(Err(error)) => {
                    self.reading = Reading::Over;
                    fault(error).map_or(Heard::Gone, Heard::Broken)
                }
            });
        }
    }

    /// To be polled when there is nothing else to do: sends what lies here, and looks after the
    /// client.
    pub(super) fn poll_rest(&mut self, ear: Ear, cx: &mut Context<'_>) -> Poll<Heard> {
        loop {
            if self.outbox != Outbox::Clear {
                match self.poll_flush(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(Gone)) => return Poll::Ready(Heard::Gone),
                    Poll::Pending => break,
                }
            }
            match self.heartbeat.poll_due(ear, cx) {
                Poll::Ready(Beat::Ping) => {
                    if self.send(ws::Message::Ping(Bytes::new())).is_err() {
                        return Poll::Ready(Heard::Gone);
                    }
                }
                Poll::Ready(Beat::Gone) => return Poll::Ready(Heard::Gone),
                Poll::Pending => break,
            }
        }
        if let Some(tenure) = &mut self.tenure {
            ready!(tenure.as_mut().poll(cx));
            self.tenure = None;
            return Poll::Ready(Heard::Leave);
        }
        Poll::Pending
    }

    /// Ready when something can be sent.
    pub(super) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        match self.outbox {
            Outbox::Stuck => self.poll_flush(cx),
            Outbox::Clear | Outbox::Filled => match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Ready(ready) => Poll::Ready(ready.map_err(|_| Gone)),
                Poll::Pending => self.poll_stalled(cx).map(Err),
            },
        }
    }

    /// Sends a frame, once something [can be sent](Self::poll_writable). It leaves when there is
    /// nothing else to do, or with a full chunk.
    pub(super) fn send(&mut self, message: ws::Message) -> Result<(), Gone> {
        if self.outbox == Outbox::Clear {
            self.outbox = Outbox::Filled;
        }
        Pin::new(&mut self.socket)
            .start_send(message)
            .map_err(|_| Gone)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        match Pin::new(&mut self.socket).poll_flush(cx) {
            Poll::Ready(flushed) => {
                self.outbox = Outbox::Clear;
                Poll::Ready(flushed.map_err(|_| Gone))
            }
            Poll::Pending => self.poll_stalled(cx).map(Err),
        }
    }

    /// Ready when nothing of what lies here was taken for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<Gone> {
        let taken = self.taken.bytes();
        if self.outbox != Outbox::Stuck || self.seen != taken {
            self.outbox = Outbox::Stuck;
            self.seen = taken;
            let left = self.deadline.remaining();
            let left = left.map(|left| left.saturating_add(GRACE));
            let stall = left.map_or(self.write_stall, |left| left.min(self.write_stall));
            self.stall.restart_as(stall);
        }
        self.stall.poll_over(cx).map(|()| Gone)
    }

    /// Sends the last two frames.
    pub(super) async fn close(
        &mut self,
        last: ws::Utf8Bytes,
        close: CloseFrame,
    ) -> Result<(), Gone> {
        for message in [ws::Message::Text(last), ws::Message::Close(Some(close))] {
            std::future::poll_fn(|cx| self.poll_writable(cx)).await?;
            self.send(message)?;
        }
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Lets a good-bye arrive: the client's own, or ours until the client has answered it.
    pub(super) async fn linger(mut self) {
        let leaving = async {
            if self.reading == Reading::Over {
                return tokio::time::sleep(LINGER).await;
            }
            let _ = std::future::poll_fn(|cx| self.poll_flush(cx)).await;
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        let _ = tokio::time::timeout(CLOSE_WITHIN, leaving).await;
    }
}

/// What the client did wrong; `None` if the connection is lost.
fn fault(error: axum::Error) -> Option<Fault> {
    let error = error.into_inner();
    let (status, close) = match error.downcast_ref::<tungstenite::Error>()? {
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            let message =
                format!("found a message of {size} bytes or more, expected at most {max_size}");
            (
                Status::downstream(Code::ResourceExhausted, message),
                close_code::SIZE,
            )
        }
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return None,
        tungstenite::Error::Protocol(wrong) => {
            let message = format!("the WebSocket protocol was violated: {wrong}");
            (
                Status::downstream(Code::InvalidArgument, message),
                close_code::PROTOCOL,
            )
        }
        tungstenite::Error::Utf8(_) => {
            let message = "found a text frame that is not UTF-8";
            (
                Status::downstream(Code::InvalidArgument, message),
                close_code::INVALID,
            )
        }
        _ => return None,
    };
    Some(Fault { status, close })
}
