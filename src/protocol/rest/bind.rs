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

mod path;
mod query;

use super::body::Payload;
use super::error::Failure;
use super::http_body;
use crate::call::Message;
use crate::call::message::PREFIX;
use crate::protocol::{Options, scratch};
use crate::schema::{Binding, Body};
use crate::transcode::{Plans, ReadOptions, Scratch};

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
    let read = &options.read;
    scratch::with(|scratch| {
        Message::build(|out| {
            if let Some(query) = request.query {
                query::write(
                    plans,
                    binding,
                    query,
                    options.rest.unknown_query,
                    scratch,
                    out,
                )?;
            }
            write_body(plans, binding, &request.payload, read, scratch, out)?;
            path::write(plans, binding, request.path, request.captures, scratch, out)?;
            within(options.limits.request_message, out)
        })
    })
}

fn write_body(
    plans: &Plans,
    binding: &Binding,
    payload: &Payload,
    read: &ReadOptions,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    match (payload, &binding.body) {
        (Payload::Empty, _) | (_, Body::None) => Ok(()),
        (Payload::Json(json), Body::Whole) => plans
            .to_wire(binding.method.input, json, read, scratch, out)
            .map_err(|error| Failure::of_input(&error, "")),
        (Payload::Json(json), Body::Field(field)) => plans
            .field_to_wire(field, json, read, scratch, out)
            .map_err(|error| Failure::of_input(&error, field.name())),
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
        "the request message has {length} bytes, and at most {max} are taken"
    )))
}
