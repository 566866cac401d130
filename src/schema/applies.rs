//! Which methods and bindings a configured route is for: a selector of rpc names, or a pattern of
//! paths. Both are compared with the schema when it begins to be served, never with requests.

use std::fmt;
use std::str::Split;

use super::{Binding, Method, NoSelector, Selector};

/// Which methods and bindings a configured route is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applies {
    /// Methods by name, however they are called.
    Selector(Selector),
    /// `/v1/shelves/*`: bindings by their path templates, and methods by their own paths. `*` is
    /// any segment, a variable too; `**` is any number of segments. With a verb at the end
    /// (`/v1/**:cancel`) only paths with that verb, else any.
    Path(String),
}

impl Applies {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn selector(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self::Selector)
            .map_err(|wrong: NoSelector| wrong.to_string())
    }

    /// Reads a path pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn path(text: &str) -> Result<Self, String> {
        let segments = text.strip_prefix('/').unwrap_or_default();
        let is_segment = |segment: &str| !segment.is_empty() && !segment.contains(['{', '}', '?']);
        if segments.split('/').all(is_segment) {
            Ok(Self::Path(text.to_owned()))
        } else {
            Err("expected a path such as `/v1/shelves/*` or `/v1/**`; `*` stands for a segment, variables too, and `**` for any number".to_owned())
        }
    }

    /// True if a binding is meant.
    #[must_use]
    pub fn to_binding(&self, binding: &Binding) -> bool {
        let Method { service, name, .. } = &*binding.method;
        self.to_template(service, name, &binding.template)
    }

    /// True if a method is meant.
    #[must_use]
    pub fn to_method(&self, method: &Method) -> bool {
        self.to_own_path(&method.service, &method.name, &method.path)
    }

    /// True if a binding with this template of the method `name` of a service is meant.
    pub(super) fn to_template(&self, service: &str, name: &str, template: &str) -> bool {
        match self {
            Self::Selector(selector) => selector.selects(service, name),
            Self::Path(pattern) => is_like(pattern, &flat(template)),
        }
    }

    /// True if the method `name` of a service is meant where it is called on its own path.
    pub(super) fn to_own_path(&self, service: &str, name: &str, path: &str) -> bool {
        match self {
            Self::Selector(selector) => selector.selects(service, name),
            Self::Path(pattern) => is_like(pattern, path),
        }
    }
}

impl fmt::Display for Applies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selector(selector) => selector.fmt(f),
            Self::Path(text) => f.write_str(text),
        }
    }
}

/// A template without its variables' names: `/v1/{name=shelves/*}/{id}` is `/v1/shelves/*/*`.
pub(crate) fn flat(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, variable)) = rest.split_once('{') {
        let (variable, after) = variable.split_once('}').unwrap_or((variable, ""));
        out.push_str(before);
        out.push_str(variable.split_once('=').map_or("*", |(_, inner)| inner));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_like(pattern: &str, path: &str) -> bool {
    let (pattern, wanted) = split_verb(pattern);
    let (path, verb) = split_verb(path);
    (wanted.is_empty() || wanted == verb) && covers(pattern.split('/'), path.split('/'))
}

fn split_verb(path: &str) -> (&str, &str) {
    let last = path.rfind('/').map_or(0, |at| at + 1);
    match path.get(last..).and_then(|segment| segment.find(':')) {
        Some(at) => (
            path.get(..last + at).unwrap_or(path),
            path.get(last + at + 1..).unwrap_or_default(),
        ),
        None => (path, ""),
    }
}

/// Remembers only the last `**`, as globs are matched.
fn covers<'t>(mut pattern: Split<'t, char>, mut path: Split<'t, char>) -> bool {
    let mut retry: Option<(Split<'t, char>, Split<'t, char>)> = None;
    loop {
        let (before, mut after) = (path.clone(), pattern.clone());
        let Some(segment) = path.next() else {
            return pattern.all(|rest| rest == "**");
        };
        match after.next() {
            Some("**") => {
                path = before.clone();
                retry = Some((after.clone(), before));
                pattern = after;
            }
            Some(wanted) if wanted == segment || (wanted == "*" && segment != "**") => {
                pattern = after;
            }
            _ => {
                let Some((after, mut from)) = retry.take() else {
                    return false;
                };
                from.next();
                pattern = after.clone();
                path = from.clone();
                retry = Some((after, from));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_templates() {
        for (pattern, template, expected) in [
            ("/v1/**", "/v1/shelves/{id}", true),
            ("/v1/**", "/v2/shelves", false),
            ("/v1/shelves/*", "/v1/{name=shelves/*}", true),
            ("/v1/shelves/*", "/v1/shelves/{id}:merge", true),
            ("/v1/shelves/*:merge", "/v1/shelves/{id}:merge", true),
            ("/v1/shelves/*:merge", "/v1/shelves/{id}", false),
            ("/v1/*", "/v1/{name=**}", false),
            ("/v1/**", "/v1/{name=**}", true),
            ("/**/books/*", "/v1/{s=shelves/*}/books/{b}", true),
            ("/**/books/*", "/v1/{s=shelves/*}/books", false),
            ("/v1/books", "/v1/books", true),
            ("/**", "/", true),
            ("/**/a/**/b", "/x/a/y/a/b", true),
            ("/**/a/**/b", "/x/a/y/a/c", false),
            ("/**/a/*", "/a/a/a", true),
            ("/v1/**", "/v1", true),
            ("/*", "/a/b", false),
            ("/*/*", "/a", false),
        ] {
            assert_eq!(
                is_like(pattern, &flat(template)),
                expected,
                "{pattern} {template}"
            );
            Applies::path(pattern).unwrap();
        }
        for wrong in ["", "v1", "/v1/", "//", "/{id}", "/v1?x"] {
            assert!(Applies::path(wrong).is_err(), "{wrong}");
        }
    }
}
