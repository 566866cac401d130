//! Calls that are refused because there is too little of something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::units::Count;

section! {
    /// Load shedding: with `shed`, new calls are refused (UNAVAILABLE, with a time to come again) from 95 % on of
    /// the memory that its control group may have, of the file descriptors, of the calls in flight, or of the time of a worker thread, until there
    /// is more of it again. Another value needs a restart.
    Overload "a mapping of `overload` keys" {
        /// Whether calls are refused.
        shed: bool = false;
        /// Calls in flight that count as all there may be.
        calls: Count = Count::of(1_000_000);
    }
}
