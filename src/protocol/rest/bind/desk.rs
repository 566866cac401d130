//! What binding uses again from request to request, one set per thread: once a thread is warm,
//! a parameter more costs no allocation.

use std::cell::RefCell;

use super::seen::Seen;
use crate::transcode::Trail;

/// Bytes that a buffer keeps between requests at most.
const KEPT_MAX: usize = 64 << 10;

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Memory to work on. What it holds means nothing to the next request.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// The field that is being looked up.
    pub(super) trail: Trail,
    /// What the request has set so far.
    pub(super) seen: Seen,
    /// A key, decoded.
    pub(super) key: Vec<u8>,
    /// A value, decoded.
    pub(super) value: Vec<u8>,
}

/// Lends this thread's desk.
pub(super) fn with<T>(use_it: impl FnOnce(&mut Desk) -> T) -> T {
    DESK.with(|cell| match cell.try_borrow_mut() {
        Ok(mut desk) => {
            let made = use_it(&mut desk);
            desk.trim();
            made
        }
        Err(_) => use_it(&mut Desk::default()),
    })
}

impl Desk {
    /// Gives back what one extraordinary request made large.
    fn trim(&mut self) {
        self.seen.trim();
        for buffer in [&mut self.key, &mut self.value] {
            if buffer.capacity() > KEPT_MAX {
                *buffer = Vec::new();
            }
        }
    }
}
