//! What a backend may say in its trailers, through a real connection, against a naive reader.
//!
//! Input: a byte, whose lowest bit has the trailers sent alone, as the headers of an answer without a
//! body; then fields, each a byte that chooses the name (`*`: a text with it) and bytes with the value.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use transom::call::details::RpcStatus;
use transom::call::{
    Answer, Call, Code, Deadline, Encodings, End, Message, Metadata, Peer, Requests, Service as _,
    Status, Transport,
};
use transom::upstream::{Config, Upstream};

use crate::budget::within;
use crate::cursor::{Cursor, chosen};
use crate::envelopes::base64;
use crate::schema::DIALECTS;

const NAMES: [&str; 8] = [
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "grpc-retry-pushback-ms",
    "x-ratio",
    "content-type",
    "content-length",
    "date",
];

/// Bytes of a message that are kept.
const MESSAGE_MAX: usize = 8 << 10;

/// Fields of one input, at most: fewer than what HTTP/2 takes of a peer.
const FIELDS_MAX: usize = 256;

/// What the backend sends next.
type Next = Rc<RefCell<(Sent, HeaderMap)>>;

/// Where the fields stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sent {
    /// Behind a message.
    #[default]
    Behind,
    /// Before nothing.
    Alone,
}

/// A gateway's client side and a backend, on one thread.
struct Wire {
    upstream: Upstream,
    next: Next,
    tasks: LocalSet,
    runtime: Runtime,
}

/// The end of the call is what the backend said, if that is one; never OK and never a panic if not.
pub fn backend_trailers(data: &[u8]) {
    thread_local! {
        static WIRE: Wire = Wire::new();
    }
    let mut input = Cursor(data);
    let sent = match input.byte() & 1 {
        0 => Sent::Behind,
        _ => Sent::Alone,
    };
    let mut fields = HeaderMap::new();
    while !input.is_empty() && fields.len() < FIELDS_MAX {
        let name = match input.byte() {
            b'*' => HeaderName::from_bytes(input.text()).ok(),
            by => Some(HeaderName::from_static(chosen::<&str>(by, &NAMES))),
        };
        let value = HeaderValue::from_bytes(input.bytes());
        if let (Some(name), Ok(value)) = (name, value) {
            fields.append(name, value);
        }
    }
    let end = WIRE.with(|wire| wire.call(sent, fields.clone(), data.len()));
    check(sent, &fields, &end);
}

impl Wire {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let next = Next::default();
        let tasks = LocalSet::new();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("the loopback has a free port");
        let port = listener.local_addr().expect("it has an address").port();
        let serving = Rc::clone(&next);
        tasks.spawn_local(serve(listener, serving));
        let endpoint = format!("http://127.0.0.1:{port}")
            .parse()
            .expect("an endpoint");
        let upstream = Upstream::build([Config::new("backend", endpoint)], 1);
        Self {
            upstream: upstream.expect("there is one upstream"),
            next,
            tasks,
            runtime,
        }
    }

    fn call(&self, sent: Sent, fields: HeaderMap, bytes: usize) -> Result<End, Status> {
        *self.next.borrow_mut() = (sent, fields);
        let method = DIALECTS
            .method("/t.T/Server")
            .expect("a method of the schema");
        let call = Call {
            method: method.clone(),
            upstream: None,
            metadata: Metadata::new(),
            deadline: Deadline::Never,
            peer: Peer {
                address: ([127, 0, 0, 1], 1).into(),
                transport: Transport::Plaintext,
                secured: None,
            },
            trail: None,
            encodings: Encodings::default(),
            requests: Requests::One(Message::from_payload(b"")),
        };
        let calling = async {
            let mut reply = self.upstream.call(call).await?;
            let mut messages = 0;
            while let Some(answer) = reply.replies.next().await {
                match answer {
                    Answer::Message(_) => messages += 1,
                    Answer::End(end) => {
                        assert!(reply.replies.next().await.is_none(), "an end is the last");
                        assert!(messages <= usize::from(sent == Sent::Behind));
                        return Ok(end);
                    }
                }
            }
            panic!("a reply without an end");
        };
        within("a call", bytes, || {
            self.runtime.block_on(self.tasks.run_until(calling))
        })
    }
}

/// Answers every request of every connection.
async fn serve(listener: TcpListener, next: Next) {
    while let Ok((socket, _)) = listener.accept().await {
        let next = Rc::clone(&next);
        let answer = hyper::service::service_fn(move |_| {
            let (sent, fields) = next.take();
            async move { Ok::<_, Infallible>(response(sent, fields)) }
        });
        let connection = hyper::server::conn::http2::Builder::new(Local)
            .serve_connection(TokioIo::new(socket), answer);
        tokio::task::spawn_local(connection);
    }
}

fn response(sent: Sent, fields: HeaderMap) -> Response<Body> {
    let mut body = Body::empty();
    let mut headers = HeaderMap::new();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    match sent {
        Sent::Behind => {
            let message = Message::from_payload(b"a").into_frame();
            let frames = [Frame::data(message), Frame::trailers(fields)].map(Ok::<_, Infallible>);
            body = Body::new(StreamBody::new(stream::iter(frames)));
        }
        Sent::Alone => {
            let mut last = None;
            for (name, value) in fields {
                last = name.or(last);
                match &last {
                    // Without these it is no answer of gRPC's.
                    Some(name) if *name == "content-type" || *name == "content-length" => {}
                    Some(name) => drop(headers.append(name, value)),
                    None => {}
                }
            }
        }
    }
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

/// Runs hyper's tasks beside everything else.
#[derive(Clone, Copy, Debug)]
struct Local;

impl<F: Future + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(async {
            task.await;
        });
    }
}

fn check(sent: Sent, fields: &HeaderMap, found: &Result<End, Status>) {
    /// Fields that HTTP/2 does not have, so that either side may refuse them.
    const HTTP_1: [&str; 6] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let status = match found {
        Ok(end) => &end.status,
        Err(status) => status,
    };
    if HTTP_1.iter().any(|name| fields.contains_key(*name)) {
        return;
    }
    let mut codes = fields.get_all("grpc-status").iter();
    let Some(code) = codes.next() else {
        assert_ne!(status.code, Code::Ok, "no status is not OK: {fields:?}");
        return;
    };
    let code = match codes.next() {
        None => code_of(code.as_bytes()),
        Some(_) => None,
    };
    let Some(code) = code else {
        assert_eq!(status.code, Code::Unknown, "{fields:?}");
        return;
    };
    let Ok(End { status, trailers }) = found else {
        panic!("the backend said {code}, and the call failed: {found:?}");
    };
    assert_eq!(status.code, code, "{fields:?}");
    if let Some(message) = fields.get("grpc-message") {
        let expected = String::from_utf8_lossy(&unescaped(message.as_bytes())).into_owned();
        assert!(status.message.len() <= MESSAGE_MAX);
        let left = expected.strip_prefix(&status.message);
        let left = left.unwrap_or_else(|| panic!("{:?} of {message:?}", status.message));
        assert!(
            left.is_empty() || status.message.len() > MESSAGE_MAX - 4,
            "cut although there is room: {message:?}"
        );
    } else {
        assert_eq!(status.message, "", "{fields:?}");
    }
    let details = fields.get("grpc-status-details-bin");
    check_details(code, details, &status.details);

    let mut expected = fields.clone();
    for taken in &NAMES[..3] {
        expected.remove(*taken);
    }
    for taken in &NAMES[5..] {
        expected.remove(*taken);
    }
    assert_eq!(trailers.0, expected, "{sent:?}");
}

/// Details are as they were sent, or with the code that the header says, or not there.
fn check_details(code: Code, sent: Option<&HeaderValue>, found: &Bytes) {
    let Some(sent) = sent else {
        assert!(found.is_empty());
        return;
    };
    if !found.is_empty() {
        let details = RpcStatus::decode(&found[..]).expect("details are a google.rpc.Status");
        assert_eq!(details.code, code.number());
    }
    // Padding may be left out, but not be wrong. What is more lenient still is not looked into.
    let sent = sent.as_bytes();
    let padding = match sent.contains(&b'=') {
        true => 0,
        false => (4 - sent.len() % 4) % 4,
    };
    let (wire, how) = base64(&[sent, &b"==="[..padding]].concat());
    if how != crate::envelopes::Ending::Whole {
        return;
    }
    match RpcStatus::decode(&wire[..]) {
        Ok(details) if details.code == code.number() => assert_eq!(found, &wire),
        Ok(mut details) => {
            details.code = code.number();
            assert_eq!(found, &details.encode_to_vec());
        }
        Err(_) => assert!(found.is_empty()),
    }
}

/// One of seventeen numbers.
fn code_of(text: &[u8]) -> Option<Code> {
    let numbers = Code::ALL.into_iter();
    numbers
        .map(|code| (code, code.number().to_string()))
        .find(|(_, number)| number.as_bytes() == text)
        .map(|(code, _)| code)
}

/// `%` and two digits are a byte; everything else is itself.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let digit = |at: usize| text.get(at).and_then(|byte| (*byte as char).to_digit(16));
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.extend(u8::try_from(high * 16 + low));
                at += 3;
            }
            (other, _, _) => {
                out.push(other);
                at += 1;
            }
        }
    }
    out
}
