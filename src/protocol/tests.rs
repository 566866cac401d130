//! Requests through the whole router, answered by a scripted service instead of an upstream.

#![allow(clippy::unwrap_used)]

mod boundaries;
mod checks;
mod compression;
mod connect;
mod connect_stream;
mod cors;
mod gate;
mod grpc;
mod grpc_web;
mod head;
mod log;
mod options;
mod sockets;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;

use super::*;
use crate::call::{Answer, Call, Code, End, Message, Metadata, Replies, Reply, Requests, Status};
use crate::schema::{self, Source};

/// What the service saw of a call.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) metadata: Metadata,
    pub(super) deadline: Option<Duration>,
    pub(super) encodings: call::Encodings,
    pub(super) requests: Vec<Result<Message, Status>>,
}

/// How the service answers; the default is one empty message and OK.
#[derive(Clone, Debug, Default)]
#[allow(clippy::large_enum_variant)] // a handful of them
pub(super) enum Script {
    /// Every request message, as it is, then OK.
    #[default]
    Echo,
    /// Metadata, payloads, then the end.
    Replies(Metadata, Vec<&'static [u8]>, End),
    /// No answer begins.
    Refuse(Status),
    /// One empty message, then silence.
    Stall,
    /// No answer ever begins; the request messages are not read.
    Hang,
}

/// A service that answers by its script and remembers the calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Scripted {
    pub(super) script: Script,
    /// What the reply's messages are compressed in.
    pub(super) encoding: Option<call::Coding>,
    pub(super) seen: Arc<Mutex<VecDeque<Seen>>>,
    /// Its count falls when a stalled reply is dropped.
    pub(super) alive: Arc<()>,
}

impl call::Service for Scripted {
    async fn call(&self, call: Call) -> Result<Reply, Status> {
        let Call {
            method,
            metadata,
            deadline,
            encodings,
            mut requests,
            ..
        } = call;
        if matches!(self.script, Script::Hang) {
            let _requests: Requests = requests;
            return std::future::pending().await;
        }
        let mut messages = Vec::new();
        while let Some(message) = requests.next().await {
            messages.push(message);
        }
        let broken = messages
            .iter()
            .find_map(|message| message.as_ref().err().cloned());
        let echoed: Vec<_> = messages.iter().flatten().cloned().collect();
        self.seen.lock().unwrap().push_back(Seen {
            path: method.path.clone(),
            metadata,
            deadline: deadline.remaining(),
            encodings,
            requests: messages,
        });
        if let Some(status) = broken {
            return Err(status);
        }
        let encoding = match self.script {
            Script::Echo => self
                .encoding
                .or(encodings.request.map(|packed| packed.coding)),
            _ => self.encoding,
        };
        let (metadata, messages, end) = match self.script.clone() {
            Script::Echo => (Metadata::new(), echoed, Status::ok().into()),
            Script::Replies(metadata, payloads, end) => {
                let messages = payloads.into_iter().map(Message::from_payload).collect();
                (metadata, messages, end)
            }
            Script::Refuse(status) => return Err(status),
            Script::Stall => {
                let alive = Arc::clone(&self.alive);
                let first = [Answer::Message(Message::from_payload(b""))];
                let silent = futures_util::stream::pending().map(move |answer| {
                    let _ = &alive;
                    answer
                });
                let replies = Replies::new(futures_util::stream::iter(first).chain(silent));
                return Ok(Reply {
                    metadata: Metadata::new(),
                    encoding: None,
                    replies,
                });
            }
            Script::Hang => unreachable!("handled above"),
        };
        let answers = messages
            .into_iter()
            .map(Answer::Message)
            .chain([Answer::End(end)]);
        let replies = Replies::new(futures_util::stream::iter(answers.collect::<Vec<_>>()));
        Ok(Reply {
            metadata,
            encoding,
            replies,
        })
    }
}

impl Scripted {
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            ..Self::default()
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(super) fn last(&self) -> Seen {
        self.seen.lock().unwrap().pop_back().unwrap()
    }

    pub(super) fn router(&self) -> Router<Self> {
        self.router_with(Options::default())
    }

    pub(super) fn router_seen(&self, observe: Observe) -> Router<Self> {
        let serving = Serving::new(schema(), self.clone(), Options::default().into());
        Router::new(Arc::new(ArcSwap::from_pointee(serving)), observe)
    }

    pub(super) fn router_with(&self, options: Options) -> Router<Self> {
        self.router_of(schema(), options)
    }

    pub(super) fn router_of(&self, schema: Arc<Schema>, options: Options) -> Router<Self> {
        let serving = Serving::new(schema, self.clone(), options.into());
        Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default())
    }
}

/// Metadata of these pairs.
pub(super) fn metadata(pairs: &[(&'static str, &'static str)]) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in pairs {
        metadata.0.append(*name, HeaderValue::from_static(value));
    }
    metadata
}

pub(super) fn post(path: &str, content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", content_type)
        .body(body.into())
        .unwrap()
}

/// One data frame.
pub(super) fn frame(payload: &[u8]) -> Vec<u8> {
    Message::from_payload(payload).into_frame().to_vec()
}

/// The same, compressed.
pub(super) fn compressed(coding: call::Coding, payload: &[u8]) -> Vec<u8> {
    let length = u64::try_from(payload.len()).unwrap();
    let mut deflater = call::compression::Deflater::new(coding, length).unwrap();
    let mut out = deflater.write(payload).unwrap();
    out.extend(deflater.finish().unwrap());
    let mut frame = frame(&out);
    frame[0] = 1;
    frame
}

pub(super) async fn bytes(response: Response<Body>) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

pub(super) fn header<'r>(response: &'r Response<Body>, name: &str) -> Option<&'r str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

/// One service `t.T` with a method of each shape.
pub(super) fn schema() -> Arc<Schema> {
    static SCHEMA: std::sync::OnceLock<Arc<Schema>> = std::sync::OnceLock::new();
    Arc::clone(SCHEMA.get_or_init(|| schema_with(&schema::Options::default())))
}

/// The same, built with these options.
pub(super) fn schema_with(options: &schema::Options) -> Arc<Schema> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/protocol");
    let mut compiler = protox::Compiler::new([folder]).unwrap();
    compiler.open_file("t.proto").unwrap();
    let source = Source {
        name: "t.proto".to_owned(),
        descriptors: compiler.encode_file_descriptor_set(),
        upstream: "default".into(),
        reflected: false,
    };
    Arc::new(Schema::build(vec![source], options).unwrap())
}
