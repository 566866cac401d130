//! Replies of backends that compress.

use http::Response;

use super::*;
use crate::call::compression::Deflater;
use crate::call::{Accept, Coding, Codings, Packed};

const CODINGS: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Brotli];

fn compressed(coding: Coding, payload: &[u8]) -> Bytes {
    let mut deflater = Deflater::new(coding, u64::try_from(payload.len()).unwrap()).unwrap();
    let mut out = deflater.write(payload).unwrap();
    out.extend(deflater.finish().unwrap());
    let mut frame = frame(&out).to_vec();
    frame[0] = 1;
    frame.into()
}

/// A backend whose every answer names this encoding and has these frames.
async fn backend(encoding: &'static str, frames: Vec<Bytes>) -> Backend {
    Backend::http2(0, 10, move |_, mut respond| {
        let frames = frames.clone();
        async move {
            let head = Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-encoding", encoding)
                .body(())
                .unwrap();
            let mut stream = respond.send_response(head, false).unwrap();
            for frame in frames {
                stream.send_data(frame, false).unwrap();
            }
            stream
                .send_trailers(trailers(&[("grpc-status", "0")]))
                .unwrap();
        }
    })
    .await
}

fn passed(codings: Codings) -> Call {
    let mut call = server_stream();
    call.encodings.accept = Accept::Passed(codings);
    call
}

#[tokio::test]
async fn replies_are_opened_for_who_reads_them_and_for_who_does_not_take_them() {
    for coding in CODINGS {
        let frames = vec![
            compressed(coding, b"one"),
            frame(b"two"),
            compressed(coding, &[7; 100_000]),
        ];
        let backend = backend(coding.name(), frames).await;
        let upstream = backend.upstream();
        for call in [server_stream(), passed(Codings::NONE)] {
            let reply = upstream.call(call).await.unwrap();
            assert_eq!(reply.encoding, None);
            assert!(!reply.metadata.0.contains_key("grpc-encoding"));
            let (messages, end) = collect(reply).await;
            assert!(end.status.is_ok(), "{:?}", end.status);
            assert_eq!(messages, [&b"one"[..], b"two", &[7; 100_000]]);
        }
    }
}

#[tokio::test]
async fn replies_are_passed_to_who_takes_them() {
    for coding in CODINGS {
        let frames = vec![compressed(coding, b"one"), frame(b"two")];
        let backend = backend(coding.name(), frames.clone()).await;
        let upstream = backend.upstream();
        let mut reply = upstream.call(passed(Codings::ALL)).await.unwrap();
        assert_eq!(reply.encoding, Some(coding));
        for frame in frames {
            let Some(Answer::Message(message)) = reply.replies.next().await else {
                panic!("no message")
            };
            assert_eq!(message.into_frame(), frame);
        }
    }
}

#[tokio::test]
async fn a_reply_that_expands_beyond_the_limit_is_cut_and_a_broken_one_is_internal() {
    for coding in CODINGS {
        let mut broken = compressed(coding, b"one").to_vec();
        broken[6] ^= 0x55; // of the magic number
        let bomb = compressed(coding, &vec![0; (1 << 20) + 1]);
        let rows = [
            (compressed(coding, &vec![0; 1 << 20]), Code::Ok),
            (bomb, Code::ResourceExhausted),
            (broken.into(), Code::Internal),
        ];
        for (frame, code) in rows {
            let backend = backend(coding.name(), vec![frame]).await;
            for call in [server_stream(), unary(b"")] {
                let status = outcome(&backend.upstream(), call).await;
                assert_eq!(status.code, code, "{coding:?} {status:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_encoding_that_was_not_offered_matters_only_where_it_is_used() {
    for encoding in ["snappy", "lz4", "deflate"] {
        let plain = backend(encoding, vec![frame(b"plain")]).await;
        let status = outcome(&plain.upstream(), server_stream()).await;
        assert!(status.is_ok(), "{status:?}");
        let used = backend(encoding, vec![compressed(Coding::Gzip, b"one")]).await;
        for call in [server_stream(), passed(Codings::ALL)] {
            let status = outcome(&used.upstream(), call).await;
            assert_eq!(status.code, Code::Internal, "{encoding}");
        }
    }
}

#[tokio::test]
async fn a_backend_is_offered_what_is_opened_here_or_what_the_client_takes() {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        let offered = request.headers()["grpc-accept-encoding"].clone();
        ok(respond, offered.as_bytes());
    })
    .await;
    let upstream = backend.upstream();
    let rows = [
        (Accept::Opened, "gzip,zstd,br"),
        (Accept::Passed(Codings::NONE), "identity"),
        (Accept::Passed(Codings::ALL), "gzip,zstd,br"),
    ];
    for (accept, expected) in rows {
        let mut call = unary(b"");
        call.encodings.accept = accept;
        let reply = upstream.call(call).await.unwrap();
        assert_eq!(collect(reply).await.0, [expected], "{accept:?}");
    }
}

/// A unary call and one of many messages, both compressed.
fn packed(coding: Coding) -> [Call; 2] {
    let message = || Message::from_frame(compressed(coding, b"one")).unwrap();
    [
        call(Shape::Unary, Requests::One(message())),
        call(
            Shape::Bidi,
            Requests::stream(futures_util::stream::iter([Ok(message())])),
        ),
    ]
    .map(|mut call| {
        call.encodings.request = Some(Packed { coding, max: 100 });
        call
    })
}

#[tokio::test]
async fn requests_are_opened_until_the_backend_says_that_it_takes_their_coding() {
    for coding in CODINGS {
        let backend = Backend::http2(0, 10, move |request, mut respond| async move {
            let (parts, mut body) = request.into_parts();
            let named = parts.headers.get("grpc-encoding").cloned();
            let data = body.data().await.unwrap().unwrap();
            let is_opened = named.is_none() && data == frame(b"one");
            let is_packed = named.is_some_and(|name| name == coding.name()) && data[0] == 1;
            let head = Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-accept-encoding", coding.name())
                .body(())
                .unwrap();
            let mut stream = respond.send_response(head, false).unwrap();
            let seen = if is_opened {
                frame(b"opened")
            } else {
                assert!(is_packed);
                frame(b"packed")
            };
            stream.send_data(seen, false).unwrap();
            stream
                .send_trailers(trailers(&[("grpc-status", "0")]))
                .unwrap();
        })
        .await;
        for call in [0, 1] {
            let upstream = backend.upstream();
            for expected in ["opened", "packed"] {
                let [unary, bidi] = packed(coding);
                let call = if call == 0 { unary } else { bidi };
                let reply = upstream.call(call).await.unwrap();
                assert_eq!(collect(reply).await.0, [expected], "{coding:?}");
            }
        }
    }
}
