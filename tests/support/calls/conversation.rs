//! A call under way, in any protocol and of any kind, as its client sees it: begun, left, or read to
//! its end.

use std::any::Any;
use std::convert::Infallible;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::pin::Pin;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use http::request::Builder;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{Answer, Outcome, connect_stream, envelope, json, lines, web};
use crate::support::Version;
use crate::support::scripted::framed;

/// A close frame after a call that went well, and after one that failed.
const CLOSED_WELL: u16 = 1000;
const CLOSED_FAILED: u16 = 1011;
/// Of a server that goes down, and what it says then.
const CLOSED_LEAVING: u16 = 1001;
const SHUTTING_DOWN: &str = "the gateway is shutting down";

/// Messages that a client says before it goes on to talk: of those that talk.
const SAID: usize = 2;

/// A protocol, and for REST what a stream of replies is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Grpc,
    GrpcWeb,
    Connect,
    /// A line of JSON for each reply.
    Lines,
    /// Server-sent events.
    Events,
    /// One JSON array.
    Array,
    WebSocket,
}

/// Who sends how many messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unary,
    Server,
    Client,
    Bidi,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Unary, Self::Server, Self::Client, Self::Bidi];

    /// The method of the demo that is called.
    const fn rpc(self) -> &'static str {
        match self {
            Self::Unary => "/demo.echo.v1.EchoService/Echo",
            Self::Server => "/demo.echo.v1.EchoService/Stream",
            Self::Client => "/demo.echo.v1.EchoService/Collect",
            Self::Bidi => "/demo.echo.v1.EchoService/Converse",
        }
    }

    /// The kind of the method with this path.
    pub(crate) fn of(rpc: &str) -> Self {
        let kind = Self::ALL.into_iter().find(|kind| kind.rpc() == rpc);
        kind.unwrap_or_else(|| panic!("{rpc} is none of the methods that are called"))
    }

    /// How many messages the client has said once it has begun.
    pub(crate) const fn said(self) -> usize {
        match self {
            Self::Unary | Self::Server => 1,
            Self::Client | Self::Bidi => SAID,
        }
    }

    /// Whether the client has more to say after it has begun.
    const fn talks(self) -> bool {
        match self {
            Self::Unary | Self::Server => false,
            Self::Client | Self::Bidi => true,
        }
    }

    /// Whether many replies may come.
    pub(crate) const fn streams(self) -> bool {
        match self {
            Self::Unary | Self::Client => false,
            Self::Server | Self::Bidi => true,
        }
    }

    /// Each message that is said: in wire form and in JSON.
    const fn message(self) -> (&'static [u8], &'static str) {
        match self {
            Self::Unary => (b"\x0a\x01a", "{\"id\":\"a\"}"),
            Self::Server => (b"", "{}"),
            Self::Client | Self::Bidi => (b"\x12\x01a", "{\"text\":\"a\"}"),
        }
    }
}

/// One way to make a call.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) form: Form,
    pub(crate) version: Version,
    pub(crate) kind: Kind,
}

impl Way {
    /// All that there are.
    pub(crate) fn all() -> Vec<Self> {
        let forms = [
            Form::Grpc,
            Form::GrpcWeb,
            Form::Connect,
            Form::Lines,
            Form::Events,
            Form::Array,
            Form::WebSocket,
        ];
        let mut ways = Vec::new();
        for form in forms {
            for version in [Version::Http1, Version::Http2] {
                for kind in Kind::ALL {
                    let way = Self {
                        form,
                        version,
                        kind,
                    };
                    if way.missing().is_none() {
                        ways.push(way);
                    }
                }
            }
        }
        ways
    }

    /// Why there is no such way, if there is none.
    pub(crate) const fn missing(self) -> Option<&'static str> {
        match (self.form, self.version, self.kind) {
            (Form::Grpc, Version::Http1, _) => Some("gRPC needs HTTP/2"),
            (Form::Events | Form::Array, _, Kind::Unary | Kind::Client) => {
                Some("one reply is not framed as a stream: it is what it is among Lines")
            }
            (Form::Grpc, Version::Http2, _)
            | (Form::Events | Form::Array, _, Kind::Server | Kind::Bidi)
            | (Form::GrpcWeb | Form::Connect | Form::Lines | Form::WebSocket, _, _) => None,
        }
    }

    /// How its client can leave.
    pub(crate) const fn leaves(self) -> &'static [Leave] {
        match self.version {
            Version::Http1 => &[Leave::Connection],
            Version::Http2 => &[Leave::Stream, Leave::Connection],
        }
    }

    fn head(self) -> Builder {
        let request = Request::builder();
        let kind = self.kind;
        match self.form {
            Form::Grpc => request
                .method("POST")
                .uri(kind.rpc())
                .header("content-type", "application/grpc")
                .header("te", "trailers"),
            Form::GrpcWeb => request
                .method("POST")
                .uri(kind.rpc())
                .header("content-type", "application/grpc-web+proto"),
            Form::Connect => {
                let content_type = match kind {
                    Kind::Unary => "application/proto",
                    Kind::Server | Kind::Client | Kind::Bidi => "application/connect+proto",
                };
                request
                    .method("POST")
                    .uri(kind.rpc())
                    .header("content-type", content_type)
                    .header("connect-protocol-version", "1")
            }
            Form::Lines | Form::Events | Form::Array => {
                let request = match kind {
                    Kind::Unary => request.method("POST").uri("/v1/echo"),
                    Kind::Server => request.method("GET").uri("/v1/echo:stream"),
                    Kind::Client => request.method("POST").uri("/v1/echo:collect"),
                    Kind::Bidi => request.method("POST").uri("/v1/echo:converse"),
                };
                let accept = match (self.form, kind.streams()) {
                    (Form::Lines, true) => "application/x-ndjson",
                    (Form::Events, true) => "text/event-stream",
                    _ => "application/json",
                };
                let request = request.header("accept", accept);
                match kind {
                    Kind::Unary => request.header("content-type", "application/json"),
                    Kind::Server => request,
                    Kind::Client | Kind::Bidi => {
                        request.header("content-type", "application/x-ndjson")
                    }
                }
            }
            Form::WebSocket => request.uri(kind.rpc()),
        }
    }

    /// A message as it stands in a body.
    fn message(self) -> Bytes {
        let (wire, json) = self.kind.message();
        match (self.form, self.kind) {
            (Form::Connect, Kind::Unary) => Bytes::from_static(wire),
            (Form::Grpc | Form::GrpcWeb | Form::Connect, _) => framed(wire),
            // It is all in the URL.
            (Form::Lines | Form::Events | Form::Array, Kind::Server) => Bytes::new(),
            (Form::Lines | Form::Events | Form::Array | Form::WebSocket, _) => {
                Bytes::from(format!("{json}\n"))
            }
        }
    }
}

impl Display for Way {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.form, self.version, self.kind)
    }
}

/// How a client goes away in the middle of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It ends its stream of HTTP/2, and the connection stays.
    Stream,
    /// Its connection ends.
    Connection,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    /// The answer ended as answers of its protocol do, and did not break off.
    pub(crate) whole: bool,
}

trait Line: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

type Asked = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>> + Send>>;

/// What comes back.
enum Side {
    /// Nothing so far.
    Asked(Asked),
    Answered {
        status: StatusCode,
        headers: HeaderMap,
        body: Incoming,
        bytes: BytesMut,
    },
    /// A conversation over WebSocket, and the frames of before.
    Socket {
        socket: WebSocketStream<Box<dyn Line>>,
        texts: Vec<String>,
    },
    /// The client is no longer there.
    Gone,
}

/// A call under way; dropping it ends its connection.
pub(crate) struct Conversation {
    way: Way,
    side: Side,
    /// What the client still has to say; without it, its side has ended.
    say: Option<mpsc::UnboundedSender<Result<Bytes, Infallible>>>,
    connection: Option<JoinHandle<()>>,
    /// hyper's, which ends a connection that nobody can use.
    _sender: Option<Box<dyn Any + Send>>,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.abort();
        }
    }
}

impl Conversation {
    /// Begins a call on a connection of its own: says as many messages as its kind has said then, and
    /// has more to say if its kind talks.
    pub(crate) async fn begin(address: SocketAddr, way: Way, metadata: &[(&str, &str)]) -> Self {
        let mut head = way.head();
        for (name, value) in metadata {
            head = head.header(*name, *value);
        }
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        match way.form {
            Form::WebSocket => Self::socket(address, way, head, stream).await,
            Form::Grpc
            | Form::GrpcWeb
            | Form::Connect
            | Form::Lines
            | Form::Events
            | Form::Array => Self::request(address, way, head, stream).await,
        }
    }

    async fn request(address: SocketAddr, way: Way, head: Builder, stream: TcpStream) -> Self {
        let (say, body) = if way.kind.talks() {
            let (say, said) = mpsc::unbounded_channel();
            for _ in 0..way.kind.said() {
                say.send(Ok(way.message())).unwrap();
            }
            let body = Body::from_stream(UnboundedReceiverStream::new(said));
            (Some(say), body)
        } else {
            (None, Body::from(way.message()))
        };
        let mut request = head.body(body).unwrap();
        let io = TokioIo::new(stream);
        let (asked, connection, sender): (Asked, _, Box<dyn Any + Send>) = match way.version {
            Version::Http1 => {
                let host = HeaderValue::try_from(address.to_string()).unwrap();
                request.headers_mut().insert("host", host);
                let (mut sender, connection) = http1::handshake(io).await.unwrap();
                let connection = tokio::spawn(async move { drop(connection.await) });
                let asked = Box::pin(sender.send_request(request));
                (asked, connection, Box::new(sender))
            }
            Version::Http2 => {
                *request.uri_mut() = format!("http://{address}{}", request.uri())
                    .parse()
                    .unwrap();
                let executor = TokioExecutor::new();
                let (mut sender, connection) = http2::handshake(executor, io).await.unwrap();
                let connection = tokio::spawn(async move { drop(connection.await) });
                let asked = Box::pin(sender.send_request(request));
                (asked, connection, Box::new(sender))
            }
        };
        Self {
            way,
            side: Side::Asked(asked),
            say,
            connection: Some(connection),
            _sender: Some(sender),
        }
    }

    async fn socket(address: SocketAddr, way: Way, head: Builder, stream: TcpStream) -> Self {
        let mut connection = None;
        let mut kept: Option<Box<dyn Any + Send>> = None;
        let head = head.body(Body::empty()).unwrap();
        let mut socket = match way.version {
            Version::Http1 => {
                let url = format!("ws://{address}{}", head.uri());
                let mut request = url.into_client_request().unwrap();
                request.headers_mut().extend(head.headers().clone());
                let line: Box<dyn Line> = Box::new(stream);
                let opened = tokio_tungstenite::client_async(request, line).await;
                opened.unwrap().0
            }
            Version::Http2 => {
                let executor = TokioExecutor::new();
                let (mut sender, running) =
                    http2::handshake::<_, _, Body>(executor, TokioIo::new(stream))
                        .await
                        .unwrap();
                connection = Some(tokio::spawn(async move { drop(running.await) }));
                // An answer comes after the server's settings, which allow what follows.
                let first = Request::options(format!("http://{address}/"));
                let first = sender.send_request(first.body(Body::empty()).unwrap());
                drop(first.await.unwrap());
                let mut request = Request::connect(format!("http://{address}{}", head.uri()))
                    .header("sec-websocket-version", "13")
                    .extension(hyper::ext::Protocol::from_static("websocket"))
                    .body(Body::empty())
                    .unwrap();
                request.headers_mut().extend(head.headers().clone());
                let response = sender.send_request(request).await.unwrap();
                assert_eq!(response.status(), 200);
                let line = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
                kept = Some(Box::new(sender));
                let line: Box<dyn Line> = Box::new(line);
                WebSocketStream::from_raw_socket(line, Role::Client, None).await
            }
        };
        for _ in 0..way.kind.said() {
            let (_, json) = way.kind.message();
            socket.send(Message::text(json)).await.unwrap();
        }
        Self {
            way,
            side: Side::Socket {
                socket,
                texts: Vec::new(),
            },
            say: None,
            connection,
            _sender: kept,
        }
    }

    /// Waits for the first reply.
    pub(crate) async fn first(&mut self) {
        self.answered().await;
        match &mut self.side {
            Side::Asked(_) | Side::Gone => {}
            Side::Answered { body, bytes, .. } => {
                while bytes.is_empty() {
                    let Some(Ok(frame)) = body.frame().await else {
                        return;
                    };
                    bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
                }
            }
            Side::Socket { socket, texts } => {
                if let Some(Ok(Message::Text(text))) = socket.next().await {
                    texts.push(text.to_string());
                }
            }
        }
    }

    /// Waits for the answer's headers, if it has any.
    async fn answered(&mut self) {
        if let Side::Asked(asked) = &mut self.side {
            self.side = match asked.await {
                Ok(response) => {
                    let (head, body) = response.into_parts();
                    Side::Answered {
                        status: head.status,
                        headers: head.headers,
                        body,
                        bytes: BytesMut::new(),
                    }
                }
                Err(_) => Side::Gone,
            };
        }
    }

    /// The client goes away.
    pub(crate) async fn leave(&mut self, how: Leave) {
        if how == Leave::Connection
            && let Some(mut connection) = self.connection.take()
        {
            connection.abort();
            let _ = (&mut connection).await;
        }
        // What comes back goes first: the end of what is said would be an end, and no leave.
        self.side = Side::Gone;
        self.say = None;
    }

    /// Reads all that comes. The client says no more, and does not end its side.
    pub(crate) async fn end(mut self) -> Ending {
        self.answered().await;
        let way = self.way;
        match std::mem::replace(&mut self.side, Side::Gone) {
            Side::Asked(_) | Side::Gone => Ending {
                outcome: Outcome::default(),
                whole: false,
            },
            Side::Socket { socket, texts } => conversed(socket, texts).await,
            Side::Answered {
                status,
                headers,
                mut body,
                mut bytes,
            } => {
                let mut trailers = HeaderMap::new();
                let whole = loop {
                    match body.frame().await {
                        None => break true,
                        Some(Err(_)) => break false,
                        Some(Ok(frame)) => match frame.into_data() {
                            Ok(data) => bytes.extend_from_slice(&data),
                            Err(frame) => trailers = frame.into_trailers().unwrap(),
                        },
                    }
                };
                let answer = Answer {
                    status,
                    headers,
                    body: bytes.freeze(),
                    trailers,
                };
                Ending {
                    outcome: read(way, answer),
                    whole,
                }
            }
        }
    }
}

/// What an answer says, in its protocol.
fn read(way: Way, answer: Answer) -> Outcome {
    match way.form {
        Form::Grpc => native(answer),
        Form::GrpcWeb => web(answer),
        Form::Connect if way.kind == Kind::Unary => json(answer),
        Form::Connect => connect_stream(answer),
        Form::Lines | Form::Events | Form::Array if answer.status != 200 || !way.kind.streams() => {
            json(answer)
        }
        Form::Lines => lines(&answer),
        Form::Events => events(&answer),
        Form::Array => array(&answer),
        Form::WebSocket => unreachable!("its answer is no body"),
    }
}

/// gRPC: the status is in the trailers, or in the headers of an answer that has nothing else.
fn native(answer: Answer) -> Outcome {
    let mut outcome = Outcome::default();
    let mut bytes = BytesMut::from(&answer.body[..]);
    while let Some((_, reply)) = envelope(&mut bytes) {
        outcome.replies.push(reply);
    }
    let fields = match answer.trailers.is_empty() {
        true => &answer.headers,
        false => &answer.trailers,
    };
    let outcome = outcome.by_fields(fields);
    Outcome {
        headers: answer.headers,
        ..outcome
    }
}

/// Server-sent events: an error is the last of them, and of a type of its own.
fn events(answer: &Answer) -> Outcome {
    let mut outcome = Outcome {
        code: Some(0),
        headers: answer.headers.clone(),
        ..Outcome::default()
    };
    let mut error = None;
    for event in answer.text().split_terminator("\n\n") {
        assert!(error.is_none(), "behind an error: {event:?}");
        match event.strip_prefix("event: error\ndata: ") {
            Some(data) => error = Some(serde_json::from_str::<Value>(data).unwrap()),
            None => {
                let data = event.strip_prefix("data: ").unwrap();
                outcome.replies.push(Bytes::from(data.to_owned()));
            }
        }
    }
    match error {
        Some(error) => outcome.by_json(&error),
        None => outcome,
    }
}

/// An array: an error is its last element, and nothing closes it.
fn array(answer: &Answer) -> Outcome {
    let outcome = Outcome {
        headers: answer.headers.clone(),
        ..Outcome::default()
    };
    let text = answer.text();
    if let Ok(replies) = serde_json::from_str::<Vec<Value>>(text) {
        return Outcome {
            code: Some(0),
            replies: replies.iter().map(|one| one.to_string().into()).collect(),
            ..outcome
        };
    }
    let Ok(mut elements) = serde_json::from_str::<Vec<Value>>(&format!("{text}]")) else {
        return outcome;
    };
    let error = elements.pop().unwrap_or_default();
    let replies = elements.iter().map(|one| one.to_string().into()).collect();
    let outcome = Outcome { replies, ..outcome };
    match error["error"].is_object() {
        true => outcome.by_json(&error["error"]),
        false => outcome,
    }
}

/// A conversation over WebSocket: the last text says how it ended, and the close frame says it too.
async fn conversed(mut socket: WebSocketStream<Box<dyn Line>>, mut texts: Vec<String>) -> Ending {
    let mut close = None;
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => texts.push(text.to_string()),
            Message::Close(frame) => close = frame.map(|frame| u16::from(frame.code)),
            _ => {}
        }
    }
    let last: Value = texts
        .last()
        .map_or(Value::Null, |last| serde_json::from_str(last).unwrap());
    let mut outcome = Outcome::default();
    if last["@status"].is_object() {
        texts.pop();
        outcome = outcome.by_json(&last["@status"]);
    }
    outcome.replies = texts.into_iter().map(Bytes::from).collect();
    let expected = match outcome.code {
        Some(0) => Some(CLOSED_WELL),
        Some(_) if outcome.message == SHUTTING_DOWN => Some(CLOSED_LEAVING),
        Some(_) => Some(CLOSED_FAILED),
        None => None,
    };
    Ending {
        whole: close.is_some() && close == expected,
        outcome,
    }
}
