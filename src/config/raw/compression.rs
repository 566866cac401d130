//! Compression of answers: the section `compression`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::units::ByteSize;
use crate::protocol;

fn default() -> protocol::Compression {
    protocol::Compression::default()
}

section! {
    /// Compression of answers in JSON, for clients whose `accept-encoding` names zstd, br or gzip.
    /// Streams are not compressed; requests may always be.
    Compression "a mapping of `compression` keys" {
        /// Whether any answer is compressed.
        responses: bool = default().responses;
        /// Shorter answers are not compressed.
        min_size: ByteSize = ByteSize(usize::try_from(default().min_bytes).unwrap_or(usize::MAX));
    }
}
