//! Streams over REST by real sockets: both ways at once, each framing, and what a break looks like.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::UnboundedReceiverStream;
use transom::gateway::{Config, Gateway};

use crate::support::{Backend, Stack, Version, send};

/// Begins a request on a connection of its own.
async fn begin(
    address: SocketAddr,
    version: Version,
    request: Request<Body>,
) -> Response<Incoming> {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut parts, body) = request.into_parts();
    match version {
        Version::Http1 => {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            let host = address.to_string().parse().unwrap();
            parts.headers.insert("host", host);
            let request = Request::from_parts(parts, body);
            sender.send_request(request).await.unwrap()
        }
        Version::Http2 => {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                    .await
                    .unwrap();
            tokio::spawn(connection);
            parts.uri = format!("http://{address}{}", parts.uri).parse().unwrap();
            let request = Request::from_parts(parts, body);
            sender.send_request(request).await.unwrap()
        }
    }
}

fn get(path: &str, accept: &str) -> Request<Body> {
    let request = Request::get(path).header("accept", accept);
    request.body(Body::empty()).unwrap()
}

/// A body that is written while it is sent.
fn written() -> (mpsc::UnboundedSender<Result<Bytes, Infallible>>, Body) {
    let (send, receive) = mpsc::unbounded_channel();
    (
        send,
        Body::from_stream(UnboundedReceiverStream::new(receive)),
    )
}

/// All there is of a body, and whether it ended as bodies do.
async fn read(mut body: Incoming) -> (String, bool) {
    let mut text = Vec::new();
    loop {
        match body.frame().await {
            None => return (String::from_utf8(text).unwrap(), true),
            Some(Err(_)) => return (String::from_utf8(text).unwrap(), false),
            Some(Ok(frame)) => text.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
        }
    }
}

#[tokio::test]
async fn a_conversation_goes_both_ways_at_once() {
    let stack = Stack::start().await;
    for version in [Version::Http1, Version::Http2] {
        let (say, body) = written();
        let line =
            |text: &str| say.send(Ok(Bytes::from(json!({ "text": text }).to_string() + "\n")));
        line("one").unwrap();
        let request = Request::post("/v1/rooms/lobby:converse")
            .body(body)
            .unwrap();
        let response = begin(stack.address(), version, request).await;
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        let mut body = response.into_body();
        for (answer, next) in [("one! one!", Some("two")), ("two! two!", None)] {
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            let json: serde_json::Value = serde_json::from_slice(&frame).unwrap();
            assert_eq!(json["text"], answer, "{version:?}");
            if let Some(next) = next {
                line(next).unwrap();
            }
        }
        drop(say);
        let (rest, whole) = read(body).await;
        assert!(
            rest.is_empty() && whole,
            "the half-close ends it: {version:?}"
        );
    }
}

#[tokio::test]
async fn client_streams_are_collected_and_the_room_comes_from_the_path() {
    let stack = Stack::start().await;
    let items = (0..1000).map(|n| json!({ "index": n, "text": "x" }).to_string());
    let items: Vec<_> = items.collect();
    for (content_type, body) in [
        ("application/json", format!("[{}]", items.join(","))),
        ("application/json", items.concat()),
        ("application/x-ndjson", items.join("\n")),
    ] {
        for version in [Version::Http1, Version::Http2] {
            let headers = [("content-type", content_type)];
            let path = "/v1/echo:collect";
            let answer = send(
                stack.address(),
                version,
                Method::POST,
                path,
                &headers,
                body.clone(),
            );
            let answer = answer.await;
            assert_eq!(
                answer.json(),
                json!({ "count": "1000", "size": "1000" }),
                "{content_type}"
            );
        }
    }
    let said = "{\"message\":{\"text\":\"a\"}}\n{\"message\":{\"text\":\"b\"}}";
    let path = "/v1/rooms/books/messages:upload";
    assert_eq!(stack.post(path, said).await.json()["count"], "2");
    let list = stack.get("/v1/rooms/books/messages").await.json();
    assert_eq!(list["messages"].as_array().unwrap().len(), 2, "{list}");

    let wrong = stack
        .post("/v1/echo:collect", "{}{}{\"index\":\"x\"}")
        .await;
    assert_eq!(wrong.status, 400);
    let violation = &wrong.json()["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], "[2].index");
    // One of more bytes than HTTP/2 has room for at once: the refusal arrives all the same.
    for version in [Version::Http1, Version::Http2] {
        let text = format!(
            "{{}}{{\"text\":1}}{}",
            "{\"text\":\"xxxxxxxx\"}".repeat(20_000)
        );
        let answer = send(
            stack.address(),
            version,
            Method::POST,
            "/v1/echo:collect",
            &[],
            text,
        )
        .await;
        assert_eq!(answer.status, 400, "{version:?}");
    }
}

#[tokio::test]
async fn files_go_up_and_down_in_pieces() {
    let stack = Stack::start().await;
    let data: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    for version in [Version::Http1, Version::Http2] {
        let path = "/v1/rooms/books/files/moby.bin";
        let headers = [("content-type", "application/x-whale")];
        let answer = send(
            stack.address(),
            version,
            Method::POST,
            path,
            &headers,
            data.clone(),
        )
        .await;
        let info = answer.json();
        assert_eq!(info["file"], "moby.bin", "{info}");
        assert_eq!(info["contentType"], "application/x-whale", "{info}");
        assert_eq!(info["size"], data.len().to_string(), "{info}");
        assert!(info["pieces"].as_i64().unwrap() >= 19, "{info}");
        let file = send(stack.address(), version, Method::GET, path, &[], "").await;
        assert_eq!(file.header("content-type"), Some("application/x-whale"));
        assert!(file.body == data, "{version:?}");
    }
}

#[tokio::test]
async fn what_the_backend_refuses_early_reaches_a_client_that_still_sends() {
    let stack = Stack::start().await;
    for version in [Version::Http1, Version::Http2] {
        let (say, body) = written();
        say.send(Ok(Bytes::from("{\"message\":{\"text\":\"a\"}}{}")))
            .unwrap();
        let request = Request::post("/v1/rooms/books/messages:upload")
            .body(body)
            .unwrap();
        let response = begin(stack.address(), version, request).await;
        assert_eq!(response.status(), 400, "{version:?}");
        let (text, whole) = read(response.into_body()).await;
        assert!(
            whole && text.contains("\"field\":\"message\""),
            "{version:?}: {text}"
        );
        drop(say);
    }
}

/// A way to a backend that can be cut.
async fn cuttable(backend: &Backend) -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = backend.url.strip_prefix("http://").unwrap().to_owned();
    let (cut, mut is_cut) = oneshot::channel();
    tokio::spawn(async move {
        let mut ways = tokio::task::JoinSet::new();
        loop {
            let mut near = tokio::select! {
                accepted = listener.accept() => accepted.unwrap().0,
                _ = &mut is_cut => return, // dropping the set cuts all
            };
            let target = target.clone();
            ways.spawn(async move {
                let mut far = TcpStream::connect(target).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (url, cut)
}

#[tokio::test]
async fn a_backend_that_dies_in_mid_stream_never_looks_like_a_success() {
    let backend = Backend::start().await;
    let forms = [
        ("GET", "/v1/echo:stream?count=1000&interval=0.05s", "*/*"),
        (
            "GET",
            "/v1/echo:stream?count=1000&interval=0.05s",
            "text/event-stream",
        ),
        (
            "GET",
            "/v1/echo:stream?count=1000&interval=0.05s",
            "application/json",
        ),
        ("GET", "/v1/echo:download?size=1000000000000", "*/*"),
        ("POST", "/v1/echo:converse", "*/*"),
        ("POST", "/v1/echo:converse", "application/json"),
    ];
    for version in [Version::Http1, Version::Http2] {
        for (verb, path, accept) in forms {
            let (url, cut) = cuttable(&backend).await;
            let gateway = Gateway::start(Config::for_upstream(&url).unwrap(), |_| {});
            let gateway = gateway.await.unwrap();
            let (say, body) = written();
            let body = if verb == "POST" { body } else { Body::empty() };
            let request = Request::builder()
                .method(verb)
                .uri(path)
                .header("accept", accept);
            say.send(Ok(Bytes::from("{\"text\":\"a\"}"))).unwrap();
            let response = begin(gateway.address(), version, request.body(body).unwrap()).await;
            assert_eq!(response.status(), 200);
            let mut body = response.into_body();
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(!first.is_empty());
            cut.send(()).unwrap();
            let (rest, whole) = read(body).await;
            let end = rest
                .rsplit('\n')
                .find(|line| !line.is_empty())
                .unwrap_or_default();
            let what = format!("{version:?} {path} {accept}: {end}");
            match accept {
                _ if path.contains("download") => assert!(!whole, "{what}"),
                "application/json" => {
                    assert!(!whole && !rest.ends_with(']'), "{what}");
                    assert!(rest.contains(",{\"error\":{\"code\":14,"), "{what}");
                }
                "text/event-stream" => {
                    assert!(
                        whole && rest.contains("event: error\ndata: {\"code\":14,"),
                        "{what}"
                    );
                }
                _ => assert!(
                    whole && end.starts_with("{\"error\":{\"code\":14,"),
                    "{what}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn each_message_is_sent_as_it_comes() {
    let stack = Stack::start().await;
    let path = "/v1/echo:stream?count=3&interval=0.2s";
    for (accept, expected) in [
        (
            "*/*",
            ["{}\n", "{\"index\":\"1\"}\n", "{\"index\":\"2\"}\n"],
        ),
        (
            "text/event-stream",
            [
                "data: {}\n\n",
                "data: {\"index\":\"1\"}\n\n",
                "data: {\"index\":\"2\"}\n\n",
            ],
        ),
        (
            "application/json",
            ["[{}", ",{\"index\":\"1\"}", ",{\"index\":\"2\"}"],
        ),
    ] {
        for version in [Version::Http1, Version::Http2] {
            let mut body = begin(stack.address(), version, get(path, accept))
                .await
                .into_body();
            for message in expected {
                let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
                assert_eq!(
                    frame.strip_suffix(b"]").unwrap_or(&frame),
                    message.as_bytes(),
                    "{version:?}"
                );
            }
        }
    }
}

/// A client by hand, because libraries for HTTP/1.1 hide what they do with a body that is not read.
#[tokio::test]
async fn an_upload_waits_for_its_backend_and_goes_on_afterwards() {
    let stack = Stack::start().await;
    let mut socket = TcpStream::connect(stack.address()).await.unwrap();
    let head = "POST /v1/echo:converse HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    // The echo is not read, so at some point nobody takes what is written any more.
    let item = format!("{{\"text\":\"{}\"}}", "y".repeat(16_000));
    let chunk = format!("{:x}\r\n{item}\r\n", item.len()).into_bytes();
    let (mut written, mut items) = (0_usize, 0_usize);
    let stalls = std::time::Duration::from_millis(500);
    let mut rest = Vec::new();
    while let Ok(sent) = tokio::time::timeout(stalls, async {
        items += usize::from(rest.is_empty());
        let start = if rest.is_empty() {
            &chunk[..]
        } else {
            &rest[..]
        };
        let sent = socket.write(start).await.unwrap();
        rest = start[sent..].to_vec();
        sent
    })
    .await
    {
        written += sent;
        assert!(written < 64 << 20, "somebody takes it all");
    }
    // Read on, and it flows again to its end.
    let (mut reader, mut writer) = socket.into_split();
    let writing = tokio::spawn(async move {
        writer.write_all(&rest).await.unwrap();
        writer.write_all(b"0\r\n\r\n").await.unwrap();
        writer
    });
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(reader.read_u8().await.unwrap());
    }
    let mut echoed = 0_usize;
    let mut buffer = vec![0; 64 << 10];
    let mut last = Vec::new();
    while !last.ends_with(b"\r\n0\r\n\r\n") {
        let read = reader.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the connection broke");
        let read = &buffer[..read];
        echoed += read.iter().filter(|byte| **byte == b'y').count();
        last.extend_from_slice(read);
        let keep = last.len().saturating_sub(16);
        last.drain(..keep);
    }
    assert_eq!(echoed, items * 16_000);
    writing.await.unwrap();
}
