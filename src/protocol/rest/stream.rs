//! The answer to a server-streaming call: a JSON value a line, each sent as soon as it is there.
//!
//! ```text
//! {"n":1}
//! {"n":2}
//! {"error":{"code":15,"message":"…","details":[]}}     only if the call failed after it began
//! ```
//!
//! An item type that has a field `error` of its own gets `@error` instead. A call that fails
//! before its first message is a plain error answer. A stream of `HttpBody` is a download: the
//! pieces' bytes one after the other, and a failure breaks the body off.

use std::sync::Arc;

use axum::body::Body;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method as Verb, Response, StatusCode};

use super::error::{self, Failure};
use super::trailing::{self, Shown, Trailing};
use super::{ErrorShape, Terms, failed, http_body, reply};
use crate::call::{Answer, End, Message, Reply, Status};
use crate::observe::CallRecord;
use crate::protocol::body::{Chunk, Encoder, Idle, ReplyBody, Tail};
use crate::protocol::unary;
use crate::schema::Binding;
use crate::transcode::{FieldPath, PlanId, Plans, PrintOptions};

const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");
const JSONL: HeaderValue = HeaderValue::from_static("application/jsonl");

/// How a stream's messages are written.
#[derive(Debug)]
pub(super) enum Form {
    /// A JSON value a line.
    Lines(Lines),
    /// The bytes of every `HttpBody`.
    Pieces(http_body::Place),
}

impl Form {
    /// The form that the binding has and the client accepts.
    ///
    /// # Errors
    /// 406 if there is none.
    pub(super) fn of(
        terms: Terms<'_>,
        binding: &Binding,
        headers: &HeaderMap,
    ) -> Result<Self, Failure> {
        let plans = terms.plans;
        if let Some(place) = http_body::of_reply(plans, binding)? {
            return Ok(Self::Pieces(place));
        }
        let content_type = accepted(headers).ok_or_else(|| {
            Failure::not_acceptable(
                "this method answers with a stream, which is available as application/x-ndjson or \
                 application/jsonl; `accept` names neither of them, nor `*/*`",
            )
        })?;
        let (plan, field) = (binding.method.output, binding.response_body.clone());
        let item = match &field {
            None => Some(plan),
            Some(field) if field.is_repeated() || field.is_map() => None,
            Some(field) => field.message(),
        };
        let has_error = item.is_some_and(|item| plans.field_path(item, "error").is_ok());
        Ok(Self::Lines(Lines {
            plans: Arc::clone(plans),
            plan,
            field,
            print: terms.options.print,
            errors: terms.options.rest.errors,
            error_key: if has_error {
                "{\"@error\":"
            } else {
                "{\"error\":"
            },
            content_type,
            first: None,
            trailing: Trailing::default(),
        }))
    }
}

/// The content type of the lines, if the client takes them.
fn accepted(headers: &HeaderMap) -> Option<HeaderValue> {
    if !headers.contains_key(ACCEPT) {
        return Some(NDJSON);
    }
    let mut jsonl = None;
    let mut any = None;
    let values = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    for range in values
        .flat_map(|value| value.split(','))
        .filter(|range| !is_refused(range))
    {
        let essence = http_body::essence(range);
        if essence.eq_ignore_ascii_case("application/x-ndjson") {
            return Some(NDJSON);
        } else if essence.eq_ignore_ascii_case("application/jsonl") {
            jsonl = Some(JSONL);
        } else if essence == "*/*" || essence.eq_ignore_ascii_case("application/*") {
            any = Some(NDJSON);
        }
    }
    jsonl.or(any)
}

/// True for a media range of quality zero.
fn is_refused(range: &str) -> bool {
    range
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='))
        .any(|(name, value)| {
            name.trim_ascii().eq_ignore_ascii_case("q")
                && value
                    .trim_ascii()
                    .parse::<f32>()
                    .is_ok_and(|quality| quality == 0.0)
        })
}

/// A reply whose head is there, and who watches over its silence.
pub(super) struct Begun {
    pub(super) reply: Reply,
    pub(super) idle: Idle,
}

/// Answers with the stream. The head goes out once the first message, or the end, is there.
pub(super) async fn answer(
    terms: Terms<'_>,
    form: Form,
    verb: &Verb,
    trailing: Trailing,
    begun: Begun,
    mut record: CallRecord,
) -> Response<Body> {
    let Begun { reply, mut idle } = begun;
    let Reply {
        metadata,
        mut replies,
        ..
    } = reply;
    let first = std::future::poll_fn(|cx| match replies.poll_answer(cx) {
        std::task::Poll::Ready(first) => std::task::Poll::Ready(Ok(first)),
        std::task::Poll::Pending => idle.poll_silence(cx).map(Err),
    });
    let end = match first.await {
        Ok(Some(Answer::Message(message))) => Ok(message),
        Ok(Some(Answer::End(end))) => Err(end),
        Ok(None) => Err(unary::no_end().into()),
        Err(silent) => Err(silent.into()),
    };
    // Messages that come need a status that can have them.
    let http = match reply::http_code(&metadata) {
        http if reply::has_body(http) => http,
        _ => StatusCode::OK,
    };
    let (first, trailers) = match end {
        Ok(message) => (Some(message), None),
        Err(End { status, trailers }) if !status.is_ok() => {
            let shown = Shown::new(&terms.options.metadata, metadata, trailers, trailing);
            return failed(terms, &status.into(), shown, record);
        }
        Err(end) => (None, Some(end.trailers)),
    };
    // A stream without a message has no body, so nothing stands behind it.
    let mut shown = Shown::new(
        &terms.options.metadata,
        metadata,
        trailers.unwrap_or_default(),
        Trailing::Headers,
    );
    let max = terms.options.limits.response_message;
    let body = match form.begin(first.as_ref(), max, &mut shown.headers) {
        Err(status) => return failed(terms, &status.into(), shown, record),
        Ok(_) if first.is_none() || verb == Verb::HEAD => {
            record.finish_with(http, &Status::ok());
            Body::empty()
        }
        Ok(begun) => {
            record.head(http);
            let first = first.map(Answer::Message);
            match begun {
                Form::Lines(mut lines) => {
                    lines.trailing = trailing;
                    Body::new(
                        ReplyBody::new(replies, lines, max, Some(idle), record)
                            .starting_with(first),
                    )
                }
                Form::Pieces(place) => Body::new(
                    ReplyBody::new(replies, Pieces(place), max, Some(idle), record)
                        .starting_with(first),
                ),
            }
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = http;
    *response.headers_mut() = shown.headers;
    response
}

impl Form {
    /// Opens the first message, so that a failure to show it is still a plain error, and sets the
    /// headers that depend on it.
    fn begin(
        mut self,
        first: Option<&Message>,
        max: usize,
        headers: &mut HeaderMap,
    ) -> Result<Self, Status> {
        if let Some(first) = first {
            reply::check_plain(first)?;
            if first.len() > max {
                return Err(unary::too_large(first.len(), max));
            }
        }
        match &mut self {
            Self::Lines(lines) => {
                if let Some(first) = first {
                    let mut line = Vec::with_capacity(2 * first.len() + 64);
                    lines.write(first, &mut line)?;
                    lines.first = Some(line);
                }
                headers.insert(CONTENT_TYPE, lines.content_type.clone());
            }
            Self::Pieces(place) => {
                if let Some(first) = first {
                    place.read(&first.payload())?.describe(headers);
                }
            }
        }
        Ok(self)
    }
}

/// Messages as lines of JSON.
#[derive(Debug)]
pub(super) struct Lines {
    plans: Arc<Plans>,
    plan: PlanId,
    field: Option<FieldPath>,
    print: PrintOptions,
    errors: ErrorShape,
    error_key: &'static str,
    content_type: HeaderValue,
    /// The line of the message that was opened before the head went out.
    first: Option<Vec<u8>>,
    trailing: Trailing,
}

impl Lines {
    fn write(&self, message: &Message, out: &mut Vec<u8>) -> Result<(), Status> {
        reply::write_json(
            &self.plans,
            self.plan,
            self.field.as_ref(),
            message,
            &self.print,
            out,
        )?;
        out.push(b'\n');
        Ok(())
    }
}

impl Encoder for Lines {
    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        match self.first.take() {
            Some(line) => {
                chunk.pass(line.into());
                Ok(())
            }
            None => {
                reply::check_plain(&message)?;
                self.write(&message, chunk.buffer())
            }
        }
    }

    fn end(&mut self, end: End, chunk: &mut Chunk) -> Tail {
        if !end.status.is_ok() {
            let out = chunk.buffer();
            out.extend_from_slice(self.error_key.as_bytes());
            error::write_record(&end.status, self.errors, &self.plans, &self.print, out);
            out.extend_from_slice(b"}\n");
        }
        // Nobody knows their names when the head goes out, so HTTP/1.1 cannot carry these.
        let trailers = match self.trailing {
            Trailing::Trailers => trailing::behind(end.trailers),
            Trailing::Headers => HeaderMap::new(),
        };
        if trailers.is_empty() {
            Tail::Complete
        } else {
            Tail::Trailers(trailers)
        }
    }
}

/// The bytes of every message's `HttpBody`.
#[derive(Debug)]
struct Pieces(http_body::Place);

impl Encoder for Pieces {
    fn message(&mut self, message: Message, chunk: &mut Chunk) -> Result<(), Status> {
        reply::check_plain(&message)?;
        chunk.pass(self.0.read(&message.payload())?.data);
        Ok(())
    }

    fn end(&mut self, end: End, _: &mut Chunk) -> Tail {
        if end.status.is_ok() {
            Tail::Complete
        } else {
            Tail::Abort
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_to_those_who_take_them() {
        let rows = [
            (&[][..], Some("application/x-ndjson")),
            (&["*/*"], Some("application/x-ndjson")),
            (&["application/*;q=0.5"], Some("application/x-ndjson")),
            (
                &["application/json, text/plain, */*"],
                Some("application/x-ndjson"),
            ),
            (&["application/jsonl, */*;q=0.1"], Some("application/jsonl")),
            (
                &["text/html", "Application/X-NDJSON"],
                Some("application/x-ndjson"),
            ),
            (&["application/json"], None),
            (&["text/event-stream"], None),
            (&["*/*;q=0"], None),
            (&["application/x-ndjson; Q=0.0, text/*"], None),
        ];
        for (accept, expected) in rows {
            let headers: HeaderMap = accept
                .iter()
                .map(|value| (ACCEPT, HeaderValue::from_static(value)))
                .collect();
            let found = accepted(&headers);
            assert_eq!(
                found.as_ref().map(|v| v.to_str().unwrap()),
                expected,
                "{accept:?}"
            );
        }
    }
}
