//! Messages that went one way of a call, counted where they are read: by the call itself, or by another
//! task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::totals::{Direction, Totals};

/// Messages that went one way, and their payload bytes; shared where another task counts them.
#[derive(Debug, Default)]
pub struct Tally {
    messages: AtomicU64,
    bytes: AtomicU64,
    /// Of requests that another task counts: where they count too.
    totals: Option<Arc<Totals>>,
}

impl Tally {
    /// One for requests, which count among those of all calls too.
    pub(super) fn of_requests(totals: &Arc<Totals>) -> Self {
        Self {
            totals: Some(Arc::clone(totals)),
            ..Self::default()
        }
    }

    /// Counts one message.
    pub fn count(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(totals) = &self.totals {
            totals.message(Direction::Request, bytes);
        }
    }

    /// A message was so many bytes of text, and took so long to read.
    pub fn transcoded(&self, text: usize, took: Duration) {
        if let Some(totals) = &self.totals {
            totals.transcoded(Direction::Request, text, took);
        }
    }

    /// Messages so far.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Their payload bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
