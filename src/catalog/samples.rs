//! How programs call a method: a sample for each way, in text that can be run.
//!
//! ```text
//!  Method ──► templates ──┬─ example values ──► of: documents, and pages without a script
//!                         └─ as they are ─────► the page's script, which fills in what its form holds
//! ```
//!
//! A template is text with placeholders `{{name:quoting}}`. A line with a value that is absent is left
//! out, a line with `{{header.…}}` stands once for each header. In a shell, lines that go on in an
//! indented one end in `\`. The site's script fills templates by the same rules; a test holds both to the
//! same text.

use serde_json::{Map, Value};

use super::{Catalog, Method, Operation, Service};

pub mod example;
mod fill;
mod literal;
mod names;
mod request;
mod rings;
mod templates;
#[cfg(test)]
mod tests;

pub(crate) use names::snake;
pub(crate) use request::{
    Piece, QueryForm, beneath, names as json_names, path, query_form, variable,
};
pub(super) use rings::Rings;
pub(crate) use templates::is_bytes_in;

/// A way to call a method, written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The language, as highlighters name it: `Shell`, `TypeScript`.
    pub lang: &'static str,
    /// What is called with: `curl`, `tonic`.
    pub label: &'static str,
    /// The text.
    pub source: String,
}

/// A sample with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The language.
    pub lang: &'static str,
    /// What is called with.
    pub label: &'static str,
    /// The text.
    pub text: String,
}

/// Every way to call a method by one of its operations, with example values. `base` is where the gateway
/// is: scheme and authority.
#[must_use]
pub fn of<'a>(
    catalog: &Catalog,
    service: &Service,
    method: &Method,
    operation: impl Into<Option<&'a Operation>>,
    base: &str,
) -> Vec<Sample> {
    let operation = operation.into();
    let message = example::request(catalog, method, operation);
    filled(catalog, service, method, operation, base, &[message])
}

/// The same with these messages: one, or those of a client stream.
#[must_use]
pub fn filled(
    catalog: &Catalog,
    service: &Service,
    method: &Method,
    operation: Option<&Operation>,
    base: &str,
    messages: &[Map<String, Value>],
) -> Vec<Sample> {
    let values = fill::values(method, operation, base, messages);
    templates(service, method)
        .into_iter()
        .filter(|template| operation.is_some() || !templates::needs_operation(template))
        .map(|Template { lang, label, text }| Sample {
            lang,
            label,
            source: fill::text(catalog, method, lang, &text, &values),
        })
        .collect()
}

/// The samples of a method before they are filled in.
#[must_use]
pub fn templates(service: &Service, method: &Method) -> Vec<Template> {
    templates::all(service, method)
}
