//! A URL in which what is hidden has names that nobody declares, so that the gateway's own code judges it
//! like anything else that is not there; and what it said of it, in the names that were asked for.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

use super::Taken;
use crate::catalog::{Catalog, FieldDescriptor};
use crate::protocol::rest::{Given, Place};

/// No declared name holds it.
const MARK: &str = "\u{2e3b}";

/// The URL with every hidden name marked; none if there is no hidden name in it. `given` is what its
/// pieces are taken for, unmarked.
pub(super) fn over(
    catalog: &Catalog,
    input: &MessageDescriptor,
    url: &str,
    given: &[Given],
) -> Option<String> {
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    let hidden: Vec<&str> = given
        .iter()
        .filter(|given| given.place == Place::Path)
        .filter(|given| hides_value(catalog, input, &given.key, &given.text))
        .map(|given| given.text.as_str())
        .collect();
    let segments = path.split('/').map(|segment| {
        let (name, verb) = match segment.split_once(':') {
            Some((name, verb)) => (name, Some(verb)),
            None => (segment, None),
        };
        let name = decoded(name);
        if !hidden.contains(&&*name) {
            return segment.to_owned();
        }
        let verb = verb.map(|verb| format!(":{verb}")).unwrap_or_default();
        format!("{}{verb}", encoded(&marked(&name)))
    });
    let mut veiled = segments.collect::<Vec<_>>().join("/");
    if let Some(query) = query {
        let pieces = query
            .split('&')
            .map(|piece| over_piece(catalog, input, piece));
        veiled = format!("{veiled}?{}", pieces.collect::<Vec<_>>().join("&"));
    }
    (veiled != url).then_some(veiled)
}

/// The names as they were asked for.
pub(super) fn lift(text: &str) -> String {
    text.replace(MARK, "")
}

impl Taken {
    pub(super) fn lifted(self) -> Self {
        Self {
            key: lift(&self.key),
            text: lift(&self.text),
            reason: self.reason.as_deref().map(lift),
            ..self
        }
    }
}

fn over_piece(catalog: &Catalog, input: &MessageDescriptor, piece: &str) -> String {
    let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
    let (name, text) = (decoded(&key.replace('+', " ")).into_owned(), decoded(value));
    if let Some(end) = hidden_end(catalog, input, &name) {
        let (before, after) = name.split_at(end);
        return format!("{}={value}", encoded(&format!("{before}{MARK}{after}")));
    }
    if hides_value(catalog, input, &name, &text) {
        return format!("{key}={}", encoded(&marked(&text)));
    }
    piece.to_owned()
}

/// Where in a key the name of its first hidden field ends; none if no field in it is hidden.
fn hidden_end(catalog: &Catalog, input: &MessageDescriptor, key: &str) -> Option<usize> {
    walk(input, key).find_map(|(field, end)| catalog.field(&field).is_none().then_some(end))
}

/// True if a key means an enum, and the text names a value of it that is hidden.
fn hides_value(catalog: &Catalog, input: &MessageDescriptor, key: &str, text: &str) -> bool {
    let hides = |declared: &EnumDescriptor| {
        declared.get_value_by_name(text).is_some() && !catalog.has_value(declared.full_name(), text)
    };
    match walk(input, key).last() {
        Some((field, _)) => field.value_kind().as_enum().is_some_and(hides),
        None => false,
    }
}

/// The fields that a dotted key names one after the other, each with the place where its name ends.
fn walk<'k>(
    input: &MessageDescriptor,
    key: &'k str,
) -> impl Iterator<Item = (FieldDescriptor, usize)> + use<'k> {
    let mut message = Some(input.clone());
    let mut at = 0;
    std::iter::from_fn(move || {
        let within = message.take()?;
        let rest = key.get(at..)?;
        let length = match rest.strip_prefix('[') {
            Some(extension) => extension.find(']')? + 2,
            None => rest.find(['.', '[']).unwrap_or(rest.len()),
        };
        let field = named(&within, rest.get(..length)?)?;
        let end = at + length;
        at = end + 1;
        if !field.is_map() && !field.is_list() && key.get(end..)?.starts_with('.') {
            message = match field.kind() {
                Kind::Message(inner) => Some(inner),
                _ => None,
            };
        }
        // The mark of an extension stands within its brackets.
        let inside = if rest.starts_with('[') { end - 1 } else { end };
        Some((field, inside))
    })
}

/// A field by its name in the proto, in JSON, or as `[extension]`.
fn named(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    let extension = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(full_name) = extension {
        let mut all = message.extensions();
        return all
            .find(|extension| extension.full_name() == full_name)
            .map(FieldDescriptor::from);
    }
    message
        .get_field_by_name(name)
        .or_else(|| message.get_field_by_json_name(name))
        .map(FieldDescriptor::from)
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn marked(name: &str) -> String {
    format!("{name}{MARK}")
}
