//! What is left of the body of a request that was answered without it.
//!
//! A server may stop a body that it does not want (RFC 9113, section 8.1), but clients of some
//! makers then lose the answer as well, and HTTP/1.1 loses its connection. So a short rest is read
//! and thrown away, and a long one is stopped a moment later, when the answer has arrived.
//!
//! Over HTTP/1.1 a long rest is the end of the connection, and the answer has to say so: the client
//! may have sent it all, as far as it knows, and would send its next request behind it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Version;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;

/// Bytes that are read on, at most; a longer body waits and is stopped.
const BYTES_MAX: usize = 64 << 10;

/// How long it may take.
const WITHIN: Duration = Duration::from_secs(1);

/// Reads a body that nobody wants, in a task of its own.
pub(super) fn linger(mut body: Body) {
    if body.is_end_stream() {
        return;
    }
    let rest = async move {
        let mut left = BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, bytes::Bytes::len);
            match left.checked_sub(length.max(1)) {
                Some(less) => left = less,
                // Held for the time that is left, so that the answer arrives before the stop.
                None => std::future::pending().await,
            }
        }
    };
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async { tokio::time::timeout(WITHIN, rest).await });
    }
}

/// What is left of a request's body when its answer begins.
#[derive(Clone, Debug)]
pub(super) struct Rest(Option<Arc<AtomicBool>>);

impl Rest {
    /// Watches a request's body. Nothing has to be known of a short one, nor where a stream can be
    /// stopped without its connection.
    pub(super) fn of(version: Version, body: Body) -> (Body, Self) {
        if version >= Version::HTTP_2 || is_short(&body) {
            return (body, Self(None));
        }
        let is_short = Arc::new(AtomicBool::new(false));
        let watched = Watched {
            body,
            is_short: Arc::clone(&is_short),
        };
        (Body::new(watched), Self(Some(is_short)))
    }

    /// True if it may be more than is read on, so that nothing can follow it on its connection.
    pub(super) fn is_long(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|is_short| !is_short.load(Ordering::Relaxed))
    }
}

/// True if the rest of a body will be read, whoever wants it.
fn is_short(body: &Body) -> bool {
    let most = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX);
    body.is_end_stream() || body.size_hint().upper().is_some_and(|left| left <= most)
}

/// A body that tells when only a short rest of it is left.
#[derive(Debug)]
struct Watched {
    body: Body,
    is_short: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) || is_short(&self.body) {
            self.is_short.store(true, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::{StreamExt as _, stream};

    use super::*;

    /// Lingers over a body of frames of this size; how many were read, and when it was let go.
    async fn read(frame: usize, frames: impl stream::Stream<Item = ()> + Send + 'static) -> usize {
        let count = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&count);
        linger(Body::from_stream(frames.map(move |()| {
            counting.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::convert::Infallible>(bytes::Bytes::from(vec![0; frame]))
        })));
        let began = tokio::time::Instant::now();
        while Arc::strong_count(&count) > 1 {
            assert!(began.elapsed() <= 2 * WITHIN);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        count.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn a_rest_is_long_until_its_length_is_known_to_be_short() {
        let long = || Body::from(vec![0; BYTES_MAX + 1]);
        let (mut body, rest) = Rest::of(Version::HTTP_11, long());
        assert!(rest.is_long() && body.size_hint().exact() == Some(BYTES_MAX as u64 + 1));
        assert!(body.frame().await.is_some() && !rest.is_long());
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(
                !Rest::of(version, Body::from(vec![0; BYTES_MAX]))
                    .1
                    .is_long()
            );
        }
        assert!(!Rest::of(Version::HTTP_2, long()).1.is_long());

        let chunks = stream::iter([Ok::<_, std::convert::Infallible>("a"), Ok("b")]);
        let (mut body, rest) = Rest::of(Version::HTTP_11, Body::from_stream(chunks));
        for _ in 0..2 {
            assert!(body.frame().await.is_some() && rest.is_long());
        }
        assert!(body.frame().await.is_none() && !rest.is_long());
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_rest_is_read_and_a_long_one_is_stopped() {
        assert_eq!(read(1000, stream::iter([(), ()])).await, 2);
        assert_eq!(read(1 << 10, stream::repeat(())).await, 65);
        assert_eq!(read(0, stream::repeat(())).await, BYTES_MAX + 1);
        assert_eq!(read(1, stream::pending()).await, 0);
    }
}
