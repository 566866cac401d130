//! The `http` part of a Google service configuration, as `google.api.Service` has it in YAML or
//! JSON. What else such a file may have is passed over; within `http` unknown keys are refused.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::load::{self, FileError};
use super::units::quoted;
use crate::schema::{BindingText, HttpRule};

/// What `type` says, if it says anything.
const TYPE: &str = "google.api.Service";

/// What a file comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HttpRules {
    /// In the order of the file.
    pub(super) rules: Vec<HttpRule>,
    /// Whether variables of several segments decode every escape.
    pub(super) fully_decode_reserved_expansion: Option<bool>,
}

/// A service configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a mapping with the key `http`")]
struct Service {
    #[serde(rename = "type")]
    kind: Option<Spanned<String>>,
    http: Http,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with the key `rules`"
)]
struct Http {
    rules: Vec<Spanned<Rule>>,
    #[serde(alias = "fullyDecodeReservedExpansion")]
    fully_decode_reserved_expansion: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with the keys `selector` and one of `get`, `put`, `post`, `delete`, `patch` and `custom`"
)]
struct Rule {
    selector: String,
    get: Option<String>,
    put: Option<String>,
    post: Option<String>,
    delete: Option<String>,
    patch: Option<String>,
    custom: Option<Custom>,
    #[serde(default)]
    body: String,
    #[serde(default, alias = "responseBody")]
    response_body: String,
    #[serde(default, alias = "additionalBindings")]
    additional_bindings: Vec<Spanned<Additional>>,
}

/// A further binding, which selects nothing and has none of its own.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with one of the keys `get`, `put`, `post`, `delete`, `patch` and `custom`"
)]
struct Additional {
    get: Option<String>,
    put: Option<String>,
    post: Option<String>,
    delete: Option<String>,
    patch: Option<String>,
    custom: Option<Custom>,
    #[serde(default)]
    body: String,
    #[serde(default, alias = "responseBody")]
    response_body: String,
}

#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with the keys `kind` and `path`"
)]
struct Custom {
    kind: String,
    path: String,
}

/// Reads a file.
pub(super) fn file(path: &Path) -> Result<HttpRules, FileError> {
    parse(&load::text(path)?, path)
}

/// Reads the text of a file; `path` is for messages only.
pub(super) fn parse(text: &str, path: &Path) -> Result<HttpRules, FileError> {
    let Service { kind, http } = load::parse(text, path)?;
    if let Some(kind) = kind
        && kind.value != TYPE
    {
        let message = format!("found {}, expected `{TYPE}`", quoted(&kind.value));
        return Err(FileError::at(path, kind.defined, "type", message));
    }
    let mut rules = Vec::with_capacity(http.rules.len());
    for (n, Spanned { value, defined, .. }) in http.rules.into_iter().enumerate() {
        let key = format!("http.rules[{n}]");
        let rule = rule(value, defined, path).map_err(|(within, place, message)| {
            FileError::at(path, place, &format!("{key}{within}"), message)
        })?;
        rules.push(rule);
    }
    Ok(HttpRules {
        rules,
        fully_decode_reserved_expansion: http.fully_decode_reserved_expansion,
    })
}

/// A key beneath a rule, its place, and what is wrong there.
type Wrong = (String, Location, String);

fn rule(rule: Rule, place: Location, path: &Path) -> Result<HttpRule, Wrong> {
    let first = Additional {
        get: rule.get,
        put: rule.put,
        post: rule.post,
        delete: rule.delete,
        patch: rule.patch,
        custom: rule.custom,
        body: rule.body,
        response_body: rule.response_body,
    };
    let mut bindings = vec![binding(first).map_err(|message| (String::new(), place, message))?];
    for (n, Spanned { value, defined, .. }) in rule.additional_bindings.into_iter().enumerate() {
        let further = binding(value)
            .map_err(|message| (format!(".additional_bindings[{n}]"), defined, message))?;
        bindings.push(further);
    }
    let origin = format!("{}:{}", path.display(), place.line());
    HttpRule::new(&rule.selector, bindings, origin)
        .map_err(|error| (String::new(), place, error.to_string()))
}

fn binding(raw: Additional) -> Result<BindingText, String> {
    let patterns = [
        raw.get.map(|path| ("GET".to_owned(), path)),
        raw.put.map(|path| ("PUT".to_owned(), path)),
        raw.post.map(|path| ("POST".to_owned(), path)),
        raw.delete.map(|path| ("DELETE".to_owned(), path)),
        raw.patch.map(|path| ("PATCH".to_owned(), path)),
        raw.custom.map(|custom| (custom.kind, custom.path)),
    ];
    let mut patterns = patterns.into_iter().flatten();
    let (Some((verb, template)), None) = (patterns.next(), patterns.next()) else {
        return Err(
            "expected exactly one of the keys `get`, `put`, `post`, `delete`, `patch` and `custom`"
                .to_owned(),
        );
    };
    Ok(BindingText {
        verb,
        template,
        body: raw.body,
        response_body: raw.response_body,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
