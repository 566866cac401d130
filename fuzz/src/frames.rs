//! Messages cut out of a body that comes in any pieces, against a naive reader of the whole.
//!
//! Input: the limit, the flag bits allowed besides the compressed one, the sizes of the pieces (a
//! byte that says how many there are, then one for each; they are used in turn), then the body.

use bytes::Bytes;
use transom::call::{FrameDecoder, FrameError, Message};

use crate::budget::within;
use crate::cursor::Cursor;
use crate::envelopes::{PREFIX, envelopes, prefix};

/// Limits on a payload that a byte above [`SMALL_MAX`] chooses.
const LARGE: [usize; 3] = [4 << 20, u32::MAX as usize, usize::MAX];
const SMALL_MAX: u8 = 252;

/// What a decoder may hold besides the bytes that it was given: `BytesMut` begins with some room and
/// doubles it.
const ROOM: usize = 1 << 10;

/// Bytes of a body that is pushed whole before anything is taken: each push then copies what is there.
const UNTAKEN_MAX: usize = 2 << 10;

/// How a body ended: not at all in an error, or in one that stays.
type Ended = Result<(), FrameError>;

/// Every cut gives what the naive reader finds, and never more is held than came.
pub fn frames(data: &[u8]) {
    let mut input = Cursor(data);
    let limit = input.byte();
    let max = match limit.checked_sub(SMALL_MAX + 1) {
        None => usize::from(limit),
        Some(large) => LARGE[usize::from(large)],
    };
    let allowed = input.byte();
    let sizes = input.bytes();
    let body = input.0;
    let expected = expected(body, max, allowed);

    let whole = [body.len()];
    for (sizes, taking) in [
        (&whole[..], Taking::AtOnce),
        (&lengths(sizes), Taking::AtOnce),
        (&lengths(sizes), Taking::AtTheEnd),
        (&[1], Taking::AtOnce),
    ] {
        if taking == Taking::AtTheEnd && body.len() > UNTAKEN_MAX {
            continue;
        }
        let pieces = pieces(body, sizes);
        let mut found = None;
        let held = allocation_counter::measure(|| {
            let decoder = FrameDecoder::new(max).allow(allowed);
            let decode = || decode(decoder, pieces, taking);
            found = Some(within("frames", body.len(), decode));
        });
        let (messages, ended) = found.expect("it has been decoded");
        let frames: Vec<_> = messages.into_iter().map(Message::into_frame).collect();
        assert_eq!((&frames, ended), (&expected.0, expected.1), "{sizes:?}");
        assert!(
            body.starts_with(&frames.concat()),
            "what was read is not what stood there"
        );
        // Each message that straddles pieces is copied once, into room that is doubled at most; and
        // here they are all kept, in a list that grows by doubling too.
        let list = 4 * size_of::<Message>() * (frames.len() + 4);
        let bound = u64::try_from(3 * body.len() + list + ROOM).unwrap_or(u64::MAX);
        assert!(
            held.bytes_max <= bound,
            "{} bytes are held for a body of {}",
            held.bytes_max,
            body.len()
        );
    }
}

/// When messages are taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    /// After each piece.
    AtOnce,
    /// After the last one.
    AtTheEnd,
}

fn decode(mut decoder: FrameDecoder, pieces: Vec<Bytes>, taking: Taking) -> (Vec<Message>, Ended) {
    let mut messages = Vec::new();
    let take = |decoder: &mut FrameDecoder, messages: &mut Vec<_>| loop {
        match decoder.next() {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return Ok(()),
            Err(error) => {
                assert_eq!(decoder.next(), Err(error), "an error stays");
                return Err(error);
            }
        }
    };
    for piece in pieces {
        decoder.push(piece);
        if taking == Taking::AtOnce
            && let Err(error) = take(&mut decoder, &mut messages)
        {
            return (messages, Err(error));
        }
    }
    let ended = take(&mut decoder, &mut messages).and_then(|()| decoder.finish());
    (messages, ended)
}

/// What is found in a body by reading it once, as a whole.
fn expected(body: &[u8], max: usize, allowed: u8) -> (Vec<Bytes>, Ended) {
    let (found, _) = envelopes(body);
    let mut frames = Vec::new();
    let mut rest = body;
    loop {
        if rest.is_empty() {
            return (frames, Ok(()));
        }
        let Some((flags, declared)) = prefix(rest) else {
            let (found, expected) = (rest.len(), PREFIX);
            return (frames, Err(FrameError::Truncated { found, expected }));
        };
        let unknown = flags & !allowed & !1;
        if unknown != 0 {
            return (frames, Err(FrameError::Flags { flags, unknown }));
        }
        if declared > max {
            return (frames, Err(FrameError::TooLarge { declared, max }));
        }
        if found.len() == frames.len() {
            let (found, expected) = (rest.len(), declared + PREFIX);
            return (frames, Err(FrameError::Truncated { found, expected }));
        }
        let (frame, after) = rest.split_at(declared + PREFIX);
        frames.push(Bytes::copy_from_slice(frame));
        rest = after;
    }
}

fn lengths(sizes: &[u8]) -> Vec<usize> {
    sizes.iter().map(|size| usize::from(*size)).collect()
}

/// Cuts into pieces of these sizes in turn; of sizes that are all zero, into none.
pub(crate) fn pieces(mut body: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    if sizes.iter().any(|size| *size > 0) {
        for size in sizes.iter().cycle() {
            if body.is_empty() {
                return pieces;
            }
            let (piece, rest) = body.split_at((*size).min(body.len()));
            pieces.push(Bytes::copy_from_slice(piece));
            body = rest;
        }
    }
    pieces.push(Bytes::copy_from_slice(body));
    pieces
}
