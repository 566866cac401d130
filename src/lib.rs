//! Transom: a gateway that lets browsers and REST clients call any gRPC service.

pub mod call;
pub mod observe;
pub mod protocol;
pub mod schema;
pub mod transcode;
