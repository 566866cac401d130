//! Codecs: round trips however cut, what is broken, and what expands too far.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const ALL: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Brotli];
const OF_MESSAGES: [Coding; 2] = [Coding::Gzip, Coding::Zstd];

fn compressed(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let mut deflater = Deflater::new(coding, u64::try_from(plain.len()).unwrap()).unwrap();
    let mut out = Vec::new();
    for piece in plain.chunks(70_000) {
        out.extend(deflater.write(piece).unwrap());
    }
    out.extend(deflater.finish().unwrap());
    out
}

/// The same without a size in its head.
fn of_unknown_size(plain: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(plain, 3).unwrap()
}

/// All bytes of a stream that comes in such pieces, given in such pieces.
fn inflated(coding: Coding, input: &[u8], piece: usize, room: usize) -> Result<Vec<u8>, Fault> {
    let mut inflater = Inflater::new(coding)?;
    let mut out = Vec::new();
    for mut rest in input.chunks(piece) {
        loop {
            let mut buffer = vec![0; room];
            let step = inflater.step(rest, &mut buffer)?;
            rest = &rest[step.read..];
            out.extend_from_slice(&buffer[..step.written]);
            if rest.is_empty() && step.written < room {
                break;
            }
        }
    }
    inflater.finish()?;
    Ok(out)
}

fn text(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| b"{\"title\":\"The Wave\",\"n\":"[at % 24] ^ u8::from(at % 311 == 0))
        .collect()
}

fn message(payload: &[u8]) -> Message {
    Message::from_payload(payload)
}

/// Compressed zeros: `length` of them.
fn bomb(coding: Coding, length: usize) -> Vec<u8> {
    let mut deflater = Deflater::new(coding, u64::try_from(length).unwrap()).unwrap();
    let zeros = vec![0; 1 << 20];
    let mut out = Vec::new();
    for _ in 0..length >> 20 {
        out.extend(deflater.write(&zeros).unwrap());
    }
    out.extend(deflater.finish().unwrap());
    out
}

#[test]
fn every_way_of_cutting_a_stream_gives_the_same_bytes() {
    let plain = text(700);
    for coding in ALL {
        let input = compressed(coding, &plain);
        for piece in 1..=input.len() {
            for room in [1, 7, 512, 4096] {
                let found = inflated(coding, &input, piece, room);
                assert_eq!(found.as_ref(), Ok(&plain), "{coding:?} {piece} {room}");
            }
        }
    }
}

#[test]
fn a_stream_cut_short_is_truncated_and_one_with_more_behind_it_is_corrupt() {
    for coding in ALL {
        let plain = text(700);
        let mut input = compressed(coding, &plain);
        for end in 1..input.len() {
            let found = inflated(coding, &input[..end], 64, 64);
            assert!(found.is_err(), "{coding:?} {end}");
            if coding != Coding::Brotli {
                let message = message(&input[..end]);
                assert!(measure(&message, coding, 1 << 20).is_err());
                assert!(open(&message, coding, 1 << 20).is_err());
            }
        }
        input.extend_from_slice(b"more");
        assert!(inflated(coding, &input, 64, 64).is_err(), "{coding:?}");
    }
}

#[test]
fn a_wrong_checksum_is_seen_by_who_opens_and_by_who_counts() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, &text(700)).unwrap();
    let zstd = encoder.finish().unwrap();
    let gzip = compressed(Coding::Gzip, &text(700));
    for (coding, mut bytes, back) in [(Coding::Gzip, gzip, 8), (Coding::Zstd, zstd, 1)] {
        assert_eq!(measure(&message(&bytes), coding, 700), Ok(700));
        let at = bytes.len() - back;
        bytes[at] ^= 1;
        let expected = Unopened::Broken {
            coding,
            fault: Fault::Corrupt,
        };
        assert_eq!(measure(&message(&bytes), coding, 700), Err(expected));
        assert_eq!(open(&message(&bytes), coding, 700), Err(expected));
    }
}

#[test]
fn concatenated_members_and_frames_are_one_content() {
    for coding in OF_MESSAGES {
        let mut input = compressed(coding, &text(600));
        input.extend(compressed(coding, b""));
        input.extend(compressed(coding, &text(300)));
        let expected = [text(600), text(300)].concat();
        let opened = open(&message(&input), coding, 900).unwrap();
        assert_eq!(opened.payload_bytes(), expected);
        for piece in 1..=input.len() {
            let found = inflated(coding, &input, piece, 128);
            assert_eq!(found.as_ref(), Ok(&expected), "{coding:?} {piece}");
        }
        let over = Err(Unopened::TooLarge { max: 899 });
        assert_eq!(measure(&message(&input), coding, 899), over);
        assert_eq!(open(&message(&input), coding, 899).map(|m| m.len()), over);
    }
}

#[test]
fn a_message_of_countless_members_is_refused_when_there_are_too_many() {
    for coding in OF_MESSAGES {
        let member = compressed(coding, b"");
        let of = |count: usize| message(&member.repeat(count));
        assert_eq!(measure(&of(MEMBERS_MAX), coding, 0), Ok(0));
        let fault = Fault::Members;
        let expected = Unopened::Broken { coding, fault };
        assert_eq!(measure(&of(MEMBERS_MAX + 2), coding, 0), Err(expected));
        assert_eq!(open(&of(MEMBERS_MAX + 2), coding, 0), Err(expected));
    }
}

#[test]
fn the_limit_is_exact_and_counts_plain_bytes() {
    let plain = text(100_000);
    let streams = [
        (Coding::Gzip, compressed(Coding::Gzip, &plain)),
        (Coding::Zstd, compressed(Coding::Zstd, &plain)),
        (Coding::Zstd, of_unknown_size(&plain)),
    ];
    for (coding, input) in streams {
        let input = message(&input);
        assert_eq!(measure(&input, coding, plain.len()), Ok(plain.len()));
        let opened = open(&input, coding, plain.len()).unwrap();
        assert_eq!(opened.payload_bytes(), plain);
        assert!(!opened.is_compressed());
        let max = plain.len() - 1;
        let over = Err(Unopened::TooLarge { max });
        assert_eq!(measure(&input, coding, max), over);
        assert_eq!(open(&input, coding, max).map(|m| m.len()), over);
    }
}

#[test]
fn what_is_opened_takes_its_own_size_and_no_more() {
    for (coding, input) in [
        (Coding::Gzip, compressed(Coding::Gzip, &text(100_000))),
        (Coding::Zstd, of_unknown_size(&text(100_000))),
    ] {
        let mut out = Vec::new();
        inflate(coding, &input, 4 << 20, &mut out).unwrap();
        assert_eq!((out.len(), out.capacity()), (100_000, 100_000));
    }
}

#[test]
fn a_bomb_is_refused_without_room_for_what_it_holds() {
    let max = 4 << 20;
    for coding in OF_MESSAGES {
        let input = bomb(coding, 1 << 30);
        assert!(input.len() < 2 << 20, "{coding:?} {}", input.len());
        let over = Err(Unopened::TooLarge { max });
        assert_eq!(measure(&message(&input), coding, max), over);
        let mut out = Vec::new();
        assert_eq!(
            inflate(coding, &input, max, &mut out),
            over.map(|_: usize| ())
        );
        assert_eq!(out.capacity(), 0, "{coding:?}");
    }
}

#[test]
fn a_size_that_is_stated_and_not_true_changes_nothing() {
    // Two members: only the last one's size stands at the end.
    let mut short = compressed(Coding::Gzip, &text(5000));
    short.extend(compressed(Coding::Gzip, b"x"));
    let opened = open(&message(&short), Coding::Gzip, 1 << 20).unwrap();
    assert_eq!(opened.len(), 5001);
    let mut long = compressed(Coding::Gzip, b"x");
    let at = long.len() - 4;
    long[at..].copy_from_slice(&1000_u32.to_le_bytes());
    let found = open(&message(&long), Coding::Gzip, 1 << 20);
    assert!(matches!(found, Err(Unopened::Broken { .. })), "{found:?}");
}

#[test]
fn a_window_beyond_the_cap_is_refused_by_its_head() {
    /// A frame head without a content size, with this window, and an empty last block.
    fn frame(window_log: u8) -> Vec<u8> {
        let descriptor = (window_log - 10) << 3;
        vec![0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, 1, 0, 0]
    }
    assert_eq!(measure(&message(&frame(23)), Coding::Zstd, 10), Ok(0));
    for log in [24, 27, 31] {
        let found = measure(&message(&frame(log)), Coding::Zstd, 10);
        assert!(matches!(found, Err(Unopened::Broken { .. })), "{log}");
    }
}

#[test]
fn brotli_with_a_large_window_is_refused() {
    let params = brotli::enc::BrotliEncoderParams {
        large_window: true,
        lgwin: 28,
        quality: 4,
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &text(100_000)[..], &mut out, &params).unwrap();
    assert_eq!(
        inflated(Coding::Brotli, &out, 1000, 1000),
        Err(Fault::Corrupt)
    );
}

#[test]
fn no_bytes_are_an_empty_message() {
    for coding in OF_MESSAGES {
        assert_eq!(measure(&message(b""), coding, 0), Ok(0));
        assert!(open(&message(b""), coding, 0).unwrap().is_empty());
    }
}

#[test]
fn only_what_can_be_opened_is_accepted() {
    let rows: [(&[&str], &str); 8] = [
        (&[], "identity"),
        (&["identity"], "identity"),
        (&["identity, deflate, gzip"], "gzip"),
        (&["gzip", "zstd"], "gzip,zstd"),
        (&["zstd,snappy"], "zstd"),
        (&["br,,deflate"], "br"),
        (&["deflate"], "identity"),
        (&["GZIP"], "gzip"),
    ];
    for (values, expected) in rows {
        let headers: HeaderMap = values
            .iter()
            .map(|value| (GRPC_ACCEPT_ENCODING, HeaderValue::from_static(value)))
            .collect();
        assert_eq!(
            Codings::accepted(&headers, &GRPC_ACCEPT_ENCODING).value(),
            expected,
            "{values:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_compressed_is_given_back(
        plain in proptest::collection::vec(0..4_u8, 0..5000),
        piece in 1..300_usize,
        room in 1..300_usize,
    ) {
        for coding in ALL {
            let input = compressed(coding, &plain);
            prop_assert_eq!(inflated(coding, &input, piece, room), Ok(plain.clone()));
        }
        for coding in OF_MESSAGES {
            let input = message(&compressed(coding, &plain));
            prop_assert_eq!(measure(&input, coding, plain.len()), Ok(plain.len()));
            let opened = open(&input, coding, plain.len()).unwrap();
            prop_assert_eq!(opened.payload(), Bytes::from(plain.clone()));
        }
    }

    #[test]
    fn broken_bytes_give_an_answer(
        plain in proptest::collection::vec(0..4_u8, 0..600),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        piece in 1..100_usize,
    ) {
        for coding in ALL {
            let mut input = compressed(coding, &plain);
            for (at, byte) in &changes {
                let at = at.index(input.len());
                input[at] = *byte;
            }
            // Whatever it is, it ends. (zstd tells a wrong size in a frame's head only where it has
            // all of the frame at once, so not every way has to refuse what one way refuses.)
            let streamed = inflated(coding, &input, piece, 64).map(|out| out.len());
            if coding != Coding::Brotli {
                let counted = measure(&message(&input), coding, 1 << 22);
                let opened = open(&message(&input), coding, 1 << 22).map(|m| m.len());
                let lengths = [streamed.ok(), counted.ok(), opened.ok()];
                let mut lengths = lengths.into_iter().flatten();
                let first = lengths.next();
                prop_assert!(lengths.all(|length| Some(length) == first), "{:?}", input);
            }
        }
    }
}
