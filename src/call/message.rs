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
        begin(0, &mut frame);
        write(&mut frame)?;
        Ok(Self::sealed(frame))
    }

    /// An uncompressed message with this payload.
    #[must_use]
    pub fn from_payload(payload: &[u8]) -> Self {
        let mut frame = Vec::with_capacity(PREFIX + payload.len());
        begin(0, &mut frame);
        frame.extend_from_slice(payload);
        Self::sealed(frame)
    }

    fn sealed(mut frame: Vec<u8>) -> Self {
        seal(&mut frame, 0);
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

/// Appends the prefix of an envelope, and says where that begins; to be [sealed](seal) when the
/// payload stands behind it.
pub(crate) fn begin(flags: u8, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[flags, 0, 0, 0, 0]);
    start
}

/// Patches the length of an envelope that begins at `start` and ends the buffer. Payloads are bounded
/// far below 4 GiB by the limits, so the cast holds; one above would declare `u32::MAX` and be
/// refused by the receiver, never misread.
pub(crate) fn seal(out: &mut [u8], start: usize) {
    let payload = out.len().saturating_sub(start + PREFIX);
    let length = u32::try_from(payload).unwrap_or(u32::MAX).to_be_bytes();
    if let Some(place) = out.get_mut(start + 1..start + PREFIX) {
        place.copy_from_slice(&length);
    }
}
