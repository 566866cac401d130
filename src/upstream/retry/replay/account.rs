//! How many bytes of messages are kept for all calls together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that all calls together keep.
pub(in crate::upstream) const KEPT_MAX: usize = 32 << 20;

/// One for all upstreams.
#[derive(Debug)]
pub(in crate::upstream) struct Account {
    used: AtomicUsize,
    max: usize,
}

/// Empty, and as large as [`KEPT_MAX`].
impl Default for Account {
    fn default() -> Self {
        Self::new(KEPT_MAX)
    }
}

impl Account {
    /// An account of so many bytes.
    pub(in crate::upstream) fn new(max: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            max,
        }
    }

    /// Bytes that are kept now.
    pub(in crate::upstream) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// What one call has of it; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    account: Arc<Account>,
    bytes: usize,
}

impl Held {
    /// Nothing yet.
    pub(super) fn new(account: &Arc<Account>) -> Self {
        Self {
            account: Arc::clone(account),
            bytes: 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// So many more; false, and none, if there are no such.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let max = self.account.max;
        let taken = self
            .account
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= max)
            })
            .is_ok();
        if taken {
            self.bytes += bytes;
        }
        taken
    }

    /// So many less, as far as there are any.
    pub(super) fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.account.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}
