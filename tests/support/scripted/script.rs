//! What a backend does to one call, step by step.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::Reason;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::watch;

use super::{Break, Seen};

/// Bytes before each message: flags and length.
const PREFIX: usize = 5;

/// Steps, played in order. A script that ends before the stream does leaves it open.
#[derive(Clone, Default)]
pub(crate) struct Script(pub(super) Vec<Step>);

type Choice = dyn Fn(&Seen, &[Bytes]) -> Script + Send + Sync;

#[derive(Clone)]
pub(super) enum Step {
    /// Reads the request to its end.
    Read,
    /// Reads so many messages of the request.
    ReadMessages(usize),
    /// Chooses what follows by the messages that were read.
    Choose(Arc<Choice>),
    Wait(Duration),
    Until(Gate),
    Headers(HeaderMap),
    /// One message, with its prefix.
    Message(Bytes),
    /// Bytes of the body as they are, whole messages or not.
    Raw(Bytes),
    /// Messages by [`numbered`].
    Stream {
        count: u64,
        size: usize,
        pace: Pace,
    },
    /// The end, with these fields behind the body, or in the headers if there were none yet.
    Trailers(HeaderMap),
    /// The end, with nothing behind the body.
    End,
    Reset(Reason),
    GoAway {
        last: Last,
        reason: Reason,
        debug: &'static str,
    },
    /// GOAWAY as servers do it that wish to leave: first for no stream at all, then, when a PING has
    /// come back, with the last one.
    Leave,
    Break(Break),
}

/// How fast messages follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// As fast as the client takes them.
    Full,
    Every(Duration),
}

/// The last stream that a GOAWAY says is or may have been handled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Last {
    /// The call's own.
    This,
    /// The one below the call's own, so that the call was not handled.
    Below,
    /// As high as can be.
    Highest,
}

/// Holds scripts back until it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn opened(&self) {
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Script {
    /// Nothing: the call is never answered, nor its request read.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Reads the request, and answers with this payload and OK.
    pub(crate) fn ok(payload: &[u8]) -> Self {
        Self::new().read().message(payload).end_ok()
    }

    /// Reads the request, and answers with a status in the headers.
    pub(crate) fn fail(code: u32, message: &str) -> Self {
        Self::new().read().trailers(Fields::status(code, message))
    }

    /// Refuses the call, unread.
    pub(crate) fn refuse() -> Self {
        Self::new().reset(Reason::REFUSED_STREAM)
    }

    /// Reads the request, and streams without an end.
    pub(crate) fn endless(size: usize, pace: Pace) -> Self {
        Self::new().read().stream(u64::MAX, size, pace)
    }

    pub(crate) fn read(self) -> Self {
        self.then(Step::Read)
    }

    pub(crate) fn read_messages(self, count: usize) -> Self {
        self.then(Step::ReadMessages(count))
    }

    /// What follows depends on the messages that were read.
    pub(crate) fn choose(
        self,
        choice: impl Fn(&Seen, &[Bytes]) -> Self + Send + Sync + 'static,
    ) -> Self {
        self.then(Step::Choose(Arc::new(choice)))
    }

    pub(crate) fn wait(self, time: Duration) -> Self {
        self.then(Step::Wait(time))
    }

    pub(crate) fn until(self, gate: &Gate) -> Self {
        self.then(Step::Until(gate.clone()))
    }

    pub(crate) fn headers(self, fields: Fields) -> Self {
        self.then(Step::Headers(fields.0))
    }

    pub(crate) fn message(self, payload: &[u8]) -> Self {
        self.then(Step::Message(framed(payload)))
    }

    pub(crate) fn raw(self, bytes: &'static [u8]) -> Self {
        self.then(Step::Raw(Bytes::from_static(bytes)))
    }

    /// Messages of `size` bytes each, their prefix included.
    pub(crate) fn stream(self, count: u64, size: usize, pace: Pace) -> Self {
        self.then(Step::Stream { count, size, pace })
    }

    /// The end: behind the body, or in the headers if none were sent.
    pub(crate) fn trailers(self, fields: Fields) -> Self {
        self.then(Step::Trailers(fields.0))
    }

    pub(crate) fn end_ok(self) -> Self {
        self.trailers(Fields::status(0, ""))
    }

    /// The end without a status.
    pub(crate) fn end(self) -> Self {
        self.then(Step::End)
    }

    pub(crate) fn reset(self, reason: Reason) -> Self {
        self.then(Step::Reset(reason))
    }

    pub(crate) fn go_away(self, last: Last, reason: Reason, debug: &'static str) -> Self {
        self.then(Step::GoAway {
            last,
            reason,
            debug,
        })
    }

    /// GOAWAY with NO_ERROR for this call and those above it: it was not handled.
    pub(crate) fn go_away_unseen(self) -> Self {
        self.go_away(Last::Below, Reason::NO_ERROR, "")
    }

    /// What gRPC servers do to clients that PING too often: GOAWAY, and the end of the connection.
    pub(crate) fn too_many_pings(self) -> Self {
        self.go_away(Last::This, Reason::ENHANCE_YOUR_CALM, "too_many_pings")
            .cut(Break::Fin)
    }

    /// A graceful GOAWAY in two steps.
    pub(crate) fn leave(self) -> Self {
        self.then(Step::Leave)
    }

    /// Breaks the connection, once all that the script has sent has left.
    pub(crate) fn cut(self, how: Break) -> Self {
        self.then(Step::Break(how))
    }
}

/// Fields of headers or trailers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(HeaderMap);

impl Fields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A gRPC status; without a message there is no field for it.
    pub(crate) fn status(code: u32, message: &str) -> Self {
        let fields = Self::new().field("grpc-status", &code.to_string());
        match message {
            "" => fields,
            message => fields.field("grpc-message", message),
        }
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.0.append(name, value);
        self
    }

    /// When the server wishes to be asked again, in ms; text, so that it may be nonsense.
    pub(crate) fn push_back(self, value: &str) -> Self {
        self.field("grpc-retry-pushback-ms", value)
    }

    /// The bytes of a `google.rpc.Status`.
    pub(crate) fn details(self, status: &[u8]) -> Self {
        let text = base64_simd::STANDARD_NO_PAD.encode_to_string(status);
        self.field("grpc-status-details-bin", &text)
    }

    /// So many KiB, in fields of 8 KiB: the list is large, and no field is absurd.
    pub(crate) fn large(mut self, kib: usize) -> Self {
        for _ in 0..kib / 8 {
            self = self.field("x-large", &"v".repeat(8 * 1024));
        }
        self
    }
}

/// A message as it travels.
pub(crate) fn framed(payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX + payload.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(payload.len()).unwrap());
    frame.put_slice(payload);
    frame.freeze()
}

/// A message of `size` bytes, its prefix included, that says its number: a `demo.echo.v1.Item` where
/// there is room for one (a byte shorter where the text's length needs a byte more), and otherwise
/// only bytes.
pub(crate) fn numbered(number: u64, size: usize) -> Bytes {
    let room = size.saturating_sub(PREFIX);
    let mut item = BytesMut::with_capacity(room);
    item.put_u8(0x08);
    varint(&mut item, number);
    if item.len() > room {
        let low = u8::try_from(number & 0x7f).unwrap();
        return framed(&vec![low; room]);
    }
    let mut text = (room - item.len()).saturating_sub(2);
    while text > 0 && item.len() + 1 + varint_len(text) + text > room {
        text -= 1;
    }
    if text > 0 {
        item.put_u8(0x12);
        varint(&mut item, u64::try_from(text).unwrap());
        item.put_bytes(b'x', text);
    }
    framed(&item)
}

fn varint(bytes: &mut BytesMut, mut value: u64) {
    while value > 0x7f {
        bytes.put_u8(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.put_u8(u8::try_from(value).unwrap());
}

fn varint_len(mut value: usize) -> usize {
    let mut length = 1;
    while value > 0x7f {
        value >>= 7;
        length += 1;
    }
    length
}
