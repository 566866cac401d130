//! What the gateway lets pass: the steps between knowing which method is called and calling it.
//!
//! ```text
//! Asked ─► chain: identify ─► assert ─► access (rules, CEL) ─► limits ─► global limits ─► ext_authz ─► custom
//!            │ one list, in the configuration's order (`order.rs`: what may stand before `identify`);
//!            │ the first that refuses ends it
//!            └► Passed { principal, changes of metadata, response headers, permits }, or Refused
//! ```
//!
//! Everything is decided by the resolved rpc, so the forms in which a method can be called never differ.
//! Rules and limits are compiled for each method when a schema begins to be served: a request walks only
//! what is for its method. Time is an argument or the runtime's clock; those that are asked over the network
//! are behind small traits.

pub mod access;
pub mod asserted;
pub mod cel;
pub mod chain;
pub mod concurrency;
pub mod condition;
pub mod ext_authz;
pub mod failure;
pub mod global_limits;
pub mod identify;
pub mod limits;
pub mod mutation;
pub mod order;
pub mod overload;
pub mod policies;
pub mod server;

mod outage;
mod step;
mod table;
mod tasks;

pub use policies::{Config, NoPolicy, Policies};
pub use step::StepConfig;

#[cfg(test)]
mod fixtures;

/// The messages, clients and servers of Envoy's protocols for authorization and rate limits.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    rustdoc::all,
    clippy::all,
    clippy::use_self,
    clippy::needless_pass_by_value
)]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/policy/policy.rs"));
}
