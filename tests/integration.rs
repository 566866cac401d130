//! The integration tests, one binary so that they link once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod architecture;
mod cli;
mod demo;
mod examples;
mod gateway;
mod metadata;
mod protos;
mod streams;
mod support;
mod transcode {
    mod golden;
    mod judge;
    mod messages;
    mod mutations;
    mod oracle;
    mod protoc;
    mod schemas;
}
