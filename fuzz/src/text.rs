//! The base64 of gRPC-Web's text form, in any pieces, against a naive decoder of the whole.
//!
//! Input: the sizes of the pieces (a byte that says how many there are, then one for each; they are
//! used in turn), then the text. The same bytes are also encoded, in those pieces, and read again.

use bytes::Bytes;
use transom::protocol::text::{TextDecoder, TextError};

use crate::budget::within;
use crate::cursor::Cursor;
use crate::envelopes::{Ending, base64, to_base64};
use crate::frames::pieces;

/// Every cut gives what the naive decoder finds, and what is encoded in pieces is read in others.
pub fn text(data: &[u8]) {
    let mut input = Cursor(data);
    let sizes: Vec<_> = input
        .bytes()
        .iter()
        .map(|size| usize::from(*size))
        .collect();
    let text = input.0;

    let (expected, ending) = base64(text);
    let fault = match ending {
        Ending::Bad => Some(TextError::Malformed),
        Ending::Whole | Ending::Short => None,
    };
    let finish = match ending {
        Ending::Bad => Err(TextError::Malformed),
        Ending::Short => Err(TextError::Truncated),
        Ending::Whole => Ok(()),
    };
    for sizes in [&[text.len()][..], &sizes, &[1], &[3], &[5]] {
        let found = decoded(&pieces(text, sizes));
        assert_eq!(
            found,
            (expected.clone(), fault, finish),
            "{} in pieces of {sizes:?}",
            text.escape_ascii()
        );
    }

    let plain = text;
    let strings: Vec<u8> = pieces(plain, &sizes)
        .iter()
        .flat_map(|piece| to_base64(piece))
        .collect();
    for size in [strings.len().max(1), 1, 7] {
        let found = decoded(&pieces(&strings, &[size]));
        assert_eq!(found, (plain.to_vec(), None, Ok(())), "pieces of {size}");
    }
}

fn decoded(pieces: &[Bytes]) -> (Vec<u8>, Option<TextError>, Result<(), TextError>) {
    let length = pieces.iter().map(Bytes::len).sum();
    within("text", length, || {
        let mut decoder = TextDecoder::default();
        let mut out = Vec::new();
        for piece in pieces {
            let bytes = decoder.decode(piece);
            assert!(
                bytes.is_empty() || bytes.len() <= piece.len().div_ceil(4) * 3,
                "{} bytes out of {} characters",
                bytes.len(),
                piece.len()
            );
            out.extend_from_slice(&bytes);
        }
        (out, decoder.fault(), decoder.finish())
    })
}
