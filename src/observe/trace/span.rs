//! A call that has ended, as spans: their names and attributes are those of OpenTelemetry's conventions for
//! RPC, which may still move, and are here alone; of attempts those of gRFC A72.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use http::HeaderValue;
use tokio::time::Instant;

use super::Finished;
use super::events::Event;
use crate::call::trace::{Context, SpanId};
use crate::call::trail::Attempt;
use crate::call::{Code, Status};
use crate::observe::Protocol;
use crate::observe::by_method::OTHER;

// The names, in one table.
const SYSTEM: &str = "rpc.system.name";
const METHOD: &str = "rpc.method";
const STATUS_CODE: &str = "rpc.response.status_code";
const ERROR_TYPE: &str = "error.type";
const SERVER_ADDRESS: &str = "server.address";
const SERVER_PORT: &str = "server.port";
const HTTP_METHOD: &str = "http.request.method";
const HTTP_ROUTE: &str = "http.route";
const HTTP_STATUS: &str = "http.response.status_code";
const PREVIOUS_ATTEMPTS: &str = "previous-rpc-attempts";
const TRANSPARENT_RETRY: &str = "transparent-retry";
const SEQUENCE: &str = "sequence-number";
const SIZE: &str = "message-size";
const SIZE_COMPRESSED: &str = "message-size-compressed";
const UPSTREAM: &str = "gateway.upstream";
const PROTOCOL: &str = "gateway.protocol";

// The names of events: what a server receives, and sends. gRFC A72 has events of their own for what is known of
// a message that is compressed; one that passes as it is has no others.
const INBOUND: Names = Names {
    whole: "Inbound message",
    packed: "Inbound compressed message",
};
const OUTBOUND: Names = Names {
    whole: "Outbound message",
    packed: "Outbound message compressed",
};

const GRPC: &str = "grpc";
const CONNECT: &str = "connectrpc";

/// What the messages of one way are called.
#[derive(Clone, Copy)]
struct Names {
    whole: &'static str,
    packed: &'static str,
}

/// A span, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Itself.
    pub context: Context,
    /// Whose part it is.
    pub parent: Option<SpanId>,
    /// The client's `tracestate`.
    pub state: Option<HeaderValue>,
    /// Its name.
    pub name: String,
    /// On which side it is.
    pub kind: Kind,
    /// When it began, in nanoseconds since 1970.
    pub start: u64,
    /// When it ended, so too.
    pub end: u64,
    /// What is known of it.
    pub attributes: Vec<(&'static str, Value)>,
    /// What happened meanwhile, in the order of time.
    pub events: Vec<Happened>,
    /// What happened besides.
    pub events_beyond: u32,
    /// Why it is an error, if it is.
    pub error: Option<String>,
    /// The context of a client that is not trusted.
    pub link: Option<Context>,
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// When, in nanoseconds since 1970.
    pub at: u64,
    /// What.
    pub name: &'static str,
    /// What is known of it.
    pub attributes: Vec<(&'static str, Value)>,
}

/// On which side a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Within.
    Internal,
    /// Who is called.
    Server,
    /// Who calls.
    Client,
}

/// What is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Truth(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Finished {
    /// Its spans.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = vec![self.server()];
        if let Some(came) = self.steps.came {
            spans.push(self.client(came));
            let attempts = self.steps.traced.iter();
            spans.extend(attempts.map(|attempt| self.attempt(attempt)));
        }
        spans
    }

    /// A moment as it is sent.
    fn at(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.began);
        let time = self.traced.began.duration_since(UNIX_EPOCH);
        let nanos = (time.unwrap_or_default() + since).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    fn end(&self) -> Instant {
        self.began + self.duration
    }

    /// `pkg.Service/Method`, if it is here.
    fn rpc(&self) -> Option<&str> {
        let path = self.method.as_ref().map(|method| &*method.path);
        path.map(|path| path.trim_start_matches('/'))
    }

    fn server(&self) -> Span {
        let traced = &self.traced;
        let system = match self.protocol {
            Protocol::Connect => Some(CONNECT),
            Protocol::Grpc | Protocol::GrpcWeb | Protocol::GrpcWebText => Some(GRPC),
            Protocol::Rest | Protocol::Websocket => self.method.as_ref().map(|_| GRPC),
            Protocol::Http | Protocol::Pages => None,
        };
        let mut attributes = vec![
            (PROTOCOL, self.protocol.as_str().into()),
            (HTTP_METHOD, self.verb.as_str().into()),
        ];
        if let Some(system) = system {
            attributes.push((SYSTEM, system.into()));
            attributes.push((METHOD, self.rpc().unwrap_or(OTHER).into()));
            attributes.push((STATUS_CODE, self.status.code.name().into()));
        }
        if let Some(template) = &self.template {
            attributes.push((HTTP_ROUTE, Value::Text(template.clone())));
        }
        if let Some(http) = self.http {
            attributes.push((HTTP_STATUS, Value::Number(http.as_u16().into())));
        }
        let error = self
            .status
            .code
            .is_servers_error()
            .then(|| self.failure(&mut attributes));
        let name = self.rpc().or(system);
        let (events, events_beyond) = self.messages();
        Span {
            context: traced.server,
            parent: traced.parent,
            state: traced.state.clone(),
            name: name.unwrap_or(self.verb.as_str()).to_owned(),
            kind: Kind::Server,
            start: self.at(self.began),
            end: self.at(self.end()),
            attributes,
            events,
            events_beyond,
            error,
            link: traced.link,
        }
    }

    /// The messages of both ways, and how many there were besides.
    fn messages(&self) -> (Vec<Happened>, u32) {
        let (requests, replies) = (&self.requests, &self.replies);
        let inbound = requests.all.iter().map(|event| (event, INBOUND));
        let outbound = replies.all.iter().map(|event| (event, OUTBOUND));
        let both = inbound.chain(outbound);
        let mut all: Vec<_> = both
            .map(|(event, names)| self.happened(event, names))
            .collect();
        all.sort_by_key(|happened| happened.at);
        (all, requests.beyond.saturating_add(replies.beyond))
    }

    fn happened(&self, event: &Event, names: Names) -> Happened {
        let number = |number: u64| Value::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let size = number(event.weight.bytes as u64);
        let (name, which) = if event.weight.is_packed {
            (names.packed, SIZE_COMPRESSED)
        } else {
            (names.whole, SIZE)
        };
        Happened {
            at: self.at(event.at),
            name,
            attributes: vec![(SEQUENCE, number(event.number)), (which, size)],
        }
    }

    fn client(&self, came: Instant) -> Span {
        let mut attributes = self.called(self.steps.endpoint.as_ref(), self.status.code);
        if let Some(upstream) = &self.steps.upstream {
            attributes.push((UPSTREAM, (&**upstream).into()));
        }
        let error = (!self.status.is_ok()).then(|| self.failure(&mut attributes));
        Span {
            context: self.traced.server.with(self.traced.client),
            parent: Some(self.traced.server.span),
            state: self.traced.state.clone(),
            name: self.rpc().unwrap_or(GRPC).to_owned(),
            kind: Kind::Client,
            start: self.at(came),
            end: self.at(self.end()),
            attributes,
            events: Vec::new(),
            events_beyond: 0,
            error,
            link: None,
        }
    }

    fn attempt(&self, attempt: &Attempt) -> Span {
        // What goes on with the call ends with it, as it does.
        let (end, code) = (attempt.ended).unwrap_or((self.end(), self.status.code));
        let mut attributes = self.called(Some(&attempt.endpoint), code);
        let previous = Value::Number(attempt.previous.into());
        attributes.push((PREVIOUS_ATTEMPTS, previous));
        attributes.push((TRANSPARENT_RETRY, Value::Truth(attempt.is_transparent)));
        if code != Code::Ok {
            attributes.push((ERROR_TYPE, code.name().into()));
        }
        let rpc = self.rpc().unwrap_or(OTHER).replace('/', ".");
        Span {
            context: self.traced.server.with(attempt.span),
            parent: Some(self.traced.client),
            state: self.traced.state.clone(),
            name: format!("Attempt.{rpc}"),
            kind: Kind::Internal,
            start: self.at(attempt.began),
            end: self.at(end),
            attributes,
            events: Vec::new(),
            events_beyond: 0,
            error: (code != Code::Ok).then(|| code.name().to_owned()),
            link: None,
        }
    }

    /// What is known of whoever was called.
    fn called(&self, endpoint: Option<&Arc<str>>, code: Code) -> Vec<(&'static str, Value)> {
        let mut attributes = vec![
            (SYSTEM, GRPC.into()),
            (METHOD, self.rpc().unwrap_or(OTHER).into()),
            (STATUS_CODE, code.name().into()),
        ];
        let Some(endpoint) = endpoint else {
            return attributes;
        };
        let port = endpoint.rsplit_once(':');
        match port.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) {
            Some((host, port)) => {
                attributes.push((SERVER_ADDRESS, host.trim_matches(['[', ']']).into()));
                attributes.push((SERVER_PORT, Value::Number(port.into())));
            }
            None => attributes.push((SERVER_ADDRESS, (&**endpoint).into())),
        }
        attributes
    }

    fn failure(&self, attributes: &mut Vec<(&'static str, Value)>) -> String {
        let Status { code, message, .. } = &self.status;
        attributes.push((ERROR_TYPE, code.name().into()));
        message
            .chars()
            .take(super::super::access_log::MESSAGE_MAX)
            .collect()
    }
}
