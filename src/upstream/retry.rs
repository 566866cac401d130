//! Whether a failed attempt of a call is made again, and when: retries, hedging and transparent
//! retries by gRFC A6.
//!
//! ```text
//! call ─► Replay ─► attempt ─► Status ─► Attempts ─► Again │ Transparent │ GiveUp
//!         keeps the            (or Hedge, which          ▲
//!         messages              sends some ahead)        │ may there be one more?
//!                                                      Gate: Throttle (tokens) and Budget (share)
//! ```
//!
//! `Attempts` and `Hedge` are values of one call; time and randomness are arguments. What calls
//! share are a few atomics per upstream and no lock: the `Throttle`, the `Budget`, and the
//! `Account` of all upstreams together for messages that are kept.
//!
//! Guaranteed: no attempt starts when the deadline has come; a policy makes no more than five; what may
//! have had an effect is repeated only if the method's `idempotency_level` allows it or a policy names
//! the method; what was answered, or is no longer kept, is not repeated.

mod attempts;
mod budget;
mod codes;
mod gate;
mod hedge;
mod policy;
mod replay;
mod throttle;
mod transparent;

pub(super) use attempts::{Attempts, Committed, Next, PREVIOUS_ATTEMPTS};
pub(super) use budget::{Budget, UnderWay};
pub use codes::CodeSet;
pub(super) use gate::Gate;
pub(super) use hedge::{Hedge, Opening, Step};
pub use policy::{Covers, Delays, DelaysError, Hedging, MaxAttempts, Policy};
pub(super) use replay::{Account, Replay};
pub(super) use throttle::{Throttle, counts};
pub use throttle::{Throttling, ThrottlingError};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
