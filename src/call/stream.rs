//! The two message streams of a call. Both are pulled: whoever does not poll, stops the sender
//! through HTTP/2 flow control, and nothing queues without a bound.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::{Message, Metadata, Status};

/// Request messages, in order. The stream's end is the half-close; an `Err` is a client that broke
/// its side, and cancels the call at the backend.
pub enum Requests {
    /// Exactly one message, as in every unary call that was transcoded.
    One(Message),
    /// Nothing more.
    Done,
    /// As they come.
    Stream(Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>),
}

impl Requests {
    /// Boxes a stream.
    pub fn stream(messages: impl Stream<Item = Result<Message, Status>> + Send + 'static) -> Self {
        Self::Stream(Box::pin(messages))
    }
}

impl Stream for Requests {
    type Item = Result<Message, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut *self {
            Self::Stream(stream) => stream.as_mut().poll_next(cx),
            Self::Done => Poll::Ready(None),
            Self::One(_) => match std::mem::replace(&mut *self, Self::Done) {
                Self::One(message) => Poll::Ready(Some(Ok(message))),
                Self::Done | Self::Stream(_) => Poll::Ready(None),
            },
        }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One(_) => "Requests::One",
            Self::Done => "Requests::Done",
            Self::Stream(_) => "Requests::Stream",
        })
    }
}

/// One step of a reply.
#[derive(Debug)]
pub enum Answer {
    /// The next message.
    Message(Message),
    /// The end. Always last, always there: a connection that breaks ends with a status as well.
    End(End),
}

/// How a reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The status, from trailers or made by the gateway.
    pub status: Status,
    /// The other trailers (or, in a trailers-only answer, the headers).
    pub trailers: Metadata,
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        Self {
            status,
            trailers: Metadata::new(),
        }
    }
}

/// Reply messages and the [`End`]. Dropping it before the end cancels the call at the backend.
pub struct Replies(Pin<Box<dyn Stream<Item = Answer> + Send>>);

impl Replies {
    /// Boxes a stream whose last item, and only that, is an [`Answer::End`].
    pub fn new(answers: impl Stream<Item = Answer> + Send + 'static) -> Self {
        Self(Box::pin(answers))
    }

    /// A stream that is boxed already.
    #[must_use]
    pub fn boxed(answers: Pin<Box<dyn Stream<Item = Answer> + Send>>) -> Self {
        Self(answers)
    }

    /// A reply that is nothing but its end.
    #[must_use]
    pub fn end(end: End) -> Self {
        Self::new(futures_util::stream::iter([Answer::End(end)]))
    }

    /// Polls for the next step. After the end: pending for ever is never returned; polling again
    /// gives `None`.
    pub fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        self.0.as_mut().poll_next(cx)
    }

    /// The next step; `None` after the end.
    pub async fn next(&mut self) -> Option<Answer> {
        std::future::poll_fn(|cx| self.poll_answer(cx)).await
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Replies")
    }
}
