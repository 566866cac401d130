//! What gRPC, gRPC-Web and Connect's streams share: calls on a method's own path whose messages come
//! in envelopes.
//!
//! ```text
//! body ──► Messages (cut, counted, by the codec) ──► Call ──► Reply ──► Writer ──► body
//! ```
//!
//! In protobuf's wire form messages are cut and counted, never opened. A request with
//! one message is read to its end before the call is made: a second message, a broken frame or a
//! body that never comes then costs the backend nothing, and what reaches it can be sent again. A
//! stream of messages is pulled by whoever sends them on.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderName, Response};

use super::body::{Chunk, Idle};
use super::call_head::{Aim, CallHead};
use super::codec::{Codec, Coder};
use super::linger::linger;
use super::metadata::{self, Reader, rules::Rules};
use super::{Exchange, Options, excerpt};
use crate::call::compression::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING};
use crate::call::{
    self, Accept, Call, Cause, Code, Coding, Codings, Encodings, Message, Origin, Packed, Reply,
    Requests, Status,
};
use crate::schema::Shape;

mod requests;

use requests::Messages;

/// How a dialect puts messages into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// What the messages are.
    pub(super) codec: Codec,
    /// What is around the envelopes.
    pub(super) wire: Wire,
    /// Whose header fields and errors there are.
    pub(super) family: Family,
}

/// What is around the envelopes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Nothing.
    Binary,
    /// Base64.
    Text,
}

/// Whose words a dialect uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// gRPC and gRPC-Web.
    Grpc,
    /// Connect.
    Connect,
}

const CONNECT_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");
const CONNECT_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("connect-accept-encoding");

impl Family {
    /// The field that names what messages are compressed in.
    pub(super) const fn encoding(self) -> HeaderName {
        match self {
            Self::Grpc => GRPC_ENCODING,
            Self::Connect => CONNECT_ENCODING,
        }
    }

    /// The field that names what messages may be compressed in.
    pub(super) const fn accept_encoding(self) -> HeaderName {
        match self {
            Self::Grpc => GRPC_ACCEPT_ENCODING,
            Self::Connect => CONNECT_ACCEPT_ENCODING,
        }
    }
}

/// A call that is ready to be made.
#[derive(Debug)]
pub(super) struct Enveloped {
    pub(super) call: Call,
    /// Watches over streams; unary calls have their deadline.
    idle: Option<Idle>,
    /// The method's.
    pub(super) options: Arc<Options>,
    coder: Coder,
}

impl Enveloped {
    /// Makes a call of `exchange`'s request, whose head and body it takes.
    ///
    /// # Errors
    /// There is no such method, or the request is broken.
    pub(super) async fn from_exchange<S>(
        exchange: &mut Exchange<'_, S>,
        form: Form,
    ) -> Result<Self, Status> {
        let made = Self::new(exchange, form).await;
        if made.is_err() {
            linger(std::mem::take(&mut exchange.body));
        }
        made
    }

    async fn new<S>(exchange: &mut Exchange<'_, S>, form: Form) -> Result<Self, Status> {
        let Exchange {
            serving,
            parts,
            body,
            record,
        } = exchange;
        let Some(method) = serving.schema.method(parts.uri.path()) else {
            return Err(no_such_method());
        };
        let options = serving.chosen.of_method(method);
        record.method(method);
        let Form { codec, family, .. } = form;
        let max = options.limits.request_message;
        let coding = request_coding(&parts.headers, &family.encoding())?;
        let accepted = Codings::accepted(&parts.headers, &family.accept_encoding());
        let encodings = match codec {
            Codec::Proto => Encodings {
                request: coding.map(|coding| Packed { coding, max }),
                accept: Accept::Passed(accepted),
            },
            Codec::Json => Encodings::default(),
        };
        let aim = Aim {
            method,
            template: &method.path,
            options,
            gate: serving.gate.as_deref(),
            checks: &serving.checks,
        };
        let head = CallHead::of(parts, aim, record)
            .await
            .map_err(|unfit| match family {
                Family::Grpc => unfit.as_internal(),
                Family::Connect => unfit.as_invalid_field(),
            })?;

        let coder = Coder::new(codec, serving.schema.plans(), method, options);
        let mut messages = Messages::new(
            std::mem::take(body),
            form,
            coder.clone(),
            coding,
            max,
            &serving.config.buffers,
        );
        let (requests, tally) = if method.shape.takes_stream() {
            let tally = record.shared_requests();
            messages.count_in(Arc::clone(&tally));
            (Requests::stream(messages), Some(tally))
        } else if coder.transcodes() {
            messages.count_in(record.shared_requests());
            let only = messages.only(head.deadline, options.timeouts.request_body);
            (Requests::One(only.await?), None)
        } else {
            let message = messages
                .only(head.deadline, options.timeouts.request_body)
                .await?;
            record.request(&message);
            (Requests::One(message), None)
        };
        let idle =
            (method.shape != Shape::Unary).then(|| Idle::new(options.timeouts.stream_idle, tally));
        Ok(Self {
            call: head.with(method, encodings, requests)?,
            idle,
            options: Arc::clone(options),
            coder,
        })
    }

    /// Who writes the reply messages; what those are compressed in, the reply says.
    pub(super) fn writer(&self) -> Writer {
        Writer {
            coder: self.coder.clone(),
            encoding: None,
            max: self.options.limits.response_message,
        }
    }

    /// Makes the call. A client stream that falls silent before the answer begins is given up.
    ///
    /// # Errors
    /// Those of the call.
    pub(super) async fn make<S: call::Service>(self, calls: &S) -> Result<Begun, Status> {
        let mut writer = self.writer();
        let Self {
            call,
            mut idle,
            options,
            ..
        } = self;
        let deadline = call.deadline;
        let reply = calls.call(call);
        let reply = match &mut idle {
            Some(idle) => idle.watch(reply).await?,
            None => reply.await?,
        };
        writer.encoding = reply.encoding;
        Ok(Begun {
            reply,
            writer,
            idle,
            options,
            deadline,
        })
    }
}

/// A call whose answer has begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) reply: Reply,
    pub(super) writer: Writer,
    /// Watches over streams.
    pub(super) idle: Option<Idle>,
    pub(super) options: Arc<Options>,
    pub(super) deadline: call::Deadline,
}

/// Writes reply messages in their envelopes.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    coder: Coder,
    /// What they are compressed in, those that are.
    pub(super) encoding: Option<Coding>,
    /// Payload bytes at most, decompressed.
    max: usize,
}

impl Writer {
    /// Whether messages become text.
    pub(super) const fn transcodes(&self) -> bool {
        self.coder.transcodes()
    }

    /// Appends a message.
    ///
    /// # Errors
    /// It cannot be shown, or holds too much.
    pub(super) fn message(&self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        self.coder.reply(message, self.encoding, self.max, chunk)
    }
}

/// What the request's messages are compressed in, if they are.
fn request_coding(headers: &HeaderMap, field: &HeaderName) -> Result<Option<Coding>, Status> {
    let Some(name) = headers
        .get(field)
        .map(|name| name.as_bytes().trim_ascii())
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
    else {
        return Ok(None);
    };
    match Coding::of_messages(name) {
        Some(coding) => Ok(Some(coding)),
        None => {
            let shown = excerpt::of_bytes(name);
            Err(Status::downstream(
                Code::Unimplemented,
                format!("found {field} \"{shown}\", expected one of identity, gzip, zstd, br"),
            ))
        }
    }
}

/// For whoever calls what is not here.
pub(super) fn no_such_method() -> Status {
    Status::downstream(Code::Unimplemented, "there is no such method here").because(Cause::NotFound)
}

/// Adds what every answer that has begun has in its head.
pub(super) fn head(
    family: Family,
    rules: &Rules,
    metadata: call::Metadata,
    encoding: Option<Coding>,
    headers: &mut HeaderMap,
) {
    let reader = match family {
        Family::Grpc => Reader::Grpc,
        Family::Connect => Reader::Other,
    };
    metadata::to_headers_by(rules, metadata, reader, headers);
    // Whatever the backend takes: what it does not is opened before it.
    headers.insert(family.accept_encoding(), Codings::ALL.value());
    if let Some(coding) = encoding {
        headers.insert(family.encoding(), coding.value());
    }
}

/// Adds what a client may need besides a status with which no answer began: whoever asked for what
/// is not here, perhaps an encoding, learns which encodings are.
pub(super) fn refusal_head(family: Family, status: &Status, headers: &mut HeaderMap) {
    if status.code == Code::Unimplemented && status.origin == Origin::Downstream {
        headers.insert(family.accept_encoding(), Codings::ALL.value());
    }
}

/// The answer, whose HTTP status is 200 however the call ends.
pub(super) fn respond(head: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = head;
    response
}
