//! The protobuf wire format at the level of bytes.

pub(crate) mod read;
pub(crate) mod write;
