//! The socket below h2: counts the frames that pass, and puts others between h2's own.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use h2::Reason;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::Shared;
use super::record::Reset;

/// What a client sends before its first frame.
const PREFACE: usize = 24;
/// A frame's head: length (3 bytes), kind, flags, stream (4 bytes).
const HEAD: usize = 9;
/// Bytes of a payload that are looked at.
const LOOK: usize = 8;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// What has left for the client.
#[derive(Debug, Default)]
pub(super) struct Sent {
    streams: HashMap<u32, Progress>,
    /// Bytes of ours.
    inserted: usize,
}

/// How much of one stream's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// HEADERS frames.
    pub(super) headers: usize,
    /// Bytes of DATA.
    pub(super) data: usize,
}

/// What a connection's wire and its scripts share.
pub(super) struct Link {
    pub(super) number: usize,
    pub(super) shared: Arc<Shared>,
    sent: watch::Sender<Sent>,
    insert: Mutex<Insert>,
}

#[derive(Default)]
struct Insert {
    waiting: BytesMut,
    /// Bytes that were ever handed in.
    total: usize,
    /// The last stream of the GOAWAY before; a later one may not have a higher.
    last: Option<u32>,
}

impl Link {
    pub(super) fn new(number: usize, shared: Arc<Shared>) -> Self {
        Self {
            number,
            shared,
            sent: watch::Sender::default(),
            insert: Mutex::default(),
        }
    }

    /// Hands in a GOAWAY; it leaves when the connection is polled. Gives a mark for
    /// [`inserted`](Self::inserted).
    pub(super) fn go_away(&self, last: u32, reason: Reason, debug: &str) -> usize {
        let length = u32::try_from(8 + debug.len()).unwrap();
        let mut insert = self.insert.lock().unwrap();
        let last = insert.last.map_or(last, |before| before.min(last));
        insert.last = Some(last);
        let before = insert.waiting.len();
        let frame = &mut insert.waiting;
        frame.extend_from_slice(&length.to_be_bytes()[1..]);
        frame.extend_from_slice(&[GOAWAY, 0, 0, 0, 0, 0]);
        frame.extend_from_slice(&last.to_be_bytes());
        frame.extend_from_slice(&u32::from(reason).to_be_bytes());
        frame.extend_from_slice(debug.as_bytes());
        insert.total += insert.waiting.len() - before;
        insert.total
    }

    /// Waits until what was handed in has left.
    pub(super) async fn inserted(&self, mark: usize) {
        let mut sent = self.sent.subscribe();
        let _ = sent.wait_for(|sent| sent.inserted >= mark).await;
    }

    /// Waits until so much of a stream's answer has left.
    pub(super) async fn flushed(&self, stream: u32, what: Progress) {
        let mut sent = self.sent.subscribe();
        let done = |sent: &Sent| {
            let progress = sent.streams.get(&stream).copied().unwrap_or_default();
            progress.headers >= what.headers && progress.data >= what.data
        };
        let _ = sent.wait_for(done).await;
    }

    fn received(&self, frame: &Frame) {
        let look = |at: usize| u32::from_be_bytes(frame.look[at..at + 4].try_into().unwrap());
        let record = &self.shared.record;
        match frame.kind {
            RST_STREAM => record.send_modify(|record| {
                record.resets.push(Reset {
                    connection: self.number,
                    stream: frame.stream,
                    reason: look(0).into(),
                    at: Instant::now(),
                });
            }),
            PING if frame.flags & ACK == 0 => {
                record.send_modify(|record| record.connections[self.number].pings += 1);
            }
            GOAWAY => record.send_modify(|record| {
                record.connections[self.number].goaways.push(look(4).into());
            }),
            _ => {}
        }
    }

    fn left(&self, frame: &Frame) {
        if frame.kind == DATA || frame.kind == HEADERS {
            self.sent.send_modify(|sent| {
                let progress = sent.streams.entry(frame.stream).or_default();
                match frame.kind {
                    DATA => progress.data += frame.length,
                    _ => progress.headers += 1,
                }
            });
        }
    }
}

/// A frame that has passed whole.
struct Frame {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
    /// The payload's beginning.
    look: [u8; LOOK],
}

/// Finds the frames of a stream of bytes.
#[derive(Default)]
struct Frames {
    /// Bytes to pass over before the next frame.
    skip: usize,
    head: Vec<u8>,
    look: Vec<u8>,
    /// Bytes of the payload to come.
    left: usize,
    /// A header block goes on in the next frame.
    block: bool,
}

impl Frames {
    /// True where another frame may stand.
    fn between(&self) -> bool {
        self.head.is_empty() && !self.block
    }

    /// Bytes of this frame, or of its head, that are to come.
    fn rest(&self) -> usize {
        match self.left {
            0 => HEAD - self.head.len(),
            left => left,
        }
    }

    fn pass(&mut self, mut bytes: &[u8], mut whole: impl FnMut(&Frame)) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        bytes.advance(skipped);
        while !bytes.is_empty() {
            if self.head.len() < HEAD {
                let taken = (HEAD - self.head.len()).min(bytes.len());
                self.head.extend_from_slice(&bytes[..taken]);
                bytes.advance(taken);
                if self.head.len() < HEAD {
                    return;
                }
                self.left = self.length();
            } else {
                let taken = self.left.min(bytes.len());
                let look = taken.min(LOOK - self.look.len());
                self.look.extend_from_slice(&bytes[..look]);
                self.left -= taken;
                bytes.advance(taken);
            }
            if self.left == 0 {
                whole(&self.take());
            }
        }
    }

    fn length(&self) -> usize {
        let length = u32::from_be_bytes([0, self.head[0], self.head[1], self.head[2]]);
        usize::try_from(length).unwrap()
    }

    fn take(&mut self) -> Frame {
        let mut look = [0; LOOK];
        look[..self.look.len()].copy_from_slice(&self.look);
        let frame = Frame {
            length: self.length(),
            kind: self.head[3],
            flags: self.head[4],
            stream: u32::from_be_bytes(self.head[5..HEAD].try_into().unwrap()) & 0x7fff_ffff,
            look,
        };
        self.block = matches!(frame.kind, HEADERS | CONTINUATION) && frame.flags & END_HEADERS == 0;
        self.head.clear();
        self.look.clear();
        frame
    }
}

/// The socket, as h2 sees it. It comes back when h2 lets go of it.
pub(super) struct Wire {
    socket: Option<TcpStream>,
    back: Option<oneshot::Sender<TcpStream>>,
    link: Arc<Link>,
    inbound: Frames,
    outbound: Frames,
}

impl Wire {
    pub(super) fn new(socket: TcpStream, link: Arc<Link>) -> (Self, oneshot::Receiver<TcpStream>) {
        let (back, returned) = oneshot::channel();
        let inbound = Frames {
            skip: PREFACE,
            ..Frames::default()
        };
        let wire = Self {
            socket: Some(socket),
            back: Some(back),
            link,
            inbound,
            outbound: Frames::default(),
        };
        (wire, returned)
    }

    fn socket(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.socket.as_mut().unwrap())
    }

    /// Writes what was handed in, if h2 has just written a whole frame. Ready when nothing is left.
    fn poll_insert(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let link = Arc::clone(&self.link);
        let mut insert = link.insert.lock().unwrap();
        while !insert.waiting.is_empty() && self.outbound.between() {
            let bytes: Bytes = insert.waiting.clone().freeze();
            match self.socket().poll_write(cx, &bytes) {
                Poll::Ready(Ok(written)) => {
                    insert.waiting.advance(written);
                    link.sent.send_modify(|sent| sent.inserted += written);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn waits(&self) -> bool {
        !self.link.insert.lock().unwrap().waiting.is_empty()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let (Some(socket), Some(back)) = (self.socket.take(), self.back.take()) {
            let _ = back.send(socket);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // h2 asks for more whenever it is polled, so this is where it is seen that something waits.
        if let Poll::Ready(Err(error)) = self.poll_insert(cx) {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        let polled = self.socket().poll_read(cx, buffer);
        let wire = &mut *self;
        let link = &wire.link;
        wire.inbound
            .pass(&buffer.filled()[before..], |frame| link.received(frame));
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_insert(cx))?;
        if self.waits() {
            // Up to the end of h2's frame, so that ours has its turn behind it.
            bytes = &bytes[..self.outbound.rest().min(bytes.len())];
        }
        let written = std::task::ready!(self.socket().poll_write(cx, bytes))?;
        let wire = &mut *self;
        let link = &wire.link;
        wire.outbound
            .pass(&bytes[..written], |frame| link.left(frame));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_insert(cx))?;
        self.socket().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_shutdown(cx)
    }
}
