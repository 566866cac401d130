//! The messages of a client on their way into the call: room for one, between the task that reads
//! the socket and whoever sends them on. While there is no room, nothing is read.
//!
//! A call never takes the loss of its client for the half-close: that is said, or the call breaks.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::sync::mpsc;

use super::incoming::Said;
use crate::call::{Code, Message, Requests, Status};
use crate::observe::Tally;

/// Messages that wait for the backend.
const ROOM: usize = 1;

/// Where messages are put, and counted.
#[derive(Debug)]
pub(super) struct Uploads {
    said: mpsc::Sender<Said>,
    tally: Arc<Tally>,
}

impl Uploads {
    /// Both ends.
    pub(super) fn new(tally: Arc<Tally>) -> (Self, Requests) {
        let (sender, said) = mpsc::channel(ROOM);
        let uploads = Self {
            said: sender,
            tally,
        };
        let state = State::Open;
        (uploads, Requests::stream(Messages { said, state }))
    }

    /// How many were put.
    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// True if one more can be put, or nobody wants any.
    pub(super) fn has_room(&self) -> bool {
        self.said.capacity() > 0 || self.said.is_closed()
    }

    /// Ends when there may be room.
    pub(super) async fn room(&self) {
        let _ = self.said.reserve().await;
    }

    /// Puts what was said, when there is room. A backend that has answered may want no more.
    pub(super) fn put(&self, said: Said) {
        if let Said::Message(message) = &said {
            self.tally.count(message.len());
        }
        let _ = self.said.try_send(said);
    }
}

/// The call's side.
#[derive(Debug)]
struct Messages {
    said: mpsc::Receiver<Said>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
}

impl Stream for Messages {
    type Item = Result<Message, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.state == State::Over {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.said.poll_recv(cx)) {
            Some(Said::Message(message)) => Some(Ok(message)),
            Some(Said::HalfClose) => {
                self.state = State::Over;
                None
            }
            None => {
                self.state = State::Over;
                let status = Status::downstream(Code::Cancelled, "the client went away");
                Some(Err(status))
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn one_message_waits_and_no_more() {
        let (uploads, mut requests) = Uploads::new(Arc::default());
        let message = Message::from_payload(b"a");
        assert!(uploads.has_room());
        uploads.put(Said::Message(message.clone()));
        assert!(!uploads.has_room());
        assert_eq!(requests.next().await, Some(Ok(message)));
        uploads.room().await;
        assert!(uploads.has_room());
        drop(requests);
        uploads.room().await;
        assert!(uploads.has_room(), "nobody wants it");
    }

    #[tokio::test]
    async fn only_a_half_close_is_one() {
        let (uploads, mut requests) = Uploads::new(Arc::default());
        uploads.put(Said::HalfClose);
        drop(uploads);
        assert_eq!(requests.next().await, None);

        let (uploads, mut requests) = Uploads::new(Arc::default());
        drop(uploads);
        let broken = requests.next().await.unwrap().unwrap_err();
        assert_eq!(broken.code, Code::Cancelled);
        assert_eq!(requests.next().await, None);
    }
}
