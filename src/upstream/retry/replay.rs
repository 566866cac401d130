//! The messages of a call, kept so that another attempt can send them again.
//!
//! ```text
//! client ─► live ─► kept ─┬─► attempt 0 (over, when the next begins)
//!                         └─► attempt 1: the kept ones first, then live
//! ```
//!
//! A message is kept before it is handed on, so one is never lost to an attempt that ends meanwhile.
//! Whoever is at the end of what is kept asks the client; what comes is there for all.
//!
//! Bounded: [`KEPT_PER_CALL`] for a call, [`KEPT_MAX`](account::KEPT_MAX) for all calls together ([`Account`]). A call
//! that sends more is *committed*: nothing is kept any more, the attempt that asked goes on, and there
//! is no other. A call with one message that is there already costs nothing, whatever its size: it
//! has a reference to it anyway.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;

use crate::call::message::PREFIX;
use crate::call::{Code, Message, Requests, Status};

mod account;

pub(in crate::upstream) use account::Account;
use account::Held;

/// Bytes that are kept of one call.
pub(in crate::upstream) const KEPT_PER_CALL: usize = 64 << 10;

/// What keeping a message costs besides its bytes: its place, and an allocation.
const OVERHEAD: usize = 64;

/// Messages that are shorter are copied when they are kept, all but the first. A slice of five bytes
/// can hold on to a whole read buffer; so a call could hold far more than it is charged for.
const COPIED: usize = 4 << 10;

type Live = Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>;

/// The messages of one call.
#[derive(Debug)]
pub(in crate::upstream) struct Replay(Source);

enum Source {
    One(Message),
    Done,
    Stream(Arc<Shared>),
}

struct Shared(Mutex<State>);

struct State {
    /// `None`: the client has ended its side.
    live: Option<Live>,
    keeping: Keeping,
    kept: VecDeque<Message>,
    /// Which message of the call is the first that is kept.
    first: usize,
    held: Held,
    readers: Vec<Reader>,
    /// The number of the next attempt.
    attempts: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// Everything, from the first message on.
    All,
    /// What the attempt that goes on has not read yet.
    Unread,
}

/// An attempt that reads.
struct Reader {
    attempt: usize,
    /// Which message of the call it reads next.
    at: usize,
    /// Set while it waits.
    waker: Option<Waker>,
}

/// The messages as one attempt sees them.
struct Reading {
    shared: Arc<Shared>,
    attempt: usize,
    over: bool,
}

impl Replay {
    /// Nothing has been read yet.
    pub(in crate::upstream) fn new(requests: Requests, account: &Arc<Account>) -> Self {
        Self(match requests {
            Requests::One(message) => Source::One(message),
            Requests::Done => Source::Done,
            Requests::Stream(live) => Source::Stream(Arc::new(Shared(Mutex::new(State {
                live: Some(live),
                keeping: Keeping::All,
                kept: VecDeque::new(),
                first: 0,
                held: Held::new(account),
                readers: Vec::new(),
                attempts: 0,
            })))),
        })
    }

    /// All messages, for an attempt after which the former ones are over; `None` once the call is
    /// committed.
    pub(in crate::upstream) fn attempt(&self) -> Option<Requests> {
        self.read(State::supersede)
    }

    /// All messages, for an attempt beside those that read already; `None` once the call is committed.
    /// Where one of them asks the client for more than can be kept, the others end.
    #[cfg(test)]
    pub(in crate::upstream) fn beside(&self) -> Option<Requests> {
        self.read(|_| Vec::new())
    }

    /// There will be no other attempt: what has been read is let go, and nothing is kept any more. To
    /// be called when an answer has begun; attempts that it is not of are to be dropped.
    pub(in crate::upstream) fn commit(&self) {
        if let Source::Stream(shared) = &self.0 {
            shared.lock().release();
        }
    }

    /// True if there can be no other attempt.
    pub(in crate::upstream) fn is_committed(&self) -> bool {
        match &self.0 {
            Source::One(_) | Source::Done => false,
            Source::Stream(shared) => shared.lock().keeping != Keeping::All,
        }
    }

    fn read(&self, others: impl FnOnce(&mut State) -> Vec<Waker>) -> Option<Requests> {
        let shared = match &self.0 {
            Source::One(message) => return Some(Requests::One(message.clone())),
            Source::Done => return Some(Requests::Done),
            Source::Stream(shared) => shared,
        };
        let mut state = shared.lock();
        if state.keeping != Keeping::All {
            return None;
        }
        let woken = others(&mut state);
        let attempt = state.attempts;
        state.attempts += 1;
        state.readers.push(Reader {
            attempt,
            at: 0,
            waker: None,
        });
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        Some(Requests::stream(Reading {
            shared: Arc::clone(shared),
            attempt,
            over: false,
        }))
    }
}

/// Whoever could make another attempt is gone.
impl Drop for Replay {
    fn drop(&mut self) {
        self.commit();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the messages: they are nobody's business in a log.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One(_) => "One",
            Self::Done => "Done",
            Self::Stream(_) => "Stream",
        })
    }
}

impl State {
    /// All attempts are over; who of them has to learn it.
    fn supersede(&mut self) -> Vec<Waker> {
        let over = self.readers.drain(..);
        over.filter_map(|reader| reader.waker).collect()
    }

    /// All attempts but one are over; who of them has to learn it.
    fn keep_only(&mut self, attempt: usize) -> Vec<Waker> {
        let mut woken = Vec::new();
        self.readers.retain_mut(|reader| {
            if reader.attempt == attempt {
                return true;
            }
            woken.extend(reader.waker.take());
            false
        });
        woken
    }

    /// Who waits for the client besides this attempt. The client wakes only the one that asked last.
    fn waiting(&mut self, attempt: usize) -> Vec<Waker> {
        self.readers
            .iter_mut()
            .filter(|reader| reader.attempt != attempt)
            .filter_map(|reader| reader.waker.take())
            .collect()
    }

    fn release(&mut self) {
        self.keeping = Keeping::Unread;
        self.trim();
    }

    /// Lets go of what all have read.
    fn trim(&mut self) {
        let next = self.readers.iter().map(|reader| reader.at).min();
        let next = next.unwrap_or(usize::MAX);
        while self.first < next
            && let Some(message) = self.kept.pop_front()
        {
            self.held.give_back(cost(&message));
            self.first += 1;
        }
    }

    /// Keeps a message, if there is room for it.
    fn keep(&mut self, message: &Message) -> bool {
        let cost = cost(message);
        if self.held.bytes() + cost > KEPT_PER_CALL || !self.held.take(cost) {
            return false;
        }
        let is_short = message.len() < COPIED && !self.kept.is_empty();
        let copied = is_short.then(|| copy(message)).flatten();
        self.kept
            .push_back(copied.unwrap_or_else(|| message.clone()));
        true
    }

    /// The next message of an attempt, and who has to be woken.
    fn poll(
        &mut self,
        attempt: usize,
        cx: &mut Context<'_>,
    ) -> (Poll<Option<Result<Message, Status>>>, Vec<Waker>) {
        let place = |reader: &Reader| reader.attempt == attempt;
        let Some(place) = self.readers.iter().position(place) else {
            return (Poll::Ready(Some(Err(superseded()))), Vec::new());
        };
        let reader = &mut self.readers[place];
        if let Some(message) = self.kept.get(reader.at.saturating_sub(self.first)) {
            let message = message.clone();
            reader.at += 1;
            reader.waker = None;
            if self.keeping == Keeping::Unread {
                self.trim();
            }
            return (Poll::Ready(Some(Ok(message))), Vec::new());
        }
        let Some(live) = &mut self.live else {
            return (Poll::Ready(None), Vec::new());
        };
        let next = match live.as_mut().poll_next(cx) {
            Poll::Ready(next) => next,
            Poll::Pending => {
                match &mut reader.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => reader.waker = Some(cx.waker().clone()),
                }
                return (Poll::Pending, Vec::new());
            }
        };
        reader.waker = None;
        let woken = match &next {
            None => {
                self.live = None;
                self.waiting(attempt)
            }
            // Nobody but this attempt hears of it, so nobody else can go on.
            Some(Err(_)) => {
                self.live = None;
                self.alone(attempt)
            }
            Some(Ok(message)) => {
                self.readers[place].at += 1;
                if self.keeping == Keeping::All && self.keep(message) {
                    self.waiting(attempt)
                } else {
                    self.alone(attempt)
                }
            }
        };
        (Poll::Ready(next), woken)
    }

    /// The call is committed to this attempt, which has read all there is.
    fn alone(&mut self, attempt: usize) -> Vec<Waker> {
        let woken = self.keep_only(attempt);
        self.keeping = Keeping::Unread;
        self.kept.clear();
        self.held.give_back(self.held.bytes());
        woken
    }
}

impl Stream for Reading {
    type Item = Result<Message, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let (next, woken) = self.shared.lock().poll(self.attempt, cx);
        woken.into_iter().for_each(Waker::wake);
        self.over = matches!(next, Poll::Ready(None | Some(Err(_))));
        next
    }
}

/// Whoever waits asks the client anew: it may have promised to wake this attempt only.
impl Drop for Reading {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let woken = state.waiting(self.attempt);
        state
            .readers
            .retain(|reader| reader.attempt != self.attempt);
        if state.keeping == Keeping::Unread {
            state.trim();
        }
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }
}

fn cost(message: &Message) -> usize {
    PREFIX + message.len() + OVERHEAD
}

/// The same in memory of its own.
fn copy(message: &Message) -> Option<Message> {
    let frame = message.clone().into_frame();
    Message::from_frame(Bytes::copy_from_slice(&frame))
}

/// What an attempt reads that is over. No client sees it: the attempt's answer is not waited for.
fn superseded() -> Status {
    Status::gateway(Code::Cancelled, "another attempt goes on with the call")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
