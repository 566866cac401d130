//! What runs in a backend's process: HTTP/2 by hyper, which takes leave properly at SIGTERM: a GOAWAY on
//! each connection, then time for the calls that run.

use std::convert::Infallible;
use std::io::BufRead as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Manner;
use crate::messages::{Beat, ENVELOPE, WatchBeatsRequest, blank, framed, unframed};

/// Bytes a second that all streams without an interval send together, at most.
const PUSH: u64 = 200_000_000;

/// What a client may send on one stream before somebody reads it.
const STREAM_WINDOW: u32 = 65_535;

/// What it may send on one connection: no bound, so that each stream's own is used up.
const CONNECTION_WINDOW: u32 = 1 << 30;

type Body = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

struct Shared {
    port: u16,
    manner: Manner,
    slots: Semaphore,
    fails: AtomicBool,
    calls: AtomicU64,
    meter: Meter,
}

/// Keeps all streams together below [`PUSH`].
struct Meter(Mutex<Instant>);

impl Meter {
    /// Waits until so many bytes may be sent.
    async fn take(&self, bytes: usize) {
        let costs = Duration::from_nanos(bytes as u64 * 1_000_000_000 / PUSH);
        let now = Instant::now();
        let from = {
            let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let from = (*next).max(now);
            *next = from + costs;
            from
        };
        if from > now + Duration::from_millis(2) {
            tokio::time::sleep_until(from).await;
        }
    }
}

/// Serves until SIGTERM, or until whoever started it has ended.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let numbers: Vec<u64> = arguments
        .iter()
        .map(|number| number.parse().unwrap())
        .collect();
    let [port, hold, slots, grace] = numbers[..] else {
        panic!("expected port, hold, slots and grace, found {arguments:?}");
    };
    let manner = Manner {
        hold: Duration::from_millis(hold),
        slots: usize::try_from(slots).unwrap(),
        grace: Duration::from_millis(grace),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(u16::try_from(port).unwrap(), manner));
    // What still runs is cut, as by the end of any process.
    std::process::exit(0)
}

async fn run(port: u16, manner: Manner) {
    let shared = Arc::new(Shared {
        port,
        manner,
        slots: Semaphore::new(match manner.slots {
            0 => Semaphore::MAX_PERMITS,
            slots => slots,
        }),
        fails: AtomicBool::new(false),
        calls: AtomicU64::new(0),
        meter: Meter(Mutex::new(Instant::now())),
    });
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    println!("listening");
    let told = Arc::clone(&shared);
    std::thread::spawn(move || listen(&told));
    let (leave, leaving) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = terminated.recv() => break,
        };
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = accepted {
            connections.spawn(connection(stream, Arc::clone(&shared), leaving.clone()));
        }
    }
    drop(listener);
    let _ = leave.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(manner.grace, ended).await;
}

/// Does as it is told, and ends with whoever tells.
fn listen(shared: &Shared) {
    for line in std::io::stdin().lock().lines() {
        match line.unwrap_or_default().as_str() {
            "fail" => {
                shared.fails.store(true, Ordering::Relaxed);
                println!("done");
            }
            "heal" => {
                shared.fails.store(false, Ordering::Relaxed);
                println!("done");
            }
            "calls" => println!("{}", shared.calls.load(Ordering::Relaxed)),
            other => println!("what is {other:?}?"),
        }
    }
    std::process::exit(0);
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut leaving: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, request).await) }
    });
    let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    tokio::select! {
        _ = &mut serving => return,
        _ = leaving.wait_for(|leaving| *leaving) => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}

async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    match request.uri().path() {
        "/faults.v1.FaultsService/WatchBeats" => {
            let asked = whole(request).await;
            let asked = WatchBeatsRequest::decode(asked).unwrap_or_default();
            respond(beats(shared, &asked))
        }
        "/faults.v1.FaultsService/UploadBeats" => {
            let _unread = request.into_body();
            std::future::pending().await
        }
        _ => short(shared, request).await,
    }
}

/// Gives back what came.
async fn short(shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    shared.calls.fetch_add(1, Ordering::Relaxed);
    if shared.fails.load(Ordering::Relaxed) {
        let mut response = respond(stream::empty().boxed());
        let headers = response.headers_mut();
        headers.insert("grpc-status", HeaderValue::from_static("14"));
        return response;
    }
    let message = whole(request).await;
    let slot = shared.slots.acquire().await;
    if !shared.manner.hold.is_zero() {
        tokio::time::sleep(shared.manner.hold).await;
    }
    drop(slot);
    let mut frame = BytesMut::from(&blank(ENVELOPE + message.len())[..ENVELOPE]);
    frame.extend_from_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Frame::data(frame.freeze()), Frame::trailers(trailers)];
    respond(stream::iter(frames.map(Ok)).boxed())
}

/// The one message of a request.
async fn whole(request: Request<Incoming>) -> Bytes {
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Bytes::new(),
    };
    unframed(&mut BytesMut::from(&body[..])).unwrap_or_default()
}

fn respond(frames: BoxStream<'static, Result<Frame<Bytes>, Infallible>>) -> Response<Body> {
    let mut response = Response::new(StreamBody::new(frames));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

/// Beats without an end.
fn beats(
    shared: &Arc<Shared>,
    asked: &WatchBeatsRequest,
) -> BoxStream<'static, Result<Frame<Bytes>, Infallible>> {
    let size = usize::try_from(asked.size).unwrap_or_default();
    let interval = Duration::from_millis(u64::try_from(asked.interval_ms).unwrap_or_default());
    let shared = Arc::clone(shared);
    if interval.is_zero() {
        let beat = blank(size);
        return stream::unfold((shared, beat), |(shared, beat)| async move {
            shared.meter.take(beat.len()).await;
            Some((Ok(Frame::data(beat.clone())), (shared, beat)))
        })
        .boxed();
    }
    let port = shared.port.into();
    let begun = Instant::now();
    stream::unfold(0_u32, move |number| async move {
        tokio::time::sleep_until(begun + interval * number).await;
        let beat = Beat {
            number: number.into(),
            port,
            padding: Bytes::from(vec![b'.'; size]),
        };
        Some((Ok(Frame::data(framed(&beat))), number + 1))
    })
    .boxed()
}
