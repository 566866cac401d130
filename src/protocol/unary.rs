//! What unary exchanges share: the whole body read under bounds, and an answer taken whole.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

use super::coding::Undecodable;
use super::linger::linger;
use crate::call::{
    Answer, Call, Code, Coding, Deadline, End, Message, Metadata, Reply, Service, Status,
};

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
/// Too much, too late, or broken.
pub async fn read(body: Body, bounds: Bounds) -> Result<Bytes, Unread> {
    // A declared length is refused before a byte of it is read.
    if http_body::Body::size_hint(&body).lower() > u64::try_from(bounds.bytes).unwrap_or(u64::MAX) {
        linger(body);
        return Err(Unread::TooLarge { max: bounds.bytes });
    }
    in_time(bounds.within, bounds.deadline, collect(body, bounds.bytes)).await
}

/// Awaits `reading` within this time and no longer than to the call's deadline.
pub(super) async fn in_time<T>(
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

async fn collect(mut body: Body, max: usize) -> Result<Bytes, Unread> {
    let mut all = Gathered::default();
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(Unread::from)?.into_data() else {
            continue;
        };
        if all.length + chunk.len() > max {
            linger(body);
            return Err(Unread::TooLarge { max });
        }
        all.push(chunk);
    }
    Ok(all.join())
}

/// Small chunks are copied together up to here; from a quarter of it on they are kept as they are.
const SEGMENT: usize = 64 << 10;

/// A body's chunks. They take their own size and at most a [`SEGMENT`], however they were cut, and
/// move once, at the end.
#[derive(Default)]
struct Gathered {
    whole: Vec<Bytes>,
    open: BytesMut,
    length: usize,
}

impl Gathered {
    fn push(&mut self, chunk: Bytes) {
        let is_first = self.length == 0;
        self.length += chunk.len();
        if is_first || chunk.len() >= SEGMENT / 4 {
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
        match self.whole.as_mut_slice() {
            [] => Bytes::new(),
            [only] => std::mem::take(only),
            several => {
                let mut all = BytesMut::with_capacity(self.length);
                for chunk in several {
                    all.extend_from_slice(&std::mem::take(chunk));
                }
                all.freeze()
            }
        }
    }
}

/// A unary answer, whole: OK with exactly one message, or not OK.
#[derive(Debug)]
pub struct Whole {
    /// Response metadata, unfiltered.
    pub metadata: Metadata,
    /// What the message is compressed in, if it is.
    pub encoding: Option<Coding>,
    /// The message; there is one if, and only if, the status is OK.
    pub message: Option<Message>,
    /// The status, and the trailers, unfiltered.
    pub end: End,
}

impl From<Status> for Whole {
    fn from(status: Status) -> Self {
        Self {
            metadata: Metadata::new(),
            encoding: None,
            message: None,
            end: status.into(),
        }
    }
}

/// Makes a unary call and takes its whole answer. The message's size is checked against `max`.
pub async fn make<S: Service>(calls: &S, call: Call, max: usize) -> Whole {
    match calls.call(call).await {
        Ok(reply) => whole(reply, max).await,
        Err(status) => status.into(),
    }
}

async fn whole(reply: Reply, max: usize) -> Whole {
    let Reply {
        metadata,
        encoding,
        mut replies,
    } = reply;
    let mut message = None;
    let end = loop {
        match replies.next().await {
            Some(Answer::Message(next)) if next.len() > max => {
                break too_large(next.len(), max).into();
            }
            Some(Answer::Message(next)) if message.is_none() => message = Some(next),
            Some(Answer::Message(_)) => break cardinality("more than one message").into(),
            Some(Answer::End(end)) if end.status.is_ok() && message.is_none() => {
                break End {
                    status: cardinality("no message"),
                    ..end
                };
            }
            Some(Answer::End(end)) => break end,
            None => break no_end().into(),
        }
    };
    let message = message.filter(|_| end.status.is_ok());
    Whole {
        metadata,
        encoding,
        message,
        end,
    }
}

/// A reply message above the limit.
pub(super) fn too_large(found: usize, max: usize) -> Status {
    Status::gateway(
        Code::ResourceExhausted,
        format!("a reply message of {found} bytes exceeds the limit of {max}"),
    )
}

fn cardinality(found: &str) -> Status {
    Status::upstream(
        Code::Unimplemented,
        format!("the backend answered a unary call with {found}, expected exactly one"),
    )
}

/// A reply that stopped without its end; what carries replies never lets it happen.
pub(super) fn no_end() -> Status {
    Status::upstream(Code::Unknown, "the backend's answer ended without a status")
}

/// The payload of a message that has to be opened here.
pub(super) fn uncompressed(message: &Message) -> Result<&[u8], Status> {
    if message.is_compressed() {
        return Err(Status::upstream(
            Code::Internal,
            "a message that has to be opened here is still compressed",
        ));
    }
    Ok(message.payload_bytes())
}
