//! Transom: a gateway that lets browsers and REST clients call any gRPC service.

pub mod call;
pub mod control;
pub mod schema;
pub mod transcode;
pub mod upstream;
