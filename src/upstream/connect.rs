//! One HTTP/2 connection: name, TCP and handshake as one budget, with the settings that keep one
//! slow reader from harming its neighbours.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use hyper::client::conn::http2::{Builder, Connection, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, oneshot};

use super::endpoint::Target;
use super::exchange::{Failure, RequestBody};
use super::leaving::Leaving;
use super::parting::Parting;
use super::random;
use super::tls;
use super::transport::Transport;
use crate::control::tls::Tls;

/// Streams on one connection at most, whatever the peer allows: balancers in front of a backend
/// can then spread, and the windows below hold.
pub(super) const STREAMS_MAX: usize = 100;

/// Bytes a backend may send on one stream before somebody reads them: HTTP/2's own default.
const STREAM_WINDOW: u32 = 65_535;

/// Bytes a backend may send on one connection. It has to hold every stream's window at once, or a
/// few unread streams stop all others: `(STREAMS_MAX + 1) × STREAM_WINDOW` is 6.6 MB. It is far
/// larger because h2 charges each unread DATA frame below 256 bytes `256 − length` against half of
/// this window and closes the whole connection when that is used up: a stuck stream of the
/// smallest gRPC frames (5 bytes) costs 65 535 / 5 × 251 B = 3.3 MB, so 2³⁰ / 2 holds 163 of them.
/// What is really buffered stays bounded by the stream windows.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// Header list that h2 takes in. Above it h2 gives up on the stream, and far above it on the
/// connection; the limit that calls see, [`super::exchange::HEADERS_MAX`], is well below, so that a
/// backend's oversized headers fail one call and not its neighbours.
const HEADER_LIST_MAX: u32 = 512 * 1024;

/// Request bytes buffered for one stream.
const SEND_BUFFER_MAX: usize = 256 * 1024;

/// Streams remembered after we reset them, for frames that were under way.
const RESET_STREAMS_MAX: usize = 1024;

/// Why there is no connection, in words that may go to a client: no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("its name does not resolve")]
    Resolve,
    #[error("the connection was refused")]
    Refused,
    #[error("the network does not reach it")]
    Network,
    #[error("it did not answer in time")]
    Timeout,
    #[error("it closed the connection, or does not speak HTTP/2 without TLS")]
    Handshake,
    #[error(transparent)]
    Tls(tls::Failure),
}

/// A connection whose peer has sent its SETTINGS.
pub(super) struct Connected {
    pub(super) sender: SendRequest<RequestBody>,
    pub(super) streams: StreamLimit,
    pub(super) spawner: Spawner,
    pub(super) driver: Driver,
}

/// How many streams a connection may have now; follows the peer's SETTINGS.
#[derive(Clone, Debug)]
pub(super) struct StreamLimit(Arc<AtomicUsize>);

impl StreamLimit {
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, streams: usize) {
        self.0.store(streams.min(STREAMS_MAX), Ordering::Relaxed);
    }
}

/// Makes the connection work; somebody has to run it.
pub(super) struct Driver {
    connection: Connection<TokioIo<Watched>, RequestBody, Spawner>,
    streams: StreamLimit,
    spawner: Spawner,
}

/// Starts hyper's tasks of one connection, and ends the one that sends a body when nobody wants
/// its call any more.
///
/// hyper asks a body for more only while the backend takes more. A body that waits for the backend
/// can therefore not say that its call was cancelled, and the stream would stay open until the
/// backend reads on. So a body leaves a signal here when hyper polls it for the first time; hyper
/// starts the task that sends the rest in the same step, and that task ends by the signal too. Its
/// end drops the last hold on the stream, which resets it with CANCEL.
///
/// The first task of a connection is the one that drives it. It ends when the gateway leaves, which breaks
/// every stream.
#[derive(Clone, Debug)]
pub(super) struct Spawner(Arc<Mutex<Ends>>);

/// What ends the next task besides itself.
#[derive(Debug)]
enum Ends {
    /// The first one: the end of the gateway.
    Connection(Arc<Leaving>),
    /// The end of its call.
    Body(oneshot::Receiver<()>),
    /// Nothing.
    Itself,
}

impl Spawner {
    fn new(leaving: Arc<Leaving>) -> Self {
        Self(Arc::new(Mutex::new(Ends::Connection(leaving))))
    }

    /// The next task to be started ends when the other end of `cancelled` is dropped.
    pub(super) fn end_next_with(&self, cancelled: oneshot::Receiver<()>) {
        self.set(Ends::Body(cancelled));
    }

    fn take(&self) -> Ends {
        self.set(Ends::Itself)
    }

    fn set(&self, ends: Ends) -> Ends {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut next, ends)
    }
}

impl<F> Executor<F> for Spawner
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        // hyper has one type for all its tasks, as large as a connection (1.5 KB), and each call has
        // two of them. h2 keeps a waker of one as long as the stream lives, and a waker keeps all
        // that a task was made of, though it has ended; behind a pointer that is little.
        let task = Box::pin(task);
        match self.take() {
            Ends::Itself => drop(tokio::spawn(task)),
            Ends::Connection(leaving) => drop(tokio::spawn(async move {
                tokio::select! {
                    () = task => {}
                    () = leaving.begun() => {}
                }
            })),
            Ends::Body(cancelled) => drop(tokio::spawn(async move {
                tokio::select! {
                    // First the task itself: a body that can be asked resets the stream properly.
                    biased;
                    () = task => {}
                    _ = cancelled => {}
                }
            })),
        }
    }
}

impl Driver {
    /// Until the connection takes no more calls, and why that is. Streams that are open then may go on.
    pub(super) async fn run(mut self, target: &Target) -> Parting {
        let result = std::future::poll_fn(|cx| {
            let polled = Pin::new(&mut self.connection).poll(cx);
            // A signal belongs to a task of this step or to none.
            drop(self.spawner.take());
            if polled.is_pending() {
                self.streams.set(self.connection.current_max_send_streams());
            }
            polled
        })
        .await;
        let Err(error) = result else {
            return Parting::Closed;
        };
        tracing::debug!(%error, "an upstream connection ended");
        if Failure::is_calm_wanted(&error) {
            target.ping_less();
        }
        Parting::of(&error)
    }
}

/// Connects within the time that is configured.
pub(super) async fn connect(target: &Target) -> Result<Connected, ConnectError> {
    tokio::time::timeout(target.connect.timeout, establish(target))
        .await
        .unwrap_or(Err(ConnectError::Timeout))
}

async fn establish(target: &Target) -> Result<Connected, ConnectError> {
    let stream = Transport::open(target).await?;
    let arrivals = Arc::new(Arrivals::default());
    let io = Watched {
        stream,
        secured: target.secured.as_ref().map(|secured| secured.tls.clone()),
        arrivals: Arc::clone(&arrivals),
    };

    let spawner = Spawner::new(Arc::clone(&target.leaving));
    let (sender, mut connection) = Builder::new(spawner.clone())
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // No stream before the peer's SETTINGS, which replace the zero: that is how they show.
        .initial_max_send_streams(0)
        .max_header_list_size(HEADER_LIST_MAX)
        .max_send_buf_size(SEND_BUFFER_MAX)
        .max_concurrent_reset_streams(RESET_STREAMS_MAX)
        .keep_alive_interval(target.keepalive_interval(random::unit()))
        .keep_alive_timeout(target.connect.keepalive_timeout)
        .keep_alive_while_idle(false)
        .handshake(TokioIo::new(io))
        .await
        .map_err(|_| arrivals.cause(target))?;

    while connection.current_max_send_streams() == 0 {
        tokio::select! {
            () = arrivals.read.notified() => {}
            _ = &mut connection => return Err(arrivals.cause(target)),
        }
    }
    arrivals.enough.store(true, Ordering::Relaxed);
    let streams = StreamLimit(Arc::default());
    streams.set(connection.current_max_send_streams());
    Ok(Connected {
        sender,
        streams: streams.clone(),
        spawner: spawner.clone(),
        driver: Driver {
            connection,
            streams,
            spawner,
        },
    })
}

/// Tells when h2 has worked through what arrived. hyper calls its handshake done when our own
/// preface is sent; a backend counts as reached only when its SETTINGS are there.
#[derive(Debug, Default)]
struct Arrivals {
    read: Notify,
    enough: AtomicBool,
    broken: OnceLock<tls::Failure>,
}

impl Arrivals {
    /// Why the connection ended before it began.
    fn cause(&self, target: &Target) -> ConnectError {
        match (self.broken.get(), &target.secured) {
            (Some(failure), _) => ConnectError::Tls(*failure),
            (None, Some(_)) => ConnectError::Tls(tls::Failure::Closed),
            (None, None) => ConnectError::Handshake,
        }
    }
}

/// A stream whose reads are noticed until there were enough.
#[derive(Debug)]
struct Watched {
    stream: Transport,
    secured: Option<Tls>,
    arrivals: Arc<Arrivals>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        // Asking again means that the frames read before have been handled.
        if polled.is_pending() && !self.arrivals.enough.load(Ordering::Relaxed) {
            self.arrivals.read.notify_one();
        }
        if let (Poll::Ready(Err(error)), Some(tls)) = (&polled, &self.secured)
            && let Some(failure) = tls::broken(tls, error)
        {
            // Only the first one is asked for.
            let _ = self.arrivals.broken.set(failure);
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
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
