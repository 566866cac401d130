//! What is done when there is too little of something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::units::{Count, MemorySize};

section! {
    /// Overload: with `shed`, it is measured four times a second how much is used of memory, of the file descriptors,
    /// of the calls in flight and of the time of a worker thread. From 85 % of one of them on idle time-outs are
    /// shorter, from 92 % connections are told to go, from 95 % new calls are refused (UNAVAILABLE, with a time to
    /// come again) and nobody is accepted, from 98 % the calls that hold most are ended. Another value needs a restart.
    Overload "a mapping of `overload` keys" {
        /// Whether anything of that is done.
        shed: bool = false;
        /// Memory that the process may have. `auto`: what its control group may.
        memory_max: MemorySize = MemorySize(None);
        /// Calls in flight that count as all there may be.
        calls: Count = Count::of(1_000_000);
    }
}
