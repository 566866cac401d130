//! The listener before real clients who do not behave.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::{Config, Drain, Listener, Timeouts, bind};
use crate::call::Buffers;
use crate::worker::Workers;

mod panics;
mod strain;
mod tls;

/// Long enough for a loaded machine to do nothing wrong in, short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

/// A body that always has more, and tells when it is dropped.
struct Endless {
    gone: mpsc::UnboundedSender<()>,
    pulled: Arc<AtomicUsize>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        const DATA: Bytes = Bytes::from_static(&[b'x'; 10_000]);
        self.pulled.fetch_add(DATA.len(), Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(DATA))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.gone.send(());
    }
}

/// A body that says nothing, holds the request's, and tells when it is dropped.
struct Holding {
    gone: mpsc::UnboundedSender<()>,
    _upload: Incoming,
}

impl http_body::Body for Holding {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let _ = self.gone.send(());
    }
}

/// `/endless` has no end, `/hold` takes nothing and says nothing, `/torn` breaks off, `/large` has a megabyte, the rest is short. Tells which bodies are gone.
fn listen(timeouts: Timeouts) -> (Listener, mpsc::UnboundedReceiver<()>) {
    let (listener, dropped, _) = listen_and_count(timeouts);
    (listener, dropped)
}

/// And counts what is taken of endless bodies.
fn listen_and_count(
    timeouts: Timeouts,
) -> (Listener, mpsc::UnboundedReceiver<()>, Arc<AtomicUsize>) {
    listen_by(Config {
        timeouts,
        ..Config::default()
    })
}

/// Whatever else is configured, on a free port.
fn listen_by(config: Config) -> (Listener, mpsc::UnboundedReceiver<()>, Arc<AtomicUsize>) {
    let config = Config {
        address: ([127, 0, 0, 1], 0).into(),
        ..config
    };
    let (gone, dropped) = mpsc::unbounded_channel();
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let service = move |request: Request<Incoming>| {
        let (gone, pulled) = (gone.clone(), Arc::clone(&counter));
        async move {
            let body = match request.uri().path() {
                "/endless" => Body::new(Endless { gone, pulled }),
                "/hold" => Body::new(Holding {
                    gone,
                    _upload: request.into_body(),
                }),
                "/torn" => Body::from_stream(futures_util::stream::iter([
                    Ok("begun"),
                    Err(std::io::Error::other("torn")),
                ])),
                "/large" => Body::from(vec![b'x'; 1 << 20]),
                _ => Body::from("short"),
            };
            Ok(Response::new(body))
        }
    };
    let workers = Workers::start(NonZeroUsize::MIN).unwrap();
    (
        bind(config).unwrap().serve(service, workers).unwrap(),
        dropped,
        pulled,
    )
}

/// With what is not taken of answers counted there.
fn listen_buffered(buffers: &Arc<Buffers>) -> Listener {
    let config = Config {
        address: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    };
    let service = |_| async { Ok(Response::new(Body::from(vec![b'x'; 16 << 20]))) };
    let workers = Workers::start(NonZeroUsize::MIN).unwrap();
    let bound = bind(config).unwrap().buffered(Arc::clone(buffers));
    bound.serve(service, workers).unwrap()
}

fn stalling() -> (Listener, mpsc::UnboundedReceiver<()>) {
    listen(Timeouts {
        write_stall: SHORT,
        ..Timeouts::default()
    })
}

async fn http1(listener: &Listener, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(listener.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn h2(listener: &Listener) -> h2::client::SendRequest<Bytes> {
    let stream = TcpStream::connect(listener.address()).await.unwrap();
    // A window for the connection that one unread stream does not use up.
    let (sender, connection) = h2::client::Builder::new()
        .initial_connection_window_size(1 << 20)
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://gateway{path}"))
        .body(())
        .unwrap()
}

#[tokio::test]
async fn an_http1_client_that_does_not_read_its_response_is_closed() {
    let (listener, mut dropped) = stalling();
    let mut stream = http1(&listener, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
    dropped.recv().await.unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await; // ends, one way or the other
}

#[tokio::test]
async fn what_an_http1_client_does_not_read_is_not_buffered() {
    let (listener, _dropped, pulled) = listen_and_count(Timeouts::default());
    let _unread = http1(&listener, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
    // Until it stands still for a while: the socket's buffers are full.
    let mut before = usize::MAX;
    while std::mem::replace(&mut before, pulled.load(Ordering::Relaxed)) != before || before == 0 {
        assert!(
            before < 64 << 20,
            "{before} bytes were taken for a client that reads none"
        );
        tokio::time::sleep(SHORT).await;
    }
}

#[tokio::test]
async fn a_malformed_head_is_told_so() {
    let (listener, _dropped) = listen(Timeouts::default());
    for (request, status) in [
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n".to_owned(), "400"),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +2\r\n\r\n{}".to_owned(),
            "400",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (
            "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            "400",
        ),
        (
            "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
            "400",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
                "x: y\r\n".repeat(201)
            ),
            "431",
        ),
        (
            format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "y".repeat(70 << 10)),
            "414",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
                "y".repeat(1 << 20)
            ),
            "431",
        ),
    ] {
        let mut stream = TcpStream::connect(listener.address()).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, format!("HTTP/1.1 {status}").as_bytes());
    }
}

#[tokio::test]
async fn an_http1_client_that_pipelines_and_does_not_read_is_closed() {
    let (listener, _dropped) = stalling();
    let mut stream = TcpStream::connect(listener.address()).await.unwrap();
    let requests = "GET /large HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1000);
    // The gateway stops reading before it has taken them all, then closes.
    while stream.write_all(requests.as_bytes()).await.is_ok() {}
}

/// Row 39.
#[tokio::test]
async fn an_http2_client_that_opens_no_window_loses_that_stream_alone() {
    let (listener, mut dropped) = stalling();
    let mut sender = h2(&listener).await;
    let (unread, _) = sender.send_request(get("/endless"), true).unwrap();
    let mut unread = unread.await.unwrap().into_body();
    dropped.recv().await.unwrap();

    let (short, _) = sender.send_request(get("/short"), true).unwrap();
    let mut body = short.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "short");
    let reset = loop {
        match unread.data().await.expect("a stream without an end") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(reset.reason(), Some(h2::Reason::CANCEL));
}

#[tokio::test]
async fn a_large_response_arrives_whole_and_with_its_length() {
    let (listener, _dropped) = listen(Timeouts::default());
    let stream = TcpStream::connect(listener.address()).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/large")
        .header("host", "a")
        .body(String::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.headers()["content-length"], "1048576");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, vec![b'x'; 1 << 20]);

    let mut sender = h2(&listener).await;
    let (large, _) = sender.send_request(get("/large"), true).unwrap();
    let mut body = large.await.unwrap().into_body();
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        length += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    assert_eq!(length, 1 << 20);
}

#[tokio::test]
async fn r19_the_streams_of_a_client_that_answers_no_ping_are_ended() {
    let (listener, mut dropped) = listen(Timeouts {
        keepalive_interval: SHORT,
        keepalive_timeout: SHORT,
        ..Timeouts::default()
    });
    let stream = TcpStream::connect(listener.address()).await.unwrap();
    let (mut sender, mut connection) = h2::client::handshake(stream).await.unwrap();
    let (response, _) = sender.send_request(get("/hold"), true).unwrap();
    let _held = tokio::select! {
        response = response => response.unwrap(),
        ended = &mut connection => panic!("{ended:?}"),
    };
    // The socket is open, and nobody reads it any more.
    dropped.recv().await.unwrap();
}

/// Rows 26 and 47.
#[tokio::test]
async fn a_client_that_is_too_slow_with_its_head_is_closed() {
    let (listener, _dropped) = listen(Timeouts {
        head: SHORT,
        preface: SHORT,
        ..Timeouts::default()
    });
    for opening in [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: a\r\nx: ",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = http1(&listener, opening).await;
        let mut all = Vec::new();
        // A byte now and then wins no time.
        if opening.starts_with("GET") {
            while stream.write_all(b"a").await.is_ok() {
                tokio::time::sleep(SHORT / 20).await;
            }
        }
        let _ = stream.read_to_end(&mut all).await;
    }
}

#[tokio::test]
async fn a_client_that_sends_more_than_is_wanted_reads_why() {
    let (listener, _dropped) = listen(Timeouts::default());
    let body = 16 << 20;
    let head = format!("POST /short HTTP/1.1\r\nhost: a\r\ncontent-length: {body}\r\n\r\n");
    let mut stream = http1(&listener, &head).await;
    // The answer does not wait for the body, and is still there after all of it.
    for _ in 0..body / (1 << 16) {
        stream.write_all(&[b'x'; 1 << 16]).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn what_came_before_a_body_broke_off_arrives() {
    let (listener, _dropped) = listen(Timeouts::default());
    let mut stream = http1(&listener, "GET /torn HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer:?}");
    assert!(
        answer.ends_with("5\r\nbegun\r\n"),
        "no last chunk: {answer:?}"
    );
}

#[tokio::test]
async fn a_drain_has_cut_what_lasts_longer_than_its_grace() {
    let config = Config {
        address: ([127, 0, 0, 1], 0).into(),
        drain: Drain {
            grace: SHORT,
            ..Drain::default()
        },
        ..Config::default()
    };
    let (began, mut beginning) = mpsc::unbounded_channel();
    let held = Arc::new(());
    let hold = Arc::downgrade(&held);
    let service = move |_: Request<Incoming>| {
        let held = hold.upgrade();
        let _ = began.send(());
        async move {
            std::future::pending::<()>().await;
            drop(held);
            Ok(Response::new(Body::empty()))
        }
    };
    let workers = Workers::start(NonZeroUsize::new(2).unwrap()).unwrap();
    let bound = bind(config).unwrap();
    let listener = bound.serve(service, workers.clone()).unwrap();
    let _http1 = http1(&listener, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut sender = h2(&listener).await;
    let _http2 = sender.send_request(get("/"), true).unwrap();
    for _ in 0..2 {
        beginning.recv().await.unwrap();
    }
    assert_eq!(Arc::strong_count(&held), 3);
    listener.drain(|| ()).await;
    workers.ended().await;
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test]
async fn a_client_that_leaves_an_upload_nobody_takes_is_noticed() {
    let (listener, mut dropped) = listen(Timeouts::default());
    let head = "POST /hold HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n";
    let mut client = http1(&listener, head).await;
    // More than is read of a body that nobody takes, and less than the socket has room for.
    client.write_all(&vec![b'x'; 60_000]).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(client.read_u8().await.unwrap());
    }
    assert!(
        tokio::time::timeout(SHORT, dropped.recv()).await.is_err(),
        "it is still there"
    );
    drop(client);
    dropped.recv().await.unwrap();
}
