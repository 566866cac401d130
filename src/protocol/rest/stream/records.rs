//! A stream's messages as JSON in three framings, and how each tells its end.
//!
//! ```text
//! lines    {"n":1}⏎                 [{"n":1}     array     data: {"n":1}⏎⏎        events
//!          {"n":2}⏎                 ,{"n":2}               data: {"n":2}⏎⏎
//! OK                                ]
//! failed   {"error":{…}}⏎           ,{"error":{…}}         event: error⏎data: {…}⏎⏎
//!                                   (broken off)
//! ```
//!
//! A failure is never lost: lines and events say it in their last record, and an array that lacks
//! its `]`, in a body that breaks off, is no JSON to anybody. An item type that has a field `error`
//! of its own, or any key it likes, gets `@error` in lines and arrays, so that no item looks like
//! a failure.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::error::{self, Failure};
use super::super::options::{Envelope, ErrorShape, StreamForm};
use super::super::trailing::{self, Trailing};
use super::super::{Terms, accept, reply};
use crate::call::{End, Message, Metadata, Status};
use crate::protocol::body::{Chunk, Encoder, Pulse, Tail};
use crate::schema::Binding;
use crate::transcode::{FieldPath, PlanId, Plans, PrintOptions};

/// How long server-sent events may be silent before a comment says that they are still there
/// (the HTML standard, section 9.2.7, names this figure).
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A comment, which no client shows.
const COMMENT: &[u8] = b":\n\n";

/// Metadata, from the backend's head or trailers, that a client of server-sent events gets as the
/// `id` it will name in the request header of that name when it comes back.
const LAST_EVENT_ID: &str = "last-event-id";

/// nginx and its kin hold a response back until a buffer is full, unless this says `no`.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What stands around messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// A JSON value a line.
    Lines(Envelope),
    /// One JSON array.
    Array,
    /// Server-sent events.
    Events,
}

type Offer = (&'static str, (&'static str, Framing));

const fn offer(content_type: &'static str, framing: Framing) -> Offer {
    (content_type, (content_type, framing))
}

/// What a stream can be, what it is for a client that takes anything first. With grpc-gateway's
/// envelope lines are what they are there, of the type `application/json`.
fn offers(form: StreamForm, envelope: Envelope) -> [Offer; 4] {
    let lines = Framing::Lines(envelope);
    let ndjson = offer("application/x-ndjson", lines);
    let jsonl = offer("application/jsonl", lines);
    let events = offer("text/event-stream", Framing::Events);
    let array = offer("application/json", Framing::Array);
    match (form, envelope) {
        (StreamForm::Lines, Envelope::None) => [ndjson, jsonl, array, events],
        (StreamForm::Lines, Envelope::Result) => {
            [offer("application/json", lines), ndjson, jsonl, events]
        }
        (StreamForm::Array, _) => [array, ndjson, jsonl, events],
    }
}

/// Messages as JSON.
#[derive(Debug)]
pub(in crate::protocol::rest) struct Records {
    plans: Arc<Plans>,
    plan: PlanId,
    field: Option<FieldPath>,
    print: PrintOptions,
    errors: ErrorShape,
    framing: Framing,
    content_type: &'static str,
    /// The member that tells a failure.
    error_key: &'static str,
    /// Whether a record has been written.
    place: Place,
    /// The record of the message that was opened before the head went out.
    first: Option<Vec<u8>>,
    trailing: Trailing,
}

/// Where in the body the next record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Later,
}

impl Records {
    /// The framing that the client likes best.
    ///
    /// # Errors
    /// 406 if it takes none.
    pub(super) fn of(
        terms: Terms<'_>,
        binding: &Binding,
        headers: &HeaderMap,
    ) -> Result<Self, Failure> {
        let Terms { plans, options } = terms;
        let offers = offers(options.rest.stream, options.rest.envelope);
        let Some(&(content_type, framing)) = accept::choose(headers, &offers) else {
            return Err(Failure::not_acceptable(
                "this method answers with a stream, which is available as application/x-ndjson, \
                 application/jsonl, application/json or text/event-stream; `accept` takes none of \
                 them",
            ));
        };
        let (plan, field) = (binding.method.output, binding.response_body.clone());
        let error_key = if framing != Framing::Lines(Envelope::Result)
            && may_have_error(plans, plan, field.as_ref())
        {
            "{\"@error\":"
        } else {
            "{\"error\":"
        };
        Ok(Self {
            plans: Arc::clone(plans),
            plan,
            field,
            print: options.print,
            errors: options.rest.errors,
            framing,
            content_type,
            error_key,
            place: Place::First,
            first: None,
            trailing: Trailing::default(),
        })
    }

    /// Sets what the head says of the body.
    pub(super) fn describe(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.framing == Framing::Events {
            let no_cache = HeaderValue::from_static("no-cache");
            headers.entry(CACHE_CONTROL).or_insert(no_cache);
            headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
        }
    }

    /// What beats while the stream is silent.
    pub(super) fn pulse(&self) -> Option<Pulse> {
        (self.framing == Framing::Events).then(|| Pulse::new(KEEP_ALIVE, COMMENT))
    }

    /// What stands before the first record.
    pub(super) fn preamble(&self, metadata: &Metadata) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_id(metadata, &mut out);
        out
    }

    /// Writes the first message before the head goes out.
    pub(super) fn open(&mut self, first: &Message) -> Result<(), Status> {
        let mut record = Vec::with_capacity(2 * first.len() + 64);
        self.write(first, &mut record)?;
        self.first = Some(record);
        Ok(())
    }

    /// Says where trailers go.
    pub(super) fn ending_with(self, trailing: Trailing) -> Self {
        Self { trailing, ..self }
    }

    /// The body of a stream without a message that ended well.
    pub(super) const fn none(&self) -> &'static [u8] {
        match self.framing {
            Framing::Array => b"[]",
            Framing::Lines(_) | Framing::Events => b"",
        }
    }

    fn write(&mut self, message: &Message, out: &mut Vec<u8>) -> Result<(), Status> {
        let before = out.len();
        let (start, end): (&[u8], &[u8]) = match (self.framing, self.place) {
            (Framing::Lines(Envelope::None), _) => (b"", b"\n"),
            (Framing::Lines(Envelope::Result), _) => (b"{\"result\":", b"}\n"),
            (Framing::Array, Place::First) => (b"[", b""),
            (Framing::Array, Place::Later) => (b",", b""),
            (Framing::Events, _) => (b"data: ", b"\n\n"),
        };
        out.extend_from_slice(start);
        let json_at = out.len();
        let field = self.field.as_ref();
        if let Err(status) =
            reply::write_json(&self.plans, self.plan, field, message, &self.print, out)
        {
            out.truncate(before);
            return Err(status);
        }
        if self.framing == Framing::Events {
            keep_to_data(json_at, out);
        }
        out.extend_from_slice(end);
        self.place = Place::Later;
        Ok(())
    }

    fn write_failure(&self, status: &Status, out: &mut Vec<u8>) {
        let (start, end): (&[u8], &[u8]) = match (self.framing, self.place) {
            (Framing::Lines(_), _) => (b"", b"}\n"),
            (Framing::Array, Place::First) => (b"[", b"}"),
            (Framing::Array, Place::Later) => (b",", b"}"),
            (Framing::Events, _) => (b"event: error\ndata: ", b"\n\n"),
        };
        out.extend_from_slice(start);
        if self.framing != Framing::Events {
            out.extend_from_slice(self.error_key.as_bytes());
        }
        let json_at = out.len();
        error::write_record(status, self.errors, &self.plans, &self.print, out);
        if self.framing == Framing::Events {
            keep_to_data(json_at, out);
        }
        out.extend_from_slice(end);
    }

    fn write_id(&self, metadata: &Metadata, out: &mut Vec<u8>) {
        let id = metadata.get(LAST_EVENT_ID).map(HeaderValue::to_str);
        if let (Framing::Events, Some(Ok(id))) = (self.framing, id) {
            out.extend_from_slice(b"id: ");
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(b"\n\n");
        }
    }
}

/// True if an item's JSON can have a member `error`.
fn may_have_error(plans: &Plans, plan: PlanId, field: Option<&FieldPath>) -> bool {
    const ANY_KEY: [&str; 3] = [
        "google.protobuf.Struct",
        "google.protobuf.Value",
        "google.protobuf.Any",
    ];
    let item = match field {
        None => plan,
        Some(field) if field.is_map() => return true,
        Some(field) if field.is_repeated() => return false,
        Some(field) => match field.message() {
            Some(item) => item,
            None => return false,
        },
    };
    ANY_KEY.contains(&plans.name(item)) || plans.field_path(item, "error").is_ok()
}

/// Begins every line after the first of an event's data with the field's name: a line break within
/// it would end the field.
fn keep_to_data(from: usize, out: &mut Vec<u8>) {
    let data = out.get(from..).unwrap_or_default();
    if memchr::memchr(b'\n', data).is_none() {
        return;
    }
    let data = out.split_off(from);
    for (place, line) in data.split(|byte| *byte == b'\n').enumerate() {
        if place > 0 {
            out.extend_from_slice(b"\ndata: ");
        }
        out.extend_from_slice(line);
    }
}

impl Encoder for Records {
    fn transcodes(&self) -> bool {
        true
    }

    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        match self.first.take() {
            Some(record) => {
                chunk.pass(record.into());
                Ok(())
            }
            None => self.write(&message, chunk.buffer()),
        }
    }

    fn end(&mut self, end: End, chunk: &mut Chunk) -> Tail {
        let End { status, trailers } = end;
        let out = chunk.buffer();
        self.write_id(&trailers, out);
        if !status.is_ok() {
            self.write_failure(&status, out);
        }
        if self.framing == Framing::Array {
            if !status.is_ok() {
                return Tail::Abort;
            }
            out.extend_from_slice(match self.place {
                Place::First => b"[]",
                Place::Later => b"]",
            });
        }
        // Nobody knows their names when the head goes out, so HTTP/1.1 cannot carry these.
        let trailers = match self.trailing {
            Trailing::Trailers => trailing::behind(trailers),
            Trailing::Headers => HeaderMap::new(),
        };
        if trailers.is_empty() {
            Tail::Complete
        } else {
            Tail::Trailers(trailers)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_does_not_end_the_data_of_an_event() {
        for (json, expected) in [
            ("{}", "data: {}"),
            ("{\n  \"a\": 1\n}", "data: {\ndata:   \"a\": 1\ndata: }"),
        ] {
            let mut out = b"data: ".to_vec();
            out.extend_from_slice(json.as_bytes());
            keep_to_data(6, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }
}
