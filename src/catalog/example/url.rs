//! A request's path and query with example values, escaped as the gateway reads them.

use std::fmt::Write as _;

use prost_reflect::Kind;
use serde_json::Value;

use super::{Examples, Side, part};
use crate::catalog::field::FieldDescriptor;
use crate::catalog::{Operation, PathParameter, QueryParameter, has_own_form};

/// Parameters of a query that are there without being required, at most.
const OPTIONAL_MAX: usize = 2;

/// The path, and the query if it has anything.
pub(super) fn of(examples: &Examples<'_>, operation: &Operation) -> String {
    let mut out = String::new();
    let mut parameters = operation.path_parameters.iter();
    let mut rest = operation.path.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (_, after) = after.split_once('}').unwrap_or((after, ""));
        if let Some(parameter) = parameters.next() {
            segment(examples, parameter, &mut out);
        }
        rest = after;
    }
    out.push_str(rest);
    let mut separator = '?';
    for parameter in chosen(examples, operation) {
        for (key, text) in pairs(examples, parameter) {
            out.push(separator);
            separator = '&';
            // Brackets too: some programs take them for patterns.
            escape(&key, b".", &mut out);
            out.push('=');
            escape(&text, b"/:,", &mut out);
        }
    }
    out
}

/// The value of a parameter of the path.
fn segment(examples: &Examples<'_>, parameter: &PathParameter, out: &mut String) {
    let made = match (parameter.field.last(), &parameter.template) {
        (None, _) => part(&parameter.name),
        (Some(field), None) => text(field, &examples.field(field, Side::Request)),
        (Some(field), Some(template)) => {
            let given = examples.given(field).and_then(Value::as_str);
            let named = given.and_then(|whole| within(whole, template, &parameter.name));
            let own = part(&parameter.name);
            named.unwrap_or_else(|| match parameter.multi {
                // Two segments, so that it is no other path's single one.
                true => format!("{own}/{own}"),
                false => own,
            })
        }
    };
    let made = if made.is_empty() || made == "." || made == ".." {
        part(&parameter.name)
    } else {
        made
    };
    escape(&made, if parameter.multi { b"/" } else { b"" }, out);
}

/// The part of a name that stands where a template has this name.
fn within(whole: &str, template: &str, name: &str) -> Option<String> {
    let (values, names) = (whole.split('/'), template.split('/'));
    if values.clone().count() != names.clone().count() {
        return None;
    }
    let mut found = None;
    for (value, place) in values.zip(names) {
        let hole = place
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match hole {
            Some(hole) if hole == name => found = Some(value.to_owned()),
            Some(_) => {}
            None if place != value => return None,
            None => {}
        }
    }
    found.filter(|value| !value.is_empty())
}

/// The parameters that are required, and a few more; of each oneof one.
fn chosen<'o>(examples: &Examples<'_>, operation: &'o Operation) -> Vec<&'o QueryParameter> {
    let mut oneofs: Vec<&[String]> = Vec::new();
    let mut optional = 0;
    let is_dull = |parameter: &QueryParameter| {
        parameter.field.iter().any(|field| {
            let known = examples.catalog.field(field);
            known.is_none_or(|known| super::is_dull(known, Side::Request))
        })
    };
    let mut required: Vec<&QueryParameter> = Vec::new();
    let mut others: Vec<&QueryParameter> = Vec::new();
    for parameter in &operation.query {
        if parameter.required {
            required.push(parameter);
        } else if parameter.field.len() == 1 && !is_dull(parameter) {
            others.push(parameter);
        }
    }
    let mut all = Vec::new();
    for parameter in required.into_iter().chain(others) {
        if !parameter.oneof.is_empty() {
            if oneofs.contains(&&*parameter.oneof) {
                continue;
            }
            oneofs.push(&parameter.oneof);
        }
        if !parameter.required {
            if optional == OPTIONAL_MAX {
                continue;
            }
            optional += 1;
        }
        all.push(parameter);
    }
    all
}

/// Keys and texts of a parameter: several of a list, one for each entry of a map.
fn pairs(examples: &Examples<'_>, parameter: &QueryParameter) -> Vec<(String, String)> {
    let Some(field) = parameter.field.last() else {
        return Vec::new();
    };
    let value = examples.field(field, Side::Request);
    match value {
        Value::Array(values) if field.is_list() => values
            .iter()
            .map(|value| (parameter.name.clone(), text(field, value)))
            .collect(),
        Value::Object(values) if field.is_map() => values
            .iter()
            .map(|(key, value)| (format!("{}[{key}]", parameter.name), text(field, value)))
            .collect(),
        value => vec![(parameter.name.clone(), text(field, &value))],
    }
}

/// A value as a URL has it: JSON's text without quotes, but of the types that are JSON themselves.
fn text(field: &FieldDescriptor, value: &Value) -> String {
    let is_json = match field.value_kind() {
        Kind::Message(of) => {
            has_own_form(&of) && matches!(of.name(), "Struct" | "Value" | "ListValue")
        }
        _ => false,
    };
    match value {
        Value::String(text) if !is_json => text.clone(),
        other => other.to_string(),
    }
}

/// Appends text with everything escaped but what is never special, and these.
fn escape(text: &str, but: &[u8], out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || but.contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
