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

/// The message that is being written, and what it takes.
struct Draft<'d> {
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
                let mut draft = Draft { desk, scratch, out };
                write(plans, binding, request, options, &mut draft)?;
                within(options.limits.request_message, out)
            })
        })
    })
}

fn write(
    plans: &Plans,
    binding: &Binding,
    request: &Request<'_>,
    options: &Options,
    draft: &mut Draft<'_>,
) -> Result<(), Failure> {
    let mut update = UpdateMask::of(plans, binding);
    if let Some(query) = request.query {
        let unknown = options.rest.unknown_query;
        query::write(plans, binding, query, unknown, &mut update, draft)?;
    }
    let (path, captures) = (request.path, request.captures);
    // What the path says of the mask counts before the body is asked for one.
    if let Some(update) = &mut update {
        update.note_path(binding, path, captures);
    }
    let read = &options.read;
    write_body(plans, binding, &request.payload, read, &mut update, draft)?;
    path::write(
        plans,
        binding,
        path,
        captures,
        draft,
        options.rest.multi_segment,
    )?;
    match update {
        Some(update) => update.write(plans, draft),
        None => Ok(()),
    }
}

fn write_body(
    plans: &Plans,
    binding: &Binding,
    payload: &Payload,
    read: &ReadOptions,
    update: &mut Option<UpdateMask<'_>>,
    draft: &mut Draft<'_>,
) -> Result<(), Failure> {
    let Draft { scratch, out, .. } = draft;
    match (payload, &binding.body) {
        (Payload::Empty, _) | (_, Body::None) => Ok(()),
        (Payload::Json(json), Body::Whole) => plans
            .to_wire(binding.method.input, json, read, scratch, out)
            .map_err(|error| Failure::of_input(&error, "")),
        (Payload::Json(json), Body::Field(field)) => {
            plans
                .field_to_wire(field, json, read, scratch, out)
                .map_err(|error| Failure::of_input(&error, field.name()))?;
            match update {
                Some(update) => update.read(plans, json),
                None => Ok(()),
            }
        }
        (Payload::Form(form), _) => form::write(plans, binding, form, read.unknown, update, draft),
        (Payload::Multipart { boundary, data }, _) => {
            let body = (boundary, &**data);
            parts::write(plans, binding, body, read.unknown, update, draft)
        }
        (Payload::Raw { content_type, data }, Body::Whole) => {
            http_body::write(content_type, data, out);
            Ok(())
        }
        (Payload::Raw { content_type, data }, Body::Field(field)) => {
            let place = http_body::Place::of(plans, field, scratch)?;
            place.write(content_type, data, out);
            Ok(())
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
