//! One method, as registered: everything about it that no request changes.
use std::sync::Arc;
use crate::transcode::{FieldPath, PlanId};

/// A method of a service.
#[derive(Debug)]
pub struct Method {
    /// `/pkg.Service/Method`, ready to be a `:path`.
    pub path: String,
    /// `pkg.Service`
    pub service: String,
    /// `Method`
    pub name: String,
    /// input plan
    pub input: PlanId,
    /// output plan
    pub output: PlanId,
    /// Call shape
    pub shape: Shape,
    /// idempotency_level
    pub idempotency: Idempotency,
    /// deprecated option
    pub deprecated: bool,
    /// Name of the upstream that serves it.
    pub upstream: Arc<str>,
    /// input is google.api.HttpBody itself
    pub http_body_input: bool,
    /// output is google.api.HttpBody itself
    pub http_body_output: bool,
    /// leading comment from source info, trimmed; empty if none
    pub comment: String,
    /// Its REST bindings, the additional ones included
    pub bindings: Vec<Arc<BindingText>>,
}
/// What `routes` prints
#[derive(Debug, Clone)]
pub struct BindingText { /// GET ...
    pub verb: String, /// as written
    pub template: String, /// body as written ("" none, "*", field)
    pub body: String, /// response_body as written
    pub response_body: String }

/// call shapes
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape { /// unary
    Unary, /// client stream
    ClientStream, /// server stream
    ServerStream, /// bidi
    Bidi }

/// `idempotency_level`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency { /// unknown
 Unknown, /// no side effects
 NoSideEffects, /// idempotent
 Idempotent }

/// One REST binding, compiled.
#[derive(Debug)]
pub struct Binding {
    /// whose
    pub method: Arc<Method>,
    /// GET...
    pub verb: String,
    /// as written, for logs and docs
    pub template: String,
    /// variables, in the template's order
    pub variables: Vec<Variable>,
    /// request body
    pub body: Body,
    /// response_body
    pub response_body: Option<FieldPath>,
}
/// A template variable.
#[derive(Debug)]
pub struct Variable { /// what it sets
    pub field: FieldPath, /// true: may span several segments, so `%2F` stays
    pub multi: bool }
/// Where the HTTP body goes.
#[derive(Debug)]
pub enum Body { /// a body is refused
    None, /// `*`
    Whole, /// one field
    Field(FieldPath) }
