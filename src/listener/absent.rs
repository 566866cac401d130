//! Clients that leave while their upload is held up.
//!
//! hyper does not read an HTTP/1.1 socket while what it has read of a body is not taken, so it does
//! not see that the client has closed it either: a backend that takes nothing would keep the call of
//! a client that is gone. So a socket from which nothing is read is looked at now and then, and one
//! that its client has closed ends with an error, which ends the call. What of the body lies unread
//! in it goes unused: who closes his side before the answer gets none from hyper in any case.
//!
//! ```text
//! socket: reads, or waits for more ──► Intake ──► Lookout (in the connection's task): after LOOK
//! socket: flush, asked to look ◄────────────────────┘     without a read
//! ```
//!
//! A client that vanishes without a word, or whose last bytes find no room, is not seen here: over
//! HTTP/2 it answers no PING, and a silent stream ends by its idle time-out.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// How long nothing is read before somebody looks.
const LOOK: Duration = Duration::from_secs(1);

/// Set while the socket has been read empty, and is waited for.
const WAITING: u64 = 1;

/// What a socket and its connection's task both see: whether it is read.
///
/// Both run in one task, so relaxed atomics are exact.
#[derive(Clone, Debug)]
pub(super) struct Intake(Arc<State>);

#[derive(Debug)]
struct State {
    /// Counts reads; its lowest bit is [`WAITING`].
    reads: AtomicU64,
    /// Somebody shall look.
    look: AtomicBool,
}

impl Default for Intake {
    fn default() -> Self {
        Self(Arc::new(State {
            reads: AtomicU64::new(WAITING),
            look: AtomicBool::new(false),
        }))
    }
}

impl Intake {
    /// Something was read, and there may be more.
    pub(super) fn read(&self) {
        let reads = self.0.reads.load(Ordering::Relaxed);
        let next = (reads | WAITING).wrapping_add(1);
        self.0.reads.store(next, Ordering::Relaxed);
    }

    /// There is nothing to read yet.
    pub(super) fn waits(&self) {
        let reads = self.0.reads.load(Ordering::Relaxed);
        self.0.reads.store(reads | WAITING, Ordering::Relaxed);
    }

    /// After which read nobody asked for more.
    fn held_up(&self) -> Option<u64> {
        let reads = self.0.reads.load(Ordering::Relaxed);
        (reads & WAITING == 0).then_some(reads)
    }

    /// Whether the client has closed this socket, if it is time to look.
    pub(super) fn has_left(&self, stream: &TcpStream, cx: &mut Context<'_>) -> bool {
        if !self.0.look.swap(false, Ordering::Relaxed) || self.held_up().is_none() {
            return false;
        }
        let ready = pin!(stream.ready(Interest::READABLE)).poll(cx);
        matches!(ready, Poll::Ready(Ok(ready)) if ready.is_read_closed())
    }
}

/// Says when to look.
#[derive(Debug)]
pub(super) struct Lookout {
    intake: Intake,
    /// The read after which nobody asked for more at the last poll, and since when.
    seen: Option<u64>,
    since: Instant,
    /// Made by the first upload that is held up.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Lookout {
    pub(super) fn new(intake: Intake) -> Self {
        Self {
            intake,
            seen: None,
            since: Instant::now(),
            sleep: None,
        }
    }

    /// Ready when the connection has to be polled, to look. To be polled after every poll of it.
    pub(super) fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let held_up = self.intake.held_up();
        if held_up.is_none() {
            self.seen = None;
            return Poll::Pending;
        }
        if self.seen != held_up {
            self.seen = held_up;
            self.since = Instant::now();
        }
        let due = self.since + LOOK;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if due <= Instant::now() {
                break;
            }
            sleep.as_mut().reset(due);
        }
        self.since = Instant::now();
        self.intake.0.look.store(true, Ordering::Relaxed);
        Poll::Ready(())
    }
}
