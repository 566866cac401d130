//! Random schemas and messages: those that the transcoder is tested with.
#![allow(dead_code)]

#[path = "../../../../tests/transcode/messages.rs"]
pub(crate) mod messages;
#[path = "../../../../tests/transcode/schemas.rs"]
pub(crate) mod schemas;
