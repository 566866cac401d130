//! WebSocket over real sockets, before the demo: every shape in both forms, ends, limits, origins,
//! HTTP/2, and a drain.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use transom::demo::pb::demo::chat::v1 as chat;
use transom::demo::pb::demo::echo::v1 as echo;
use transom::listener::Drain;

use crate::support::Stack;

type Socket<S = TcpStream> = WebSocketStream<S>;

/// A connection with these headers; the handshake's answer with it, or instead.
async fn connect(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<(Socket, http::HeaderMap), (StatusCode, Value)> {
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        let value = HeaderValue::try_from(*value).unwrap();
        request.headers_mut().insert(*name, value);
    }
    let stream = TcpStream::connect(address).await.unwrap();
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, response)) => Ok((socket, response.headers().clone())),
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            let body = serde_json::from_slice(body).unwrap_or(Value::Null);
            Err((response.status(), body))
        }
        Err(error) => panic!("{path}: {error}"),
    }
}

async fn open(stack: &Stack, path: &str) -> Socket {
    connect(stack.address(), path, &[]).await.unwrap().0
}

/// How a conversation ended.
#[derive(Debug)]
struct End {
    messages: Vec<Message>,
    /// What stands in `@status`.
    status: Value,
    close: u16,
}

impl End {
    fn texts(&self) -> Vec<Value> {
        self.messages
            .iter()
            .map(|message| serde_json::from_str(message.to_text().unwrap()).unwrap())
            .collect()
    }
}

/// Everything that still comes.
async fn rest<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>) -> End {
    let mut messages = Vec::new();
    loop {
        match socket.next().await.unwrap().unwrap() {
            message @ (Message::Text(_) | Message::Binary(_)) => messages.push(message),
            Message::Close(close) => {
                let last = messages.pop().unwrap();
                let last: Value = serde_json::from_str(last.to_text().unwrap()).unwrap();
                return End {
                    messages,
                    status: last["@status"].clone(),
                    close: close.unwrap().code.into(),
                };
            }
            _ => {}
        }
    }
}

/// Sends the messages, then whatever comes back.
async fn talk(stack: &Stack, path: &str, messages: &[Message]) -> End {
    let mut socket = open(stack, path).await;
    for message in messages {
        socket.send(message.clone()).await.unwrap();
    }
    rest(&mut socket).await
}

fn wire(message: &impl prost::Message) -> Message {
    Message::Binary(message.encode_to_vec().into())
}

fn item(index: i64, text: &str) -> echo::Item {
    echo::Item {
        index,
        text: text.to_owned(),
    }
}

const HALF_CLOSE: Message =
    Message::Text(tokio_tungstenite::tungstenite::Utf8Bytes::from_static(""));

#[tokio::test]
async fn every_shape_is_called_in_json() {
    let stack = Stack::start().await;
    let service = "/demo.echo.v1.EchoService";
    let small = json!({"id": "7", "name": "small-7", "half": 3.5, "state": "CLOSED"});
    let rows: [(&str, &[Message], Value); 10] = [
        // A method's own path takes every message in a frame; a half-close may follow.
        (
            &format!("{service}/Get"),
            &["{\"id\":7}".into()],
            json!([small]),
        ),
        (
            &format!("{service}/Get"),
            &["{\"id\":7}".into(), HALF_CLOSE],
            json!([small]),
        ),
        (
            &format!("{service}/Stream"),
            &["{\"count\":2}".into()],
            json!([{}, {"index": "1"}]),
        ),
        (
            &format!("{service}/Collect"),
            &[
                "{\"text\":\"a\"}".into(),
                "{\"text\":\"bc\"}".into(),
                HALF_CLOSE,
            ],
            json!([{"count": "2", "size": "3"}]),
        ),
        (&format!("{service}/Collect"), &[HALF_CLOSE], json!([{}])),
        (
            &format!("{service}/Converse"),
            &["{\"text\":\"a\"}".into(), "{}".into(), HALF_CLOSE],
            json!([{"text": "a"}, {}]),
        ),
        // A binding without body is called by its URL alone.
        ("/v1/echo/7", &[], json!([small])),
        (
            "/v1/echo:stream?count=2",
            &[HALF_CLOSE],
            json!([{}, {"index": "1"}]),
        ),
        // With a body, the frame is it; path and query go into the first message.
        ("/v1/echo", &["{\"id\":\"o\"}".into()], json!([{"id": "o"}])),
        (
            "/v1/rooms/attic/messages:upload",
            &["{\"message\":{\"text\":\"a\"}}".into(), HALF_CLOSE],
            json!([{"count": "1", "lastId": "1"}]),
        ),
    ];
    for (path, messages, expected) in rows {
        let end = talk(&stack, path, messages).await;
        assert_eq!(json!(end.texts()), expected, "{path}");
        assert_eq!(end.status["code"], 0, "{path}: {end:?}");
        assert_eq!(end.close, 1000, "{path}");
    }
    let attic = stack.get("/v1/rooms/attic/messages").await.json();
    assert_eq!(attic["messages"][0]["text"], "a", "the room is the path's");
}

#[tokio::test]
async fn every_shape_is_called_in_proto() {
    let stack = Stack::start().await;
    let get = wire(&echo::GetRequest { id: 7 });
    let stream = wire(&echo::StreamRequest {
        count: 2,
        ..Default::default()
    });
    let items = [
        wire(&item(0, "a")),
        Message::Binary(Bytes::new()),
        HALF_CLOSE,
    ];
    let collected = echo::Collected { count: 2, size: 1 };
    let small = echo::Small {
        id: 7,
        name: "small-7".into(),
        half: 3.5,
        state: echo::OrderState::Closed.into(),
        ..Default::default()
    };
    let said = chat::UploadRequest {
        message: Some(chat::Message {
            text: "a".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let rows: [(&str, &[Message], Vec<Message>); 6] = [
        ("Get", &[get], vec![wire(&small)]),
        (
            "Stream",
            &[stream],
            vec![wire(&item(0, "")), wire(&item(1, ""))],
        ),
        ("Collect", &items, vec![wire(&collected)]),
        ("Converse", &items, items[..2].to_vec()),
        ("/v1/echo:converse", &items, items[..2].to_vec()),
        // The room is the path's.
        (
            "/v1/rooms/cellar/messages:upload",
            &[wire(&said), HALF_CLOSE],
            vec![],
        ),
    ];
    for (path, messages, expected) in rows {
        let path = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("/demo.echo.v1.EchoService/{path}"),
        };
        let offered = [("sec-websocket-protocol", "transom.proto")];
        for headers in [&[][..], &offered] {
            let (mut socket, answer) = connect(stack.address(), &path, headers).await.unwrap();
            let chosen = answer.get("sec-websocket-protocol");
            assert_eq!(
                chosen.map(HeaderValue::as_bytes),
                headers.first().map(|h| h.1.as_bytes())
            );
            for message in messages {
                socket.send(message.clone()).await.unwrap();
            }
            let end = rest(&mut socket).await;
            if !expected.is_empty() {
                assert_eq!(end.messages, expected, "{path}");
            }
            assert_eq!((&end.status["code"], end.close), (&json!(0), 1000));
        }
    }
    let cellar = stack.get("/v1/rooms/cellar/messages").await.json();
    assert_eq!(cellar["messages"].as_array().unwrap().len(), 2, "{cellar}");
}

#[tokio::test]
async fn a_conversation_goes_both_ways_at_once() {
    let stack = Stack::start().await;
    let mut socket = open(&stack, "/v1/rooms/lobby:converse").await;
    for text in ["one", "two", "three"] {
        socket
            .send(json!({ "text": text }).to_string().into())
            .await
            .unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
        assert_eq!(answer["text"], format!("{text}! {text}!"));
        socket.send(Message::Ping(text.into())).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::Pong(text.into())
        );
    }
    socket.send(HALF_CLOSE).await.unwrap();
    let end = rest(&mut socket).await;
    assert_eq!((end.messages.len(), end.close), (0, 1000));
}

#[tokio::test]
async fn a_failed_call_says_why_in_its_last_frame() {
    let stack = Stack::start().await;
    let fail = json!({ "code": 5, "message": "gone", "standardDetails": true }).to_string();
    let end = talk(&stack, "/demo.echo.v1.EchoService/Fail", &[fail.into()]).await;
    assert_eq!((end.messages.len(), end.close), (0, 1011));
    assert_eq!(
        (&end.status["code"], &end.status["message"]),
        (&json!(5), &json!("gone"))
    );
    let types: Vec<_> = end.status["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| &detail["@type"])
        .collect();
    assert!(
        types.contains(&&json!("type.googleapis.com/google.rpc.ErrorInfo")),
        "{types:?}"
    );

    let path = "/v1/echo:stream?count=2&failCode=15&failMessage=torn";
    let end = talk(&stack, path, &[]).await;
    assert_eq!((end.messages.len(), end.close), (2, 1011));
    assert_eq!(end.status["message"], "torn");

    let path = "/v1/echo:metadata?headers[x-a]=1&trailers[x-b]=2";
    let end = talk(&stack, path, &[]).await;
    assert_eq!(end.status["metadata"], json!({ "x-a": ["1"] }));
    assert_eq!(end.status["trailers"], json!({ "x-b": ["2"] }));
}

#[tokio::test]
async fn a_mistake_is_named_by_message_and_field_and_cancels_the_call() {
    let stack = Stack::start().await;
    for (path, messages, field) in [
        (
            "/v1/echo:collect",
            &["{}", "{\"index\":\"x\"}"][..],
            "[1].index",
        ),
        ("/demo.echo.v1.EchoService/Get", &["{\"id\":\"x\"}"], "id"),
        ("/v1/echo", &["{\"nope\":1}"], "nope"),
    ] {
        let messages: Vec<Message> = messages.iter().map(|text| (*text).into()).collect();
        let end = talk(&stack, path, &messages).await;
        assert_eq!(
            (&end.status["code"], end.close),
            (&json!(3), 1011),
            "{end:?}"
        );
        let found = &end.status["details"][0]["fieldViolations"][0]["field"];
        assert_eq!(found, field);
    }
}

#[tokio::test]
async fn what_may_not_be_sent_closes_with_a_code_of_its_own() {
    let stack = Stack::with(|config| {
        let options = std::sync::Arc::make_mut(&mut config.protocol.options);
        options.limits.request_message = 1000;
    })
    .await;
    let path = "/demo.echo.v1.EchoService/Converse";
    let (json, proto) = ("transom.json", "transom.proto");
    let large = wire(&item(0, &"x".repeat(2000)));
    let rows = [
        (Some(json), Message::Binary(Bytes::new()), 3, 1003),
        (Some(proto), "{}".into(), 3, 1003),
        (None, large, 8, 1009),
    ];
    for (offered, message, code, close) in rows {
        let headers = offered.map(|offered| ("sec-websocket-protocol", offered));
        let headers: Vec<_> = headers.into_iter().collect();
        let (mut socket, _) = connect(stack.address(), path, &headers).await.unwrap();
        socket.send(message).await.unwrap();
        let end = rest(&mut socket).await;
        assert_eq!(
            (&end.status["code"], end.close),
            (&json!(code), close),
            "{end:?}"
        );
    }
    // Two messages where the method takes one.
    let messages = ["{\"delay\":\"30s\"}".into(), "{}".into()];
    let end = talk(&stack, "/demo.echo.v1.EchoService/Slow", &messages).await;
    assert_eq!((&end.status["code"], end.close), (&json!(12), 1011));
}

#[tokio::test]
async fn bytes_that_are_no_frames_are_told_so() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let stack = Stack::start().await;
    let rows: [(&[u8], u16); 5] = [
        (&[0x81, 0x02, b'{', b'}'], 1002),             // not masked
        (&[0xc1, 0x80, 0, 0, 0, 0], 1002),             // a reserved bit
        (&[0x83, 0x80, 0, 0, 0, 0], 1002),             // an unknown opcode
        (&[0x80, 0x80, 0, 0, 0, 0], 1002),             // nothing to continue
        (&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe], 1007), // no UTF-8
    ];
    for (bytes, close) in rows {
        let mut socket = open(&stack, "/v1/echo:converse").await;
        socket.get_mut().write_all(bytes).await.unwrap();
        let end = rest(&mut socket).await;
        assert_eq!(
            (&end.status["code"], end.close),
            (&json!(3), close),
            "{bytes:x?}"
        );
    }
    // A length that nobody has room for is refused by its head.
    let mut socket = open(&stack, "/v1/echo:converse").await;
    let head = [
        0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    socket.get_mut().write_all(&head).await.unwrap();
    let end = rest(&mut socket).await;
    assert_eq!((&end.status["code"], end.close), (&json!(8), 1009));
    let mut left = Vec::new();
    socket.get_mut().read_to_end(&mut left).await.unwrap();
}

#[tokio::test]
async fn the_deadline_is_the_handshakes() {
    let stack = Stack::start().await;
    let headers = [("x-request-timeout", "0.2")];
    for path in [
        "/v1/echo:slow?delay=30s",
        "/v1/echo:stream?count=2&interval=30s",
    ] {
        let (mut socket, _) = connect(stack.address(), path, &headers).await.unwrap();
        let end = rest(&mut socket).await;
        assert_eq!(
            (&end.status["code"], end.close),
            (&json!(4), 1011),
            "{path}"
        );
    }
    let refused = connect(stack.address(), "/v1/echo/7", &[("grpc-timeout", "soon")]).await;
    assert_eq!(refused.unwrap_err().0, 400);
}

#[tokio::test]
async fn only_pages_of_the_own_origin_and_tools_may_call() {
    let stack = Stack::start().await;
    let own = format!("http://{}", stack.address());
    for (origin, admitted) in [
        (&*own, true),
        ("http://evil.example", false),
        ("null", false),
    ] {
        let headers = [("origin", origin)];
        let answer = connect(stack.address(), "/v1/echo/7", &headers).await;
        assert_eq!(answer.is_ok(), admitted, "{origin}");
        if let Err((status, body)) = answer {
            assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!(7)));
        }
    }
    for (path, status) in [("/v1/nope", 404), ("/v1/echo/x", 400), ("/v1/a/../b", 400)] {
        let (found, body) = connect(stack.address(), path, &[]).await.unwrap_err();
        assert_eq!(found, status, "{path}: {body}");
    }
    let unknown = [("sec-websocket-protocol", "graphql-ws")];
    let (status, body) = connect(stack.address(), "/v1/echo/7", &unknown)
        .await
        .unwrap_err();
    assert_eq!(status, 400);
    assert!(
        body["message"].as_str().unwrap().contains("transom.json"),
        "{body}"
    );
}

#[tokio::test]
async fn a_token_among_the_sub_protocols_is_the_backends_authorization() {
    let stack = Stack::start().await;
    let path = "/v1/echo:metadata";
    let offered = ("sec-websocket-protocol", "transom.json, bearer.a.b-c_d");
    let own = ("authorization", "Basic dTpw");
    for (headers, expected) in [
        (&[offered][..], "Bearer a.b-c_d"),
        (&[offered, own], "Basic dTpw"),
    ] {
        let (mut socket, answer) = connect(stack.address(), path, headers).await.unwrap();
        assert_eq!(answer["sec-websocket-protocol"], "transom.json");
        let end = rest(&mut socket).await;
        let metadata = &end.texts()[0]["metadata"];
        assert_eq!(metadata["authorization"]["values"], json!([expected]));
        let names: Vec<_> = metadata.as_object().unwrap().keys().collect();
        assert!(
            !names.iter().any(|name| name.starts_with("sec-")),
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn ten_thousand_tiny_messages_flow_through() {
    const COUNT: i64 = 10_000;
    let stack = Stack::start().await;
    let socket = open(&stack, "/v1/echo:converse").await;
    let (mut send, mut receive) = socket.split();
    let sending = tokio::spawn(async move {
        for index in 1..=COUNT {
            send.feed(json!({ "index": index.to_string() }).to_string().into())
                .await
                .unwrap();
        }
        send.send(HALF_CLOSE).await.unwrap();
        send
    });
    for index in 1..=COUNT {
        let message = receive.next().await.unwrap().unwrap();
        assert_eq!(
            message.to_text().unwrap(),
            format!("{{\"index\":\"{index}\"}}")
        );
    }
    let socket = receive.reunite(sending.await.unwrap());
    assert_eq!(rest(&mut socket.unwrap()).await.close, 1000);
}

#[tokio::test]
async fn a_client_that_reads_nothing_stops_its_own_upload() {
    let stack = Stack::start().await;
    let mut socket = open(&stack, "/v1/echo:converse").await;
    let large = wire(&item(0, &"x".repeat(1 << 20)));
    let stalls = Duration::from_millis(500);
    let mut sent = 0;
    while tokio::time::timeout(stalls, socket.send(large.clone()))
        .await
        .is_ok()
    {
        sent += 1;
        assert!(sent < 64, "somebody takes it all");
    }
    // Whoever reads on gets everything that was taken.
    for _ in 0..sent {
        assert_eq!(socket.next().await.unwrap().unwrap(), large);
    }
}

/// A socket over HTTP/2 (RFC 8441).
async fn open_http2(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &'static str)],
) -> Result<Socket<TokioIo<hyper::upgrade::Upgraded>>, StatusCode> {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), io)
            .await
            .unwrap();
    tokio::spawn(connection);
    // An answer comes after the server's settings, which allow what follows.
    let first = Request::get(format!("http://{address}/v1/echo/1"));
    let first = sender
        .send_request(first.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(first.status(), 200);
    let mut request = Request::connect(format!("http://{address}{path}"))
        .header("sec-websocket-version", "13")
        .extension(hyper::ext::Protocol::from_static("websocket"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender
        .send_request(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    if response.status() != 200 {
        return Err(response.status());
    }
    let upgraded = hyper::upgrade::on(response).await.unwrap();
    Ok(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await)
}

#[tokio::test]
async fn http2_has_the_same_by_an_extended_connect() {
    let stack = Stack::start().await;
    let mut socket = open_http2(stack.address(), "/v1/rooms/lobby:converse", &[])
        .await
        .unwrap();
    for text in ["one", "two"] {
        socket
            .send(json!({ "text": text }).to_string().into())
            .await
            .unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
        assert_eq!(answer["text"], format!("{text}! {text}!"));
    }
    socket.send(HALF_CLOSE).await.unwrap();
    assert_eq!(rest(&mut socket).await.close, 1000);
    let mut socket = open_http2(stack.address(), "/v1/echo/7", &[])
        .await
        .unwrap();
    assert_eq!(rest(&mut socket).await.texts()[0]["name"], "small-7");
    for (path, headers, status) in [
        ("/v1/nope", &[][..], 404),
        ("/v1/echo/7", &[("origin", "http://evil.example")], 403),
        ("/v1/echo/7", &[("sec-websocket-protocol", "chat")], 400),
    ] {
        let refused = open_http2(stack.address(), path, headers).await;
        assert_eq!(refused.err().unwrap(), status, "{path}");
    }
}

#[tokio::test]
async fn a_drain_lets_conversations_end_and_then_takes_leave() {
    for over_http2 in [false, true] {
        let stack = Stack::with(|config| {
            config.listener.drain = Drain {
                grace: Duration::from_millis(500),
                ..Drain::default()
            };
        })
        .await;
        let address = stack.address();
        let path = "/v1/echo:converse";
        if over_http2 {
            let socket = open_http2(address, path, &[]).await.unwrap();
            drained(stack, socket).await;
        } else {
            let socket = open(&stack, path).await;
            drained(stack, socket).await;
        }
    }
}

async fn drained<S: AsyncRead + AsyncWrite + Unpin>(stack: Stack, mut socket: Socket<S>) {
    let Stack {
        gateway,
        backend: _backend,
    } = stack;
    let draining = tokio::spawn(gateway.drain());
    // It goes on while there is grace.
    socket.send("{\"text\":\"a\"}".into()).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap().to_text().unwrap(),
        "{\"text\":\"a\"}"
    );
    let end = rest(&mut socket).await;
    assert_eq!((&end.status["code"], end.close), (&json!(14), 1001));
    draining.await.unwrap();
}

#[tokio::test]
async fn open_sockets_count_as_connections() {
    let stack = Stack::with(|config| config.listener.limits.connections = 1).await;
    let mut socket = open(&stack, "/v1/echo:converse").await;
    let address = stack.address();
    let second = tokio::spawn(async move { connect(address, "/v1/echo/7", &[]).await.is_ok() });
    // The one place is taken as long as the first socket is open.
    socket.send("{}".into()).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap().to_text().unwrap(),
        "{}"
    );
    assert!(!second.is_finished());
    socket.send(HALF_CLOSE).await.unwrap();
    rest(&mut socket).await;
    drop(socket);
    assert!(second.await.unwrap());
}

#[tokio::test]
async fn a_socket_is_not_an_idle_connection() {
    let stack = Stack::with(|config| {
        config.listener.timeouts.idle = Duration::from_millis(100);
        config.listener.timeouts.head = Duration::from_millis(100);
    })
    .await;
    let mut http1 = open(&stack, "/v1/echo:stream?count=3&interval=0.3s").await;
    let path = "/v1/echo:stream?count=3&interval=0.3s";
    let mut http2 = open_http2(stack.address(), path, &[]).await.unwrap();
    assert_eq!(rest(&mut http1).await.messages.len(), 3);
    assert_eq!(rest(&mut http2).await.messages.len(), 3);
}
