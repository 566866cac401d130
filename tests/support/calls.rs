//! Calls through a gateway in each dialect, and what came of them: one shape for all.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use base64_simd::STANDARD_NO_PAD;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::scripted::framed;
use super::{Answer, Version, send};

pub(crate) mod conversation;

/// What a connection of ours takes in, so that it never is what stops a neighbour.
const CONNECTION_WINDOW: u32 = 1 << 30;
const STREAM_WINDOW: u32 = 65_535;
const HEADERS_MAX: u32 = 1024 * 1024;

/// The flag of a gRPC-Web frame of trailers, and of Connect's last envelope.
const TRAILERS: u8 = 0x80;
const END: u8 = 2;

/// Codes by the names that Connect has for them, from 1.
const CODES: [&str; 16] = [
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Grpc,
    GrpcWeb,
    Connect,
    Rest,
}

impl Dialect {
    pub(crate) const ALL: [Self; 4] = [Self::Grpc, Self::GrpcWeb, Self::Connect, Self::Rest];
}

/// One call with one request, in every form it can have.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// `/package.Service/Method`.
    pub(crate) rpc: &'static str,
    pub(crate) replies: Replies,
    /// The request in wire form.
    pub(crate) message: Vec<u8>,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The body of REST.
    pub(crate) json: String,
    pub(crate) metadata: Vec<(&'static str, String)>,
}

/// How many messages come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replies {
    One,
    Many,
}

impl Ask {
    /// `Echo` of an order with this number: a POST that nothing says may be repeated.
    pub(crate) fn echo(id: &str) -> Self {
        let length = u8::try_from(id.len()).unwrap();
        Self {
            rpc: "/demo.echo.v1.EchoService/Echo",
            replies: Replies::One,
            message: [&[0x0a, length], id.as_bytes()].concat(),
            method: Method::POST,
            path: "/v1/echo".to_owned(),
            json: format!("{{\"id\":\"{id}\"}}"),
            metadata: Vec::new(),
        }
    }

    /// `Get`, which has no side effects.
    pub(crate) fn get(id: u8) -> Self {
        assert!(id < 0x80, "one byte of a varint");
        Self {
            rpc: "/demo.echo.v1.EchoService/Get",
            replies: Replies::One,
            message: vec![0x08, id],
            method: Method::GET,
            path: format!("/v1/echo/{id}"),
            json: String::new(),
            metadata: Vec::new(),
        }
    }

    /// `Stream`: a scripted backend decides what comes.
    pub(crate) fn stream() -> Self {
        Self {
            rpc: "/demo.echo.v1.EchoService/Stream",
            replies: Replies::Many,
            message: Vec::new(),
            method: Method::GET,
            path: "/v1/echo:stream".to_owned(),
            json: String::new(),
            metadata: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.metadata.push((name, value.into()));
        self
    }
}

/// What came of a call.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The gRPC code; `None` if the answer ended without one.
    pub(crate) code: Option<u32>,
    pub(crate) message: String,
    /// The names of the messages that detail it.
    pub(crate) details: Vec<String>,
    /// The replies, as bytes of the dialect: wire form, or JSON.
    pub(crate) replies: Vec<Bytes>,
    pub(crate) headers: HeaderMap,
}

impl Outcome {
    pub(crate) fn is_ok(&self) -> bool {
        self.code == Some(0)
    }

    fn by_fields(mut self, fields: &HeaderMap) -> Self {
        let text = |name: &str| fields.get(name).map(|value| value.to_str().unwrap());
        self.code = text("grpc-status").map(|code| code.parse().unwrap());
        let message = text("grpc-message").unwrap_or_default();
        self.message = percent_encoding::percent_decode_str(message)
            .decode_utf8()
            .unwrap()
            .into_owned();
        if let Some(details) = text("grpc-status-details-bin") {
            let details = details.trim_end_matches('=');
            let bytes = STANDARD_NO_PAD.decode_to_vec(details).unwrap();
            let status = RpcStatus::decode(&*bytes).unwrap();
            self.details = status
                .details
                .iter()
                .map(|one| name(&one.type_url))
                .collect();
        }
        self
    }

    /// An error as JSON has it: Connect's, or `google.rpc.Status`.
    fn by_json(mut self, error: &Value) -> Self {
        self.code = match &error["code"] {
            Value::String(code) => {
                let place = CODES.iter().position(|known| known == code).unwrap();
                Some(u32::try_from(place + 1).unwrap())
            }
            code => Some(u32::try_from(code.as_u64().unwrap()).unwrap()),
        };
        self.message = error["message"].as_str().unwrap_or_default().to_owned();
        self.details = error["details"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| name(one["@type"].as_str().or(one["type"].as_str()).unwrap()))
            .collect();
        self
    }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// A message's name, of a URL that ends with it.
fn name(url: &str) -> String {
    url.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Makes a call on a connection of its own, and takes in all of its answer.
pub(crate) async fn call(address: SocketAddr, dialect: Dialect, ask: &Ask) -> Outcome {
    let mut headers: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &ask.metadata {
        headers.push((name, value));
    }
    let streams = ask.replies == Replies::Many;
    match dialect {
        Dialect::Grpc => {
            let mut open = Native::connect(address).await.begin(ask).await;
            while open.next().await.is_some() {}
            open.end()
        }
        Dialect::GrpcWeb => {
            headers.push(("content-type", "application/grpc-web+proto"));
            let body = framed(&ask.message);
            let answer = send(
                address,
                Version::Http1,
                Method::POST,
                ask.rpc,
                &headers,
                body,
            )
            .await;
            web(answer)
        }
        Dialect::Connect => {
            let (kind, body) = match ask.replies {
                Replies::One => ("application/proto", Bytes::from(ask.message.clone())),
                Replies::Many => ("application/connect+proto", framed(&ask.message)),
            };
            headers.extend([("content-type", kind), ("connect-protocol-version", "1")]);
            let answer = send(
                address,
                Version::Http1,
                Method::POST,
                ask.rpc,
                &headers,
                body,
            )
            .await;
            if streams && answer.status == 200 {
                connect_stream(answer)
            } else {
                json(answer)
            }
        }
        Dialect::Rest => {
            headers.push(("content-type", "application/json"));
            let (method, path) = (ask.method.clone(), &ask.path);
            let body = ask.json.clone();
            let answer = send(address, Version::Http1, method, path, &headers, body).await;
            if streams && answer.status == 200 {
                lines(&answer)
            } else {
                json(answer)
            }
        }
    }
}

fn web(answer: Answer) -> Outcome {
    let mut outcome = Outcome::default();
    let mut bytes = BytesMut::from(&answer.body[..]);
    let mut fields = answer.headers.clone();
    while let Some((flags, payload)) = envelope(&mut bytes) {
        if flags & TRAILERS == 0 {
            outcome.replies.push(payload);
            continue;
        }
        assert!(bytes.is_empty(), "behind the trailers: {bytes:?}");
        for line in std::str::from_utf8(&payload).unwrap().lines() {
            let (name, value) = line.split_once(':').unwrap();
            let name: http::HeaderName = name.parse().unwrap();
            fields.append(name, value.trim().parse().unwrap());
        }
    }
    outcome.headers = answer.headers;
    outcome.by_fields(&fields)
}

fn connect_stream(answer: Answer) -> Outcome {
    let mut outcome = Outcome::default();
    let mut bytes = BytesMut::from(&answer.body[..]);
    let mut end = None;
    while let Some((flags, payload)) = envelope(&mut bytes) {
        if flags & END == 0 {
            outcome.replies.push(payload);
        } else {
            assert!(bytes.is_empty(), "behind the end: {bytes:?}");
            end = Some(serde_json::from_slice::<Value>(&payload).unwrap());
        }
    }
    outcome.headers = answer.headers;
    match end {
        None => outcome,
        Some(end) if end["error"].is_null() => {
            outcome.code = Some(0);
            outcome
        }
        Some(end) => outcome.by_json(&end["error"]),
    }
}

fn lines(answer: &Answer) -> Outcome {
    let mut outcome = Outcome {
        code: Some(0),
        headers: answer.headers.clone(),
        ..Outcome::default()
    };
    let mut error = None;
    for line in answer.lines() {
        assert!(error.is_none(), "behind an error: {line}");
        if line["error"].is_object() {
            error = Some(line["error"].clone());
        } else {
            outcome.replies.push(line.to_string().into());
        }
    }
    match error {
        Some(error) => outcome.by_json(&error),
        None => outcome,
    }
}

fn json(answer: Answer) -> Outcome {
    let outcome = Outcome {
        headers: answer.headers.clone(),
        ..Outcome::default()
    };
    if answer.status == 200 {
        return Outcome {
            code: Some(0),
            replies: vec![answer.body],
            ..outcome
        };
    }
    outcome.by_json(&answer.json())
}

/// Takes a whole envelope: its flags and what is in it.
fn envelope(bytes: &mut BytesMut) -> Option<(u8, Bytes)> {
    let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().unwrap());
    let length = usize::try_from(length).unwrap();
    if bytes.len() < 5 + length {
        return None;
    }
    let flags = bytes[0];
    bytes.advance(5);
    Some((flags, bytes.split_to(length).freeze()))
}

/// A connection for native gRPC. Clones share it.
#[derive(Clone)]
pub(crate) struct Native {
    address: SocketAddr,
    sender: SendRequest<Body>,
}

impl Native {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let io = TokioIo::new(stream);
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADERS_MAX)
            .handshake(io)
            .await
            .unwrap();
        tokio::spawn(connection);
        Self { address, sender }
    }

    /// Makes a call and takes in all of its answer.
    pub(crate) async fn call(&self, ask: &Ask) -> Outcome {
        let mut open = self.begin(ask).await;
        while open.next().await.is_some() {}
        open.end()
    }

    /// Makes a call, to the headers of its answer.
    pub(crate) async fn begin(&self, ask: &Ask) -> Open {
        self.open(ask, Body::from(framed(&ask.message))).await
    }

    /// Makes a call whose requests are written while it goes on; dropping the sender ends them.
    pub(crate) async fn upload(
        &self,
        ask: &Ask,
    ) -> (
        mpsc::UnboundedSender<Result<Bytes, Infallible>>,
        impl Future<Output = Open> + use<>,
    ) {
        let (say, said) = mpsc::unbounded_channel();
        let body = Body::from_stream(UnboundedReceiverStream::new(said));
        let (this, ask) = (self.clone(), ask.clone());
        (say, async move { this.open(&ask, body).await })
    }

    async fn open(&self, ask: &Ask, body: Body) -> Open {
        let mut request = Request::post(format!("http://{}{}", self.address, ask.rpc))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in &ask.metadata {
            request = request.header(*name, value);
        }
        let request = request.body(body).unwrap();
        let response = self.sender.clone().send_request(request).await;
        let mut open = Open::default();
        match response {
            Ok(response) => {
                let (head, body) = response.into_parts();
                assert_eq!(head.status, 200);
                open.headers = head.headers;
                open.body = Some(body);
            }
            Err(error) => open.broken = Some(error),
        }
        open
    }
}

/// A native call under way. What is not asked for stays with the sender; dropping it cancels it.
#[derive(Default)]
pub(crate) struct Open {
    pub(crate) headers: HeaderMap,
    body: Option<Incoming>,
    bytes: BytesMut,
    replies: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    /// How the stream broke, if it did not end.
    pub(crate) broken: Option<hyper::Error>,
}

impl Open {
    /// The next reply; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some((_, reply)) = envelope(&mut self.bytes) {
                self.replies.push(reply.clone());
                return Some(reply);
            }
            match self.body.as_mut()?.frame().await {
                None => return None,
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.bytes.extend_from_slice(&data),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
                Some(Err(error)) => {
                    self.broken = Some(error);
                    return None;
                }
            }
        }
    }

    /// What came of it, as far as it was asked for.
    pub(crate) fn end(self) -> Outcome {
        let outcome = Outcome {
            replies: self.replies,
            ..Outcome::default()
        };
        let fields = self.trailers.as_ref().unwrap_or(&self.headers);
        let outcome = outcome.by_fields(fields);
        Outcome {
            headers: self.headers,
            ..outcome
        }
    }
}

/// The number in a reply that a scripted backend has numbered.
pub(crate) fn number_of(reply: &[u8]) -> u64 {
    assert_eq!(reply[0], 0x08, "an Item");
    let mut number = 0;
    for (place, byte) in reply[1..].iter().enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

/// The bytes of a `google.rpc.Status` with one detail of this name.
pub(crate) fn status_with(code: i32, detail: &str) -> Vec<u8> {
    let details = vec![prost_types::Any {
        type_url: format!("type.googleapis.com/{detail}"),
        value: Vec::new(),
    }];
    let status = RpcStatus {
        code,
        message: String::new(),
        details,
    };
    status.encode_to_vec()
}
