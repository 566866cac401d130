//! One method, as registered: everything about it that no request changes.

use std::sync::Arc;

use crate::transcode::{FieldPath, PlanId};

/// A method of a service.
#[derive(Debug)]
pub struct Method {
    /// Its place in the schema's order of registration; dense, from 0.
    pub id: usize,
    /// `/pkg.Service/Method`, ready to be a `:path`.
    pub path: String,
    /// `pkg.Service`.
    pub service: String,
    /// `Method`.
    pub name: String,
    /// Plan of the request message.
    pub input: PlanId,
    /// Plan of the response message.
    pub output: PlanId,
    /// Which sides stream.
    pub shape: Shape,
    /// The `idempotency_level` option.
    pub idempotency: Idempotency,
    /// The `deprecated` option of the method or of its service.
    pub deprecated: bool,
    /// Name of the upstream that serves it.
    pub upstream: Arc<str>,
    /// The request message is `google.api.HttpBody` itself.
    pub http_body_input: bool,
    /// The response message is `google.api.HttpBody` itself.
    pub http_body_output: bool,
    /// The comment above it, trimmed; empty if the source has none.
    pub comment: String,
    /// Its REST bindings, the additional ones included, in the order of the annotation.
    pub bindings: Vec<Arc<BindingText>>,
}

#[cfg(test)]
impl Method {
    /// A unary method of no schema.
    pub(crate) fn alone(id: usize, service: &str, name: &str) -> Self {
        Self {
            id,
            path: format!("/{service}/{name}"),
            service: service.to_owned(),
            name: name.to_owned(),
            input: PlanId(0),
            output: PlanId(0),
            shape: Shape::Unary,
            idempotency: Idempotency::Unknown,
            deprecated: false,
            upstream: Arc::from("backend"),
            http_body_input: false,
            http_body_output: false,
            comment: String::new(),
            bindings: vec![],
        }
    }
}

/// A binding as the annotation writes it, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingText {
    /// The HTTP method; `*` is any.
    pub verb: String,
    /// The path template.
    pub template: String,
    /// Empty: no body. `*`: all of it. Else a field.
    pub body: String,
    /// Empty: the whole message. Else a field.
    pub response_body: String,
}

/// Which sides of a call stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One request, one response.
    Unary,
    /// Many requests, one response.
    ClientStream,
    /// One request, many responses.
    ServerStream,
    /// Many of both.
    Bidi,
}

/// What `idempotency_level` promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Nothing.
    Unknown,
    /// A call changes nothing: it may be a GET, and be repeated.
    NoSideEffects,
    /// A call may be repeated.
    Idempotent,
}

/// One REST binding, compiled.
#[derive(Debug)]
pub struct Binding {
    /// Its place in [`Schema::bindings`](super::Schema::bindings).
    pub id: usize,
    /// What it calls.
    pub method: Arc<Method>,
    /// The HTTP method; `*` is any.
    pub verb: String,
    /// The path template as written, for logs and documentation.
    pub template: String,
    /// The variables, in the template's order.
    pub variables: Vec<Variable>,
    /// Where the request body goes.
    pub body: Body,
    /// What of the response message becomes the response body; `None`: all of it.
    pub response_body: Option<FieldPath>,
}

/// A variable of a path template.
#[derive(Debug)]
pub struct Variable {
    /// The field it sets: singular, with a text form.
    pub field: FieldPath,
    /// It may span several segments, so an escaped slash stays escaped.
    pub multi: bool,
}

/// Where the HTTP body goes.
#[derive(Debug)]
pub enum Body {
    /// Nowhere: a body is refused.
    None,
    /// It is the request message.
    Whole,
    /// It is one field of the request message.
    Field(FieldPath),
}

impl Body {
    /// The field that it is, if it is one.
    #[must_use]
    pub const fn field(&self) -> Option<&FieldPath> {
        match self {
            Self::Field(field) => Some(field),
            Self::None | Self::Whole => None,
        }
    }
}

impl Shape {
    /// The shape in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ClientStream => "client stream",
            Self::ServerStream => "server stream",
            Self::Bidi => "bidi",
        }
    }

    /// True if the client may send more than one message.
    #[must_use]
    pub const fn takes_stream(self) -> bool {
        matches!(self, Self::ClientStream | Self::Bidi)
    }

    /// True if the server may send more than one message.
    #[must_use]
    pub const fn gives_stream(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidi)
    }

    /// The shape of a method of which these sides stream.
    pub(super) const fn new(client: Option<bool>, server: Option<bool>) -> Self {
        match (client, server) {
            (Some(true), Some(true)) => Self::Bidi,
            (Some(true), _) => Self::ClientStream,
            (_, Some(true)) => Self::ServerStream,
            _ => Self::Unary,
        }
    }
}

impl Idempotency {
    /// `MethodOptions.IdempotencyLevel` by number; an unknown one promises nothing.
    pub(super) const fn new(level: i32) -> Self {
        match level {
            1 => Self::NoSideEffects,
            2 => Self::Idempotent,
            _ => Self::Unknown,
        }
    }
}
