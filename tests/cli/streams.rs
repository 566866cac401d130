//! Uploads and downloads of any size, in a gateway whose memory is measured from outside.

use std::net::SocketAddr;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::support::Running;
use crate::support::{Backend, Version};

/// What a gateway's memory may grow by while something passes through it.
const GROWTH_MAX: u64 = 4 << 20;

/// The allocator gives memory back when it likes, so one measurement may be of something else; what
/// is held for a transfer shows in every one.
const ATTEMPTS: usize = 5;

/// What passes through: 64 MiB, or 1 GiB with `RUN_SLOW_TESTS` in the environment.
fn size() -> u64 {
    match std::env::var_os("RUN_SLOW_TESTS") {
        Some(_) => 1 << 30,
        None => 64 << 20,
    }
}

/// The most resident bytes that a process has had since [`forget`], where the system tells them.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Begins to measure the peak anew; `None` where that cannot be done.
fn forget(process: u32) -> Option<()> {
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").ok()
}

/// Sends this many bytes up a method, or takes them down; what came down.
async fn pass(address: SocketAddr, version: Version, path: &str, up: u64) -> (u64, Bytes) {
    let piece = Bytes::from(vec![b'.'; 64 << 10]);
    let count = usize::try_from(up / (64 << 10)).unwrap();
    let pieces = std::iter::repeat_n(Ok::<_, std::convert::Infallible>(piece), count);
    let body = match up {
        0 => Body::empty(),
        _ => Body::from_stream(stream::iter(pieces)),
    };
    let verb = if up > 0 { "POST" } else { "GET" };
    let request = Request::builder()
        .method(verb)
        .header("content-type", "application/x-demo");
    let socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap(); // or every window waits for an acknowledgement
    let io = TokioIo::new(socket);
    let response = match version {
        Version::Http1 => {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            let request = request.uri(path).header("host", "demo").body(body).unwrap();
            sender.send_request(request).await.unwrap()
        }
        Version::Http2 => {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                    .await
                    .unwrap();
            tokio::spawn(connection);
            let uri = format!("http://{address}{path}");
            sender
                .send_request(request.uri(uri).body(body).unwrap())
                .await
                .unwrap()
        }
    };
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let (mut bytes, mut last) = (0, Bytes::new());
    while let Some(frame) = body.frame().await {
        last = frame.unwrap().into_data().unwrap();
        bytes += last.len() as u64;
    }
    (bytes, last)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_and_downloads_take_constant_memory() {
    let backend = Backend::start().await;
    let (running, said) = tokio::task::spawn_blocking(move || {
        let serve = [
            "serve",
            "--upstream",
            &backend.url,
            "--listen",
            "127.0.0.1:0",
            "--log",
            "human",
        ];
        let running = Running::start(&serve);
        let said = running.out_until("listening on http://127.0.0.1:");
        (running, (said, backend))
    })
    .await
    .unwrap();
    let (said, _backend) = said;
    let address = said.last().unwrap().split("http://").nth(1).unwrap();
    let address: SocketAddr = address.split_whitespace().next().unwrap().parse().unwrap();
    let download = format!("/v1/echo:download?size={}", size());
    for version in [Version::Http1, Version::Http2] {
        for (name, path, up) in [
            ("upload", "/v1/echo:upload", size()),
            ("download", &*download, 0),
        ] {
            let mut least = u64::MAX;
            for _ in 0..ATTEMPTS {
                let Some(grown) = growth(&running, address, version, path, up).await else {
                    println!("not measured: memory, which this system does not tell by /proc");
                    least = 0;
                    break;
                };
                least = least.min(grown);
                if least < GROWTH_MAX {
                    break;
                }
            }
            assert!(least < GROWTH_MAX, "{version:?} {name}: {least} bytes more");
        }
    }
}

/// By how much one transfer lets the gateway's memory grow; `None` where that cannot be told.
async fn growth(
    running: &Running,
    address: SocketAddr,
    version: Version,
    path: &str,
    up: u64,
) -> Option<u64> {
    // What small ones take at most, on every worker, is what large ones may take.
    let measured = forget(running.id());
    for _ in 0..8 {
        pass(address, version, "/v1/echo:upload", 4 << 20).await;
        pass(address, version, "/v1/echo:download?size=4194304", 0).await;
    }
    let before = peak(running.id());
    forget(running.id());
    let began = Instant::now();
    let (bytes, last) = pass(address, version, path, up).await;
    if up > 0 {
        let answer: serde_json::Value = serde_json::from_slice(&last).unwrap();
        assert_eq!(answer["size"], size().to_string(), "{answer}");
        assert_eq!(answer["contentType"], "application/x-demo");
    } else {
        assert_eq!(bytes, size());
    }
    let took = began.elapsed().as_secs_f64();
    measured?;
    let grown = peak(running.id())?.saturating_sub(before?);
    println!(
        "{version:?} {path} of {} MiB: {took:.2} s, memory grew by {} KiB",
        size() >> 20,
        grown >> 10,
    );
    Some(grown)
}
