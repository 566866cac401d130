//! Content codings: request bodies that decompress themselves, answers that are compressed or not.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use http_body_util::BodyExt as _;

use super::*;
use crate::call::compression::{Deflater, Inflater};
use crate::protocol::unary::{self, Bounds, Unread};

const ALL: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Brotli];

fn compressed(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let mut deflater = Deflater::new(coding, u64::try_from(plain.len()).unwrap()).unwrap();
    let mut out = deflater.write(plain).unwrap();
    out.extend(deflater.finish().unwrap());
    out
}

fn plain(coding: Coding, compressed: &[u8]) -> Vec<u8> {
    let mut inflater = Inflater::new(coding).unwrap();
    let mut out = vec![0; 4 << 20];
    let step = inflater.step(compressed, &mut out).unwrap();
    assert_eq!(step.read, compressed.len());
    inflater.finish().unwrap();
    out.truncate(step.written);
    out
}

fn text(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| b"[\"0123456789\", "[at % 15] ^ u8::from(at % 97 == 0))
        .collect()
}

/// A body in pieces of this size, which are not all there at once.
fn body(bytes: &[u8], piece: usize) -> Body {
    let pieces: Vec<_> = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
    Body::from_stream(
        stream::iter(pieces)
            .enumerate()
            .then(|(at, piece)| async move {
                if at % 3 == 1 {
                    tokio::task::yield_now().await;
                }
                Ok::<_, Infallible>(piece)
            }),
    )
}

fn named(name: &str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_str(name).unwrap())])
}

async fn read(coding: Coding, bytes: &[u8], piece: usize, max: usize) -> Result<Bytes, Unread> {
    let mut body = body(bytes, piece);
    decode(&named(coding.name()), &mut body).unwrap();
    let bounds = Bounds {
        bytes: max,
        within: std::time::Duration::from_secs(60),
        deadline: crate::call::Deadline::Never,
    };
    unary::read(body, bounds, &Default::default()).await
}

#[tokio::test(start_paused = true)]
async fn a_body_is_read_as_what_it_holds_however_it_is_cut() {
    let long = text(100_000);
    for coding in ALL {
        let short = compressed(coding, &long[..500]);
        for piece in 1..=short.len() {
            let found = read(coding, &short, piece, 500).await.unwrap();
            assert_eq!(found, long[..500], "{coding:?} {piece}");
        }
        for piece in [1, 100, 4096, 1 << 20] {
            let found = read(coding, &compressed(coding, &long), piece, 100_000).await;
            assert_eq!(found.unwrap(), long, "{coding:?} {piece}");
            // Nearly everything is in the decoder when the last byte goes in.
            let zeros = vec![0; 1 << 20];
            let found = read(coding, &compressed(coding, &zeros), piece, 1 << 20).await;
            assert_eq!(found.unwrap(), zeros, "{coding:?} {piece}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_cut_short_or_broken_is_told_from_one_that_broke_off() {
    for coding in ALL {
        let whole = compressed(coding, &text(500));
        for end in 1..whole.len() {
            let found = read(coding, &whole[..end], 16, 1000).await;
            assert!(
                matches!(found, Err(Unread::Undecodable(_))),
                "{coding:?} {end} {found:?}"
            );
        }
        let found = read(coding, b"{\"title\":\"not compressed at all\"}", 16, 1000).await;
        let unread = found.unwrap_err();
        assert_eq!(unread.http(), 400);
        assert!(unread.to_string().contains(coding.name()), "{unread}");
        assert_eq!(read(coding, b"", 16, 1000).await.unwrap(), "");
    }
    let mut broken = Body::from_stream(stream::iter([Err::<Bytes, _>("gone")]));
    decode(&named("gzip"), &mut broken).unwrap();
    let error = broken.collect().await.unwrap_err();
    assert_eq!(Unread::from(error), Unread::Broken);
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_what_comes_out() {
    let text = text(100_000);
    for coding in ALL {
        let bytes = compressed(coding, &text);
        assert!(bytes.len() < 50_000);
        assert_eq!(
            read(coding, &bytes, 1000, 100_000).await.unwrap().len(),
            100_000
        );
        let found = read(coding, &bytes, 1000, 99_999).await;
        assert_eq!(found, Err(Unread::TooLarge { max: 99_999 }));
    }
}

#[tokio::test(start_paused = true)]
async fn members_are_one_body_and_counted_together() {
    let mut bytes = compressed(Coding::Gzip, &text(600));
    bytes.extend(compressed(Coding::Gzip, &text(600)));
    assert_eq!(
        read(Coding::Gzip, &bytes, 7, 1200).await.unwrap().len(),
        1200
    );
    let found = read(Coding::Gzip, &bytes, 7, 1199).await;
    assert_eq!(found, Err(Unread::TooLarge { max: 1199 }));
}

#[tokio::test]
async fn a_stream_comes_out_as_it_goes_in_and_a_bomb_one_chunk_at_a_time() {
    for coding in ALL {
        let bytes = compressed(coding, &vec![0; 64 << 20]);
        let mut body = Body::from(bytes);
        decode(&named(coding.name()), &mut body).unwrap();
        let mut total = 0;
        while let Some(frame) = body.frame().await {
            let length = frame.unwrap().into_data().unwrap().len();
            assert!((1..=16 << 10).contains(&length), "{coding:?} {length}");
            total += length;
        }
        assert_eq!(total, 64 << 20, "{coding:?}");
    }
    // What a client has flushed is there before it sends more.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, b"{\"n\":1}\n").unwrap();
    std::io::Write::flush(&mut encoder).unwrap();
    let first = Bytes::from(std::mem::take(encoder.get_mut()));
    let sent = stream::iter([Ok::<_, Infallible>(first)]).chain(stream::pending());
    let mut body = Body::from_stream(sent);
    decode(&named("gzip"), &mut body).unwrap();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "{\"n\":1}\n");
}

#[test]
fn one_known_coding_is_taken_and_no_more() {
    type Found = Result<Option<Coding>, &'static str>;
    let rows: [(&[&str], Found); 12] = [
        (&[], Ok(None)),
        (&["identity"], Ok(None)),
        (&[""], Ok(None)),
        (&["gzip"], Ok(Some(Coding::Gzip))),
        (&["X-GZIP"], Ok(Some(Coding::Gzip))),
        (&["identity, br"], Ok(Some(Coding::Brotli))),
        (&[" zstd ,"], Ok(Some(Coding::Zstd))),
        (&["gzip, gzip"], Err("gzip, gzip")),
        (&["gzip", "br"], Err("gzip, br")),
        (&["deflate"], Err("deflate")),
        (&["compress\t"], Err("compress\\t")),
        (&["gzip;q=1"], Err("gzip;q=1")),
    ];
    for (values, expected) in rows {
        let headers: HeaderMap = values
            .iter()
            .map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value)))
            .collect();
        let found = content_coding(&headers).map_err(|unsupported| unsupported.found);
        assert_eq!(found, expected.map_err(str::to_owned), "{values:?}");
    }
}

async fn answered(
    verb: &str,
    accept: &str,
    response: Response<Body>,
    config: Compression,
) -> (HeaderMap, Bytes) {
    let request = Request::builder()
        .method(verb)
        .header("accept-encoding", accept);
    let parts = request.body(()).unwrap().into_parts().0;
    let response = Answering::new(&config, &parts)
        .unwrap()
        .encode(response)
        .await;
    let (head, body) = response.into_parts();
    let length = body.size_hint().exact();
    let body = body.collect().await.unwrap().to_bytes();
    if let Some(length) = length {
        assert_eq!(length, u64::try_from(body.len()).unwrap());
    }
    (head.headers, body)
}

fn response(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    let value = HeaderValue::from_static(content_type);
    response.headers_mut().insert("content-type", value);
    response
}

#[tokio::test]
async fn long_text_is_compressed_by_what_the_client_takes() {
    for length in [1024, 20_000, 64 << 10, (64 << 10) + 1, 1 << 20] {
        for coding in ALL {
            let text = text(length);
            let response = response("application/json", text.clone());
            let (headers, body) =
                answered("GET", coding.name(), response, Compression::default()).await;
            assert_eq!(headers["content-encoding"], coding.name());
            assert_eq!(headers["vary"], "accept-encoding");
            assert!(
                body.len() < length / 2,
                "{coding:?} {length} {}",
                body.len()
            );
            assert_eq!(plain(coding, &body), text, "{coding:?} {length}");
        }
    }
}

#[tokio::test]
async fn what_would_not_shrink_or_must_not_change_goes_as_it_is() {
    let with = |name: &'static str, value: &'static str| {
        let mut response = response("application/json", text(5000));
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        response
    };
    let stream = Body::from_stream(stream::iter([Ok::<_, Infallible>(text(5000))]));
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    })
    .take(5000)
    .collect();
    let rows = [
        ("gzip", response("application/json", text(1023)), false),
        ("gzip", response("image/png", text(5000)), false),
        (
            "gzip",
            response("application/octet-stream", text(5000)),
            false,
        ),
        ("gzip", response("application/json", stream), false),
        (
            "gzip",
            with("cache-control", "max-age=1, No-Transform"),
            false,
        ),
        ("gzip", with("content-range", "bytes 0-1/2"), false),
        ("gzip", with("content-encoding", "br"), false),
        ("deflate", with("x-a", "b"), true),
        ("gzip;q=0", with("x-a", "b"), true),
        ("zstd", response("text/plain", noise), true),
    ];
    for (accept, response, varies) in rows {
        let expected = response.headers().get("content-encoding").cloned();
        let kind = response.headers()["content-type"].clone();
        let (headers, _) = answered("GET", accept, response, Compression::default()).await;
        assert_eq!(
            headers.get("content-encoding"),
            expected.as_ref(),
            "{kind:?}"
        );
        assert_eq!(headers.contains_key("vary"), varies, "{accept} {kind:?}");
    }
    // Whoever does not want it as it is gets even little compressed.
    let little = response("application/problem+json", text(200));
    let (headers, _) = answered("GET", "identity;q=0, br", little, Compression::default()).await;
    assert_eq!(headers["content-encoding"], "br");
    let nothing = response("application/json", "");
    let (headers, _) = answered("GET", "identity;q=0, br", nothing, Compression::default()).await;
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn head_says_what_get_would_say_but_for_the_length() {
    let mut long = response("application/json", Body::empty());
    long.headers_mut()
        .insert("content-length", HeaderValue::from(5000));
    let (headers, body) = answered("HEAD", "br", long, Compression::default()).await;
    assert_eq!(headers["content-encoding"], "br");
    assert!(!headers.contains_key("content-length"));
    assert!(body.is_empty());
    let mut short = response("application/json", Body::empty());
    short
        .headers_mut()
        .insert("content-length", HeaderValue::from(500));
    let (headers, _) = answered("HEAD", "br", short, Compression::default()).await;
    assert_eq!(headers["content-length"], "500");
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn an_answer_that_varies_already_says_both() {
    let mut response = response("application/json", text(5000));
    response
        .headers_mut()
        .insert("vary", HeaderValue::from_static("origin"));
    response
        .headers_mut()
        .insert("etag", HeaderValue::from_static("\"a\""));
    let (headers, _) = answered("GET", "gzip", response, Compression::default()).await;
    let vary: Vec<_> = headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["origin", "accept-encoding"]);
    assert_eq!(headers["etag"], "\"a\"");
}

#[test]
fn nothing_is_compressed_where_it_is_switched_off() {
    let request = Request::builder().header("accept-encoding", "gzip");
    let parts = request.body(()).unwrap().into_parts().0;
    let off = Compression {
        responses: false,
        ..Compression::default()
    };
    assert!(Answering::new(&off, &parts).is_none());
}
