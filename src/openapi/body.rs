//! Bodies: what a request brings and an answer holds, by media type.

use prost_reflect::{Kind, MessageDescriptor};

use serde_json::{Value, json};
use utoipa::openapi::Required;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};

use super::convert::walk::Object;
use super::errors::Form as ErrorForm;
use super::schema::Schemas;
use super::value::schema;
use super::{Direction, EnumForm, FieldNames, Form};
use crate::catalog::example::{Examples, Side};
use crate::catalog::{self, Body, Catalog, FieldDescriptor, Method, Operation, comment};
use crate::protocol::rest::Envelope;
use crate::schema::HTTP_BODY;

pub(super) const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const EVENTS: &str = "text/event-stream";
const PARTS: &str = "multipart/form-data";

/// Bytes of any type.
const ANY: &str = "*/*";

/// Bytes as they are.
fn binary() -> Value {
    json!({ "contentMediaType": "application/octet-stream" })
}

/// The request's body, if it has one.
pub(super) fn request(
    schemas: &mut Schemas<'_>,
    method: &Method,
    operation: &Operation,
) -> Option<RequestBody> {
    let form = Form::of(&operation.options, Direction::Request);
    let input = method.descriptor.input();
    let (keywords, required, bytes) = match &operation.body {
        Body::None => return None,
        Body::Message { without } => {
            let keywords = if without.is_empty() {
                schemas.reference(&input, form)
            } else {
                let name = format!("{}.{}Body", method.served.service, method.served.name);
                schemas.body_without(&input, without, &name, form)
            };
            let required = requires(schemas, &input, without);
            (keywords, required, is_http_body(&input))
        }
        Body::Field { field, without } => {
            let last = field.last()?;
            let message = message_of(last);
            let keywords = match &message {
                Some(message) if !without.is_empty() => {
                    let name = format!("{}.{}Body", method.served.service, method.served.name);
                    schemas.body_without(message, without, &name, form)
                }
                _ => schemas.field(last, form),
            };
            let known = schemas.lookup(last);
            let required = known.is_some_and(catalog::Field::is_required)
                || message
                    .as_ref()
                    .is_some_and(|message| requires(schemas, message, without));
            (
                keywords,
                required,
                message.as_ref().is_some_and(is_http_body),
            )
        }
    };
    let mut builder = RequestBodyBuilder::new();
    if required {
        builder = builder.required(Some(Required::True));
    }
    if bytes {
        builder = builder.content(ANY, of(binary()));
        // Parts that are a whole message are bytes like any other: only a field has a name for one.
        if let Body::Field { field, .. } = &operation.body
            && !method.served.shape.takes_stream()
        {
            let name: Vec<_> = field.iter().map(FieldDescriptor::json_name).collect();
            let parts = json!({ "type": "object", "properties": { name.join("."): binary() } });
            builder = builder.content(PARTS, of(parts));
        }
    } else if method.served.shape.takes_stream() {
        builder = builder
            .content(LINES, items(keywords.clone()))
            .content(JSON, of(json!({ "type": "array", "items": keywords })));
    } else {
        builder = builder.content(JSON, of(keywords));
    }
    Some(builder.build())
}

/// Moves parts before the bytes, which utoipa sorts the other way: openapi-generator reads the first media
/// type, and its TypeScript does not compile where parts come second.
pub(super) fn parts_first(operation: &mut Object) {
    let content = operation
        .get_mut("requestBody")
        .and_then(|body| body.get_mut("content"))
        .and_then(Value::as_object_mut);
    if let Some(content) = content
        && let Some(parts) = content.shift_remove(PARTS)
    {
        content.shift_insert(0, PARTS.to_owned(), parts);
    }
}

/// The answer to a call that went well.
pub(super) fn response(
    catalog: &Catalog,
    schemas: &mut Schemas<'_>,
    method: &Method,
    operation: &Operation,
) -> Response {
    let form = Form::of(&operation.options, Direction::Response);
    let output = method.descriptor.output();
    let mut text = String::new();
    let keywords = match &operation.response {
        catalog::Response::HttpBody => {
            return ResponseBuilder::new()
                .description("The bytes, with the content type that the backend gives them.")
                .content(ANY, of(binary()))
                .build();
        }
        catalog::Response::Message => {
            let known = schemas.message_of(&output);
            text.push_str(
                &known
                    .map(|m| comment::plain(&m.comment))
                    .unwrap_or_default(),
            );
            schemas.reference(&output, form)
        }
        catalog::Response::Field(path) => match path.last() {
            Some(field) => {
                let known = schemas.lookup(field);
                text.push_str(
                    &known
                        .map(|f| comment::plain(&f.comment))
                        .unwrap_or_default(),
                );
                schemas.field(field, form)
            }
            None => schemas.reference(&output, form),
        },
    };
    let first = text.split("\n\n").next().unwrap_or_default().trim();
    let description = if first.is_empty() { "OK" } else { first };
    let builder = ResponseBuilder::new().description(description);
    if !method.served.shape.gives_stream() {
        return builder.content(JSON, of(keywords)).build();
    }
    let item = match operation.options.rest.envelope {
        Envelope::None => keywords.clone(),
        Envelope::Result => json!({
            "type": "object",
            "properties": {
                "result": keywords,
                "error": ErrorForm::of(operation).reference(),
            },
        }),
    };
    let mut events = items(event(&keywords));
    if let Some(example) = two_events(catalog, method, operation) {
        events.examples.insert("two".to_owned(), example.into());
    }
    builder
        .content(LINES, items(item))
        .content(EVENTS, events)
        .content(JSON, of(json!({ "type": "array", "items": keywords })))
        .build()
}

/// What annotations say of a status: its text and headers; what the body is they cannot change.
pub(super) fn annotated(
    code: &str,
    response: &Value,
    form: ErrorForm,
    success: Option<&Value>,
) -> Value {
    let mut response = response.as_object().cloned().unwrap_or_else(Object::new);
    response.shift_remove("content");
    response.shift_remove("schema");
    let content = match success {
        Some(success) if code.starts_with('2') => success.get("content").cloned(),
        Some(_) | None => Some(form.content()),
    };
    if let Some(content) = content {
        response.insert("content".to_owned(), content);
    }
    response.entry("description").or_insert_with(|| json!(""));
    Value::Object(response)
}

fn of(keywords: Value) -> Content {
    ContentBuilder::new().schema(Some(schema(keywords))).build()
}

fn items(keywords: Value) -> Content {
    ContentBuilder::new()
        .item_schema(Some(schema(keywords)))
        .build()
}

/// Two events as they are sent; none where the gateway prints otherwise than examples are written.
fn two_events(catalog: &Catalog, method: &Method, operation: &Operation) -> Option<Example> {
    let Form { names, enums, .. } = Form::of(&operation.options, Direction::Response);
    if names != FieldNames::Json || enums != EnumForm::Names {
        return None;
    }
    let examples = Examples::new(catalog);
    let message = match &operation.response {
        catalog::Response::Message => {
            examples.message(method.descriptor.output().full_name(), Side::Response)
        }
        catalog::Response::Field(path) => examples.field(path.last()?, Side::Response),
        catalog::Response::HttpBody => return None,
    };
    let events = format!("data: {message}\n\n").repeat(2);
    Some(ExampleBuilder::new().serialized_value(Some(events)).build())
}

/// A server-sent event whose data is a message.
fn event(message: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["data"],
        "properties": {
            "event": { "type": "string" },
            "id": { "type": "string" },
            "retry": { "type": "integer", "minimum": 0 },
            "data": {
                "type": "string",
                "contentMediaType": JSON,
                "contentSchema": message,
            },
        },
    })
}

/// True if a message has a field that must be set, and not by the path.
fn requires(schemas: &Schemas<'_>, message: &MessageDescriptor, without: &[String]) -> bool {
    let Some(known) = schemas.message_of(message) else {
        return false;
    };
    let fields = known.fields.iter();
    fields
        .filter(|field| !without.contains(&field.descriptor.proto_name()))
        .any(|field| known.requires(field))
}

fn message_of(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) if !field.is_list() && !field.is_map() => Some(message),
        _ => None,
    }
}

fn is_http_body(message: &MessageDescriptor) -> bool {
    message.full_name() == HTTP_BODY
}
