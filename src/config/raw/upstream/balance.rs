//! The section `balance` of an upstream: which endpoint a call goes to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::key::Key;
use super::super::section::Section;
use crate::config::units::{Count, SpanOrNone};
use crate::upstream::balance::RingSize;

section! {
    /// Which endpoint a call goes to.
    Balance "a mapping of `balance` keys" {
        /// `peak_ewma`: the better of two random endpoints, by latency and calls under way.
        /// `round_robin`: one after the other. `weighted`: likewise, each as often as its weight says.
        /// `ring_hash`: calls with the same value of `header` go to the same one. `pick_first`: all calls
        /// go to one, while it can be reached.
        policy: BalancePolicy = BalancePolicy::PeakEwma;
        /// For `ring_hash`: the metadata whose value counts.
        header: String = String::new();
        /// For `ring_hash`: places on the ring, at least.
        ring_min: Count = Count(RingSize::default().min);
        /// For `ring_hash`: places on the ring, at most.
        ring_max: Count = Count(RingSize::default().max);
        /// How long a new endpoint takes to get its whole share, beginning with a tenth of it.
        slow_start: SpanOrNone = SpanOrNone(None);
        /// Percent of endpoints that must be healthy; with fewer, health is ignored, since the few would
        /// not bear the calls of all. 0 never ignores it.
        panic_threshold: Count = Count(u32::from(crate::upstream::outlier::Panic::default().threshold));
    }
}

/// How calls are spread over endpoints.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum BalancePolicy {
    /// The better of two random ones.
    PeakEwma,
    /// One after the other.
    RoundRobin,
    /// One after the other, by weight.
    Weighted,
    /// By a header.
    RingHash,
    /// One, while it can be reached.
    PickFirst,
}
