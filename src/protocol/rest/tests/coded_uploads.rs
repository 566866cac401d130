//! Client streams in a content coding: what is broken in it is said, and what it expands to is
//! counted and shares its thread.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;

use super::client_streams::{Taker, chunked, collected};
use super::*;
use crate::call::Coding;
use crate::call::compression::Deflater;

const CODINGS: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Brotli];

fn compressed(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let mut deflater = Deflater::new(coding, plain.len() as u64).unwrap();
    let mut out = deflater.write(plain).unwrap();
    out.extend(deflater.finish().unwrap());
    out
}

/// The answer to an upload, and how many messages the backend got.
async fn upload(uri: &str, coding: Coding, body: Body) -> (u16, String, usize) {
    let taker = Taker::default();
    let request = with_header(
        request("POST", uri, body),
        "content-encoding",
        coding.name(),
    );
    let response = taker.router(Options::default()).handle(request).await;
    let (status, text) = collected(response).await;
    let taken = taker.taken.lock().unwrap().len();
    (status, text, taken)
}

#[tokio::test]
async fn what_is_wrong_with_a_compressed_stream_is_said() {
    let lines = b"{\"name\":\"a\"}\n".repeat(2000);
    for coding in CODINGS {
        let whole = compressed(coding, &lines);
        let (status, text, taken) = upload("/v1/collect", coding, chunked(&[&whole])).await;
        assert_eq!((status, taken), (200, 2000), "{text}");

        let mut corrupt = whole.clone();
        corrupt.extend_from_slice(b"and now something else entirely");
        let cut = &whole[..whole.len() - 2];
        for (body, fault) in [
            (&corrupt[..], "the data is corrupt"),
            (cut, "ends too early"),
        ] {
            for uri in ["/v1/collect", "/v1/converse", "/v1/stash"] {
                let (status, text, _) = upload(uri, coding, chunked(&[body])).await;
                let expected = format!("the request body is not valid {}: ", coding.name());
                assert!(
                    text.contains(&expected) && text.contains(fault),
                    "{uri}: {status} {text}"
                );
                // A conversation may have begun by then: its last record says so.
                let has_begun = uri == "/v1/converse" && status == 200;
                assert!(status == 400 || has_begun, "{uri}: {status} {text}");
            }
        }
    }
}

#[tokio::test]
async fn white_space_between_values_is_bounded() {
    let blank = vec![b' '; 64 << 20];
    for coding in CODINGS {
        let body = compressed(coding, &[b"{}\n", &blank[..]].concat());
        let (status, text, taken) = upload("/v1/collect", coding, chunked(&[&body])).await;
        assert_eq!((status, taken), (413, 1), "{text}");
        assert!(
            text.contains("[1]: found more than 1048576 bytes of white space"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn white_space_shares_its_thread() {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let chunks = stream::repeat(Bytes::from_static(b" \n")).map(move |chunk| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::convert::Infallible>(chunk)
    });
    let router = Taker::default().router(Options::default());
    let request = request("POST", "/v1/collect", Body::from_stream(chunks));
    let mut answer = std::pin::pin!(router.handle(request));
    let poll_once =
        |cx: &mut std::task::Context<'_>| std::task::Poll::Ready(answer.as_mut().poll(cx));
    let polled = std::future::poll_fn(poll_once).await;
    assert!(polled.is_pending());
    assert!(read.load(Ordering::Relaxed) < 1000, "{read:?}");
}
