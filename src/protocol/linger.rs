//! What is left of the body of a request that was answered without it.
//!
//! A server may stop a body that it does not want (RFC 9113, section 8.1), but clients of some
//! makers then lose the answer as well, and HTTP/1.1 loses its connection. So a short rest is read
//! and thrown away, and a long one is stopped a moment later, when the answer has arrived.

use std::time::Duration;

use axum::body::Body;
use http_body::Body as _;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    #[tokio::test(start_paused = true)]
    async fn a_short_rest_is_read_and_a_long_one_is_stopped() {
        assert_eq!(read(1000, stream::iter([(), ()])).await, 2);
        assert_eq!(read(1 << 10, stream::repeat(())).await, 65);
        assert_eq!(read(0, stream::repeat(())).await, BYTES_MAX + 1);
        assert_eq!(read(1, stream::pending()).await, 0);
    }
}
