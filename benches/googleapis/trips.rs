//! Every binding's request through the router, and what arrived beside what was expected.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use axum::body::Body;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use prost_reflect::DynamicMessage;
use transom::call::{self, Answer, Call, Message, Metadata, Replies, Reply, Status};
use transom::observe::Observe;
use transom::protocol::{Config, Router, Serving};
use transom::schema::{Binding, Route, Schema};

use crate::case::Case;
use crate::values::Random;

/// Requests of each binding.
const ROUNDS: u64 = 3;
/// Paths that are tried until none is answered by a binding that goes before.
const TRIES: u64 = 8;
/// Failures shown.
const SHOWN: usize = 20;

/// What became of the requests.
#[derive(Debug, Default)]
pub(crate) struct Trips {
    bindings: usize,
    requests: usize,
    variables: usize,
    parameters: usize,
    bodies: usize,
    /// Bindings all of whose requests belong to others.
    hidden: Vec<String>,
    /// Bindings whose client streams; their requests are streams of one message.
    streams: usize,
    failures: Vec<String>,
}

impl Trips {
    pub(crate) fn is_good(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Trips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "round trips: {} requests of {} bindings, with {} path variables, {} query parameters and {} bodies",
            self.requests, self.bindings, self.variables, self.parameters, self.bodies
        )?;
        writeln!(
            f,
            "  {} bindings take a stream, here of one message",
            self.streams
        )?;
        writeln!(
            f,
            "  {} bindings hide behind others that go before",
            self.hidden.len()
        )?;
        for line in &self.hidden {
            writeln!(f, "      {line}")?;
        }
        write!(f, "  {} went astray", self.failures.len())?;
        for line in self.failures.iter().take(SHOWN) {
            write!(f, "\n      {line}")?;
        }
        Ok(())
    }
}

/// Takes the place of the backend and keeps what it is sent.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Option<(String, Message)>>>);

impl call::Service for Capture {
    async fn call(&self, mut call: Call) -> Result<Reply, Status> {
        if let Some(message) = call.requests.next().await {
            *self.0.lock().unwrap() = Some((call.method.path.clone(), message?));
        }
        let answers = [
            Answer::Message(Message::from_payload(b"")),
            Answer::End(Status::ok().into()),
        ];
        Ok(Reply {
            metadata: Metadata::new(),
            encoding: None,
            replies: Replies::new(futures_util::stream::iter(answers)),
        })
    }
}

/// Makes the requests of every binding.
pub(crate) fn all(schema: &Arc<Schema>) -> Trips {
    let capture = Capture::default();
    let mut config = Config::default();
    config.head.url = 64 << 10;
    let serving = Serving::new(Arc::clone(schema), capture.clone(), config);
    let router = Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let inputs: HashMap<String, _> = schema
        .pool()
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            (path, method.input())
        })
        .collect();
    let mut trips = Trips::default();
    for (n, binding) in schema.bindings().enumerate() {
        trips.bindings += 1;
        let input = &inputs[&binding.method.path];
        let cases = (0..TRIES).filter_map(|attempt| {
            let mut random = Random::new(n as u64 * TRIES + attempt);
            let case = Case::new(binding, input, &mut random);
            let Route::Found { binding: found, .. } = schema.route(&case.verb, &case.path) else {
                return Some((case, None));
            };
            std::ptr::eq(found, binding).then_some((case, Some(())))
        });
        let cases: Vec<_> = cases.take(ROUNDS as usize).collect();
        trips.streams += usize::from(binding.method.shape.takes_stream());
        if cases.is_empty() {
            trips.hidden.push(name(binding));
        }
        for (case, found) in cases {
            let result = match found {
                Some(()) => runtime.block_on(trip(&router, &capture, binding, &case)),
                None => Err("is not routed".to_owned()),
            };
            trips.requests += 1;
            trips.variables += case.variables;
            trips.parameters += case.parameters;
            trips.bodies += usize::from(case.body.is_some());
            match result {
                Ok(()) => {}
                Err(reason) => {
                    let line = format!("{}: {} {}: {reason}", name(binding), case.verb, case.uri());
                    trips.failures.push(line);
                }
            }
        }
    }
    trips
}

fn name(binding: &Binding) -> String {
    format!(
        "{} ({} {})",
        binding.method.path, binding.verb, binding.template
    )
}

async fn trip(
    router: &Router<Capture>,
    capture: &Capture,
    binding: &Binding,
    case: &Case,
) -> Result<(), String> {
    let mut request = http::Request::builder()
        .method(case.verb.as_str())
        .uri(case.uri());
    let body = match &case.body {
        None => Body::empty(),
        Some((kind, bytes)) => {
            request = request.header("content-type", *kind);
            bytes.clone().into()
        }
    };
    let request = request.body(body).map_err(|error| error.to_string())?;
    *capture.0.lock().unwrap() = None;
    let response = router.handle(request).await;
    let status = response.status();
    let answer = response.into_body().collect().await;
    let seen = capture.0.lock().unwrap().take();
    let Some((method, message)) = seen else {
        let text = answer.map(|body| body.to_bytes()).unwrap_or_default();
        return Err(format!("{status} {}", String::from_utf8_lossy(&text)));
    };
    if method != binding.method.path {
        return Err(format!("{method} was called"));
    }
    let descriptor = prost_reflect::ReflectMessage::descriptor(&case.expected);
    let found = DynamicMessage::decode(descriptor, message.payload_bytes())
        .map_err(|error| error.to_string())?;
    if found != case.expected {
        return Err(format!("found {found}\n        expected {}", case.expected));
    }
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("answered with {status}"))
    }
}
