//! A request's body, read whole under bounds: of size, of time, of the call's deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

use crate::call::buffers::{self, Buffers};
use crate::call::{Code, Crowded, Deadline, Share, Status};
use crate::protocol::coding::Undecodable;
use crate::protocol::linger::linger;

/// Why a request body is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// More bytes than the limit.
    #[error("the request body exceeds the limit of {max} bytes")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// It did not come in time.
    #[error("the request body did not arrive within {} s", within.as_secs_f32())]
    TooSlow {
        /// The time it had.
        within: Duration,
    },
    /// The call's own deadline passed first.
    #[error("the deadline of the call has passed")]
    DeadlinePassed,
    /// The connection or its framing broke.
    #[error("the request body broke off")]
    Broken,
    /// It is not what its content coding says.
    #[error(transparent)]
    Undecodable(Undecodable),
    /// The bodies and messages of all calls hold too much.
    #[error(transparent)]
    Crowded(#[from] Crowded),
}

impl From<axum::Error> for Unread {
    fn from(error: axum::Error) -> Self {
        Undecodable::of(&error).map_or(Self::Broken, Self::Undecodable)
    }
}

impl Unread {
    /// The status in gRPC's terms.
    #[must_use]
    pub fn status(self) -> Status {
        let code = match self {
            Self::TooLarge { .. } => Code::ResourceExhausted,
            Self::TooSlow { .. } => Code::DeadlineExceeded,
            Self::DeadlinePassed => return Status::deadline_exceeded(),
            Self::Broken => Code::Cancelled,
            Self::Undecodable(_) => return Status::invalid_field("", &self.to_string()),
            Self::Crowded(crowded) => return crowded.status(),
        };
        Status::downstream(code, self.to_string())
    }

    /// The HTTP status, where the dialect shows one.
    #[must_use]
    pub const fn http(self) -> http::StatusCode {
        match self {
            Self::TooLarge { .. } => http::StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow { .. } => http::StatusCode::REQUEST_TIMEOUT,
            Self::DeadlinePassed => http::StatusCode::GATEWAY_TIMEOUT,
            Self::Broken | Self::Undecodable(_) => http::StatusCode::BAD_REQUEST,
            Self::Crowded(Crowded::Full { .. }) => http::StatusCode::TOO_MANY_REQUESTS,
            Self::Crowded(Crowded::Shed) => http::StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Bounds on reading a body of one message.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes at most.
    pub bytes: usize,
    /// Time for all of it.
    pub within: Duration,
    /// The call's deadline.
    pub deadline: Deadline,
}

/// Reads a whole body. One that comes in one chunk is not copied.
///
/// # Errors
/// Too much, too late, or broken; or all calls together hold too much.
pub async fn read(body: Body, bounds: Bounds, buffers: &Arc<Buffers>) -> Result<Bytes, Unread> {
    // A declared length is refused before a byte of it is read.
    if http_body::Body::size_hint(&body).lower() > u64::try_from(bounds.bytes).unwrap_or(u64::MAX) {
        linger(body);
        return Err(Unread::TooLarge { max: bounds.bytes });
    }
    let collecting = collect(body, bounds.bytes, buffers);
    in_time(bounds.within, bounds.deadline, collecting).await
}

/// Awaits `reading` within this time and no longer than to the call's deadline.
pub(in crate::protocol) async fn in_time<T>(
    within: Duration,
    deadline: Deadline,
    reading: impl Future<Output = Result<T, Unread>>,
) -> Result<T, Unread> {
    let (within, late) = match deadline.remaining() {
        Some(left) if left < within => (left, Unread::DeadlinePassed),
        _ => (within, Unread::TooSlow { within }),
    };
    tokio::time::timeout(within, reading)
        .await
        .unwrap_or(Err(late))
}

async fn collect(mut body: Body, max: usize, all_of: &Arc<Buffers>) -> Result<Bytes, Unread> {
    let mut all = Gathered::default();
    // Only a body that is large and comes in pieces has one.
    let mut share: Option<Share> = None;
    loop {
        let mut next = body.frame();
        let next = std::future::poll_fn(|cx| {
            if let Some(Poll::Ready(crowded)) = share.as_ref().map(|share| share.poll_shed(cx)) {
                return Poll::Ready(Err(crowded));
            }
            Pin::new(&mut next).poll(cx).map(Ok)
        });
        let frame = match next.await {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(crowded) => {
                linger(body);
                return Err(crowded.into());
            }
        };
        let Ok(chunk) = frame.map_err(Unread::from)?.into_data() else {
            continue;
        };
        if all.length + chunk.len() > max {
            linger(body);
            return Err(Unread::TooLarge { max });
        }
        all.push(chunk);
        if all.length > buffers::FREE {
            let share = share.get_or_insert_with(|| Share::of(all_of));
            if let Err(crowded) = share.hold(all.length) {
                linger(body);
                return Err(crowded.into());
            }
        }
    }
    Ok(all.join())
}

/// Small chunks are copied together up to here; from a quarter of it on they are kept as they are.
const SEGMENT: usize = 64 << 10;

/// A body's chunks. They take their own size and at most a [`SEGMENT`], however they were cut, and
/// move once, at the end.
#[derive(Default)]
struct Gathered {
    /// The first chunk, mostly the only one, for which no list is allocated.
    first: Bytes,
    whole: Vec<Bytes>,
    open: BytesMut,
    length: usize,
}

impl Gathered {
    fn push(&mut self, chunk: Bytes) {
        if self.length == 0 {
            self.length = chunk.len();
            self.first = chunk;
            return;
        }
        self.length += chunk.len();
        if chunk.len() >= SEGMENT / 4 {
            self.close();
            self.whole.push(chunk);
            return;
        }
        if self.open.capacity() - self.open.len() < chunk.len() {
            self.close();
            self.open.reserve(SEGMENT);
        }
        self.open.extend_from_slice(&chunk);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.whole.push(self.open.split().freeze());
        }
    }

    fn join(mut self) -> Bytes {
        self.close();
        if self.whole.is_empty() {
            return self.first;
        }
        let mut all = BytesMut::with_capacity(self.length);
        all.extend_from_slice(&std::mem::take(&mut self.first));
        for chunk in self.whole {
            all.extend_from_slice(&chunk);
        }
        all.freeze()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_of_one_chunk_is_handed_on_as_it_came() {
        let sent = Bytes::from(vec![7; 100]);
        let mut body = Some(Body::from(sent.clone()));
        let buffers = Arc::default();
        let mut got = None;
        let counted = allocation_counter::measure(|| {
            got = body
                .take()
                .and_then(|body| collect(body, 100, &buffers).now_or_never());
        });
        let got = got.unwrap().unwrap();
        assert_eq!(got.as_ptr(), sent.as_ptr());
        assert_eq!(counted.count_total, 0);
    }
}
