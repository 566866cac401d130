//! One request message out of path, query and body.
//!
//! Protobuf defines the concatenation of encodings as a merge in which the later scalar wins. So
//! every bound value is a wire fragment of its own, nothing is woven, and the order of writing
//! *query, body, path* is the precedence "path over body over query":
//!
//! ```text
//! GET /v1/shelves/7?theme=art   ->  | theme: "art" |            | name: 7 |
//! POST /v1/shelves/7 {"n":1}    ->               | body's fields | name: 7 |
//! ```
//!
//! What a merge would get wrong is settled before: a list or map would grow instead of being
//! replaced, so query keys at or under a field bound by path or body are dropped; a zero in the
//! path is written although it is a default, or the body's value would survive.

mod desk;
mod form;
mod keys;
mod mask;
mod pairs;
mod parts;
mod path;
mod query;
mod seen;
mod tell;

use super::body::Payload;
use super::error::Failure;
use super::http_body;
use crate::call::Message;
use crate::call::message::PREFIX;
use crate::protocol::{Options, scratch};
use crate::schema::{Binding, Body};
use crate::transcode::{Plans, ReadOptions, Scratch};
use desk::Desk;
use mask::UpdateMask;
pub(super) use tell::tell;

/// What a request gives a binding to build its message from.
pub(super) struct Request<'r> {
    /// The raw path.
    pub(super) path: &'r str,
    /// Where in it the variables are, in the binding's order.
    pub(super) captures: &'r [std::ops::Range<usize>],
    /// The raw query.
    pub(super) query: Option<&'r str>,
    /// The body.
    pub(super) payload: Payload,
}

/// The message that is being written, by which binding, and what that takes.
struct Draft<'d> {
    plans: &'d Plans,
    binding: &'d Binding,
    /// The mask to fill, where there is one.
    update: Option<UpdateMask<'d>>,
    desk: &'d mut Desk,
    scratch: &'d mut Scratch,
    out: &'d mut Vec<u8>,
}

/// Builds the request message.
///
/// # Errors
/// 400 about the field that does not fit, 413 above the limit of a message.
pub(super) fn message(
    plans: &Plans,
    binding: &Binding,
    request: &Request<'_>,
    options: &Options,
) -> Result<Message, Failure> {
    scratch::with(|scratch| {
        desk::with(|desk| {
            Message::build(|out| {
                let mut draft = Draft {
                    plans,
                    binding,
                    update: UpdateMask::of(plans, binding),
                    desk,
                    scratch,
                    out,
                };
                draft.write(request, options)?;
                within(options.limits.request_message, draft.out)
            })
        })
    })
}

impl Draft<'_> {
    fn write(&mut self, request: &Request<'_>, options: &Options) -> Result<(), Failure> {
        let (path, captures) = (request.path, request.captures);
        if let Some(query) = request.query {
            query::write(query, options.rest.unknown_query, self)?;
        }
        // What the path says of the mask counts before the body is asked for one.
        if let Some(update) = &mut self.update {
            update.note_path(self.binding, path, captures);
        }
        self.write_body(&request.payload, &options.read)?;
        path::write(path, captures, options.rest.multi_segment, self)?;
        match &self.update {
            Some(update) => update.write(self.plans, self.scratch, self.out),
            None => Ok(()),
        }
    }

    fn write_body(&mut self, payload: &Payload, read: &ReadOptions) -> Result<(), Failure> {
        let (plans, binding) = (self.plans, self.binding);
        match (payload, &binding.body) {
            (Payload::Empty, _) | (_, Body::None) => Ok(()),
            (Payload::Json(json), Body::Whole) => plans
                .to_wire(binding.method.input, json, read, self.scratch, self.out)
                .map_err(|error| Failure::of_input(&error, "")),
            (Payload::Json(json), Body::Field(field)) => {
                plans
                    .field_to_wire(field, json, read, self.scratch, self.out)
                    .map_err(|error| Failure::of_input(&error, field.name()))?;
                match &mut self.update {
                    Some(update) => update.read(plans, json),
                    None => Ok(()),
                }
            }
            (Payload::Form(form), _) => form::write(form, read.unknown, self),
            (Payload::Multipart { boundary, data }, _) => {
                parts::write(boundary, data, read.unknown, self)
            }
            (Payload::Raw { content_type, data }, body) => {
                let buffers = (&mut *self.scratch, &mut *self.out);
                http_body::write(plans, body.field(), content_type, data, buffers)
            }
        }
    }
}

fn within(max: usize, out: &[u8]) -> Result<(), Failure> {
    let length = out.len().saturating_sub(PREFIX);
    if length <= max {
        return Ok(());
    }
    Err(Failure::too_large(format!(
        "found a request message of {length} bytes, expected at most {max}"
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
