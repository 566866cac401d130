//! A gateway without sockets before a backend that gives every message back, if it is of the type to
//! answer with, and keeps a copy.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use axum::body::Body;
use futures_util::{StreamExt as _, stream};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use transom::call::{Answer, Call, Message, Metadata, Replies, Reply, Service, Status};
use transom::observe::Observe;
use transom::protocol::{Options, Router, Serving, rest};

use crate::budget::within;
use crate::schema::REST;

/// What the backend was asked last: the method's path and the message.
type Seen = Option<(String, Vec<u8>)>;

#[derive(Clone, Default)]
struct Backend(Arc<Mutex<Seen>>);

impl Service for Backend {
    async fn call(&self, call: Call) -> Result<Reply, Status> {
        let mut requests = call.requests;
        let mut answers = Vec::new();
        while let Some(message) = requests.next().await {
            let message = message?;
            let seen = (call.method.path.clone(), message.payload_bytes().to_vec());
            *self.0.lock().expect("nobody panics with it") = Some(seen);
            answers.push(Answer::Message(
                if call.method.input == call.method.output {
                    message
                } else {
                    Message::from_payload(b"")
                },
            ));
        }
        answers.push(Answer::End(Status::ok().into()));
        Ok(Reply {
            metadata: Metadata::new(),
            encoding: None,
            replies: Replies::new(stream::iter(answers)),
        })
    }
}

/// A gateway, and the one thread that runs it.
pub(crate) struct Gateway {
    router: Router<Backend>,
    backend: Backend,
    runtime: Runtime,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
    /// What the backend was asked, if it was.
    pub(crate) seen: Seen,
}

impl Gateway {
    pub(crate) fn new(rest: rest::Options) -> Self {
        let options = Options {
            rest,
            ..Options::default()
        };
        let backend = Backend::default();
        let serving = Serving::new(Arc::clone(&REST), backend.clone(), options.into());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime needs nothing but memory");
        Self {
            router: Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default()),
            backend,
            runtime,
        }
    }

    pub(crate) fn send(&self, request: Request<Body>, bytes: usize) -> Got {
        let answer = async {
            let response = self.router.handle(request).await;
            let (head, body) = response.into_parts();
            let body = body.collect().await.expect("no body breaks off here");
            (head, body.to_bytes().to_vec())
        };
        let (head, body) = within("a request", bytes, || self.runtime.block_on(answer));
        let content_type = head.headers.get(http::header::CONTENT_TYPE);
        Got {
            status: head.status,
            content_type: content_type
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            body,
            seen: self.backend.0.lock().expect("nobody panics with it").take(),
        }
    }
}
