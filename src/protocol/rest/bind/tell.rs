//! What each piece of a URL is taken for, for people who ask: by the code that takes it.

use super::Request;
use super::desk::Desk;
use super::keys::{Given as As, Keys, VALUES_MAX};
use crate::protocol::rest::error::Failure;
use crate::protocol::rest::percent::{self, Form};
use crate::protocol::rest::trial::{Fate, Given, Place};
use crate::protocol::rest::{MultiSegment, UnknownQuery};
use crate::protocol::{Options, scratch};
use crate::schema::{Binding, Body};
use crate::transcode::{Plans, Unknown, Zero};

/// Every variable of the path and every pair of the query, in order.
pub(in crate::protocol::rest) fn tell(
    plans: &Plans,
    binding: &Binding,
    request: &Request<'_>,
    options: &Options,
) -> Vec<Given> {
    let mut given = path(plans, binding, request, options.rest.multi_segment);
    if let Some(query) = request.query {
        given.extend(pairs(plans, binding, query, options.rest.unknown_query));
    }
    given
}

fn path(
    plans: &Plans,
    binding: &Binding,
    request: &Request<'_>,
    multi_segment: MultiSegment,
) -> Vec<Given> {
    let captures = binding.variables.iter().zip(request.captures);
    captures
        .map(|(variable, capture)| {
            let form = if variable.multi {
                Form::Segments(multi_segment)
            } else {
                Form::Segment
            };
            let raw = request.path.get(capture.clone()).unwrap_or_default();
            let mut decoded = Vec::new();
            let (text, fate) = match percent::decode(raw, form, &mut decoded) {
                Ok(text) => {
                    let written = scratch::with(|scratch| {
                        let out = &mut Vec::new();
                        plans.text_to_wire(&variable.field, None, text, Zero::Write, scratch, out)
                    });
                    let refused = written.map_err(|error| Fate::Refused(error.message));
                    (text.to_owned(), refused.err().unwrap_or(Fate::Taken))
                }
                Err(error) => (raw.to_owned(), Fate::Refused(error.to_string())),
            };
            Given {
                place: Place::Path,
                key: variable.field.name().to_owned(),
                field: Some(variable.field.name().to_owned()),
                text,
                fate,
            }
        })
        .collect()
}

fn pairs(plans: &Plans, binding: &Binding, query: &str, unknown: UnknownQuery) -> Vec<Given> {
    // Whatever is unknown is refused here, so that it is told from what is bound elsewhere.
    let keys = Keys::of_query(plans, binding, Unknown::Refuse);
    let mut desk = Desk::default();
    let pieces = query.split('&').filter(|piece| !piece.is_empty());
    pieces
        .take(VALUES_MAX)
        .map(|piece| {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            pair(plans, &keys, (key, value), unknown, &mut desk).unwrap_or_else(|failure| Given {
                place: Place::Query,
                key: key.to_owned(),
                field: None,
                text: value.to_owned(),
                fate: Fate::Refused(failure.status.message),
            })
        })
        .map(|given| match (&binding.body, given.fate) {
            // The body binds every field that the path does not, unknown or not.
            (Body::Whole, Fate::Unknown) if unknown == UnknownQuery::Ignore => Given {
                fate: Fate::Bound,
                ..given
            },
            (_, fate) => Given { fate, ..given },
        })
        .collect()
}

fn pair(
    plans: &Plans,
    keys: &Keys<'_>,
    (key, value): (&str, &str),
    unknown: UnknownQuery,
    desk: &mut Desk,
) -> Result<Given, Failure> {
    let wrong = |error: percent::Malformed| Failure::bad_request(error.to_string());
    let key = percent::decode(key, Form::Query, &mut desk.key).map_err(wrong)?;
    let text = percent::decode(value, Form::Query, &mut desk.value).map_err(wrong)?;
    let given = Given {
        place: Place::Query,
        key: key.to_owned(),
        field: None,
        text: text.to_owned(),
        fate: Fate::Taken,
    };
    let parameter = match keys.find(key, &mut desk.trail) {
        Ok(Some(parameter)) => parameter,
        Ok(None) => {
            return Ok(Given {
                fate: Fate::Bound,
                ..given
            });
        }
        Err(_) if unknown == UnknownQuery::Ignore => {
            return Ok(Given {
                fate: Fate::Unknown,
                ..given
            });
        }
        Err(failure) => return Err(failure),
    };
    let field = plans.name_of(desk.trail.field());
    let written = keys
        .admit(parameter, As::Text, desk.trail.field(), &mut desk.seen)
        .and_then(|()| {
            scratch::with(|scratch| {
                keys.write_text(parameter, text, &desk.trail, scratch, &mut Vec::new())
            })
        });
    let fate = written.map_err(|failure| Fate::Refused(failure.status.message));
    Ok(Given {
        field: Some(field),
        fate: fate.err().unwrap_or(Fate::Taken),
        ..given
    })
}
