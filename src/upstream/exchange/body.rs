//! Request messages as an HTTP/2 body.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::call::compression::Unopened;
use crate::call::{Coding, Message, Packed, Requests, Status};
use crate::upstream::pool::Lease;
use crate::upstream::taken::Taken;
use crate::upstream::traffic::Traffic;

/// Messages that are ready together travel in one DATA chunk up to this size.
const CHUNK: usize = 16 * 1024;

/// How long a stream is left open whose client broke its side at once. Backends take streams that are
/// reset before they have looked at them for an attack, by all who share the connection.
const SETTLED_AFTER: Duration = Duration::from_millis(20);

type Messages = Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>;

/// Where a body's bytes come from.
pub(in crate::upstream) enum Source {
    /// One message.
    One(Message),
    /// Nothing more.
    Ended,
    /// Messages as they come.
    Messages(Coming),
}

/// Messages that come, in the form that the endpoint takes.
pub(in crate::upstream) struct Coming {
    messages: Messages,
    /// A large one that did not fit behind small ones.
    next: Option<Bytes>,
    /// Those that are compressed in this are opened.
    opened: Option<Packed>,
}

impl Source {
    pub(in crate::upstream) fn new(requests: Requests) -> Self {
        match requests {
            Requests::One(message) => Self::One(message),
            Requests::Done => Self::Ended,
            Requests::Stream(messages) => Self::Messages(Coming {
                messages,
                next: None,
                opened: None,
            }),
        }
    }

    /// The same once more, where that costs no memory.
    pub(in crate::upstream) fn repeat(&self) -> Option<Self> {
        match self {
            Self::One(message) => Some(Self::One(message.clone())),
            Self::Ended => Some(Self::Ended),
            Self::Messages(_) => None,
        }
    }

    /// The messages in a form that an endpoint takes, and what of them is compressed in.
    ///
    /// # Errors
    /// The only message cannot be opened.
    pub(super) fn suit(
        self,
        taken: &Taken,
        packed: Option<Packed>,
    ) -> Result<(Self, Option<Coding>), Status> {
        let taken = packed
            .map(|packed| packed.coding)
            .filter(|&coding| taken.takes(coding));
        let opened = packed.filter(|_| taken.is_none());
        let suited = match (self, opened) {
            (Self::One(message), Some(packed)) => {
                Self::One(packed.open(message).map_err(unopened)?)
            }
            (Self::Messages(coming), opened) => Self::Messages(Coming { opened, ..coming }),
            (source @ (Self::One(_) | Self::Ended), _) => source,
        };
        Ok((suited, taken))
    }
}

fn unopened(error: Unopened) -> Status {
    Status::downstream(error.code(), error.to_string())
}

/// The body of one request. It holds the lease too: hyper may still be sending when the reply is
/// gone, and the stream is free only after both.
pub(in crate::upstream) struct RequestBody {
    source: Source,
    link: Option<Link>,
    opened: Instant,
    /// Until a broken stream is reset.
    settled: Option<Pin<Box<Sleep>>>,
    lease: Arc<Lease>,
}

/// The body's end of a [`Cancel`].
struct Link {
    cancelled: oneshot::Receiver<()>,
    /// For the task that sends the body; handed over at the first poll.
    task_cancelled: Option<oneshot::Receiver<()>>,
    fault: Arc<OnceLock<Status>>,
}

/// The reply's hold on a body of many messages: dropping it resets the stream with CANCEL.
pub(super) struct Cancel {
    _cancelled: [oneshot::Sender<()>; 2],
    fault: Arc<OnceLock<Status>>,
}

impl Cancel {
    /// How the client broke its side, if it did.
    pub(super) fn fault(&self) -> Option<&Status> {
        self.fault.get()
    }

    /// How the client broke its side, if it did.
    #[allow(clippy::needless_pass_by_value)] // the body ends with it
    pub(super) fn into_fault(self) -> Option<Status> {
        self.fault.get().cloned()
    }
}

impl RequestBody {
    /// A body, and the means to cancel it if it can last.
    pub(super) fn new(source: Source, lease: Arc<Lease>) -> (Self, Option<Cancel>) {
        let (link, cancel) = match source {
            Source::One(_) | Source::Ended => (None, None),
            Source::Messages(_) => {
                let (body, cancelled) = oneshot::channel();
                let (task, task_cancelled) = oneshot::channel();
                let fault = Arc::new(OnceLock::new());
                let cancel = Cancel {
                    _cancelled: [body, task],
                    fault: Arc::clone(&fault),
                };
                (
                    Some(Link {
                        cancelled,
                        task_cancelled: Some(task_cancelled),
                        fault,
                    }),
                    Some(cancel),
                )
            }
        };
        (
            Self {
                source,
                link,
                opened: Instant::now(),
                settled: None,
                lease,
            },
            cancel,
        )
    }

    /// What has not been sent.
    pub(super) fn into_source(self) -> Source {
        self.source
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    /// Its reason is what hyper resets the stream with.
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let this = &mut *self;
        if let Some(link) = &mut this.link {
            if let Some(cancelled) = link.task_cancelled.take() {
                this.lease.spawner().end_next_with(cancelled);
            }
            if Pin::new(&mut link.cancelled).poll(cx).is_ready() {
                this.source = Source::Ended;
                return Poll::Ready(Some(Err(h2::Reason::CANCEL.into())));
            }
        }
        if let Some(settled) = &mut this.settled {
            ready!(settled.as_mut().poll(cx));
            this.settled = None;
            this.source = Source::Ended;
            return Poll::Ready(Some(Err(h2::Reason::CANCEL.into())));
        }
        match &mut this.source {
            Source::Ended => Poll::Ready(None),
            Source::One(_) => match std::mem::replace(&mut this.source, Source::Ended) {
                Source::One(message) => {
                    this.lease.traffic().sends(message.len());
                    Poll::Ready(Some(Ok(Frame::data(message.into_frame()))))
                }
                Source::Ended | Source::Messages(_) => Poll::Ready(None),
            },
            Source::Messages(coming) => match ready!(coming.poll_chunk(cx, this.lease.traffic())) {
                Chunk::Data(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                Chunk::End(data) => {
                    this.source = Source::Ended;
                    Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
                }
                Chunk::Fault(status) => {
                    if let Some(link) = &this.link {
                        let _ = link.fault.set(status);
                    }
                    let settled = sleep_until(this.opened + SETTLED_AFTER);
                    this.settled = Some(Box::pin(settled));
                    self.poll_frame(cx)
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Ended)
    }

    /// Unknown even where it is known: gRPC requests carry no `content-length`.
    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

enum Chunk {
    Data(Bytes),
    End(Bytes),
    Fault(Status),
}

impl Coming {
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Status>>> {
        let message = ready!(self.messages.as_mut().poll_next(cx));
        Poll::Ready(match (message, self.opened) {
            (Some(Ok(message)), Some(packed)) => Some(packed.open(message).map_err(unopened)),
            (message, _) => message,
        })
    }

    /// The messages that are ready, as one chunk: small ones are joined, large ones are not copied.
    fn poll_chunk(&mut self, cx: &mut Context<'_>, traffic: &Traffic) -> Poll<Chunk> {
        if let Some(frame) = self.next.take() {
            return Poll::Ready(Chunk::Data(frame));
        }
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        loop {
            let frame = match self.poll_message(cx) {
                Poll::Pending if first.is_empty() && joined.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Chunk::Data(whole(first, joined))),
                Poll::Ready(None) => return Poll::Ready(Chunk::End(whole(first, joined))),
                Poll::Ready(Some(Err(status))) => return Poll::Ready(Chunk::Fault(status)),
                Poll::Ready(Some(Ok(message))) => {
                    traffic.sends(message.len());
                    message.into_frame()
                }
            };
            if first.is_empty() && joined.is_empty() {
                first = frame;
            } else if first.len() + joined.len() + frame.len() > CHUNK {
                self.next = Some(frame);
                return Poll::Ready(Chunk::Data(whole(first, joined)));
            } else {
                joined.extend_from_slice(&std::mem::take(&mut first));
                joined.extend_from_slice(&frame);
            }
            if first.len() >= CHUNK {
                return Poll::Ready(Chunk::Data(first));
            }
        }
    }
}

/// Either a lone frame or the joined ones.
fn whole(first: Bytes, joined: BytesMut) -> Bytes {
    if joined.is_empty() {
        first
    } else {
        joined.freeze()
    }
}
