//! The messages of a client on their way into the call: some room, between the task that reads the
//! socket and whoever sends them on. While there is none, nothing is read.
//!
//! There is room for many small messages, so that they travel together: backends count tiny frames
//! that they have not read, and take too many of them for an attack, by all who share the connection.
//!
//! A call never takes the loss of its client for the half-close: that is said, or the call breaks.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::sync::{Semaphore, mpsc};

use super::incoming::Said;
use crate::call::message::PREFIX;
use crate::call::{Code, Message, Requests, Status};
use crate::observe::Tally;
use crate::protocol::body::CHUNK_FULL;

/// Bytes in envelopes that wait for the backend; the last message that has begun to fit waits whole.
const ROOM: usize = CHUNK_FULL;

/// Where messages are put, and counted.
#[derive(Debug)]
pub(super) struct Uploads {
    said: mpsc::UnboundedSender<Lying>,
    /// A permit for each byte.
    room: Arc<Semaphore>,
    tally: Arc<Tally>,
}

/// What waits, and how much of the room it takes.
#[derive(Debug)]
struct Lying {
    said: Said,
    bytes: u32,
}

impl Uploads {
    /// Both ends.
    pub(super) fn new(tally: Arc<Tally>) -> (Self, Requests) {
        // What lies there is bounded by the room: nothing takes none of it.
        let (sender, said) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(ROOM));
        let taken = Taken {
            said,
            room: Arc::clone(&room),
            state: State::Open,
        };
        let uploads = Self {
            said: sender,
            room,
            tally,
        };
        (uploads, Requests::stream(taken))
    }

    /// How many were put.
    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// True if one more can be put, or nobody wants any.
    pub(super) fn has_room(&self) -> bool {
        self.room.available_permits() > 0 || self.said.is_closed()
    }

    /// Ends when there may be room.
    pub(super) async fn room(&self) {
        tokio::select! {
            _ = self.room.acquire() => {}
            () = self.said.closed() => {}
        }
    }

    /// Puts what was said, when there is room. A backend that has answered may want no more.
    pub(super) fn put(&self, said: Said) {
        let length = match &said {
            Said::Message(message) => {
                self.tally.count(message);
                PREFIX + message.len()
            }
            Said::HalfClose => PREFIX,
        };
        let bytes = length.min(self.room.available_permits());
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Ok(taken) = self.room.try_acquire_many(bytes) {
            taken.forget();
            let _ = self.said.send(Lying { said, bytes });
        }
    }
}

/// The call's side.
#[derive(Debug)]
struct Taken {
    said: mpsc::UnboundedReceiver<Lying>,
    room: Arc<Semaphore>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
}

impl Stream for Taken {
    type Item = Result<Message, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.state == State::Over {
            return Poll::Ready(None);
        }
        let lying = ready!(self.said.poll_recv(cx));
        if let Some(Lying { bytes, .. }) = lying {
            self.room.add_permits(usize::try_from(bytes).unwrap_or(0));
        }
        Poll::Ready(match lying.map(|lying| lying.said) {
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
    async fn one_large_message_waits_and_no_more() {
        let (uploads, mut requests) = Uploads::new(Arc::default());
        let message = Message::from_payload(&[0; 2 * ROOM]);
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
    async fn small_messages_wait_together() {
        let (uploads, mut requests) = Uploads::new(Arc::default());
        let message = Message::from_payload(b"");
        let mut count = 0;
        while uploads.has_room() {
            uploads.put(Said::Message(message.clone()));
            count += 1;
        }
        assert_eq!(count, ROOM.div_ceil(PREFIX));
        for _ in 0..count {
            assert_eq!(requests.next().await, Some(Ok(message.clone())));
        }
        assert_eq!(uploads.room.available_permits(), ROOM);
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
