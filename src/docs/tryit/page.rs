//! What a method's page gives its script: the method, its bindings, and the messages that its form is
//! built from. As small as the form needs it, and bounded: messages that do not fit are written as JSON.

use std::collections::{BTreeSet, VecDeque};

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::secret;
use crate::catalog::message::Behavior;
use crate::catalog::{
    Body, Catalog, Field, Message, Method, Operation, Response, Service, samples,
};
use crate::docs::kind;
use crate::schema::Shape;

/// Messages of one page.
const MESSAGES_MAX: usize = 150;

/// Bytes of their description.
const BYTES_MAX: usize = 48 * 1024;

/// Bytes of what an Any may hold, beyond that.
const ANY_BYTES_MAX: usize = 12 * 1024;

/// Types that an Any is offered.
const ANY_MAX: usize = 200;

/// Values of an enum.
const VALUES_MAX: usize = 500;

/// Characters of a comment: a hint beside an input is not a page.
const COMMENT_MAX: usize = 300;

/// Keywords that the script checks while one types.
const CHECKED: [&str; 24] = [
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "x-minimum",
    "x-maximum",
    "const",
    "enum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "items",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "additionalProperties",
    "anyOf",
    "allOf",
    "not",
];

/// The data of a method's page. `own`: it is served on its own path; `servers`: where it can be called.
pub(super) fn data(
    catalog: &Catalog,
    service: &Service,
    method: &Method,
    own: Own,
    servers: &[String],
) -> Value {
    let input = method.descriptor.input();
    let table = Table::new(catalog, &input);
    json!({
        "method": {
            "path": method.served.path,
            "shape": shape(method.served.shape),
            "input": input.full_name(),
            "own": own == Own::Served,
        },
        "servers": servers,
        "operations": method.operations.iter().map(|one| operation(method, one)).collect::<Vec<_>>(),
        "messages": table.messages,
        "enums": table.enums,
        "any": table.any,
        "samples": samples::templates(service, method)
            .into_iter()
            .map(|one| json!({"lang": one.lang, "label": one.label, "text": one.text}))
            .collect::<Vec<_>>(),
        "example": samples::example::request(catalog, method, method.operations.first()),
    })
}

/// Whether a method answers on its own path, by Connect and WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// It does.
    Served,
    /// `routing.unannotated` is off.
    Off,
}

const fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Unary => "unary",
        Shape::ServerStream => "server_stream",
        Shape::ClientStream => "client_stream",
        Shape::Bidi => "bidi",
    }
}

fn operation(method: &Method, operation: &Operation) -> Value {
    let path: Vec<Value> = samples::path(&operation.template)
        .into_iter()
        .map(|piece| match piece {
            samples::Piece::Literal(text) => Value::String(text),
            samples::Piece::Variable { field, pattern } => {
                json!({"field": samples::variable(operation, &field), "pattern": pattern})
            }
        })
        .collect();
    let query: Vec<Value> = operation
        .query
        .iter()
        .filter_map(|parameter| {
            let form = match samples::query_form(parameter.field.last()?) {
                samples::QueryForm::Value => "value",
                samples::QueryForm::List => "list",
                samples::QueryForm::Map => "map",
                samples::QueryForm::Json => "json",
            };
            Some(json!({"name": parameter.name, "field": samples::json_names(&parameter.field), "form": form}))
        })
        .collect();
    let body = match &operation.body {
        Body::None => Value::Null,
        Body::Message { without } => json!({
            "at": [],
            "without": without.iter().map(|name| samples::variable(operation, name)).collect::<Vec<_>>(),
            "bytes": samples::is_bytes_in(method, operation),
        }),
        Body::Field { field, without } => json!({
            "at": samples::json_names(field),
            "without": samples::beneath(operation, field, without),
            "bytes": samples::is_bytes_in(method, operation),
        }),
    };
    json!({
        "verb": operation.verb,
        "template": operation.template,
        "path": path,
        "query": query,
        "body": body,
        "bytes": matches!(operation.response, Response::HttpBody),
        "errorKey": error_key(method, operation),
    })
}

/// The key of a failure among messages: `@error` where messages can have one `error` of their own.
fn error_key(method: &Method, operation: &Operation) -> &'static str {
    let message = match &operation.response {
        Response::Message => Some(method.descriptor.output()),
        Response::HttpBody => None,
        Response::Field(field) => field
            .last()
            .and_then(|field| field.kind().as_message().cloned()),
    };
    let own = message.is_some_and(|message| {
        let is_free = matches!(
            message.full_name(),
            "google.protobuf.Struct" | "google.protobuf.Value" | "google.protobuf.Any"
        );
        is_free
            || message.is_map_entry()
            || message
                .fields()
                .any(|field| field.name() == "error" || field.json_name() == "error")
    });
    if own { "@error" } else { "error" }
}

/// The messages that a form can show: the nearest first, as long as there is room.
struct Table<'a> {
    catalog: &'a Catalog,
    messages: Map<String, Value>,
    enums: Map<String, Value>,
    any: Vec<&'a str>,
    bytes: usize,
    /// Bytes that there may be.
    room: usize,
}

impl<'a> Table<'a> {
    fn new(catalog: &'a Catalog, input: &MessageDescriptor) -> Self {
        let mut table = Self {
            catalog,
            messages: Map::new(),
            enums: Map::new(),
            any: Vec::new(),
            bytes: 0,
            room: BYTES_MAX,
        };
        let needs_any = table.reach(input.full_name());
        if needs_any {
            // What an Any holds most likely stands beside it.
            let near = input.package_name();
            let all = || {
                catalog
                    .messages
                    .iter()
                    .filter(|(name, _)| !is_special(name))
            };
            let is_near = |message: &Message| message.descriptor.package_name() == near;
            let beside = all().filter(|(_, message)| is_near(message));
            let others = all().filter(|(_, message)| !is_near(message));
            table.any = beside
                .chain(others)
                .map(|(name, _)| name.as_str())
                .take(ANY_MAX)
                .collect();
            for name in [
                "google.protobuf.Duration",
                "google.protobuf.Timestamp",
                "google.protobuf.StringValue",
            ] {
                table.any.push(name);
            }
            table.room = BYTES_MAX.min(table.bytes + ANY_BYTES_MAX);
            for name in table.any.clone() {
                table.reach(name);
            }
        }
        table
    }

    /// Adds a message and what it reaches; tells whether an Any is among it.
    fn reach(&mut self, name: &str) -> bool {
        let mut has_any = false;
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut waiting = VecDeque::from([name.to_owned()]);
        while let Some(name) = waiting.pop_front() {
            let Some(message) = self
                .catalog
                .messages
                .get(&name)
                .filter(|_| !is_special(&name))
            else {
                continue;
            };
            if !self.messages.contains_key(&name) {
                let described = Self::describe(self.catalog, message);
                let bytes = described.to_string().len();
                if self.messages.len() >= MESSAGES_MAX || self.bytes + bytes > self.room {
                    continue;
                }
                self.bytes += bytes;
                self.messages.insert(name.clone(), described);
            }
            for field in &message.fields {
                match field.descriptor.value_kind() {
                    Kind::Message(inner) => {
                        has_any |= inner.full_name() == "google.protobuf.Any";
                        if seen.insert(inner.full_name().to_owned()) {
                            waiting.push_back(inner.full_name().to_owned());
                        }
                    }
                    Kind::Enum(descriptor) => self.add_enum(&descriptor),
                    _ => {}
                }
            }
        }
        has_any
    }

    fn add_enum(&mut self, descriptor: &EnumDescriptor) {
        let name = descriptor.full_name();
        let Some(known) = self.catalog.enums.get(name) else {
            return;
        };
        if self.enums.contains_key(name) {
            return;
        }
        let values: Vec<Value> = known
            .values
            .iter()
            .take(VALUES_MAX)
            .map(|value| {
                let mut told = Map::new();
                told.insert("name".into(), value.name.as_str().into());
                told.insert("number".into(), value.number.into());
                put_text(&mut told, "comment", &value.comment);
                put_if(&mut told, "deprecated", value.deprecated);
                Value::Object(told)
            })
            .collect();
        let values = json!({"package": descriptor.package_name(), "values": values});
        let bytes = values.to_string().len();
        if self.bytes + bytes <= self.room {
            self.bytes += bytes;
            self.enums.insert(name.to_owned(), values);
        }
    }

    fn describe(catalog: &Catalog, message: &Message) -> Value {
        let fields = message.fields.iter().map(|one| field(catalog, one));
        let fields: Vec<Value> = fields.collect();
        let mut told = Map::new();
        told.insert("package".into(), message.descriptor.package_name().into());
        told.insert("fields".into(), fields.into());
        let oneofs: Vec<Value> = message
            .oneofs
            .iter()
            .map(|oneof| {
                let mut told = Map::new();
                told.insert("name".into(), oneof.name.as_str().into());
                put_if(&mut told, "required", oneof.required);
                put_text(&mut told, "comment", &oneof.comment);
                Value::Object(told)
            })
            .collect();
        if !oneofs.is_empty() {
            told.insert("oneofs".into(), oneofs.into());
        }
        Value::Object(told)
    }
}

/// True for types that the form has a control of their own for.
fn is_special(name: &str) -> bool {
    name.strip_prefix("google.protobuf.").is_some_and(|short| {
        short.ends_with("Value")
            || matches!(
                short,
                "Any" | "Timestamp" | "Duration" | "FieldMask" | "Struct"
            )
    })
}

fn field(catalog: &Catalog, field: &Field) -> Value {
    let descriptor = &field.descriptor;
    let kind = descriptor.value_kind();
    let mut told = Map::new();
    told.insert("name".into(), descriptor.proto_name().into());
    told.insert("json".into(), field.json_name.as_str().into());
    told.insert("kind".into(), kind_name(&kind).into());
    match &kind {
        Kind::Message(message) => told.insert("type".into(), message.full_name().into()),
        Kind::Enum(descriptor) => told.insert("type".into(), descriptor.full_name().into()),
        _ => None,
    };
    if descriptor.is_map() {
        if let Kind::Message(entry) = descriptor.kind() {
            told.insert(
                "key".into(),
                kind_name(&entry.map_entry_key_field().kind()).into(),
            );
        }
    } else {
        put_if(&mut told, "repeated", descriptor.is_list());
    }
    let oneof = descriptor
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic());
    let is_message = matches!(kind, Kind::Message(_));
    put_if(
        &mut told,
        "presence",
        descriptor.supports_presence() && oneof.is_none() && !is_message,
    );
    if let Some(oneof) = oneof {
        told.insert("oneof".into(), oneof.name().into());
    }
    put_if(&mut told, "boxed", catalog.is_boxed(descriptor));
    put_if(&mut told, "required", field.is_required());
    put_if(&mut told, "output", field.is(Behavior::OutputOnly));
    put_if(&mut told, "deprecated", field.deprecated);
    put_if(&mut told, "secret", is_secret(field));
    put_text(&mut told, "comment", &field.comment);
    let rules = rules(field);
    if !rules.is_empty() {
        told.insert("rules".into(), rules.into());
    }
    if !field.rules.sentences.is_empty() {
        told.insert("words".into(), json!(field.rules.sentences));
    }
    Value::Object(told)
}

/// What can be checked of a field: protovalidate's rules, and beneath them what annotations say.
fn rules(field: &Field) -> Map<String, Value> {
    let checked = |keywords: &Map<String, Value>| -> Map<String, Value> {
        let known = keywords
            .iter()
            .filter(|(key, _)| CHECKED.contains(&key.as_str()));
        known
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let mut rules = checked(&field.annotations.keywords);
    rules.extend(checked(&field.rules.keywords));
    rules
}

fn is_secret(field: &Field) -> bool {
    let is_password = |keywords: &Map<String, Value>| {
        keywords
            .get("format")
            .is_some_and(|format| format == "password")
    };
    field.redacted
        || is_password(&field.annotations.keywords)
        || secret::is_secret(&samples::snake(field.descriptor.name()))
}

fn put_if(told: &mut Map<String, Value>, key: &str, is: bool) {
    if is {
        told.insert(key.to_owned(), true.into());
    }
}

/// A comment's first paragraph, if there is one.
fn put_text(told: &mut Map<String, Value>, key: &str, comment: &str) {
    let first = comment.split("\n\n").next().unwrap_or_default();
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return;
    }
    let mut short: String = line.chars().take(COMMENT_MAX).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    told.insert(key.to_owned(), short.into());
}

/// The word of the schema language; of a message and an enum only that it is one.
fn kind_name(kind: &Kind) -> &str {
    match kind {
        Kind::Message(_) => "message",
        Kind::Enum(_) => "enum",
        scalar => kind::proto(scalar),
    }
}
