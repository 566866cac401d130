//! REST from request to answer, through the router, against a backend that does as it is told.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use prost::Message as _;

use crate::call::details::{Any, RpcStatus};
use crate::call::{
    Answer, Call, Code, End, Message, Metadata, Replies, Reply, Requests, Service, Status,
};
use crate::observe::Observe;
use crate::protocol::{Config, Options, Router, Serving};
use crate::schema::{self, Schema, Source};

mod answers;
mod bindings;
mod bodies;
mod client_streams;
mod coded_uploads;
mod forms;
mod hostile;
mod masks;
mod memory;
mod mutations;
mod options;
mod streams;
mod uploads;

/// What the backend does with a request message.
type Script = Arc<dyn Fn(&Call, &Message) -> Result<Reply, Status> + Send + Sync>;

/// A backend that does as it is told and remembers what it was asked.
#[derive(Clone)]
struct Backend {
    script: Script,
    calls: Arc<Mutex<Vec<Metadata>>>,
}

impl Service for Backend {
    async fn call(&self, call: Call) -> Result<Reply, Status> {
        self.calls.lock().unwrap().push(call.metadata.clone());
        let Requests::One(message) = &call.requests else {
            panic!("{:?}", call.requests)
        };
        (self.script)(&call, message)
    }
}

/// A gateway before that backend.
struct Gateway {
    router: Router<Backend>,
    calls: Arc<Mutex<Vec<Metadata>>>,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    trailers: HeaderMap,
    /// The body broke off.
    aborted: bool,
}

impl Got {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Gateway {
    fn new(
        script: impl Fn(&Call, &Message) -> Result<Reply, Status> + Send + Sync + 'static,
    ) -> Self {
        Self::with(Options::default(), script)
    }

    /// Answers every call with its request message.
    fn echo() -> Self {
        Self::new(|_, message| Ok(reply(std::slice::from_ref(message), Status::ok())))
    }

    fn with(
        options: Options,
        script: impl Fn(&Call, &Message) -> Result<Reply, Status> + Send + Sync + 'static,
    ) -> Self {
        Self::configured(options.into(), script)
    }

    fn configured(
        config: Config,
        script: impl Fn(&Call, &Message) -> Result<Reply, Status> + Send + Sync + 'static,
    ) -> Self {
        let calls = Arc::default();
        let backend = Backend {
            script: Arc::new(script),
            calls: Arc::clone(&calls),
        };
        let serving = Serving::new(schema(), backend, config);
        let router = Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default());
        Self { router, calls }
    }

    async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.handle(request).await;
        let (head, mut body) = response.into_parts();
        let (mut data, mut aborted) = (Vec::new(), false);
        let mut trailers = HeaderMap::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => match frame.into_data() {
                    Ok(bytes) => data.extend_from_slice(&bytes),
                    Err(frame) => trailers = frame.into_trailers().unwrap(),
                },
                Err(_) => aborted = true,
            }
        }
        Got {
            status: head.status,
            headers: head.headers,
            body: data.into(),
            trailers,
            aborted,
        }
    }

    async fn get(&self, uri: &str) -> Got {
        self.send(request("GET", uri, "")).await
    }

    async fn post(&self, uri: &str, json: impl Into<Body>) -> Got {
        self.send(request("POST", uri, json)).await
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

fn request(verb: &str, uri: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(verb)
        .uri(uri)
        .header("host", "api.test")
        .body(body.into())
        .unwrap()
}

fn with_header(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

/// A reply of these messages and this end.
fn reply(messages: &[Message], status: Status) -> Reply {
    reply_with(&[], messages, status, &[])
}

fn reply_with(
    metadata: &[(&'static str, &str)],
    messages: &[Message],
    status: Status,
    trailers: &[(&'static str, &str)],
) -> Reply {
    let end = End {
        status,
        trailers: metadata_of(trailers),
    };
    let messages: Vec<_> = messages.iter().cloned().map(Answer::Message).collect();
    Reply {
        metadata: metadata_of(metadata),
        encoding: None,
        replies: Replies::new(stream::iter(messages.into_iter().chain([Answer::End(end)]))),
    }
}

fn metadata_of(pairs: &[(&'static str, &str)]) -> Metadata {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, value.parse().unwrap());
    }
    Metadata(map)
}

/// A status of the backend with these details.
fn detailed(code: Code, message: &str, details: &[(&str, Vec<u8>)]) -> Status {
    let any = |(url, value): &(&str, Vec<u8>)| Any {
        type_url: (*url).to_owned(),
        value: value.clone().into(),
    };
    let rpc = RpcStatus {
        code: code.number(),
        message: message.to_owned(),
        details: details.iter().map(any).collect(),
    };
    Status {
        details: rpc.encode_to_vec().into(),
        ..Status::upstream(code, message)
    }
}

/// The test schema, compiled once.
pub(super) fn schema() -> Arc<Schema> {
    static SCHEMA: std::sync::OnceLock<Arc<Schema>> = std::sync::OnceLock::new();
    let build = || {
        let root = env!("CARGO_MANIFEST_DIR");
        let mut compiler =
            protox::Compiler::new([format!("{root}/tests/data/rest"), format!("{root}/proto")])
                .unwrap();
        compiler
            .include_imports(true)
            .open_file("rest.proto")
            .unwrap();
        let source = Source {
            name: "rest.proto".to_owned(),
            descriptors: compiler.encode_file_descriptor_set(),
            upstream: "backend".into(),
            reflected: false,
        };
        let schema = Schema::build(vec![source], &schema::Options::default()).unwrap();
        assert_eq!(schema.refusals(), [""; 0]);
        Arc::new(schema)
    };
    Arc::clone(SCHEMA.get_or_init(build))
}

/// A message of the wire form `name: text` of `All`.
fn named(text: &str) -> Message {
    let mut wire = vec![0x0a, u8::try_from(text.len()).unwrap()];
    wire.extend_from_slice(text.as_bytes());
    Message::from_payload(&wire)
}

/// Sends every row's request and compares status and body; all that differ are told at once.
async fn check(gateway: &Gateway, rows: Vec<(Request<Body>, u16, &str)>) {
    let mut wrong = String::new();
    for (request, status, expected) in rows {
        let what = format!(
            "{} {}",
            request.method(),
            request
                .uri()
                .to_string()
                .get(..80)
                .unwrap_or(&request.uri().to_string())
        );
        let got = gateway.send(request).await;
        let text = String::from_utf8_lossy(&got.body);
        let fits = if status == 200 {
            text == expected
        } else {
            text.contains(expected)
        };
        if got.status != status || !fits {
            let _ = writeln!(
                wrong,
                "{what}\n  expected {status} {expected}\n  found    {} {text}",
                got.status.as_u16()
            );
        }
        if got.status.as_u16() >= 400 {
            assert_eq!(
                got.header("content-type"),
                Some("application/json"),
                "{what}"
            );
            let json = got.json();
            assert!(
                json["code"].is_i64() && json["details"].is_array(),
                "{what}"
            );
            if got.status == 400 {
                let detail = &json["details"][0];
                assert!(
                    detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
                        && detail["fieldViolations"][0]["description"].is_string(),
                    "{what} {json}"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
