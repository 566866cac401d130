//! One message, kept in its gRPC envelope from end to end.
//!
//! ```text
//! | flags u8 | length u32, big endian | payload, protobuf wire form (or compressed) |
//! ```
//!
//! gRPC and gRPC-Web frame data messages alike, so a message that is only passed on is never
//! copied, and a transcoded one is written behind a reserved prefix and then measured once.

use bytes::Bytes;

/// Bytes before the payload: flags and length.
pub const PREFIX: usize = 5;

/// Flag bit of a compressed payload.
pub const COMPRESSED: u8 = 0b1;

/// A message in its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    frame: Bytes,
}

impl Message {
    /// Wraps bytes that are exactly one envelope; `None` if the length does not fit the bytes.
    #[must_use]
    pub fn from_frame(frame: Bytes) -> Option<Self> {
        let (prefix, payload) = frame.split_first_chunk::<PREFIX>()?;
        let [_, a, b, c, d] = *prefix;
        let declared = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        (declared == payload.len()).then_some(Self { frame })
    }

    /// Builds an uncompressed message: `write` appends the payload behind the reserved prefix.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn build<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Self, E> {
        let mut frame = Vec::with_capacity(256);
        frame.extend_from_slice(&[0; PREFIX]);
        write(&mut frame)?;
        Ok(Self::seal(frame))
    }

    /// An uncompressed message with this payload.
    #[must_use]
    pub fn from_payload(payload: &[u8]) -> Self {
        let mut frame = Vec::with_capacity(PREFIX + payload.len());
        frame.extend_from_slice(&[0; PREFIX]);
        frame.extend_from_slice(payload);
        Self::seal(frame)
    }

    /// Patches the length. Payloads are bounded far below 4 GiB by the limits, so the cast holds;
    /// one above would declare `u32::MAX` and be refused by the receiver, never misread.
    fn seal(mut frame: Vec<u8>) -> Self {
        let length = u32::try_from(frame.len().saturating_sub(PREFIX)).unwrap_or(u32::MAX);
        frame[1..PREFIX].copy_from_slice(&length.to_be_bytes());
        Self {
            frame: frame.into(),
        }
    }

    /// The flags byte.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.frame[0]
    }

    /// True if the payload is compressed (in the stream's `grpc-encoding`).
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.flags() & COMPRESSED != 0
    }

    /// The payload, sharing the message's memory.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.frame.slice(PREFIX..)
    }

    /// The payload's bytes.
    #[must_use]
    pub fn payload_bytes(&self) -> &[u8] {
        &self.frame[PREFIX..]
    }

    /// Payload length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frame.len() - PREFIX
    }

    /// True for an empty payload, which is a valid message: every field at its default.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole envelope.
    #[must_use]
    pub fn into_frame(self) -> Bytes {
        self.frame
    }
}
