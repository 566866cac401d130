//! One way to call a method by HTTP: a binding with its path expanded, its parameters and its body.

use std::sync::Arc;

use super::field::FieldDescriptor;
use crate::protocol::Options;

/// A binding, or a method's own path.
#[derive(Debug)]
pub struct Operation {
    /// Unique among all that is served.
    pub id: String,
    /// The binding's place among the schema's; none for a method's own path.
    pub binding: Option<usize>,
    /// Its place among the bindings of its method, from 0.
    pub position: usize,
    /// The HTTP method, in capitals; `*` is any.
    pub verb: String,
    /// The path template as written: `/v1/{name=shelves/*}:merge`; for a method's own path that path.
    pub template: String,
    /// The path as documents have it: `/v1/shelves/{shelf}:merge`. Templates that differ in names only
    /// have one path.
    pub path: String,
    /// Its parameters, in the order of the path.
    pub path_parameters: Vec<PathParameter>,
    /// The fields that the query can set, in order.
    pub query: Vec<QueryParameter>,
    /// Whether the query takes more than are listed: those that lie deepest.
    pub takes_more: bool,
    /// What the body is.
    pub body: Body,
    /// What the answer's body is.
    pub response: Response,
    /// How requests are read and answered.
    pub options: Arc<Options>,
}

/// A parameter in the path.
#[derive(Debug)]
pub struct PathParameter {
    /// Its name in the path: `book`, or `book.name` for a variable of one segment as written.
    pub name: String,
    /// The field it feeds, root first; empty for a wildcard that stands in no variable.
    pub field: Vec<FieldDescriptor>,
    /// The variable's template with the names of all of its parameters, `shelves/{shelf}/books/{book}`;
    /// none where the parameter is the whole variable.
    pub template: Option<String>,
    /// It may hold `/`, and be empty: `**`.
    pub multi: bool,
}

/// A parameter in the query.
#[derive(Debug)]
pub struct QueryParameter {
    /// Dotted JSON names: `filter.kind`.
    pub name: String,
    /// The field, root first.
    pub field: Vec<FieldDescriptor>,
    /// The fields of the innermost oneof that it lies in, by the same names; empty outside of one.
    pub oneof: Arc<[String]>,
    /// It must be there: REQUIRED all the way down, and not filled.
    pub required: bool,
    /// The gateway fills it out of the body where it is absent: the mask of a PATCH.
    pub filled: bool,
}

/// What a request's body is. A message's fields are named by dotted proto names.
#[derive(Debug)]
pub enum Body {
    /// Nothing.
    None,
    /// The request message, without the fields (dotted) that the path binds.
    Message {
        /// What the path binds.
        without: Vec<String>,
    },
    /// One field of the request message.
    Field {
        /// The field, root first.
        field: Vec<FieldDescriptor>,
        /// What the path binds of it: dotted names beneath it.
        without: Vec<String>,
    },
}

/// What an answer's body is.
#[derive(Debug)]
pub enum Response {
    /// The response message.
    Message,
    /// One field of it, root first.
    Field(Vec<FieldDescriptor>),
    /// The bytes of a `google.api.HttpBody`.
    HttpBody,
}
