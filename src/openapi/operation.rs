//! One operation: what it is called, what it takes, what it answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use utoipa::openapi::Deprecated;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::OperationBuilder;

use super::convert::walk::Object;
use super::errors::Form as ErrorForm;
use super::schema::Schemas;
use super::value::object;
use super::{Config, Limits, body, parameter, security};
use crate::catalog::{Catalog, Method, Operation, Package, Response, Service, comment, samples};
use crate::protocol::rest::MultiSegment;
use crate::schema::Shape;

/// What a client has to know where a query takes more than documents list.
const MORE: &str =
    "The query takes more fields than are listed: those that lie deeper, by their dotted names.";

/// Writes operations, and remembers what their components have to be.
pub(super) struct Writer<'c> {
    config: &'c Config,
    base: &'c str,
    catalog: &'c Catalog,
    schemas: Schemas<'c>,
    errors: BTreeSet<ErrorForm>,
}

impl<'c> Writer<'c> {
    /// A writer that has written nothing. `base` is where the gateway is, for the code samples.
    pub(super) fn new(catalog: &'c Catalog, config: &'c Config, base: &'c str) -> Self {
        Self {
            config,
            base,
            catalog,
            schemas: Schemas::new(catalog, &config.options),
            errors: BTreeSet::new(),
        }
    }

    /// One operation.
    pub(super) fn write(
        &mut self,
        package: &Package,
        service: &Service,
        method: &Method,
        operation: &Operation,
    ) -> Value {
        let annotations = &method.annotations;
        let name = service.annotations.name.as_ref().unwrap_or(&service.tag);
        let tags = if annotations.tags.is_empty() {
            vec![name.clone()]
        } else {
            annotations.tags.clone()
        };
        let summary = annotations.summary.clone();
        let summary = summary.unwrap_or_else(|| self::summary(method));
        let limits = Limits::of(method, operation);
        let description = description(method, operation, &limits);
        let parameters = parameter::all(&mut self.schemas, operation);
        let security = security::of_operation(self.config, package, method);
        let typed = OperationBuilder::new()
            .operation_id(Some(&operation.id))
            .tags(Some(tags))
            .summary((!summary.is_empty()).then_some(summary))
            .description((!description.is_empty()).then_some(description))
            .deprecated(method.deprecated.then_some(Deprecated::True))
            .parameters((!parameters.is_empty()).then_some(parameters))
            .request_body(body::request(&mut self.schemas, method, operation))
            .extensions(Some(extensions(method, operation, &limits)))
            .build();
        let mut written = object(&typed);
        body::parts_first(&mut written);
        self.add_samples(service, method, operation, &mut written);
        let responses = self.responses(package, method, operation);
        written.insert("responses".to_owned(), Value::Object(responses));
        if let Some(security) = security {
            written.insert("security".to_owned(), Value::Array(security));
        }
        if let Some(docs) = &annotations.external_docs {
            written.insert("externalDocs".to_owned(), docs.clone());
        }
        if !annotations.parameters.is_empty() {
            let parameters = written.entry("parameters").or_insert_with(|| json!([]));
            if let Some(parameters) = parameters.as_array_mut() {
                parameters.extend(annotations.parameters.iter().cloned());
            }
        }
        for (name, value) in &annotations.extensions {
            written.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Value::Object(written)
    }

    /// `components`, of what was written.
    pub(super) fn components(mut self) -> Object {
        let mut schemas = self.schemas.components();
        let mut responses = Object::new();
        for form in self.errors {
            form.components(&mut schemas, &mut responses);
        }
        let mut components = Object::new();
        components.insert("schemas".to_owned(), Value::Object(schemas));
        components.insert("responses".to_owned(), Value::Object(responses));
        components
    }

    fn responses(&mut self, package: &Package, method: &Method, operation: &Operation) -> Object {
        let mut responses = Object::new();
        let success = body::response(self.catalog, &mut self.schemas, method, operation);
        responses.insert("200".to_owned(), Value::Object(object(&success)));
        let form = ErrorForm::of(operation);
        self.errors.insert(form);
        for (code, response) in form.responses() {
            responses.insert(code.to_owned(), response);
        }
        let annotated = package.annotations.responses.iter();
        for (code, response) in annotated.chain(&method.annotations.responses) {
            let response = body::annotated(code, response, form, responses.get("200"));
            responses.insert(code.clone(), response);
        }
        responses
    }

    fn add_samples(
        &self,
        service: &Service,
        method: &Method,
        operation: &Operation,
        written: &mut Object,
    ) {
        let samples = samples::of(self.catalog, service, method, operation, self.base);
        let samples = samples.into_iter().map(
            |sample| json!({ "lang": sample.lang, "label": sample.label, "source": sample.source }),
        );
        written.insert("x-codeSamples".to_owned(), samples.collect());
    }
}

/// The first paragraph of the comment; of a method without one its name in words.
fn summary(method: &Method) -> String {
    if !method.summary.is_empty() {
        return comment::plain(&method.summary);
    }
    let words = samples::snake(&method.served.name).replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The rest of the comment, and what there is to know beside it.
fn description(method: &Method, operation: &Operation, limits: &Limits) -> String {
    let said = method.annotations.description.clone();
    let mut parts = vec![said.unwrap_or_else(|| comment::plain(&method.description))];
    parts.extend(slashes(operation));
    parts.extend(operation.takes_more.then(|| MORE.to_owned()));
    parts.extend(streaming(method, operation));
    parts.push(limits.sentence());
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// What a client has to know of parameters with slashes.
fn slashes(operation: &Operation) -> Option<String> {
    let multi: Vec<_> = operation
        .path_parameters
        .iter()
        .filter(|parameter| parameter.multi)
        .map(|parameter| format!("`{}`", parameter.name))
        .collect();
    if multi.is_empty() {
        return None;
    }
    let mut text = format!(
        "{} may hold several segments: `/` is sent as it is, and nothing is a value too.",
        multi.join(", ")
    );
    if operation.options.rest.multi_segment != MultiSegment::DecodeAll {
        text.push_str(" `%2F` stays `%2F`.");
    }
    Some(text)
}

/// How to stream, where there is more to say than media types do. Bytes are a body as any other.
fn streaming(method: &Method, operation: &Operation) -> Option<String> {
    match method.served.shape {
        Shape::Unary => None,
        Shape::ServerStream if gives_bytes(operation) => Some(
            "The answer is bytes, as they come. An error after the first of them breaks the answer \
             off."
                .to_owned(),
        ),
        Shape::ClientStream if samples::is_bytes_in(method, operation) => {
            Some("The request is bytes of any length; they are passed on as they come.".to_owned())
        }
        Shape::ServerStream => Some(
            "The answer is a stream: lines of JSON (`accept: application/x-ndjson`), server-sent \
             events (`accept: text/event-stream`), or one array (`accept: application/json`). An \
             error after the first message is the last record: `{\"error\": …}`, for events \
             `event: error`."
                .to_owned(),
        ),
        Shape::ClientStream => Some(
            "The request is a stream: lines of JSON (`application/x-ndjson`), or one array \
             (`application/json`)."
                .to_owned(),
        ),
        Shape::Bidi if gives_bytes(operation) || samples::is_bytes_in(method, operation) => Some(
            "Both sides stream. Bytes are passed on as they come; over HTTP/2 both ways at the same \
             time."
                .to_owned(),
        ),
        Shape::Bidi => Some(format!(
            "Both sides stream. Over HTTP/2 they do so at the same time; from a page, open a \
             WebSocket at `{}`.",
            operation.template
        )),
    }
}

/// True if the answer is bytes.
fn gives_bytes(operation: &Operation) -> bool {
    matches!(operation.response, Response::HttpBody)
}

fn extensions(method: &Method, operation: &Operation, limits: &Limits) -> Extensions {
    let mut extensions = Object::new();
    let mut grpc = json!({
        "service": method.served.service,
        "method": method.served.name,
    });
    if operation.binding.is_some() {
        grpc["binding"] = json!(operation.position);
    }
    extensions.insert("x-grpc".to_owned(), grpc);
    let streaming = match method.served.shape {
        Shape::Unary => None,
        Shape::ClientStream => Some("client"),
        Shape::ServerStream => Some("server"),
        Shape::Bidi => Some("bidi"),
    };
    if let Some(streaming) = streaming {
        extensions.insert("x-streaming".to_owned(), json!(streaming));
    }
    // A single answer, and bytes, have no record for a failure on the way.
    if method.served.shape.gives_stream() && !gives_bytes(operation) {
        extensions.insert(
            "x-stream-error".to_owned(),
            ErrorForm::of(operation).reference(),
        );
    }
    extensions.insert("x-limits".to_owned(), limits.extension());
    extensions.into_iter().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
