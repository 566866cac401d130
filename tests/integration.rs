//! The integration tests, one binary so that they link once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

/// The binary's allocator: what the tests say of memory is said of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod architecture;
mod bodies;
mod boundaries;
mod cli;
mod compression;
mod cors;
mod demo;
mod docs;
mod examples;
mod fields;
mod framing;
mod gateway;
mod grpc_web;
mod guards;
mod metadata;
mod openapi;
mod options;
mod overload;
mod panel;
mod protos;
mod reload;
mod routing;
mod seen;
mod starting;
mod streams;
mod support;
mod tls;
mod transcode {
    mod golden;
    mod judge;
    mod masks;
    #[cfg(target_os = "linux")]
    mod memory;
    mod messages;
    mod mutations;
    mod oracle;
    mod protoc;
    mod schemas;
}
mod upstream;
mod validation;
mod websocket;
