//! Query parameters -> wire fragments: `a.b.c=x`, repeated scalars, `m[key]=value`.
//!
//! Keys compare decoded and by field, so two spellings of one field are one key. Work is bounded by
//! [`PARAMETERS_MAX`] and by the length of the URL; the depth of a path by the transcoder.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::protocol::rest::UnknownQuery;
use crate::protocol::rest::error::{Failure, excerpt};
use crate::protocol::rest::percent::{self, Form};
use crate::schema::{Binding, Body};
use crate::transcode::{FieldPath, PathError, PlanId, Plans, Scratch, Zero};

/// Parameters in a query at most, known or not.
pub(super) const PARAMETERS_MAX: usize = 1000;

/// Appends every parameter that names a field which neither path nor body binds.
pub(super) fn write(
    plans: &Plans,
    binding: &Binding,
    query: &str,
    unknown: UnknownQuery,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let count = memchr::memchr_iter(b'&', query.as_bytes()).count() + 1;
    if count > PARAMETERS_MAX {
        return Err(Failure::bad_request(format!(
            "the query has {count} parameters, and at most {PARAMETERS_MAX} are taken"
        )));
    }
    if matches!(binding.body, Body::Whole) && unknown == UnknownQuery::Ignore {
        return Ok(()); // the body binds every field that the path does not
    }
    let mut seen = Seen::default();
    for piece in query.split('&').filter(|piece| !piece.is_empty()) {
        let (raw, value) = piece.split_once('=').unwrap_or((piece, ""));
        let key = percent::decode(raw, Form::Query).map_err(|error| {
            Failure::bad_request(format!("in the query's key {}, {error}", excerpt(raw)))
        })?;
        if key.contains('\0') {
            return Err(Failure::bad_request(format!(
                "in the query's key {}, found a NUL character",
                excerpt(raw)
            )));
        }
        let Some(parameter) = resolve(plans, binding, &key, unknown)? else {
            continue;
        };
        parameter.admit(&key, &mut seen)?;
        let value = percent::decode(value, Form::Query)
            .map_err(|error| Failure::invalid_field(&key, &format!("in the query, {error}")))?;
        if value.contains('\0') {
            return Err(Failure::invalid_field(
                &key,
                "in the query, found a NUL character",
            ));
        }
        plans
            .text_to_wire(
                &parameter.field,
                parameter.map_key,
                &value,
                Zero::Omit,
                scratch,
                out,
            )
            .map_err(|error| Failure::of_text(error, excerpt(&key)))?;
    }
    Ok(())
}

/// A key that names a field.
struct Parameter<'k> {
    field: FieldPath,
    map_key: Option<&'k str>,
}

/// What a query has set so far.
#[derive(Default)]
struct Seen {
    /// Singular fields, and map entries as `name[key]`.
    once: HashSet<String>,
    /// Singular fields that are messages with a text form (a wrapper, a Timestamp): something else
    /// may be named beneath them.
    messages: Vec<FieldPath>,
    /// The member that is set of a oneof.
    oneofs: HashMap<String, String>,
}

/// The parameter that a key names; `None` if it is to be dropped.
fn resolve<'k>(
    plans: &Plans,
    binding: &Binding,
    key: &'k str,
    unknown: UnknownQuery,
) -> Result<Option<Parameter<'k>>, Failure> {
    let (path, subscript) = split(key);
    let root = binding.method.input;
    let field = match plans.field_path(root, path) {
        Ok(field) => field,
        Err(_) if is_beneath_a_bound_field(plans, root, binding, path) => return Ok(None),
        Err(PathError::Unknown { .. }) => {
            return match unknown {
                UnknownQuery::Ignore => Ok(None),
                UnknownQuery::Refuse => Err(Failure::invalid_field(
                    key,
                    "found in the query, but the request has no such field",
                )),
            };
        }
        Err(error @ PathError::NotAMessage { .. }) => {
            let hint = "a map entry is written `field[key]=value`";
            return Err(Failure::invalid_field(key, &format!("{error}; {hint}")));
        }
        Err(error @ PathError::TooDeep { .. }) => {
            return Err(Failure::invalid_field(key, &error.to_string()));
        }
    };
    if is_bound(binding, &field) {
        return Ok(None);
    }
    let map_key = subscript
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match (field.is_map(), subscript, map_key) {
        (true, _, Some(_)) | (false, "", _) => Ok(Some(Parameter { field, map_key })),
        (true, _, None) => Err(Failure::invalid_field(
            key,
            "found a map without a key, expected `field[key]=value`",
        )),
        (false, _, _) => Err(Failure::invalid_field(
            key,
            "found a subscript, but only maps take one; a list is written `field=a&field=b`",
        )),
    }
}

/// A key as a path and a map's subscript. A bracket that begins a segment belongs to the name of an
/// extension, as in `[pkg.ext]=1`.
fn split(key: &str) -> (&str, &str) {
    let mut before = '.';
    for (at, character) in key.char_indices() {
        if character == '[' && before != '.' {
            return key.split_at(at);
        }
        before = character;
    }
    (key, "")
}

/// The fields that path and body bind; a body of `*` binds all the others.
fn bound(binding: &Binding) -> impl Iterator<Item = &FieldPath> {
    let body = match &binding.body {
        Body::Field(field) => Some(field),
        Body::None | Body::Whole => None,
    };
    binding
        .variables
        .iter()
        .map(|variable| &variable.field)
        .chain(body)
}

fn is_bound(binding: &Binding, field: &FieldPath) -> bool {
    matches!(binding.body, Body::Whole) || bound(binding).any(|other| field.is_at_or_under(other))
}

/// True for a path that names nothing, such as `id.x` for a scalar `id`, if its beginning names a
/// bound field: what conflicts with a binding is dropped without being looked at.
fn is_beneath_a_bound_field(plans: &Plans, root: PlanId, binding: &Binding, path: &str) -> bool {
    let is_beneath = |other: &FieldPath| {
        let depth = other.name().split('.').count();
        let Some((end, _)) = path.match_indices('.').nth(depth - 1) else {
            return false;
        };
        plans
            .field_path(root, &path[..end])
            .is_ok_and(|field| field.name() == other.name())
    };
    bound(binding).any(is_beneath)
}

impl Parameter<'_> {
    /// Refuses what a query cannot say, or has said already.
    fn admit(&self, key: &str, seen: &mut Seen) -> Result<(), Failure> {
        let field = &self.field;
        let is_message = field.message().is_some();
        if field.is_repeated() && is_message {
            let text = "found in the query, but a repeated message can only be in the body";
            return Err(Failure::invalid_field(key, text));
        }
        if field.is_plain_message() && !field.is_map() {
            let text = "found in the query, but it is a message; name one of its fields, as in `a.b=value`";
            return Err(Failure::invalid_field(key, text));
        }
        let twice = || Failure::invalid_field(key, "found twice in the query, expected once");
        match self.map_key {
            Some(map_key) if !seen.once.insert(format!("{}[{map_key}]", field.name())) => {
                return Err(twice());
            }
            None if !field.is_repeated() => {
                if !seen.once.insert(field.name().to_owned()) || seen.overlaps(field) {
                    return Err(twice());
                }
                if is_message {
                    seen.messages.push(field.clone());
                }
            }
            Some(_) | None => {}
        }
        for (oneof, member) in field.oneofs() {
            match seen.oneofs.entry(oneof.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(member.clone());
                }
                Entry::Occupied(entry) if entry.get() == member => {}
                Entry::Occupied(entry) => {
                    let text = format!(
                        "found together with {} in the query, but only one member of the oneof {} can be set",
                        excerpt(entry.get()),
                        excerpt(oneof),
                    );
                    return Err(Failure::invalid_field(key, &text));
                }
            }
        }
        Ok(())
    }
}

impl Seen {
    /// True if a message set as a whole holds this field, or this one, a message, holds one that
    /// was set.
    fn overlaps(&self, field: &FieldPath) -> bool {
        let within = |name: &str| {
            name.strip_prefix(field.name())
                .is_some_and(|rest| rest.starts_with('.'))
        };
        self.messages
            .iter()
            .any(|message| field.is_at_or_under(message))
            || (field.message().is_some() && self.once.iter().any(|name| within(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_subscript_is_told_from_an_extension() {
        for (key, path, subscript) in [
            ("a.b", "a.b", ""),
            ("m[k]", "m", "[k]"),
            ("m[a.[b]", "m", "[a.[b]"),
            ("m[]", "m", "[]"),
            ("[p.ext]", "[p.ext]", ""),
            ("a.[p.ext].b", "a.[p.ext].b", ""),
            ("[p.ext].m[k]", "[p.ext].m", "[k]"),
            ("", "", ""),
            ("[", "[", ""),
        ] {
            assert_eq!(split(key), (path, subscript), "{key}");
        }
    }
}
