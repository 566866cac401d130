//! Messages that went one way of a call, counted where they are read: by the call itself, or by another
//! task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::totals::{Direction, Totals};
use super::trace::Events;
use crate::call::Message;

/// Messages that went one way, and their payload bytes; shared where another task counts them.
#[derive(Debug, Default)]
pub struct Tally {
    messages: AtomicU64,
    bytes: AtomicU64,
    /// By how many bytes the texts to the client differ from these: it wraps where they are shorter.
    shift: AtomicU64,
    largest: AtomicU64,
    /// Of requests that another task counts: where they count too.
    totals: Option<Arc<Totals>>,
    /// Of a call whose trace tells each message.
    events: Option<Arc<Events>>,
}

/// What a message weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Bytes of its payload.
    pub bytes: usize,
    /// They are compressed.
    pub is_packed: bool,
}

impl From<usize> for Weight {
    fn from(bytes: usize) -> Self {
        Self {
            bytes,
            is_packed: false,
        }
    }
}

impl From<&Message> for Weight {
    fn from(message: &Message) -> Self {
        Self {
            bytes: message.len(),
            is_packed: message.is_compressed(),
        }
    }
}

impl Tally {
    /// One for requests, which count among those of all calls too.
    pub(super) fn of_requests(totals: &Arc<Totals>, events: Option<Arc<Events>>) -> Self {
        Self {
            totals: Some(Arc::clone(totals)),
            events,
            ..Self::default()
        }
    }

    /// One whose messages are told of.
    pub(super) fn told(events: Option<Arc<Events>>) -> Self {
        Self {
            events,
            ..Self::default()
        }
    }

    /// Counts one message.
    pub fn count(&self, message: impl Into<Weight>) {
        let weight = message.into();
        let bytes = weight.bytes as u64;
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // Most messages are not the largest: then nothing is written.
        if bytes > self.largest.load(Ordering::Relaxed) {
            self.largest.fetch_max(bytes, Ordering::Relaxed);
        }
        if let Some(totals) = &self.totals {
            totals.message(Direction::Request, weight.bytes);
        }
        if let Some(events) = &self.events {
            events.add(number, weight);
        }
    }

    /// A message of so many bytes was, or became, so many bytes of text.
    pub(super) fn shown(&self, message: usize, text: usize) {
        let shift = (text as u64).wrapping_sub(message as u64);
        self.shift.fetch_add(shift, Ordering::Relaxed);
    }

    /// A message of so many bytes was so many bytes of text, and took so long to read.
    pub fn transcoded(&self, message: usize, text: usize, took: Duration) {
        self.shown(message, text);
        if let Some(totals) = &self.totals {
            totals.transcoded(Direction::Request, text, took);
        }
    }

    /// Messages so far.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Their payload bytes, in protobuf.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Their bytes as the client sees them: the text of those that are JSON to it.
    #[must_use]
    pub fn wire(&self) -> u64 {
        self.bytes()
            .wrapping_add(self.shift.load(Ordering::Relaxed))
    }

    /// Bytes of the largest.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.largest.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_two_sizes_and_a_largest() {
        let tally = Tally::default();
        for bytes in [10, 500, 20] {
            tally.count(bytes);
        }
        assert_eq!(
            (tally.bytes(), tally.wire(), tally.largest()),
            (530, 530, 500)
        );
        tally.transcoded(500, 5, Duration::ZERO);
        tally.transcoded(10, 30, Duration::ZERO);
        assert_eq!((tally.bytes(), tally.wire()), (530, 55));
    }
}
