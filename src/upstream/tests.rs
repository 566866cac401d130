//! Calls against scripted backends on real sockets.

#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{Semaphore, mpsc};

use super::*;
use crate::call::{
    Answer, Deadline, Encodings, End, Message, Metadata, Origin, Peer, Reply, Requests, Transport,
};
use crate::schema::method::{Idempotency, Method, Shape};
use crate::transcode::PlanId;
use backend::{Backend, begin, frame, head, ok, read, reset, trailers, upstream};

mod asked;
mod awaited;
mod backend;
mod broken;
mod carried;
mod compressed;
mod control;
mod crowded;
mod deadline;
mod discovery;
mod ejected;
mod kept;
mod measured;
mod renewed;
mod tls;
mod tokens;

fn call(shape: Shape, requests: Requests) -> Call {
    let method = Method {
        id: 0,
        path: "/test.Echo/Say".into(),
        service: "test.Echo".into(),
        name: "Say".into(),
        input: PlanId(0),
        output: PlanId(0),
        shape,
        idempotency: Idempotency::Unknown,
        deprecated: false,
        upstream: "backend".into(),
        http_body_input: false,
        http_body_output: false,
        comment: String::new(),
        bindings: Vec::new(),
    };
    Call {
        method: Arc::new(method),
        upstream: None,
        metadata: Metadata::new(),
        deadline: Deadline::after(Duration::from_secs(60)),
        peer: Peer {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            transport: Transport::Plaintext,
            secured: None,
        },
        encodings: Encodings::default(),
        trail: None,
        requests,
    }
}

fn unary(payload: &[u8]) -> Call {
    call(Shape::Unary, Requests::One(Message::from_payload(payload)))
}

fn server_stream() -> Call {
    call(
        Shape::ServerStream,
        Requests::One(Message::from_payload(b"go")),
    )
}

/// A call whose client sends `messages` and then neither more nor an end.
fn unfinished(messages: &[&[u8]]) -> Call {
    use futures_util::StreamExt;
    let messages: Vec<_> = messages
        .iter()
        .map(|m| Ok(Message::from_payload(m)))
        .collect();
    let requests = stream::iter(messages).chain(stream::pending());
    call(Shape::Bidi, Requests::stream(requests))
}

/// Messages and end of a reply.
async fn collect(mut reply: Reply) -> (Vec<Bytes>, End) {
    let mut messages = Vec::new();
    loop {
        match reply.replies.next().await.unwrap() {
            Answer::Message(message) => messages.push(message.payload()),
            Answer::End(end) => {
                assert!(reply.replies.next().await.is_none(), "the end is the last");
                return (messages, end);
            }
        }
    }
}

/// How a call ended, wherever it ended.
async fn outcome(upstream: &Upstream, call: Call) -> Status {
    match upstream.call(call).await {
        Ok(reply) => collect(reply).await.1.status,
        Err(status) => status,
    }
}

#[tokio::test]
async fn a_unary_call_is_one_grpc_request_and_its_reply_comes_back() {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        let (parts, mut body) = request.into_parts();
        let value = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
        assert_eq!(
            (parts.method.as_str(), parts.uri.path()),
            ("POST", "/test.Echo/Say")
        );
        assert_eq!(value("te"), "trailers");
        assert_eq!(value("content-type"), "application/grpc");
        assert_eq!(value("grpc-accept-encoding"), "gzip,zstd,br");
        assert_eq!(
            value("user-agent"),
            format!("phone/1 transom/{}", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(value("x-tenant"), "blue");
        let left = crate::call::timeout::parse(value("grpc-timeout").as_bytes()).unwrap();
        assert!(left <= Duration::from_secs(60));
        let data = body.data().await.unwrap().unwrap();
        assert!(body.is_end_stream(), "END_STREAM travels with the message");
        assert_eq!(data, frame(b"hello"));
        let mut stream = begin(respond, &[b"world"]);
        stream
            .send_trailers(trailers(&[("grpc-status", "0"), ("took", "1")]))
            .unwrap();
    })
    .await;
    let mut call = unary(b"hello");
    call.metadata
        .0
        .insert("user-agent", http::HeaderValue::from_static("phone/1"));
    call.metadata
        .0
        .insert("x-tenant", http::HeaderValue::from_static("blue"));
    let (messages, end) = collect(backend.upstream().call(call).await.unwrap()).await;
    assert_eq!(messages, [Bytes::from_static(b"world")]);
    assert!(end.status.is_ok());
    assert_eq!(end.trailers.0, trailers(&[("took", "1")]));
}

#[tokio::test]
async fn messages_that_are_ready_together_travel_in_one_chunk() {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        let mut body = request.into_body();
        let chunks = read(&mut body).await.unwrap();
        let count = chunks.len().to_string();
        ok(respond, count.as_bytes());
    })
    .await;
    let messages = (0..100).map(|_| Ok(Message::from_payload(b"small")));
    let call = call(
        Shape::ClientStream,
        Requests::stream(stream::iter(messages)),
    );
    let (messages, end) = collect(backend.upstream().call(call).await.unwrap()).await;
    assert!(end.status.is_ok());
    assert_eq!(messages, [Bytes::from_static(b"1")]);
}

#[tokio::test]
async fn large_and_small_messages_arrive_whole_and_in_order() {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        let chunks = read(&mut request.into_body()).await.unwrap().concat();
        let mut stream = begin(respond, &[]);
        stream.send_data(chunks.into(), false).unwrap();
        stream
            .send_trailers(trailers(&[("grpc-status", "0")]))
            .unwrap();
    })
    .await;
    let sent: Vec<Vec<u8>> = [0, 10, 20_000, 5, 200_000, 16_000, 16_000, 1]
        .map(|size| vec![7; size])
        .to_vec();
    let messages: Vec<_> = sent.iter().map(|m| Ok(Message::from_payload(m))).collect();
    let call = call(Shape::Bidi, Requests::stream(stream::iter(messages)));
    let (messages, end) = collect(backend.upstream().call(call).await.unwrap()).await;
    assert!(end.status.is_ok());
    assert_eq!(messages, sent);
}

#[tokio::test]
async fn dropping_a_waiting_call_cancels_the_backends_stream() {
    let (seen, mut saw) = mpsc::unbounded_channel();
    let (started, mut start) = mpsc::unbounded_channel();
    let backend = Backend::http2(
        0,
        10,
        move |_, mut respond: h2::server::SendResponse<Bytes>| {
            let (seen, started) = (seen.clone(), started.clone());
            async move {
                started.send(()).unwrap();
                let reason = std::future::poll_fn(|cx| respond.poll_reset(cx))
                    .await
                    .unwrap();
                seen.send(reason).unwrap();
            }
        },
    )
    .await;
    let upstream = backend.upstream();
    for call in [unary(b"x"), unfinished(&[b"x"])] {
        let upstream = upstream.clone();
        let waiting = tokio::spawn(async move { upstream.call(call).await.map(drop) });
        start.recv().await.unwrap();
        waiting.abort();
        assert_eq!(saw.recv().await.unwrap(), h2::Reason::CANCEL);
    }
}

#[tokio::test]
async fn dropping_a_reply_cancels_the_backends_stream() {
    let (seen, mut saw) = mpsc::unbounded_channel();
    let backend = Backend::http2(0, 10, move |request, respond| {
        let seen = seen.clone();
        async move {
            let _body = request.into_body();
            let mut stream = begin(respond, &[b"first"]);
            seen.send(reset(&mut stream).await).unwrap();
        }
    })
    .await;
    let upstream = backend.upstream();
    for call in [server_stream(), unfinished(&[b"x"])] {
        let mut reply = upstream.call(call).await.unwrap();
        assert!(matches!(
            reply.replies.next().await,
            Some(Answer::Message(_))
        ));
        drop(reply);
        assert_eq!(saw.recv().await.unwrap(), h2::Reason::CANCEL);
    }
}

#[tokio::test]
async fn dropping_a_reply_cancels_a_request_that_the_backend_does_not_read() {
    let (seen, mut saw) = mpsc::unbounded_channel();
    let backend = Backend::http2(0, 10, move |request, respond| {
        let seen = seen.clone();
        async move {
            let _unread = request.into_body();
            let mut stream = begin(respond, &[b"first"]);
            seen.send(reset(&mut stream).await).unwrap();
        }
    })
    .await;
    let upstream = backend.upstream();
    // Four messages overfill the window of 64 KiB: hyper takes a fifth and then asks no more.
    let mut sent = 0;
    let (full, filled) = tokio::sync::oneshot::channel();
    let mut full = Some(full);
    let endless = stream::repeat_with(move || {
        sent += 1;
        if sent == 5 {
            let _ = full.take().map(|full| full.send(()));
        }
        Ok(Message::from_payload(&[0; 20_000]))
    });
    let call = call(Shape::Bidi, Requests::stream(endless));
    let mut reply = upstream.call(call).await.unwrap();
    assert!(matches!(
        reply.replies.next().await,
        Some(Answer::Message(_))
    ));
    filled.await.unwrap();
    drop(reply);
    assert_eq!(saw.recv().await.unwrap(), h2::Reason::CANCEL);
}

#[tokio::test]
async fn a_client_that_breaks_its_side_cancels_the_stream_and_keeps_its_status() {
    for answered in [true, false] {
        let (seen, mut saw) = mpsc::unbounded_channel();
        let backend = Backend::http2(0, 10, move |request, mut respond| {
            let seen = seen.clone();
            async move {
                let _stream = answered.then(|| respond.send_response(head(), false).unwrap());
                let broken = read(&mut request.into_body()).await.unwrap_err();
                seen.send(broken.reason()).unwrap();
            }
        })
        .await;
        let (client, messages) = mpsc::unbounded_channel();
        let messages = tokio_stream::wrappers::UnboundedReceiverStream::new(messages);
        client.send(Ok(Message::from_payload(b"x"))).unwrap();
        let upstream = backend.upstream();
        let call = call(Shape::Bidi, Requests::stream(messages));
        let fault = Status::downstream(Code::ResourceExhausted, "too large");
        let status = if answered {
            let reply = upstream.call(call).await.unwrap();
            client.send(Err(fault.clone())).unwrap();
            collect(reply).await.1.status
        } else {
            client.send(Err(fault.clone())).unwrap();
            upstream.call(call).await.unwrap_err()
        };
        assert_eq!(status, fault);
        assert_eq!(saw.recv().await.unwrap(), Some(h2::Reason::CANCEL));
    }
}

#[tokio::test]
async fn the_deadline_covers_the_reply_and_cancels_the_backend() {
    let (seen, mut saw) = mpsc::unbounded_channel();
    let backend = Backend::http2(0, 10, move |_, respond| {
        let seen = seen.clone();
        async move {
            let mut stream = begin(respond, &[b"first"]);
            seen.send(reset(&mut stream).await).unwrap();
        }
    })
    .await;
    let call = Call {
        deadline: Deadline::after(Duration::from_millis(300)),
        ..server_stream()
    };
    let upstream = backend.upstream();
    let (messages, end) = collect(upstream.call(call).await.unwrap()).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (end.status.code, end.status.origin),
        (Code::DeadlineExceeded, Origin::Gateway)
    );
    assert_eq!(saw.recv().await.unwrap(), h2::Reason::CANCEL);
}

#[tokio::test]
async fn the_deadline_covers_a_backend_that_never_answers_or_never_handshakes() {
    let silent = Backend::http2(0, 10, |_, respond| async move {
        let _respond = respond;
        std::future::pending().await
    })
    .await;
    let deaf = Backend::scripted(0, |_, stream| async move {
        let _stream = stream;
        std::future::pending().await
    })
    .await;
    for backend in [silent, deaf] {
        let call = Call {
            deadline: Deadline::after(Duration::from_millis(100)),
            ..unary(b"x")
        };
        let status = backend.upstream().call(call).await.unwrap_err();
        assert_eq!(status.code, Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn an_expired_call_never_reaches_the_backend() {
    let backend = Backend::http2(0, 10, |_, respond| async move { ok(respond, b"") }).await;
    let upstream = backend.upstream();
    let call = Call {
        deadline: Deadline::after(Duration::ZERO),
        ..unary(b"x")
    };
    assert_eq!(
        upstream.call(call).await.unwrap_err().code,
        Code::DeadlineExceeded
    );
    assert_eq!(backend.connections(), 0);
}

#[tokio::test]
async fn a_dead_backend_is_unavailable_by_name_without_its_address() {
    let backend = Backend::http2(0, 10, |_, respond| async move { ok(respond, b"") }).await;
    let port = backend.port;
    backend.stop().await;
    let upstream = upstream(port);
    // The second call falls into the back-off.
    for _ in 0..2 {
        let call = Call {
            deadline: Deadline::Never,
            ..unary(b"x")
        };
        let status = upstream.call(call).await.unwrap_err();
        assert_eq!(
            (status.code, status.retry),
            (Code::Unavailable, crate::call::Retry::Unsent)
        );
        assert_eq!(
            status.message,
            "upstream \"backend\" cannot be reached: the connection was refused"
        );
    }
}

#[tokio::test]
async fn calls_reach_a_backend_that_was_restarted() {
    let answer = |_, respond| async move { ok(respond, b"") };
    let first = Backend::http2(0, 10, answer).await;
    let (port, upstream) = (first.port, first.upstream());
    assert!(outcome(&upstream, unary(b"x")).await.is_ok());
    first.stop().await;
    let second = Backend::http2(port, 10, answer).await;
    // The loss may be noticed by the call that hits it, which then goes to a new connection or is
    // UNAVAILABLE, but never by the one after it.
    let _ = outcome(&upstream, unary(b"x")).await;
    assert!(outcome(&upstream, unary(b"x")).await.is_ok());
    assert!(second.connections() > 0);
}

#[tokio::test]
async fn a_method_of_an_unknown_upstream_is_the_gateways_fault() {
    let upstream = Upstream::build([], 1).unwrap();
    let status = upstream.call(unary(b"x")).await.unwrap_err();
    assert_eq!(
        (status.code, status.origin),
        (Code::Internal, Origin::Gateway)
    );
    let config = Config::new("a", "localhost:1".parse().unwrap());
    assert!(Upstream::build([config.clone(), config], 1).is_err());
}
