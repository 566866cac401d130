//! Which endpoints are left out for a while because they fail more than the others: outlier detection
//! by gRFC A50, with consecutive failures and probation besides.
//!
//! ```text
//! attempt ─ Outcome ─► Tally of the endpoint ─┬─ every interval ─► Detector::sweep
//!                                             └─ consecutive ────► Detector::trip
//!                                                                        │ Change
//!     Standing of every endpoint ─► Panic::eligible ─► balancer, probes ◄┘
//! ```
//!
//! Calls write to the `Tally` of an endpoint, which is atomic. The `Detector` is a value for one
//! place, a task beside the calls; it is asked once in an interval and when endpoints trip, never by a
//! call that goes well. Endpoints are known by their key, so what is known of one survives that others
//! come and go. Time and randomness are arguments.
//!
//! Guaranteed: no more are out than `max_ejection_percent` of all, or one; an endpoint that comes back
//! gets one call first, and others only if that one went well.

mod cause;
mod config;
mod detector;
mod outcome;
mod panic;
mod probe;
mod rules;
mod tally;

pub(super) use cause::{Cause, Counts, Method, Unenforced};
pub use config::{Config, Consecutive, FailurePercentage, SuccessRate};
pub(super) use detector::{Change, Detector, Host};
pub(super) use outcome::Outcome;
pub use panic::Panic;
pub(super) use panic::{Mode, Standing};
pub(super) use probe::{Probation, Probe};
pub(super) use tally::{Tally, Verdict};

#[cfg(test)]
mod tests;
