//! A message as a REST request: what of it goes into the path, the query and the body.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use prost_reflect::Kind;
use serde_json::{Map, Value};

use super::super::{Body, FieldDescriptor, Operation};
use crate::catalog::example::{Examples, Side};

/// What a URL has to escape: all but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A piece of a path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it is.
    Literal(String),
    /// A variable.
    Variable {
        /// The field, dotted, as the template names it.
        field: String,
        /// `*`, `shelves/*`, `**`.
        pattern: String,
    },
}

/// JSON names of a field, root first.
pub(crate) type Place = Vec<String>;

/// How a query has a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryForm {
    /// `name=text`.
    Value,
    /// `name=a&name=b`.
    List,
    /// `name[key]=text`.
    Map,
    /// `name=` and JSON.
    Json,
}

/// The pieces of a path template.
pub(crate) fn path(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, (variable, after))) = rest
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        if !before.is_empty() {
            pieces.push(Piece::Literal(before.to_owned()));
        }
        let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
        pieces.push(Piece::Variable {
            field: field.trim().to_owned(),
            pattern: pattern.trim().to_owned(),
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_owned()));
    }
    pieces
}

/// How the query has a field.
pub(crate) fn query_form(field: &FieldDescriptor) -> QueryForm {
    if field.is_map() {
        return QueryForm::Map;
    }
    if field.is_list() {
        return QueryForm::List;
    }
    match field.kind() {
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Struct" | "google.protobuf.Value" | "google.protobuf.ListValue" => {
                QueryForm::Json
            }
            _ => QueryForm::Value,
        },
        _ => QueryForm::Value,
    }
}

/// Path and query for a message.
pub(super) fn url(operation: &Operation, message: &Map<String, Value>) -> String {
    let mut url = String::new();
    for piece in path(&operation.template) {
        match piece {
            Piece::Literal(text) => url.push_str(&text),
            Piece::Variable { field, pattern } => {
                let place = variable(operation, &field);
                let text = at(message, &place).map(text).unwrap_or_default();
                if pattern == "*" {
                    url.extend(utf8_percent_encode(&text, ESCAPED));
                } else {
                    let parts: Vec<String> = text
                        .split('/')
                        .map(|part| utf8_percent_encode(part, ESCAPED).to_string())
                        .collect();
                    url.push_str(&parts.join("/"));
                }
            }
        }
    }
    let mut sign = '?';
    let mut add = |name: &str, value: &str| {
        url.push(sign);
        url.extend(utf8_percent_encode(name, ESCAPED));
        url.push('=');
        url.extend(utf8_percent_encode(value, ESCAPED));
        sign = '&';
    };
    for parameter in &operation.query {
        let Some(value) = at(message, &names(&parameter.field)).filter(|value| !value.is_null())
        else {
            continue;
        };
        let Some(field) = parameter.field.last() else {
            continue;
        };
        match (query_form(field), value) {
            (QueryForm::List, Value::Array(items)) => {
                items
                    .iter()
                    .for_each(|item| add(&parameter.name, &text(item)));
            }
            (QueryForm::Map, Value::Object(entries)) => {
                for (key, value) in entries {
                    add(&format!("{}[{key}]", parameter.name), &text(value));
                }
            }
            (QueryForm::Json, value) => add(&parameter.name, &value.to_string()),
            (_, value) => add(&parameter.name, &text(value)),
        }
    }
    url
}

/// The body for a message; none: no body.
pub(super) fn body(operation: &Operation, message: &Map<String, Value>) -> Option<Value> {
    match &operation.body {
        Body::None => None,
        Body::Message { without } => {
            let places: Vec<Place> = without
                .iter()
                .map(|name| variable(operation, name))
                .collect();
            Some(without_places(&Value::Object(message.clone()), &places))
        }
        Body::Field { field, without } => {
            let place = names(field);
            let value = at(message, &place)?;
            Some(without_places(value, &beneath(operation, field, without)))
        }
    }
}

/// What of a body's field the path binds, as JSON names beneath the field.
pub(crate) fn beneath(
    operation: &Operation,
    field: &[FieldDescriptor],
    without: &[String],
) -> Vec<Place> {
    let prefix: Vec<String> = field.iter().map(FieldDescriptor::proto_name).collect();
    without
        .iter()
        .map(|name| {
            let whole = variable(operation, &format!("{}.{name}", prefix.join(".")));
            whole.into_iter().skip(field.len()).collect()
        })
        .collect()
}

/// The JSON names of a field that the path binds, by its dotted name.
pub(crate) fn variable(operation: &Operation, dotted: &str) -> Place {
    let bound = operation.path_parameters.iter().find(|parameter| {
        let names = parameter.field.iter().map(FieldDescriptor::proto_name);
        names.collect::<Vec<_>>().join(".") == dotted
    });
    bound.map_or_else(
        || dotted.split('.').map(str::to_owned).collect(),
        |parameter| names(&parameter.field),
    )
}

/// JSON names of a field.
pub(crate) fn names(field: &[FieldDescriptor]) -> Place {
    field.iter().map(FieldDescriptor::json_name).collect()
}

/// Example values of what the path binds.
pub(super) fn path_examples(examples: &Examples<'_>, operation: &Operation) -> Vec<(Place, Value)> {
    let mut made: Vec<(Place, Value)> = Vec::new();
    for parameter in &operation.path_parameters {
        let place = names(&parameter.field);
        if made.iter().any(|(one, _)| *one == place) {
            continue;
        }
        let Some(field) = parameter.field.last() else {
            continue;
        };
        let value = examples.field(field, Side::Request);
        let value = match &parameter.template {
            Some(template) if !value.as_str().is_some_and(|text| fits(text, template)) => {
                Value::String(named(template))
            }
            // A path has no empty segments.
            None if value.is_null() || value == "" => Value::String(segment(&parameter.name)),
            _ => value,
        };
        made.push((place, value));
    }
    made
}

/// True if a name has the segments of a template: `shelves/s1` those of `shelves/{shelf}`.
fn fits(name: &str, template: &str) -> bool {
    let (segments, places) = (name.split('/'), template.split('/'));
    segments.clone().count() == places.clone().count()
        && segments.zip(places).all(|(segment, place)| {
            segment == place || (place.starts_with('{') && !segment.is_empty())
        })
}

/// `shelves/{shelf}` with a name in each place: `shelves/shelf-1`.
pub(super) fn named(pattern: &str) -> String {
    let mut made = String::new();
    for piece in path(pattern) {
        match piece {
            Piece::Literal(text) => made.push_str(&text),
            Piece::Variable { field, .. } => made.push_str(&segment(&field)),
        }
    }
    made
}

/// A name for one segment.
fn segment(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    format!("{}-1", name.replace('_', "-"))
}

/// Puts a value at a place; messages on the way are made.
pub(super) fn put(message: &mut Map<String, Value>, place: &[String], value: Value) {
    let Some((first, rest)) = place.split_first() else {
        return;
    };
    if rest.is_empty() {
        message.insert(first.clone(), value);
        return;
    }
    let inner = message
        .entry(first.clone())
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

fn at<'a>(message: &'a Map<String, Value>, place: &[String]) -> Option<&'a Value> {
    let (first, rest) = place.split_first()?;
    rest.iter()
        .try_fold(message.get(first)?, |value, name| value.get(name))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn without_places(value: &Value, places: &[Place]) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let mut kept = Map::new();
    for (key, part) in fields {
        let beneath: Vec<Place> = places
            .iter()
            .filter(|place| place.first() == Some(key))
            .map(|place| place[1..].to_vec())
            .collect();
        if !beneath.iter().any(Vec::is_empty) {
            kept.insert(key.clone(), without_places(part, &beneath));
        }
    }
    Value::Object(kept)
}
