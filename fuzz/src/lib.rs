//! What the fuzz targets do with their bytes. Each is a total function of its input that panics when
//! a property does not hold; `fuzz_targets/` hands them to libFuzzer, `tests/replay.rs` runs them on
//! every seed without it.
//!
//! | target | input | held against |
//! |---|---|---|
//! | [`json_to_wire`] | message, options, JSON | itself: what was taken prints, and reads and prints the same again |
//! | [`wire_to_json`] | message, options, wire bytes | serde_json, and itself: what was printed reads back as the same |
//! | [`query_binding`] | binding, URL, body | the answers that REST may give, and the schema |
//! | [`template_match`] | bindings and requests | a naive matcher that tries every template |
//! | [`percent`] | text | a naive decoder, for every place of a URL that is decoded |
//!
//! Every target also holds work to [`budget`].

mod budget;
mod gateway;
mod percent;
mod query;
mod routes;
mod schema;
mod transcode;

pub use percent::percent;
pub use query::query_binding;
pub use routes::template_match;
pub use transcode::{json_to_wire, wire_to_json};
