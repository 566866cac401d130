//! The integration tests, one binary so that they link once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cli;
mod demo;
mod examples;
mod protos;
