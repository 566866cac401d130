//! What people may know of an API: the schema, described once and filtered once.
//!
//! ```text
//!  Schema, options of each route ──► Catalog ──► openapi: documents
//!  (what serves requests)               └──────► docs: the site
//! ```
//!
//! Operations come from the bindings that serve requests, with the options that answer them, so what is
//! written here is what happens. What the audience may not see is not in a catalog at all; no writer
//! filters again. Pure: the same schema and audience give the same catalog, in the same order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use prost_reflect::MethodDescriptor;

use crate::protocol::Options;
use crate::schema::{self, Selector};

pub mod annotations;
mod build;
mod closure;
pub mod comment;
#[cfg(test)]
pub(crate) mod compiled;
pub mod difference;
pub mod example;
mod field;
mod findings;
mod google;
mod ids;
pub mod message;
pub mod operation;
mod operations;
mod overlay;
mod paths;
pub mod probe;
mod query;
mod resources;
pub mod rules;
pub mod samples;
mod shown;
#[cfg(test)]
mod tests;

pub(crate) use crate::transcode::has_own_form;
pub use field::FieldDescriptor;
pub(crate) use findings::Findings;
pub(crate) use ids::ANY_VERB;
pub use message::{Enum, EnumValue, Field, Message, Oneof};
pub use operation::{Body, Operation, PathParameter, QueryParameter, Response};
pub use overlay::{ExternalDocs, OfMessage, OfMethod, OfPackage, OfType, OfValue, Overlay};

/// The standard details of errors, which any answer may hold beside those that a method names.
pub const ERROR_DETAILS: &[&str] = &[
    "google.rpc.BadRequest",
    "google.rpc.DebugInfo",
    "google.rpc.ErrorInfo",
    "google.rpc.Help",
    "google.rpc.LocalizedMessage",
    "google.rpc.PreconditionFailure",
    "google.rpc.QuotaFailure",
    "google.rpc.RequestInfo",
    "google.rpc.ResourceInfo",
    "google.rpc.RetryInfo",
];

/// Who reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Methods that are public; empty: all.
    pub only: Vec<Selector>,
    /// Visibility labels that the reader has: elements with a `google.api.*_visibility` rule are shown
    /// to those who have one of its labels, elements without a rule to everybody.
    pub labels: BTreeSet<String>,
}

/// How things are named where there is a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// `Service_Method`; with the package where two services have one short name.
    #[default]
    Short,
    /// `package_Service_Method` always, so that ids depend on nothing else that is served.
    Qualified,
}

/// Everything there is to know.
#[derive(Debug, Default)]
pub struct Catalog {
    /// By name.
    pub packages: Vec<Package>,
    /// Every message that a method reaches, by full name; well-known types too.
    pub messages: BTreeMap<String, Message>,
    /// Every enum that a method reaches, by full name.
    pub enums: BTreeMap<String, Enum>,
    /// What could not be described as it was written, and what is missing.
    pub findings: Vec<Finding>,
    /// Example names of resources; made once, however many examples use them.
    resource_names: example::ResourceNames,
    /// Which messages lead back to themselves.
    rings: samples::Rings,
}

/// A protobuf package: one version of one API.
#[derive(Debug)]
pub struct Package {
    /// `library.v1`; may be empty.
    pub name: String,
    /// The name without its version: `library`. All versions of an API have one.
    pub family: String,
    /// `v1`, `v1beta1`; none if the last component is no version.
    pub version: Option<String>,
    /// The comment above the `package` statement of its first file that has one.
    pub comment: String,
    /// What the `openapiv2_swagger`, gnostic and `openapiv3_document` options of its files say.
    pub annotations: annotations::Document,
    /// In the order of files and declarations.
    pub services: Vec<Service>,
    /// Full names of its messages that methods reach, sorted.
    pub messages: Vec<String>,
    /// Full names of its enums that methods reach, sorted.
    pub enums: Vec<String>,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// `pkg.Service`.
    pub name: String,
    /// `Service`.
    pub short: String,
    /// What its operations are tagged with: the short name, or by [`Ids`] with the package.
    pub tag: String,
    /// The comment, cleaned.
    pub comment: String,
    /// Itself or its file.
    pub deprecated: bool,
    /// What `openapiv2_tag` and its like say.
    pub annotations: annotations::Tag,
    /// In the order of declaration.
    pub methods: Vec<Method>,
}

/// A method.
pub struct Method {
    /// What is served.
    pub served: Arc<schema::Method>,
    /// Its descriptor.
    pub descriptor: MethodDescriptor,
    /// The first paragraph of its comment in one line, without its period.
    pub summary: String,
    /// The rest of its comment.
    pub description: String,
    /// Itself, its service or its file, or an annotation says so.
    pub deprecated: bool,
    /// What `openapiv2_operation` and its like say.
    pub annotations: annotations::Operation,
    /// What holds for calls on its own path.
    pub options: Arc<Options>,
    /// Every way to call it by HTTP and JSON: its bindings that are served, else its own path where
    /// that is served and it is unary.
    pub operations: Vec<Operation>,
}

/// Names only: descriptors refer to each other in circles.
impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method")
            .field("path", &self.served.path)
            .field("summary", &self.summary)
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

/// Something a reader of the coverage page, or the author of the protos, should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which rule of description it comes from.
    pub kind: FindingKind,
    /// Full name of the element: a method, field, message, file.
    pub element: String,
    /// A sentence: what was found, and what became of it.
    pub text: String,
}

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A method that has no REST binding.
    NoBinding,
    /// A field that no query parameter can express, or that was cut.
    LeftOut,
    /// An annotation that contradicts the structure, or cannot be expressed.
    DroppedAnnotation,
    /// A comment that is missing.
    NoComment,
    /// Two names that had to be told apart.
    Naming,
    /// A binding that is refused.
    Refused,
}

impl Catalog {
    /// A package by its name.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// What is known of a field, of a parameter's for example; none if it may not be seen.
    #[must_use]
    pub fn field(&self, descriptor: &FieldDescriptor) -> Option<&Field> {
        let message = descriptor.containing_message();
        self.messages
            .get(message.full_name())?
            .field(descriptor.number())
    }

    /// Every method with its package and service, in order.
    pub fn methods(&self) -> impl Iterator<Item = (&Package, &Service, &Method)> {
        self.packages.iter().flat_map(|package| {
            package.services.iter().flat_map(move |service| {
                service
                    .methods
                    .iter()
                    .map(move |method| (package, service, method))
            })
        })
    }
}
