//! Reply bodies: coalescing, flushing, silence, ends and drops.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::time::Instant;

use super::*;
use crate::call::Code;
use crate::observe::{Observe, Tally};

/// Payloads as they are, then how the body is to end.
struct Plain(Option<Tail>);

impl Encoder for Plain {
    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        if message.payload_bytes() == b"bad" {
            return Err(Status::gateway(Code::Internal, "cannot be shown"));
        }
        chunk.pass(message.payload());
        Ok(())
    }

    fn end(&mut self, end: End, chunk: &mut Chunk) -> Tail {
        chunk
            .buffer()
            .extend_from_slice(end.status.code.name().as_bytes());
        self.0.take().unwrap()
    }
}

fn body(messages: &[&[u8]], tail: Tail) -> ReplyBody<Plain> {
    let parts = http::Request::new(()).into_parts().0;
    let answers: Vec<_> = messages
        .iter()
        .map(|payload| Answer::Message(Message::from_payload(payload)))
        .chain([Answer::End(Status::ok().into())])
        .collect();
    let replies = Replies::new(futures_util::stream::iter(answers));
    ReplyBody::new(
        replies,
        Plain(Some(tail)),
        1 << 20,
        None,
        Observe::default().begin(&parts, None),
    )
}

async fn chunks(mut body: ReplyBody<Plain>) -> Vec<Result<usize, Aborted>> {
    let mut sizes = Vec::new();
    while let Some(frame) = body.frame().await {
        sizes.push(frame.map(|frame| frame.into_data().map_or(usize::MAX, |data| data.len())));
    }
    assert!(http_body::Body::is_end_stream(&body));
    sizes
}

#[tokio::test]
async fn chunks_are_filled_and_large_messages_are_not_copied() {
    let large = vec![1; 20_000];
    let small = vec![2; 6_000];
    let body = body(
        &[&small, &small, &small, &small, &large, &small],
        Tail::Complete,
    );
    let sizes: Vec<_> = chunks(body).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(sizes, [18_000, 6_000, 20_000, 6_002]);
}

#[tokio::test]
async fn a_body_that_completes_ends_with_its_last_chunk() {
    let mut body = body(&[b"a"], Tail::Complete);
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "aOK"
    );
    assert!(http_body::Body::is_end_stream(&body));
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn trailers_and_breaks_come_after_the_last_chunk() {
    let sizes = chunks(body(&[b"a"], Tail::Trailers(HeaderMap::new()))).await;
    assert!(matches!(sizes[..], [Ok(3), Ok(usize::MAX)]));
    let sizes = chunks(body(&[b"a"], Tail::Abort)).await;
    assert!(matches!(sizes[..], [Ok(3), Err(Aborted)]));
}

#[tokio::test]
async fn a_message_that_cannot_be_shown_is_the_end() {
    let mut body = body(&[b"a", b"bad", b"c"], Tail::Complete);
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "aINTERNAL"
    );
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_silent_while_messages_go_up() {
    let uploads = Arc::new(Tally::default());
    let mut idle = Idle::new(Duration::from_secs(10), Some(Arc::clone(&uploads)));
    let began = Instant::now();
    let feeding = tokio::spawn({
        let uploads = Arc::clone(&uploads);
        async move {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(9)).await;
                uploads.count(1);
            }
        }
    });
    let status = std::future::poll_fn(|cx| idle.poll_silence(cx)).await;
    assert_eq!(status.code, Code::Unavailable);
    feeding.await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(55));
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_such_a_time_may_be_silent() {
    let mut idle = Idle::new(None, None);
    let day = Duration::from_secs(24 * 60 * 60);
    let silence = std::future::poll_fn(|cx| idle.poll_silence(cx));
    assert!(tokio::time::timeout(day, silence).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_pulse_beats_in_silence_and_wins_it_no_time() {
    let parts = http::Request::new(()).into_parts().0;
    let paced =
        futures_util::StreamExt::then(futures_util::stream::iter([10, 20]), |pause| async move {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            Answer::Message(Message::from_payload(b"m"))
        });
    let silent = futures_util::StreamExt::chain(paced, futures_util::stream::pending());
    let mut body = ReplyBody::new(
        Replies::new(silent),
        Plain(Some(Tail::Complete)),
        1 << 20,
        Some(Idle::new(Duration::from_secs(40), None)),
        Observe::default().begin(&parts, None),
    )
    .with_pulse(Some(Pulse::new(Duration::from_secs(15), b":")))
    .preceded_by(b"id");
    let began = Instant::now();
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        let text = String::from_utf8_lossy(&data).into_owned();
        frames.push((began.elapsed().as_secs(), text));
    }
    let expected = [
        (0, "id"),
        (10, "m"),
        (25, ":"),
        (30, "m"),
        (45, ":"),
        (60, ":"),
        (70, "UNAVAILABLE"),
    ];
    assert_eq!(frames, expected.map(|(at, text)| (at, text.to_owned())));
}
