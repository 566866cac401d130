//! A reply as a response body: pulled, coalesced, and ended with its record.
//!
//! ```text
//! Replies ──poll──► Encoder (a dialect's own bytes) ──► Chunk ──► DATA frames, then a Tail
//! ```
//!
//! * Pulled: a client that does not read stops the backend through flow control; nothing queues.
//! * Coalesced: messages that are ready together leave in one chunk of about [`CHUNK_FULL`] bytes;
//!   as soon as none is ready, what there is leaves, so no message waits for the next one.
//! * Dropping the body cancels the call at the backend, and its record says CANCELLED.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::unary;
use crate::call::compression;
use crate::call::{Answer, Deadline, End, Message, Replies, Status};
use crate::observe::{CallRecord, Direction};

mod silence;

pub(super) use silence::Span;
pub use silence::{Idle, Pulse};

/// A chunk that is sent without waiting for more: the largest HTTP/2 frame that every peer takes.
pub const CHUNK_FULL: usize = 16 << 10;

/// What a dialect writes of a reply.
pub trait Encoder: Send + Unpin + 'static {
    /// Writes a message.
    ///
    /// # Errors
    /// The message cannot be shown. The call is cancelled, and the status is its end.
    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status>;

    /// Whether messages become text on the way.
    fn transcodes(&self) -> bool {
        false
    }

    /// Writes the end. Called once, last.
    fn end(&mut self, end: End, chunk: &mut Chunk) -> Tail;
}

/// How a body ends after its last byte.
#[derive(Debug)]
pub enum Tail {
    /// Normally.
    Complete,
    /// With HTTP trailers.
    Trailers(HeaderMap),
    /// Broken off, so that no client takes what it has for the whole.
    Abort,
}

/// Bytes that leave together.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Leaves first.
    buffer: Vec<u8>,
    /// Leaves after the buffer, without having been copied.
    passed: Option<Bytes>,
    /// Bytes that were decompressed for it, and not yet counted as work.
    decompressed: Option<usize>,
}

impl Chunk {
    /// Adds bytes, without a copy if they are alone or large.
    pub fn pass(&mut self, bytes: Bytes) {
        if self.is_empty() || bytes.len() >= CHUNK_FULL {
            self.buffer(); // what is there leaves before
            self.passed = Some(bytes);
        } else {
            self.buffer().extend_from_slice(&bytes);
        }
    }

    /// Tells how many bytes were decompressed to write a message.
    pub fn decompressed(&mut self, bytes: usize) {
        self.decompressed = Some(bytes);
    }

    /// The place to append to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        if let Some(passed) = self.passed.take() {
            /// Room behind a message for the small one, or the trailers, that made it be copied.
            const ROOM: usize = 256;
            self.buffer.reserve(passed.len() + ROOM);
            self.buffer.extend_from_slice(&passed);
        }
        &mut self.buffer
    }

    /// Bytes in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len() + self.passed.as_ref().map_or(0, Bytes::len)
    }

    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What leaves next. Twice at most: the buffer, then what was passed.
    fn take(&mut self) -> Option<Bytes> {
        if self.buffer.is_empty() {
            self.passed.take().filter(|passed| !passed.is_empty())
        } else {
            Some(std::mem::take(&mut self.buffer).into())
        }
    }
}

/// The body of a response that carries a reply.
#[derive(Debug)]
pub struct ReplyBody<E> {
    stage: Stage,
    encoder: E,
    chunk: Chunk,
    message_max: usize,
    idle: Option<Idle>,
    pulse: Option<Pulse>,
    /// Taken when the last frame has been handed out.
    record: Option<(CallRecord, Status)>,
    open_record: Option<CallRecord>,
}

#[derive(Debug)]
enum Stage {
    /// The step that was looked at before the head was written, then those still to come.
    Open(Option<Answer>, Replies),
    Ended(Tail),
    Done,
}

/// Tells whoever sends a response when the call behind its body has to have ended: a body cannot
/// see a clock while its client does not read.
pub fn end_at<B>(deadline: Deadline, response: &mut http::Response<B>) {
    if deadline != Deadline::Never {
        response.extensions_mut().insert(deadline);
    }
}

/// The body was broken off on purpose; what is missing has been told in the body or the log.
#[derive(Debug, thiserror::Error)]
#[error("the reply broke off")]
pub struct Aborted;

impl<E: Encoder> ReplyBody<E> {
    /// A body that writes `replies` with `encoder`. Messages above `message_max` payload bytes
    /// end the call; `idle`, if there is one, watches over its silence.
    #[must_use]
    pub fn new(
        replies: Replies,
        encoder: E,
        message_max: usize,
        idle: Option<Idle>,
        record: CallRecord,
    ) -> Self {
        Self {
            stage: Stage::Open(None, replies),
            encoder,
            chunk: Chunk::default(),
            message_max,
            idle,
            pulse: None,
            record: None,
            open_record: Some(record),
        }
    }

    /// Puts a step that has already been taken from the replies before the others.
    #[must_use]
    pub fn starting_with(mut self, answer: Option<Answer>) -> Self {
        if let Stage::Open(first, _) = &mut self.stage {
            *first = answer;
        }
        self
    }

    /// Lets the body beat while it is silent.
    #[must_use]
    pub fn with_pulse(mut self, pulse: Option<Pulse>) -> Self {
        self.pulse = pulse;
        self
    }

    /// Puts bytes before everything else; they do not wait for the first message.
    #[must_use]
    pub fn preceded_by(mut self, bytes: &[u8]) -> Self {
        self.chunk.buffer().extend_from_slice(bytes);
        self
    }

    fn message(&mut self, message: Message) {
        if let Some(record) = &self.open_record {
            record.reply(&message);
        }
        if let Some(idle) = &mut self.idle {
            idle.touch();
        }
        if let Some(pulse) = &mut self.pulse {
            pulse.touch();
        }
        let written = if message.len() > self.message_max {
            Err(unary::too_large(message.len(), self.message_max))
        } else {
            self.written(message)
        };
        if let Err(status) = written {
            self.end(status.into());
        }
    }

    fn written(&mut self, message: Message) -> Result<(), Status> {
        if !self.encoder.transcodes() {
            return self.encoder.message(message, &mut self.chunk);
        }
        let (began, before) = (Instant::now(), self.chunk.len());
        let length = message.len();
        self.encoder.message(message, &mut self.chunk)?;
        if let Some(record) = &self.open_record {
            let text = self.chunk.len().saturating_sub(before);
            record.transcoded(Direction::Response, length, text, began.elapsed());
        }
        Ok(())
    }

    /// Ends the body. Replies that have not ended are dropped here, which cancels the call.
    fn end(&mut self, end: End) {
        self.record = self
            .open_record
            .take()
            .map(|record| (record, end.status.clone()));
        self.stage = Stage::Ended(self.encoder.end(end, &mut self.chunk));
    }

    fn done(&mut self) {
        self.stage = Stage::Done;
        if let Some((record, status)) = self.record.take() {
            record.finish(&status);
        }
    }
}

impl<E: Encoder> http_body::Body for ReplyBody<E> {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let this = &mut *self;
        loop {
            match &mut this.stage {
                Stage::Open(..) if this.chunk.len() >= CHUNK_FULL => {
                    return Poll::Ready(this.chunk.take().map(|data| Ok(Frame::data(data))));
                }
                Stage::Open(first, replies) => {
                    let polled = match first.take() {
                        Some(answer) => Poll::Ready(Some(answer)),
                        None => replies.poll_answer(cx),
                    };
                    match polled {
                        Poll::Ready(Some(Answer::Message(message))) => {
                            this.message(message);
                            if let Some(bytes) = this.chunk.decompressed.take() {
                                compression::spend(bytes, cx);
                            }
                        }
                        Poll::Ready(Some(Answer::End(end))) => this.end(end),
                        Poll::Ready(None) => this.end(unary::no_end().into()),
                        Poll::Pending => {
                            if let Some(data) = this.chunk.take() {
                                return Poll::Ready(Some(Ok(Frame::data(data))));
                            }
                            if let Some(record) = &mut this.open_record {
                                record.poll_long(cx);
                            }
                            if let Some(idle) = &mut this.idle
                                && let Poll::Ready(status) = idle.poll_silence(cx)
                            {
                                this.end(status.into());
                                continue;
                            }
                            let Some(pulse) = &mut this.pulse else {
                                return Poll::Pending;
                            };
                            let beat = ready!(pulse.poll_beat(cx));
                            this.chunk.buffer().extend_from_slice(beat);
                        }
                    }
                }
                Stage::Ended(tail) => {
                    let data = this.chunk.take();
                    // Only a body that ends by itself may end with its data: HTTP/2 then needs no
                    // empty frame to say so.
                    if data.is_none() || (this.chunk.is_empty() && matches!(tail, Tail::Complete)) {
                        let tail = std::mem::replace(tail, Tail::Complete);
                        this.done();
                        return Poll::Ready(match (data, tail) {
                            (Some(data), _) => Some(Ok(Frame::data(data))),
                            (None, Tail::Complete) => None,
                            (None, Tail::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
                            (None, Tail::Abort) => Some(Err(Aborted)),
                        });
                    }
                    return Poll::Ready(data.map(|data| Ok(Frame::data(data))));
                }
                Stage::Done => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests;
