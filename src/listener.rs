//! Sockets to HTTP requests: one port, HTTP/1.1 and HTTP/2, HTTP/2 by prior knowledge too.
//!
//! An own accept loop, because nothing a client does or fails to do may hold a connection for
//! ever: every slow-client shape has a timer (`listener/guard.rs` for those who do not send,
//! `listener/stall.rs` for those who do not read), connections are counted and bounded, and a
//! drain says good-bye (GOAWAY, `connection: close`) before anything is cut.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::call::{Buffers, Deadline, Transport};
use crate::observe::connections::{Connections, Open};
use crate::observe::listeners;
use crate::worker::Workers;

mod absent;
mod config;
mod door;
mod flood;
mod guard;
mod held;
pub mod proxy;
pub mod redirect;
mod socket;
mod stall;
pub mod strain;
mod stream;
mod target;
mod tenancy;
mod tls;

pub use config::{Config, Drain, Limits, Timeouts};
pub use redirect::Redirect;
pub use strain::{Ask, Strain, Strainer};
pub use tls::{Asked, Choices, Clients, Files, Part, Tls, TlsError, Unknown, Version};

use absent::{Intake, Lookout};
use door::{Door, Opened};
use guard::{Guard, Watch};
use held::Held;
use socket::Watched;
use stall::{Pace, Patience, Streams};
use tenancy::Tenancy;

/// Flow-control window of one stream, in both directions of a connection: what a client may send
/// before the backend has read it. Three DATA frames: each takes a buffer of 20 KiB to the allocator, and
/// with a fourth a stalled upload would cost more than 160 KiB.
const STREAM_WINDOW: u32 = 3 * 16_384;

/// Flow-control window of a connection. Memory is bounded by the streams' windows
/// (100 x 64 KiB); this one is wide because h2 grants a connection DATA-frame overhead of half of
/// it, and closes connections that exceed the grant by sending many small messages.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// Response bytes buffered per HTTP/2 stream before the writer has to wait.
const SEND_BUFFER: usize = 64 * 1024;

/// HTTP/1 read buffer; the request head has to fit into it. More than the longest URL that hyper
/// takes (64 KiB), so that a longer one is a 414 and not a 431.
const HTTP1_BUFFER: usize = 80 * 1024;

/// How many times the limits of the request head hyper takes, which refuses without a body: what is
/// only a little too much shall have an answer that says so.
const HEAD_LEEWAY: u8 = 2;

/// Pause after a failed accept (out of file descriptors, mostly), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long an idle client has to take leave after GOAWAY before it is cut.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long calls have to end in their own words, and upgraded connections to say good-bye, once the grace
/// period is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Connections the kernel may hold before they are accepted.
const BACKLOG: u32 = 1024;

/// A port that is taken, but does not answer yet: connections are refused until [`Bound::serve`].
#[derive(Debug)]
pub struct Bound {
    socket: TcpSocket,
    config: Config,
    door: Arc<Door>,
    counted: Arc<Connections>,
    buffers: Arc<Buffers>,
}

/// What is to be seen of a listener, whenever somebody looks.
#[derive(Clone, Debug)]
pub struct View(Arc<Door>);

impl View {
    /// How it is at this moment, by this name.
    #[must_use]
    pub fn observed(&self, name: &'static str) -> listeners::Listener {
        self.0.observed(name)
    }
}

/// Takes the port.
///
/// # Errors
/// The operating system's, mostly "address already in use".
pub fn bind(config: Config) -> io::Result<Bound> {
    let socket = match config.address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?; // a restart must not wait for the old connections' TIME_WAIT
    socket.bind(config.address)?;
    let door = Arc::new(Door::of(&config));
    Ok(Bound {
        socket,
        config,
        door,
        counted: Arc::default(),
        buffers: Arc::default(),
    })
}

impl Bound {
    /// What is to be seen of it.
    #[must_use]
    pub fn view(&self) -> View {
        View(Arc::clone(&self.door))
    }

    /// Has its connections counted there.
    #[must_use]
    pub fn counted(self, counted: Arc<Connections>) -> Self {
        Self { counted, ..self }
    }

    /// Has what its clients have not taken of large answers counted there.
    #[must_use]
    pub fn buffered(self, buffers: Arc<Buffers>) -> Self {
        Self { buffers, ..self }
    }

    /// Starts to answer, on the workers. `service` gets every request with a [`Peer`](crate::call::Peer) in its
    /// extensions; a response may have a [`Deadline`] in its own, at which nobody waits any longer
    /// for its client to read on.
    ///
    /// # Errors
    /// The operating system's: of two processes on one port, the later fails here.
    pub fn serve<S, F>(self, service: S, workers: Workers) -> io::Result<Listener>
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
    {
        let listener = self.socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let (tell, told) = watch::channel(Told::default());
        let (over, grace) = watch::channel(());
        let mut watching = JoinSet::new();
        if let Some(tls) = &self.config.tls {
            watching.spawn(tls.keep_current());
        }
        let shared = (self.door, self.counted, self.buffers);
        let made = (self.config, shared);
        let accepting = accept(listener, made, service, workers, told, over);
        let accepting = tokio::spawn(accepting);
        Ok(Listener {
            address,
            tell: Arc::new(tell),
            grace,
            accepting,
            _watching: watching,
        })
    }
}

/// What connections are told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Told {
    phase: Phase,
    strain: Strain,
}

impl Told {
    /// Whether nothing is to begin any more.
    fn is_over(&self) -> bool {
        self.phase == Phase::Draining
    }

    /// Whether nobody is let in for now.
    fn is_shut(&self) -> bool {
        self.strain.ask == Ask::StayOut
    }
}

/// How far the listener is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Serving,
    /// Finish what runs, start nothing.
    Draining,
}

/// A port that answers. Dropping it begins a drain that nobody waits for.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    tell: Arc<watch::Sender<Told>>,
    grace: watch::Receiver<()>,
    accepting: tokio::task::JoinHandle<()>,
    /// The watching of files; given up when this is dropped.
    _watching: JoinSet<()>,
}

impl Listener {
    /// The bound address, its port never 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is told how strained the gateway is.
    #[must_use]
    pub fn strainer(&self) -> Strainer {
        Strainer(Arc::downgrade(&self.tell))
    }

    /// Stops accepting, and lets running calls finish for the grace period. What is left then is to be ended
    /// by `end`, and is cut a moment later. Afterwards no connection is open.
    pub async fn drain(mut self, end: impl FnOnce()) {
        self.tell.send_modify(|told| told.phase = Phase::Draining);
        // An error where it took less than the grace: nothing is left to be ended.
        if self.grace.changed().await.is_ok() {
            end();
        }
        let _ = self.accepting.await;
    }
}

/// What all connections of a listener have together.
type Shared = (Arc<Door>, Arc<Connections>, Arc<Buffers>);

/// Accepts until told to drain, then waits for the connections it made, says when the grace is `over`, and
/// cuts those that last.
async fn accept<S, F>(
    listener: TcpListener,
    (config, (door, counted, buffers)): (Config, Shared),
    service: S,
    workers: Workers,
    mut told: watch::Receiver<Told>,
    over: watch::Sender<()>,
) where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let builder = Arc::new(http_builder(&config));
    let permits = Arc::new(Semaphore::new(config.limits.connections));
    let mut connections = JoinSet::new();
    let mut number = 0_u32;
    let mut shut = told.clone();
    loop {
        while connections.try_join_next().is_some() {}
        // While it is shut, clients wait in the kernel's queue. A listener that is dropped drains.
        let is_shut = shut.borrow_and_update().is_shut();
        // A permit first, then a connection: at the limit clients wait in the kernel's queue.
        let next = async {
            let permit = Arc::clone(&permits)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let (stream, address) = listener.accept().await?;
            // Off this runtime's event queue, to be put on a worker's.
            Ok::<_, io::Error>((stream.into_std()?, address, permit))
        };
        let accepted = tokio::select! {
            biased;
            _ = told.wait_for(Told::is_over) => break,
            _ = shut.wait_for(|told| told.is_shut() != is_shut) => continue,
            accepted = next, if !is_shut => accepted,
        };
        match accepted {
            Ok((stream, address, permit)) => {
                let (builder, service, mut told) =
                    (Arc::clone(&builder), service.clone(), told.clone());
                let (grace, counted) = (over.subscribe(), counted.open());
                let its = (strain::turn(number), Arc::clone(&buffers));
                number = number.wrapping_add(1);
                let (door, timeouts) = (Arc::clone(&door), config.timeouts);
                let hsts = config.hsts.clone();
                let place = workers.place();
                let runtime = place.runtime().clone();
                let connection = async move {
                    match TcpStream::from_std(stream) {
                        Ok(socket) => {
                            let _ = socket.set_nodelay(true); // a failure costs latency only
                            if let Some(opened) = door.open(socket, address, &mut told).await {
                                let drain = (told, grace);
                                let opened = (opened, counted, door);
                                let answered = (service, hsts);
                                serve_connection(opened, &builder, answered, timeouts, drain, its)
                                    .await;
                            }
                        }
                        Err(error) => tracing::warn!(%error, "a connection could not be served"),
                    }
                    drop((permit, place));
                };
                connections.spawn_on(connection, &runtime);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let grace = config.drain.grace;
    let mut ended = async || while connections.join_next().await.is_some() {};
    if tokio::time::timeout(grace, ended()).await.is_err() {
        tracing::warn!(
            listener = %config.address,
            ?grace,
            "the grace period is over, ending the calls that are still under way"
        );
        let _ = over.send(());
        let _ = tokio::time::timeout(LAST_WORDS, ended()).await;
        connections.shutdown().await;
    }
}

fn http_builder(config: &Config) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams::new(config.timeouts.write_stall));
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None) // `guard` has the timers, which tell an idle client from a slow one
        .max_headers(config.limits.headers.saturating_mul(HEAD_LEEWAY.into()))
        // And no `pipeline_flush`, with which hyper buffers what a client does not read without a
        // bound, and loses the 400 of a malformed head.
        .max_buf_size(HTTP1_BUFFER)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(config.limits.streams_per_connection)
        .max_header_list_size(
            config
                .limits
                .header_bytes
                .saturating_mul(HEAD_LEEWAY.into()),
        )
        .max_send_buf_size(SEND_BUFFER)
        .enable_connect_protocol() // WebSocket over HTTP/2
        .keep_alive_interval(Some(config.timeouts.keepalive_interval))
        .keep_alive_timeout(config.timeouts.keepalive_timeout);
    builder
}

async fn serve_connection<S, F>(
    (
        Opened {
            stream,
            peer,
            names,
        },
        counted,
        door,
    ): (Opened, Open, Arc<Door>),
    builder: &auto::Builder<Streams>,
    (service, hsts): (S, Option<HeaderValue>),
    timeouts: Timeouts,
    (mut told, mut grace): (watch::Receiver<Told>, watch::Receiver<()>),
    (turn, buffers): (f64, Arc<Buffers>),
) where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let address = peer.address;
    let hsts = hsts.filter(|_| peer.transport == Transport::Tls);
    let guard = Guard::new(timeouts, Instant::now()).in_turn(turn);
    let watch = Watch::new(guard, buffers);
    let intake = Intake::default();
    let mut lookout = Lookout::new(intake.clone());
    let io = TokioIo::new(Watched::new(stream, watch.clone(), intake));
    let requests = watch.clone();
    let pace = Pace::default();
    let mut patience = Patience::new(pace.clone(), timeouts.write_stall);
    let tenancy = Tenancy::new(timeouts.write_stall, watch.taken());
    let tenures = tenancy.clone();
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        counted.speaks(request.version());
        request.extensions_mut().insert(peer.clone());
        let open = requests.request();
        if request.extensions().get::<OnUpgrade>().is_some() {
            let tenure = tenures.tenure(requests.request(), request.version());
            request.extensions_mut().insert(tenure);
        }
        let checked = target::check(&request).and_then(|()| match &names {
            None => Ok(()),
            Some(names) => target::check_certificate(&request, names, peer.secured.as_deref()),
        });
        let answer = match checked {
            Ok(()) => Ok(service(request)),
            Err(refused) => Err(target::refuse(request.version(), refused)),
        };
        let (connection_pace, hsts) = (pace.clone(), hsts.clone());
        async move {
            let mut response = match answer {
                Ok(answer) => answer.await?,
                Err(refusal) => refusal,
            };
            if let Some(hsts) = hsts {
                let name = header::STRICT_TRANSPORT_SECURITY;
                response.headers_mut().insert(name, hsts);
            }
            // HTTP/2 streams have a pace each; an HTTP/1.1 connection has one body at a time.
            let pace = stall::of_stream().unwrap_or(connection_pace);
            let deadline = response.extensions().get().copied();
            let deadline = deadline.unwrap_or(Deadline::Never);
            // The call lasts as long as its body.
            Ok::<_, Infallible>(response.map(|body| Held::new(body, open, pace, deadline)))
        }
    });
    let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
    let mut alarm = watch.alarm();
    let (mut draining, mut leaving) = (false, false);
    told.mark_changed(); // what holds already has to be heard, too
    loop {
        tokio::select! {
            biased; // the alarm looks at what the connection's poll has just done
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, peer = %address, "connection ended");
                }
                break;
            }
            changed = told.changed(), if !draining => {
                let now = *told.borrow_and_update();
                // A listener that is dropped drains.
                if changed.is_err() || now.is_over() {
                    draining = true;
                    connection.as_mut().graceful_shutdown();
                } else {
                    watch.on_strain(now.strain);
                }
            }
            verdict = std::future::poll_fn(|cx| alarm.poll_expired(cx)) => match verdict {
                guard::Verdict::Idle => {
                    if draining {
                        return;
                    }
                    draining = true;
                    alarm.snooze(FAREWELL);
                    connection.as_mut().graceful_shutdown();
                }
                guard::Verdict::Unwanted => {
                    draining = true;
                    watch.on_told();
                    door.told_to_go();
                    connection.as_mut().graceful_shutdown();
                }
                guard::Verdict::Slow => {
                    tracing::debug!(peer = %address, "closed a connection that did not finish its request head in time");
                    return;
                }
            },
            () = std::future::poll_fn(|cx| patience.poll_out(cx)) => {
                tracing::debug!(peer = %address, "closed a connection whose client does not read its response");
                return;
            }
            // The connection's next poll looks.
            () = std::future::poll_fn(|cx| lookout.poll_look(cx)) => {}
            _ = grace.changed(), if !leaving => {
                leaving = true;
                tenancy.end(); // calls are ended by whoever drains
            }
        }
    }
    tenancy.ended(&mut grace).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
