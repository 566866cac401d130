//! The 5-byte envelope, taken apart: body chunks go in, [`Message`]s come out.
//!
//! Pure, and bounded: a declared length above the limit is refused when its five bytes are there,
//! before anything is reserved for it, and below the limit memory grows with the bytes that really
//! came, never with the length that was declared. A message that lies within one chunk shares the
//! chunk's memory; one that straddles chunks is copied once.

use bytes::{Buf, Bytes, BytesMut};

use super::Message;
use super::message::{COMPRESSED, PREFIX};

/// Why bytes are not a sequence of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message declares more than the limit.
    #[error("a message of {declared} bytes exceeds the limit of {max}")]
    TooLarge {
        /// Payload bytes that the envelope declares.
        declared: usize,
        /// Payload bytes at most.
        max: usize,
    },
    /// A flag bit that means nothing here.
    #[error("a message has the flags {flags:#04x}, of which {unknown:#04x} are not known")]
    Flags {
        /// The flags byte.
        flags: u8,
        /// Its bits that are not allowed.
        unknown: u8,
    },
    /// The bytes end within a message.
    #[error("the body ends within a message: {found} bytes of at least {expected}")]
    Truncated {
        /// Bytes of the last message that came.
        found: usize,
        /// Bytes it needs, as far as they are known.
        expected: usize,
    },
}

/// Cuts a body into messages.
///
/// After an error it stays in error: every further [`next`](Self::next) gives the same one.
#[derive(Debug)]
pub struct FrameDecoder {
    max: usize,
    flags: u8,
    /// The beginning of a message that no single chunk holds.
    partial: BytesMut,
    /// What has not been looked at.
    chunk: Bytes,
}

impl FrameDecoder {
    /// Messages of at most `max` payload bytes, compressed or not.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            flags: COMPRESSED,
            partial: BytesMut::new(),
            chunk: Bytes::new(),
        }
    }

    /// Allows flag bits besides the compressed one, such as `0x80` of a gRPC-Web trailers frame;
    /// [`Message::flags`] tells which message has them.
    #[must_use]
    pub fn allow(self, flags: u8) -> Self {
        Self {
            flags: self.flags | flags,
            ..self
        }
    }

    /// Adds bytes of the body. Take out all messages before the next push: then nothing is copied
    /// but messages that straddle chunks, and never more than one message is held.
    pub fn push(&mut self, bytes: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = bytes;
        } else if !bytes.is_empty() {
            let mut joined = BytesMut::with_capacity(self.chunk.len() + bytes.len());
            joined.extend_from_slice(&self.chunk);
            joined.extend_from_slice(&bytes);
            self.chunk = joined.freeze();
        }
    }

    /// The next whole message; `None` until more bytes are pushed.
    ///
    /// # Errors
    /// A message that is too large or has a flag nobody allowed.
    #[allow(clippy::should_implement_trait)] // an iterator would promise an end
    pub fn next(&mut self) -> Result<Option<Message>, FrameError> {
        if self.partial.is_empty() {
            let Some(size) = self.size_of(&self.chunk)? else {
                self.keep(usize::MAX);
                return Ok(None);
            };
            if size <= self.chunk.len() {
                return Ok(Message::from_frame(self.chunk.split_to(size)));
            }
        } else if self.partial.len() < PREFIX {
            self.keep(PREFIX);
        }
        let start: &[u8] = if self.partial.is_empty() {
            &self.chunk
        } else {
            &self.partial
        };
        let Some(size) = self.size_of(start)? else {
            return Ok(None);
        };
        self.keep(size);
        if self.partial.len() < size {
            return Ok(None);
        }
        Ok(Message::from_frame(
            std::mem::take(&mut self.partial).freeze(),
        ))
    }

    /// Says that the body has ended.
    ///
    /// # Errors
    /// The body ended within a message.
    pub fn finish(&self) -> Result<(), FrameError> {
        let found = self.partial.len() + self.chunk.len();
        if found == 0 {
            return Ok(());
        }
        let start: &[u8] = if self.partial.is_empty() {
            &self.chunk
        } else {
            &self.partial
        };
        let expected = self.size_of(start)?.unwrap_or(PREFIX);
        Err(FrameError::Truncated { found, expected })
    }

    /// Bytes that are held of a message that is not whole.
    #[must_use]
    pub fn held(&self) -> usize {
        self.partial.capacity()
    }

    /// Bytes of the envelope that begins here, prefix included, once the prefix is there.
    fn size_of(&self, start: &[u8]) -> Result<Option<usize>, FrameError> {
        let Some(&[flags, a, b, c, d]) = start.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let unknown = flags & !self.flags;
        if unknown != 0 {
            return Err(FrameError::Flags { flags, unknown });
        }
        let declared = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if declared > self.max {
            return Err(FrameError::TooLarge {
                declared,
                max: self.max,
            });
        }
        Ok(Some(declared.saturating_add(PREFIX)))
    }

    /// Moves bytes from the chunk until `partial` has `size` of them or the chunk is empty. What is reserved
    /// doubles with the bytes that came, as far as the size of the message and not beyond: a stalled
    /// stream holds on to it.
    fn keep(&mut self, size: usize) {
        let take = size
            .saturating_sub(self.partial.len())
            .min(self.chunk.len());
        let needed = self.partial.len() + take;
        if needed > self.partial.capacity() {
            let room = needed.max(2 * self.partial.len()).min(size.max(needed));
            let mut roomier = BytesMut::with_capacity(room);
            roomier.extend_from_slice(&self.partial);
            self.partial = roomier;
        }
        self.partial
            .extend_from_slice(self.chunk.get(..take).unwrap_or_default());
        self.chunk.advance(take);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn stream(payloads: &[&[u8]]) -> Bytes {
        let mut all = BytesMut::new();
        for payload in payloads {
            all.extend_from_slice(&Message::from_payload(payload).into_frame());
        }
        all.freeze()
    }

    #[test]
    fn every_way_of_cutting_a_body_gives_the_same_messages() {
        let payloads: [&[u8]; 5] = [b"", b"a", b"hello", b"", b"0123456789abcdef"];
        let all = stream(&payloads);
        for size in 1..=all.len() {
            let mut decoder = FrameDecoder::new(16);
            let mut found = Vec::new();
            for chunk in all.chunks(size) {
                decoder.push(Bytes::copy_from_slice(chunk));
                while let Some(message) = decoder.next().unwrap() {
                    found.push(message.payload());
                }
            }
            assert_eq!(found, payloads, "chunks of {size}");
            decoder.finish().unwrap();
        }
    }

    #[test]
    fn pushing_without_taking_loses_nothing() {
        let mut decoder = FrameDecoder::new(16);
        for byte in stream(&[b"one", b"two"]) {
            decoder.push(Bytes::from(vec![byte]));
        }
        assert_eq!(decoder.next().unwrap().unwrap().payload_bytes(), b"one");
        assert_eq!(decoder.next().unwrap().unwrap().payload_bytes(), b"two");
        assert_eq!(decoder.next().unwrap(), None);
    }

    #[test]
    fn a_message_within_a_chunk_is_not_copied() {
        let all = stream(&[b"one", b"two"]);
        let mut decoder = FrameDecoder::new(16);
        decoder.push(all.clone());
        decoder.next().unwrap().unwrap();
        let second = decoder.next().unwrap().unwrap().into_frame();
        assert_eq!(second.as_ptr(), all.slice(8..).as_ptr());
    }

    #[test]
    fn a_message_in_pieces_holds_no_more_than_its_size() {
        let all = stream(&[&[7; 16_000]]);
        for size in [1, 100, 8_192, 10_000] {
            let mut decoder = FrameDecoder::new(1 << 20);
            for chunk in all.chunks(size) {
                decoder.push(Bytes::copy_from_slice(chunk));
                assert!(decoder.partial.capacity() <= all.len());
                if let Some(message) = decoder.next().unwrap() {
                    assert_eq!(message.into_frame(), all, "{size}");
                }
            }
        }
    }

    #[test]
    fn a_huge_declared_length_reserves_nothing() {
        let mut decoder = FrameDecoder::new(usize::MAX);
        decoder.push(Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff, 1, 2]));
        assert_eq!(decoder.next().unwrap(), None);
        assert!(decoder.partial.capacity() < 1024);
        assert!(matches!(
            decoder.finish(),
            Err(FrameError::Truncated { found: 7, .. })
        ));
    }

    #[test]
    fn a_message_over_the_limit_is_refused_by_its_prefix_alone_and_for_good() {
        for cut in 1..5 {
            let mut decoder = FrameDecoder::new(4);
            let prefix = [0, 0, 0, 0, 5];
            decoder.push(Bytes::copy_from_slice(&prefix[..cut]));
            assert_eq!(decoder.next().unwrap(), None);
            decoder.push(Bytes::copy_from_slice(&prefix[cut..]));
            for _ in 0..2 {
                assert_eq!(
                    decoder.next(),
                    Err(FrameError::TooLarge {
                        declared: 5,
                        max: 4
                    })
                );
            }
        }
    }

    #[test]
    fn only_allowed_flags_pass() {
        let trailers = Bytes::from_static(&[0x80, 0, 0, 0, 0]);
        let mut decoder = FrameDecoder::new(4);
        decoder.push(trailers.clone());
        assert_eq!(
            decoder.next(),
            Err(FrameError::Flags {
                flags: 0x80,
                unknown: 0x80
            })
        );
        let mut decoder = FrameDecoder::new(4).allow(0x80);
        decoder.push(trailers);
        assert_eq!(decoder.next().unwrap().unwrap().flags(), 0x80);
    }

    #[test]
    fn a_body_that_ends_within_a_prefix_is_truncated() {
        let mut decoder = FrameDecoder::new(4);
        decoder.finish().unwrap();
        decoder.push(Bytes::from_static(&[0, 0]));
        assert_eq!(decoder.next().unwrap(), None);
        assert_eq!(
            decoder.finish(),
            Err(FrameError::Truncated {
                found: 2,
                expected: 5
            })
        );
    }
}
