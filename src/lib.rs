//! Transom: a gateway that lets browsers and REST clients call any gRPC service.

pub mod call;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod gateway;
pub mod listener;
pub mod observe;
pub mod protocol;
pub mod schema;
pub mod transcode;
pub mod upstream;
