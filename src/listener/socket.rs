//! A socket that tells the connection's [`Watch`] what it reads, and that closes so that its last
//! words arrive.
//!
//! A socket that is closed while bytes lie in it unread sends a reset, which takes away from the
//! client what it has not read yet: the very answer that says why its body was not wanted. So the
//! sending side is closed first, and what the client still sends is thrown away for a while.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::absent::Intake;
use super::flood::{Flood, Frames};
use super::guard::Watch;
use super::stream::Stream;

/// How long a client that was answered may go on sending before it is cut.
const LINGER: Duration = Duration::from_secs(2);

/// Bytes that are thrown away at once.
const DISCARD: usize = 8 * 1024;

/// Reads of a lingering socket before others get their turn.
const TURN: usize = 32;

/// A connection under watch.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    watch: Watch,
    intake: Intake,
    frames: Frames,
    /// Whether all that was to be written last was, so that a frame may come next.
    is_at_a_border: bool,
    /// Whether it has said more than anybody reads.
    is_flooded: bool,
    /// When bytes came last.
    read_at: Instant,
    /// Set once it is to end.
    ending: Option<Ending>,
}

/// The end of a connection, as far as it has come.
#[derive(Debug)]
struct Ending {
    until: Pin<Box<Sleep>>,
    /// Whether the sending side is closed. TLS has a last word to say, for which a client that does
    /// not read may leave no room.
    is_closed: bool,
}

impl Watched {
    pub(super) fn new(stream: Stream, watch: Watch, intake: Intake) -> Self {
        Self {
            stream,
            watch,
            intake,
            frames: Frames::default(),
            is_at_a_border: true,
            is_flooded: false,
            read_at: Instant::now(),
            ending: None,
        }
    }
}

impl Watched {
    /// Counts what was written, of how much.
    fn taken(&mut self, all: usize, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.is_at_a_border = false;
        if let Poll::Ready(Ok(bytes)) = polled {
            self.watch.on_write(bytes);
            self.frames.wrote(bytes);
            self.is_at_a_border = bytes == all;
        }
        polled
    }

    /// Says why nothing more is read, if a frame may come next and there is room for it.
    fn send_away(&mut self, flood: Flood, cx: &mut Context<'_>) {
        tracing::debug!(?flood, "closed a connection that floods");
        if self.is_at_a_border {
            let goaway = self.frames.goaway(flood);
            let _ = Pin::new(&mut self.stream).poll_write(cx, &goaway);
            let _ = Pin::new(&mut self.stream).poll_flush(cx);
        }
        self.is_flooded = true;
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_flooded {
            return Poll::Ready(Ok(())); // its end
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(bytes) = buf.filled().get(before..)
            && !bytes.is_empty()
        {
            self.watch.on_read(bytes);
            self.read_at = Instant::now();
            if let Err(flood) = self.frames.read(bytes, Instant::now) {
                self.send_away(flood, cx);
                buf.set_filled(before);
            }
        }
        match polled {
            Poll::Ready(_) => self.intake.read(),
            Poll::Pending => self.intake.waits(),
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.taken(buf.len(), polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.taken(bufs.iter().map(|buf| buf.len()).sum(), polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.intake.has_left(self.stream.socket(), cx) {
            let what = "the client has left";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, what)));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // Over HTTP/2 a peer that is there says something now and then: the answers to PINGs.
        let is_gone = this.frames.are_http2() && this.read_at.elapsed() >= LINGER;
        let ending = this.ending.get_or_insert_with(|| Ending {
            until: Box::pin(tokio::time::sleep(match is_gone {
                true => Duration::ZERO,
                false => LINGER,
            })),
            is_closed: false,
        });
        if !ending.is_closed {
            match Pin::new(&mut this.stream).poll_shutdown(cx)? {
                Poll::Pending => return ending.until.as_mut().poll(cx).map(Ok),
                Poll::Ready(()) => ending.is_closed = true,
            }
        }
        poll_gone(this.stream.socket_mut(), ending.until.as_mut(), cx).map(Ok)
    }
}

/// Closes the sending side, and the rest once the client has left or had its time.
pub(super) async fn linger(mut socket: TcpStream) {
    if socket.shutdown().await.is_ok() {
        let mut until = pin!(tokio::time::sleep(LINGER));
        poll_fn(|cx| poll_gone(&mut socket, until.as_mut(), cx)).await;
    }
}

/// Throws away what comes, until nothing comes any more or the time is up.
fn poll_gone(socket: &mut TcpStream, mut until: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    let mut space = [0; DISCARD];
    for _ in 0..TURN {
        if until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut sink = ReadBuf::new(&mut space);
        let read = ready!(Pin::new(&mut *socket).poll_read(cx, &mut sink));
        if read.is_err() || sink.filled().is_empty() {
            return Poll::Ready(()); // the client has left too
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
