//! The messages of `faults.proto`, and gRPC's envelopes around them.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::Message;

/// Bytes before each message on the wire.
pub(crate) const ENVELOPE: usize = 5;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Number {
    #[prost(int64, tag = "1")]
    pub(crate) id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WatchBeatsRequest {
    #[prost(int32, tag = "1")]
    pub(crate) size: i32,
    #[prost(int32, tag = "2")]
    pub(crate) interval_ms: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Beat {
    #[prost(int64, tag = "1")]
    pub(crate) number: i64,
    #[prost(int32, tag = "2")]
    pub(crate) port: i32,
    #[prost(bytes = "bytes", tag = "3")]
    pub(crate) padding: Bytes,
}

/// A message in its envelope.
pub(crate) fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut out = BytesMut::with_capacity(ENVELOPE + length);
    out.put_u8(0);
    out.put_u32(u32::try_from(length).unwrap());
    message.encode(&mut out).unwrap();
    out.freeze()
}

/// So many bytes, the envelope among them, around nothing that means anything.
pub(crate) fn blank(size: usize) -> Bytes {
    let length = size.saturating_sub(ENVELOPE);
    let mut out = BytesMut::with_capacity(ENVELOPE + length);
    out.put_u8(0);
    out.put_u32(u32::try_from(length).unwrap());
    out.put_bytes(0, length);
    out.freeze()
}

/// Takes the first message off, if all of it is there.
pub(crate) fn unframed(bytes: &mut BytesMut) -> Option<Bytes> {
    let length = bytes.get(1..ENVELOPE)?;
    let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
    if bytes.len() < ENVELOPE + length {
        return None;
    }
    bytes.advance(ENVELOPE);
    Some(bytes.split_to(length).freeze())
}
