//! What calls hold in memory while they wait for somebody: messages that are not whole yet, answers that
//! their clients have not taken yet.
//!
//! ```text
//! a buffer grows ─► Share ─► Buffers: the total, and a shelf with what is large
//!                     ▲                                    │
//!                     └──── told to let go ◄───────────────┘
//! ```
//!
//! The limit of one message bounds one call; this bounds all of them together. Up to [`FREE`] bytes a
//! buffer counts nothing and stands nowhere, so that a small call pays for nothing. Above it is counted in
//! steps of [`STEP`], who asks for more than there is left is refused, and the largest can be made to give
//! up.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use super::{Code, Status};

/// Bytes that a buffer may have without being counted: one DATA frame.
pub const FREE: usize = 16 << 10;

/// What is counted at once, so that a buffer that grows by little is counted seldom.
pub const STEP: usize = 64 << 10;

/// Bytes that all buffers together may have, where nobody says otherwise.
pub const TOTAL: usize = 1 << 30;

/// Parts of the table of large buffers, so that threads do not wait for each other.
const SHELVES: usize = 16;

/// When a client whose call was given up should come again.
const RETRY: Duration = Duration::from_secs(1);

/// Why a buffer may not have more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// All buffers together have as much as they may.
    #[error("the messages of all calls together would exceed the limit of {max} bytes")]
    Full {
        /// Bytes that they may have.
        max: usize,
    },
    /// It was among the largest when there was too little of something.
    #[error(
        "the gateway has more to do than it can, and this call held a large part of its memory"
    )]
    Shed,
}

impl Crowded {
    /// The status of the call.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Full { .. } => Status::gateway(Code::ResourceExhausted, self.to_string()),
            Self::Shed => Status::gateway(Code::Unavailable, self.to_string()).after(RETRY),
        }
    }
}

/// All buffers together.
pub struct Buffers {
    max: usize,
    used: AtomicUsize,
    /// The number of the next large one.
    next: AtomicUsize,
    shelves: [Mutex<HashMap<usize, Arc<Large>>>; SHELVES],
    refused: AtomicU64,
    shed: AtomicU64,
}

/// A buffer that is counted.
#[derive(Debug)]
struct Large {
    bytes: AtomicUsize,
    /// It is to let go.
    told: AtomicBool,
    waiting: AtomicWaker,
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes that may be held.
    pub max: usize,
    /// Bytes that are held.
    pub used: usize,
    /// Calls that were refused more.
    pub refused: u64,
    /// Calls that were told to let go.
    pub shed: u64,
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new(TOTAL)
    }
}

impl Buffers {
    /// Buffers that may have so many bytes together.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            shelves: Default::default(),
            refused: AtomicU64::new(0),
            shed: AtomicU64::new(0),
        }
    }

    /// How it stands.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            max: self.max,
            used: self.used.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
        }
    }

    /// The large ones that were not told to let go yet, each with its bytes.
    #[must_use]
    pub fn large(&self) -> Vec<(LargeBuffer, usize)> {
        let mut all = Vec::new();
        for shelf in 0..SHELVES {
            let shelf = self.shelf(shelf);
            let untold = shelf
                .values()
                .filter(|one| !one.told.load(Ordering::Relaxed));
            all.extend(untold.map(|one| {
                let bytes = one.bytes.load(Ordering::Relaxed);
                (LargeBuffer(Arc::clone(one)), bytes)
            }));
        }
        all
    }

    /// Tells this one to let go: its call ends.
    pub fn shed(&self, buffer: &LargeBuffer) {
        if !buffer.0.told.swap(true, Ordering::Relaxed) {
            self.shed.fetch_add(1, Ordering::Relaxed);
            buffer.0.waiting.wake();
        }
    }

    fn shelf(&self, number: usize) -> MutexGuard<'_, HashMap<usize, Arc<Large>>> {
        let [first, ..] = &self.shelves;
        let shelf = self.shelves.get(number % SHELVES).unwrap_or(first);
        shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bound, and nothing that changes.
impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Buffers").field(&self.max).finish()
    }
}

/// One of the large buffers.
#[derive(Clone, Debug)]
pub struct LargeBuffer(Arc<Large>);

/// What one buffer has of all; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    of: Arc<Buffers>,
    counted: usize,
    /// Its number and place, while it is large.
    large: Option<(usize, Arc<Large>)>,
}

impl Share {
    /// Of these, nothing yet.
    #[must_use]
    pub fn of(buffers: &Arc<Buffers>) -> Self {
        Self {
            of: Arc::clone(buffers),
            counted: 0,
            large: None,
        }
    }

    /// The buffer has so many bytes now.
    ///
    /// # Errors
    /// That is more than there is left.
    pub fn hold(&mut self, bytes: usize) -> Result<(), Crowded> {
        let wanted = counted(bytes);
        let more = wanted.saturating_sub(self.counted);
        if more > 0 {
            let max = self.of.max;
            let room = |used: usize| used.checked_add(more).filter(|used| *used <= max);
            let (relaxed, used) = (Ordering::Relaxed, &self.of.used);
            if used.fetch_update(relaxed, relaxed, room).is_err() {
                self.of.refused.fetch_add(1, Ordering::Relaxed);
                return Err(Crowded::Full { max });
            }
            self.counts_as(wanted);
            return Ok(());
        }
        self.note(bytes);
        Ok(())
    }

    /// The same for one that has them already, and cannot be refused.
    pub fn note(&mut self, bytes: usize) {
        let bytes = counted(bytes);
        let used = &self.of.used;
        match bytes.cmp(&self.counted) {
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => {
                used.fetch_add(bytes - self.counted, Ordering::Relaxed);
            }
            std::cmp::Ordering::Less => {
                used.fetch_sub(self.counted - bytes, Ordering::Relaxed);
            }
        }
        self.counts_as(bytes);
    }

    /// So much of the total is its own from now on.
    fn counts_as(&mut self, bytes: usize) {
        self.counted = bytes;
        match (&self.large, bytes) {
            (Some((number, _)), 0) => {
                self.of.shelf(*number).remove(number);
                self.large = None;
            }
            (Some((_, large)), _) => large.bytes.store(bytes, Ordering::Relaxed),
            (None, _) => {
                let number = self.of.next.fetch_add(1, Ordering::Relaxed);
                let large = Arc::new(Large {
                    bytes: AtomicUsize::new(bytes),
                    told: AtomicBool::new(false),
                    waiting: AtomicWaker::new(),
                });
                self.of.shelf(number).insert(number, Arc::clone(&large));
                self.large = Some((number, large));
            }
        }
    }

    /// Ready once it is to let go.
    pub fn poll_shed(&self, cx: &Context<'_>) -> Poll<Crowded> {
        let Some((_, large)) = &self.large else {
            return Poll::Pending;
        };
        large.waiting.register(cx.waker());
        if large.told.load(Ordering::Relaxed) {
            Poll::Ready(Crowded::Shed)
        } else {
            Poll::Pending
        }
    }
}

/// What is counted of so many bytes.
const fn counted(bytes: usize) -> usize {
    if bytes <= FREE {
        0
    } else {
        bytes.div_ceil(STEP).saturating_mul(STEP)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.note(0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn small_buffers_count_nothing_and_large_ones_in_steps_until_they_are_gone() {
        let buffers = Arc::new(Buffers::new(4 * STEP));
        let mut share = Share::of(&buffers);
        share.hold(FREE).unwrap();
        assert_eq!((buffers.counts().used, buffers.large().len()), (0, 0));
        share.hold(FREE + 1).unwrap();
        assert_eq!((buffers.counts().used, buffers.large().len()), (STEP, 1));
        share.hold(STEP + 1).unwrap();
        assert_eq!(buffers.counts().used, 2 * STEP);
        share.hold(0).unwrap();
        assert_eq!((buffers.counts().used, buffers.large().len()), (0, 0));
        share.hold(4 * STEP).unwrap();
        drop(share);
        assert_eq!((buffers.counts().used, buffers.large().len()), (0, 0));
    }

    #[test]
    fn who_asks_for_more_than_is_left_is_refused_and_keeps_what_it_has() {
        let buffers = Arc::new(Buffers::new(4 * STEP));
        let (mut one, mut other) = (Share::of(&buffers), Share::of(&buffers));
        one.hold(3 * STEP).unwrap();
        other.hold(STEP).unwrap();
        let full = other.hold(STEP + 1).unwrap_err();
        assert_eq!(full, Crowded::Full { max: 4 * STEP });
        assert_eq!(full.status().code, Code::ResourceExhausted);
        assert_eq!(
            (buffers.counts().used, buffers.counts().refused),
            (4 * STEP, 1)
        );
        other.note(2 * STEP);
        assert_eq!(
            buffers.counts().used,
            5 * STEP,
            "what is there cannot be refused"
        );
        one.hold(FREE).unwrap();
        other.hold(4 * STEP).unwrap();
        assert!(one.hold(usize::MAX).is_err());
    }

    #[tokio::test]
    async fn one_that_is_told_to_let_go_wakes_and_is_told_once() {
        let buffers = Arc::new(Buffers::default());
        let mut share = Share::of(&buffers);
        share.note(FREE + 1);
        let waiting = tokio::spawn(std::future::poll_fn(move |cx| share.poll_shed(cx)));
        tokio::task::yield_now().await;
        let large = buffers.large();
        buffers.shed(&large[0].0);
        buffers.shed(&large[0].0);
        assert!(buffers.large().is_empty(), "it was told");
        assert_eq!(waiting.await.unwrap(), Crowded::Shed);
        assert_eq!((buffers.counts().shed, buffers.counts().used), (1, 0));
        assert_eq!(Crowded::Shed.status().code, Code::Unavailable);
    }
}
