//! A request's body as messages: out of base64, out of their envelopes, into the wire form.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use futures_util::Stream;
use http_body::Body as _;
use tokio::time::Instant;

use super::{Form, Wire};
use crate::call::compression;
use crate::call::{
    Buffers, Code, Coding, Deadline, FrameDecoder, FrameError, Message, Share, Status,
};
use crate::observe::Tally;
use crate::protocol::codec::Coder;
use crate::protocol::linger::linger;
use crate::protocol::text::{TextDecoder, TextError};
use crate::protocol::unary::{self, Unread};

/// A request's body as messages.
#[derive(Debug)]
pub(super) struct Messages {
    body: Body,
    /// Of a body in base64.
    text: Option<TextDecoder>,
    decoder: FrameDecoder,
    form: Form,
    coder: Coder,
    coding: Option<Coding>,
    /// Payload bytes of a message at most, decompressed.
    max: usize,
    tally: Option<Arc<Tally>>,
    /// What the message that is not whole yet holds.
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
    pub(super) fn new(
        body: Body,
        form: Form,
        coder: Coder,
        coding: Option<Coding>,
        max: usize,
        buffers: &Arc<Buffers>,
    ) -> Self {
        Self {
            body,
            text: match form.wire {
                Wire::Binary => None,
                Wire::Text => Some(TextDecoder::default()),
            },
            decoder: FrameDecoder::new(max),
            form,
            coder,
            coding,
            max,
            tally: None,
            share: Share::of(buffers),
            state: State::Reading,
        }
    }

    /// Counts the messages there as well.
    pub(super) fn count_in(&mut self, tally: Arc<Tally>) {
        self.tally = Some(tally);
    }

    /// The one message of a body that must have exactly one.
    ///
    /// # Errors
    /// There are fewer or more, or they are broken, or do not come in time.
    pub(super) async fn only(
        mut self,
        deadline: Deadline,
        within: Duration,
    ) -> Result<Message, Status> {
        let read = async {
            let mut next = async || {
                std::future::poll_fn(|cx| self.poll_message(cx))
                    .await
                    .transpose()
            };
            let message = match next().await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(Err(unary::not_one_request("none"))),
                Err(status) => return Ok(Err(status)),
            };
            Ok::<_, Unread>(match next().await {
                Ok(None) => Ok(message),
                Ok(Some(_)) => Err(unary::not_one_request("more than one")),
                Err(status) => Err(status),
            })
        };
        let only = unary::in_time(within, deadline, read)
            .await
            .unwrap_or_else(|unread| Err(unread.status()));
        if only.is_err() {
            linger(self.body);
        }
        only
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Status>>> {
        while self.state == State::Reading {
            let next = self.decoder.next();
            if let Err(crowded) = self.share.hold(self.decoder.held()) {
                return self.fail(crowded.status());
            }
            match next {
                Ok(Some(message)) => return Poll::Ready(Some(self.taken(message, cx))),
                Ok(None) => {}
                Err(error) => return self.fail(broken(error)),
            }
            if let Some(fault) = self.text.as_ref().and_then(TextDecoder::fault) {
                return self.fail(no_text(fault));
            }
            if let Poll::Ready(crowded) = self.share.poll_shed(cx) {
                return self.fail(crowded.status());
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                // Trailers of a request mean nothing in gRPC.
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    let data = match &mut self.text {
                        None => data,
                        Some(text) => text.decode(&data),
                    };
                    self.decoder.push(data);
                }
                Some(Err(_)) => return self.fail(Unread::Broken.status()),
                None => {
                    self.state = State::Over;
                    if let Err(status) = self.finish() {
                        return Poll::Ready(Some(Err(status)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    fn finish(&self) -> Result<(), Status> {
        if let Some(text) = &self.text {
            text.finish().map_err(no_text)?;
        }
        self.decoder.finish().map_err(broken)
    }

    fn taken(&mut self, message: Message, cx: &mut Context<'_>) -> Result<Message, Status> {
        let is_compressed = message.is_compressed();
        let (began, text) = (Instant::now(), message.len());
        let taken = if is_compressed && self.coding.is_none() {
            let field = self.form.family.encoding();
            Err(Status::downstream(
                Code::Internal,
                format!("a message is marked as compressed, but {field} names no compression"),
            ))
        } else {
            self.coder.request(message, self.coding, self.max)
        };
        match taken {
            Ok((message, decompressed)) => {
                if is_compressed {
                    compression::spend(decompressed, cx);
                }
                if let Some(tally) = &self.tally {
                    tally.count(&message);
                    if self.coder.transcodes() {
                        tally.transcoded(message.len(), text, began.elapsed());
                    }
                }
                Ok(message)
            }
            Err(status) => {
                self.state = State::Over;
                Err(status)
            }
        }
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

fn no_text(error: TextError) -> Status {
    Status::downstream(Code::Internal, error.to_string())
}
