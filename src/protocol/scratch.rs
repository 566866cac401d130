//! The transcoder's reusable buffers, one set per thread.
//!
//! Transcoding never awaits, so a thread needs one set at a time; a nested use gets a fresh one.

use std::cell::RefCell;

use crate::transcode::Scratch;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends this thread's scratch.
pub(super) fn with<T>(use_it: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with(|cell| match cell.try_borrow_mut() {
        Ok(mut scratch) => use_it(&mut scratch),
        Err(_) => use_it(&mut Scratch::default()),
    })
}
