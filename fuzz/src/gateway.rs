//! A gateway without sockets before a backend that gives every message back, if it is of the type to
//! answer with, and keeps a copy.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use futures_util::{StreamExt as _, stream};
use http::{Request, StatusCode};
use transom::call::{Answer, Call, Message, Metadata, Replies, Reply, Service, Status};
use transom::protocol::{Options, rest};

use crate::schema::REST;
use crate::served::Served;

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

/// A gateway with every option but one at its default.
pub(crate) struct Gateway {
    served: Served<Backend>,
    backend: Backend,
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
        Self {
            served: Served::new(&REST, backend.clone(), options),
            backend,
        }
    }

    pub(crate) fn send(&self, request: Request<Body>, bytes: usize) -> Got {
        let whole = self.served.send(request, bytes);
        Got {
            status: whole.head.status,
            content_type: whole.field("content-type").to_owned(),
            body: whole.body.to_vec(),
            seen: self.backend.0.lock().expect("nobody panics with it").take(),
        }
    }
}
