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
//! | [`frames`] | a body in pieces | a naive reader of the whole; the memory that is held |
//! | [`text`] | base64 in pieces | a naive decoder of the whole |
//! | [`trailers`] | the end of a call | a strict reader of gRPC-Web's trailers block |
//! | [`backend_trailers`] | a backend's trailers | a naive reader of them, behind a real connection |
//! | [`end_stream`] | the end of a call | serde_json: Connect's last envelope, and its errors |
//! | [`grpc_timeout`] | time-out headers | readers that work digit by digit |
//! | [`rpc_request`] | a request of a gRPC dialect | the answers that its dialect may give, whatever the pieces |
//! | [`proxy_header`] | a connection's first bytes | a reader that has all of them |
//! | [`bearer_token`] | an issuer, a signer, a token's parts | serde_json, and who signed |
//! | [`request_metadata`] | header fields | a mapping name by name, and the hops of proxies |
//!
//! Every target also holds work to [`budget`].

mod backend_trailers;
mod bearer;
mod budget;
mod cursor;
mod end_stream;
mod ending;
mod envelopes;
mod frames;
mod gateway;
mod headers;
mod json;
mod percent;
mod proxy;
mod query;
mod routes;
mod rpc;
mod schema;
mod scripted;
mod served;
mod text;
mod timeout;
mod trailers;
mod transcode;

pub use backend_trailers::backend_trailers;
pub use bearer::bearer_token;
pub use end_stream::end_stream;
pub use frames::frames;
pub use headers::request_metadata;
pub use percent::percent;
pub use proxy::proxy_header;
pub use query::query_binding;
pub use routes::template_match;
pub use rpc::rpc_request;
pub use text::text;
pub use timeout::grpc_timeout;
pub use trailers::trailers;
pub use transcode::{json_to_wire, wire_to_json};
