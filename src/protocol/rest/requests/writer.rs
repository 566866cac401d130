//! The messages of a stream, from the texts or bytes that a body was cut into.

use std::sync::Arc;

use bytes::Bytes;

use super::super::body::Payload;
use super::super::error::Failure;
use super::super::{Terms, bind, http_body};
use super::splitter::SplitError;
use crate::call::Message;
use crate::protocol::{Options, scratch};
use crate::schema::{Binding, Body, Method};
use crate::transcode::{self, FieldPath, PlanId, Plans};

/// The largest message that bytes are cut into.
const PIECE_MAX: usize = 64 << 10;

/// Tags and lengths around a piece, at most: those of `HttpBody` and of the fields around it.
const TAGS: usize = 256;

/// Writes messages, and counts them.
#[derive(Debug)]
pub(in crate::protocol::rest) struct Writer {
    plans: Arc<Plans>,
    options: Arc<Options>,
    form: Form,
    /// What query and path give to the first message; taken by it.
    url: Option<Url>,
    index: u64,
}

/// What a value of the body becomes.
#[derive(Debug)]
enum Form {
    /// The whole message.
    Message(PlanId),
    /// One field of it.
    Field(FieldPath),
    /// The data of an `HttpBody`, in this field if not the whole message; the content type is
    /// taken by the first.
    Raw(Option<FieldPath>, String),
}

/// Wire fragments of the first message. The order of writing is the precedence: path over body over
/// query (see [`bind`]).
#[derive(Debug)]
struct Url {
    query: Bytes,
    path: Bytes,
}

impl Url {
    /// Binds query and path, each by itself.
    fn new(
        terms: Terms<'_>,
        binding: &Binding,
        request: &bind::Request<'_>,
    ) -> Result<Self, Failure> {
        let bind = |request| {
            bind::message(terms.plans, binding, &request, terms.options)
                .map(|message| message.payload())
        };
        Ok(Self {
            query: bind(bind::Request {
                captures: &[],
                payload: Payload::Empty,
                ..*request
            })?,
            path: bind(bind::Request {
                query: None,
                payload: Payload::Empty,
                ..*request
            })?,
        })
    }
}

impl Writer {
    /// A writer of the messages that this binding makes; `content_type` is that of raw bytes.
    ///
    /// # Errors
    /// 400 if query or path do not fit.
    pub(in crate::protocol::rest) fn new(
        terms: Terms<'_>,
        binding: &Binding,
        request: &bind::Request<'_>,
        content_type: Option<String>,
    ) -> Result<Self, Failure> {
        let form = match (content_type, &binding.body) {
            (Some(content_type), body) => Form::Raw(body.field().cloned(), content_type),
            (None, Body::Field(field)) => Form::Field(field.clone()),
            (None, _) => Form::Message(binding.method.input),
        };
        Ok(Self {
            plans: Arc::clone(terms.plans),
            options: Arc::clone(terms.options),
            form,
            url: Some(Url::new(terms, binding, request)?),
            index: 0,
        })
    }

    /// A writer of the messages of a method that is called on its own path.
    pub(in crate::protocol::rest) fn of_method(terms: Terms<'_>, method: &Method) -> Self {
        Self {
            plans: Arc::clone(terms.plans),
            options: Arc::clone(terms.options),
            form: Form::Message(method.input),
            url: None,
            index: 0,
        }
    }

    /// How many raw bytes a message can have: with all that is around them it stays below the
    /// limit, and below [`PIECE_MAX`].
    pub(super) fn piece_max(&self) -> usize {
        let url = self.url.as_ref();
        let url = url.map_or(0, |url| url.query.len() + url.path.len());
        let content_type = match &self.form {
            Form::Raw(_, content_type) => content_type.len(),
            Form::Message(_) | Form::Field(_) => 0,
        };
        let max = PIECE_MAX.min(self.options.limits.request_message);
        max.saturating_sub(url + content_type + TAGS)
    }

    /// The message of the next value.
    ///
    /// # Errors
    /// 400 about the field that does not fit, 413 above the limit of a message.
    pub(in crate::protocol::rest) fn write(&mut self, value: &[u8]) -> Result<Message, Failure> {
        let url = self.url.take();
        let (plans, read, index) = (&self.plans, &self.options.read, self.index);
        let form = &mut self.form;
        let message = Message::build(|out| {
            if let Some(url) = &url {
                out.extend_from_slice(&url.query);
            }
            match form {
                Form::Message(plan) => {
                    scratch::with(|scratch| plans.to_wire(*plan, value, read, scratch, out))
                        .map_err(|error| wrong(index, error, ""))?;
                }
                Form::Field(field) => {
                    scratch::with(|scratch| plans.field_to_wire(field, value, read, scratch, out))
                        .map_err(|error| wrong(index, error, field.name()))?;
                }
                Form::Raw(field, content_type) => {
                    let (field, content_type) = (field.as_ref(), std::mem::take(content_type));
                    scratch::with(|scratch| {
                        http_body::write(plans, field, &content_type, value, (scratch, out))
                    })?;
                }
            }
            if let Some(url) = &url {
                out.extend_from_slice(&url.path);
            }
            Ok::<_, Failure>(())
        })?;
        self.counted(message)
    }

    /// The message of the next bytes, which are a whole one in wire form. They are not opened.
    ///
    /// # Errors
    /// 413 above the limit of a message.
    pub(in crate::protocol::rest) fn pass(&mut self, wire: &[u8]) -> Result<Message, Failure> {
        let message = match self.url.take() {
            None => Message::from_payload(wire),
            Some(Url { query, path }) => {
                Message::from_payload(&[&query[..], wire, &path[..]].concat())
            }
        };
        self.counted(message)
    }

    fn counted(&mut self, message: Message) -> Result<Message, Failure> {
        let (index, max) = (self.index, self.options.limits.request_message);
        if message.len() > max {
            let length = message.len();
            return Err(Failure::too_large(format!(
                "[{index}]: found a message of {length} bytes, expected at most {max}"
            )));
        }
        self.index += 1;
        Ok(message)
    }

    /// What could not be cut, as a failure of the message that should have come.
    pub(super) fn misplaced(&self, error: &SplitError) -> Failure {
        let index = self.index;
        match error {
            SplitError::TooLarge { .. } | SplitError::Blank { .. } => {
                Failure::too_large(format!("[{index}]: {error}"))
            }
            SplitError::Unexpected { .. } | SplitError::Truncated { .. } => {
                Failure::invalid_field(&format!("[{index}]"), &error.to_string())
            }
        }
    }
}

/// A value did not fit the schema: the path of the field begins with the message's place.
fn wrong(index: u64, error: transcode::Error, within: &str) -> Failure {
    let path = if error.path.is_empty() {
        within
    } else {
        &error.path
    };
    let path = match path {
        "" => format!("[{index}]"),
        path => format!("[{index}].{path}"),
    };
    Failure::of_input(&transcode::Error { path, ..error }, "")
}
