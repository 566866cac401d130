//! In what form a client writes messages, and how they become the wire form that backends speak.
//!
//! ```text
//! Proto: message ──► counted, never opened ──► message
//! Json:  message ──► decompressed ──► transcode ──► message
//! ```

use std::sync::Arc;

use super::body::Chunk;
use super::options::Options;
use super::{misfit, scratch, unary};
use crate::call::compression::{self, Unopened};
use crate::call::{Coding, Message, Status, message};
use crate::schema::Method;
use crate::transcode::{self, Plans};

/// The form of a client's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// Protobuf's wire form.
    Proto,
    /// ProtoJSON.
    Json,
}

/// A [`Codec`] with all it takes for one method.
#[derive(Clone, Debug)]
pub(super) enum Coder {
    /// Messages go on as they are.
    Proto,
    /// Messages are written anew.
    Json(Json),
}

/// JSON of one method's messages.
#[derive(Clone, Debug)]
pub(super) struct Json {
    plans: Arc<Plans>,
    method: Arc<Method>,
    options: Arc<Options>,
}

impl Coder {
    pub(super) fn new(
        codec: Codec,
        plans: &Arc<Plans>,
        method: &Arc<Method>,
        options: &Arc<Options>,
    ) -> Self {
        match codec {
            Codec::Proto => Self::Proto,
            Codec::Json => Self::Json(Json {
                plans: Arc::clone(plans),
                method: Arc::clone(method),
                options: Arc::clone(options),
            }),
        }
    }

    /// Whether messages are text to the client.
    pub(super) const fn transcodes(&self) -> bool {
        match self {
            Self::Proto => false,
            Self::Json(_) => true,
        }
    }

    /// A request message as the backend takes it, and how many bytes were decompressed for it. One
    /// that stays as it is stays compressed too; `max` is for what is in it.
    ///
    /// # Errors
    /// It holds too much, is broken, or is not the JSON of the message.
    pub(super) fn request(
        &self,
        message: Message,
        coding: Option<Coding>,
        max: usize,
    ) -> Result<(Message, usize), Status> {
        let unopened = |error: Unopened| Status::downstream(error.code(), error.to_string());
        match (self, coding.filter(|_| message.is_compressed())) {
            (Self::Proto, None) => Ok((message, 0)),
            (Self::Proto, Some(coding)) => {
                let plain = compression::measure(&message, coding, max).map_err(unopened)?;
                Ok((message, plain))
            }
            (Self::Json(json), None) => {
                let wire = json.to_wire(message.payload_bytes());
                Ok((wire.map_err(|error| unread(&error))?, 0))
            }
            (Self::Json(json), Some(coding)) => {
                let plain = compression::open(&message, coding, max).map_err(unopened)?;
                let wire = json.to_wire(plain.payload_bytes());
                Ok((wire.map_err(|error| unread(&error))?, plain.len()))
            }
        }
    }

    /// Appends a reply message in its envelope, as the client takes it.
    ///
    /// # Errors
    /// It cannot be shown, or holds more than `max`.
    pub(super) fn reply(
        &self,
        message: Message,
        coding: Option<Coding>,
        max: usize,
        chunk: &mut Chunk,
    ) -> Result<(), Status> {
        match self {
            Self::Proto => {
                if message.is_compressed() {
                    chunk.decompressed(count_reply(&message, coding, max)?);
                }
                chunk.pass(message.into_frame());
                Ok(())
            }
            Self::Json(json) => {
                let out = chunk.buffer();
                let start = message::begin(0, out);
                if let Err(status) = json.print(&message, out) {
                    out.truncate(start);
                    return Err(status);
                }
                message::seal(out, start);
                Ok(())
            }
        }
    }
}

impl Json {
    /// JSON text as a message; text that is not there is an empty message.
    ///
    /// # Errors
    /// The text is not the JSON of the message.
    pub(super) fn to_wire(&self, json: &[u8]) -> Result<Message, transcode::Error> {
        if json.iter().all(|byte| super::json::is_blank(*byte)) {
            return Ok(Message::from_payload(b""));
        }
        Message::build(|wire| {
            scratch::with(|scratch| {
                let (input, options) = (self.method.input, &self.options.read);
                self.plans.to_wire(input, json, options, scratch, wire)
            })
        })
    }

    /// Appends a reply message as JSON text.
    ///
    /// # Errors
    /// The backend's message is broken, or its text too long.
    pub(super) fn print(&self, message: &Message, out: &mut Vec<u8>) -> Result<(), Status> {
        let wire = unary::uncompressed(message)?;
        scratch::with(|scratch| {
            let (output, options) = (self.method.output, &self.options.print);
            self.plans.to_json(output, wire, options, scratch, out)
        })
        .map_err(|error| misfit::of_reply(&error))
    }
}

fn unread(error: &transcode::Error) -> Status {
    misfit::of_request(error, "").0
}

/// Watches over a reply message that is passed on compressed: the limit counts what is in it. How
/// many bytes that are.
fn count_reply(message: &Message, coding: Option<Coding>, max: usize) -> Result<usize, Status> {
    let Some(coding) = coding else {
        return Err(Status::upstream(
            crate::call::Code::Internal,
            "a reply message is marked as compressed, but no encoding is named",
        ));
    };
    match compression::measure(message, coding, max) {
        Ok(plain) => Ok(plain),
        Err(unopened) => {
            let text = format!("in the reply, {unopened}");
            Err(match unopened {
                Unopened::TooLarge { .. } => Status::gateway(unopened.code(), text),
                Unopened::Broken { .. } => Status::upstream(unopened.code(), text),
            })
        }
    }
}
