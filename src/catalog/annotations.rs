//! What annotations made for OpenAPI say: `openapiv2_*`, gnostic's `openapi.v3.*` and `openapiv3_*`,
//! merged, the later of these three winning over `openapiv2_*`.
//!
//! They give text and metadata only. Values are in the words of OpenAPI 3.2.
//!
//! ```text
//!  option bytes ─► Record ─► read, by a table ─► JSON in the annotation's words ─► modern ─► 3.2
//! ```
//!
//! An annotation is a message whose fields are keywords, so each dialect is a table of numbers and names
//! (`swagger`, `gnostic`, `gateway`), and nothing relies on its definition being part of the schema.
//! Whether a keyword fits the structure is for the writer of schemas to say. `$ref`s are left out: they
//! name what other generators would have made.

use prost_reflect::{FileDescriptor, MessageDescriptor};
use serde_json::{Map, Value};

use super::FieldDescriptor;
use crate::schema::record::Record;

mod document;
mod gateway;
mod gnostic;
mod modern;
mod read;
mod schema;
mod security;
mod swagger;
#[cfg(test)]
mod tests;

use read::{Table, read};

/// grpc-gateway's `openapiv2_*`.
const SWAGGER: u32 = 1042;
/// gnostic's `openapi.v3.*`.
const GNOSTIC: u32 = 1143;
/// grpc-gateway's `openapiv3_*`.
const GATEWAY: u32 = 1295;

/// Of a file: its document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Members of `info`.
    pub info: Map<String, Value>,
    /// `servers`.
    pub servers: Vec<Value>,
    /// `externalDocs`.
    pub external_docs: Option<Value>,
    /// `components.securitySchemes`.
    pub security_schemes: Map<String, Value>,
    /// `security`, for operations that say nothing.
    pub security: Vec<Value>,
    /// `responses` of every operation, by code.
    pub responses: Map<String, Value>,
    /// Tag objects by their names, which are not repeated within.
    pub tags: Map<String, Value>,
    /// Extension keys.
    pub extensions: Map<String, Value>,
}

/// Of a method: its operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    /// `operationId`.
    pub id: Option<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `summary`.
    pub summary: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `deprecated`.
    pub deprecated: bool,
    /// `security`; none: not said.
    pub security: Option<Vec<Value>>,
    /// `externalDocs`.
    pub external_docs: Option<Value>,
    /// `responses`, by code.
    pub responses: Map<String, Value>,
    /// Further parameters, headers above all.
    pub parameters: Vec<Value>,
    /// Extension keys.
    pub extensions: Map<String, Value>,
}

/// Of a service: its tag.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tag {
    /// `name`.
    pub name: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `externalDocs`.
    pub external_docs: Option<Value>,
    /// Extension keys.
    pub extensions: Map<String, Value>,
}

/// Of a message, field or enum: keywords for its schema (title, description, default, examples, limits,
/// pattern, format, readOnly, externalDocs, extensions), in JSON Schema 2020-12. What speaks of structure
/// (`type`, `items`, `properties` …) is there too, so that somebody can say where it is wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The keywords.
    pub keywords: Map<String, Value>,
    /// JSON names that it says are required (of a message).
    pub required: Vec<String>,
    /// It says that this field is required (of a field).
    pub is_required: bool,
}

impl Document {
    /// What a file's options say.
    #[must_use]
    pub fn of_file(file: &FileDescriptor) -> Self {
        let options = Record::of_options(|| file.options());
        let mut out = Self::default();
        out.merge(document::of_swagger(said(
            &options,
            SWAGGER,
            &swagger::DOCUMENT,
        )));
        out.merge(document::of_v3(said(&options, GNOSTIC, &gnostic::DOCUMENT)));
        out.merge(document::of_v3(said(&options, GATEWAY, &gateway::DOCUMENT)));
        out
    }

    /// Takes over what another says, which wins: of a file the next dialect, of a package the file before.
    pub fn merge(&mut self, other: Self) {
        self.info.extend(other.info);
        if !other.servers.is_empty() {
            self.servers = other.servers;
        }
        self.external_docs = other.external_docs.or(self.external_docs.take());
        self.security_schemes.extend(other.security_schemes);
        if !other.security.is_empty() {
            self.security = other.security;
        }
        self.responses.extend(other.responses);
        self.tags.extend(other.tags);
        self.extensions.extend(other.extensions);
    }
}

impl Operation {
    /// What a method's options say.
    pub(super) fn of_method(options: &Record) -> Self {
        let mut out = Self::default();
        out.merge(document::operation(said(
            options,
            SWAGGER,
            &swagger::OPERATION,
        )));
        out.merge(document::operation(said(
            options,
            GNOSTIC,
            &gnostic::OPERATION,
        )));
        out.merge(document::operation(said(
            options,
            GATEWAY,
            &gateway::OPERATION,
        )));
        out
    }

    fn merge(&mut self, other: Self) {
        self.id = other.id.or(self.id.take());
        if !other.tags.is_empty() {
            self.tags = other.tags;
        }
        self.summary = other.summary.or(self.summary.take());
        self.description = other.description.or(self.description.take());
        self.deprecated |= other.deprecated;
        self.security = other.security.or(self.security.take());
        self.external_docs = other.external_docs.or(self.external_docs.take());
        self.responses.extend(other.responses);
        if !other.parameters.is_empty() {
            self.parameters = other.parameters;
        }
        self.extensions.extend(other.extensions);
    }
}

impl Tag {
    /// What a service's options say.
    pub(super) fn of_service(options: &Record) -> Self {
        let mut tag = said(options, SWAGGER, &swagger::TAG);
        tag.extend(said(options, GATEWAY, &gateway::TAG));
        Self {
            name: document::text(tag.remove("name")),
            description: document::text(tag.remove("description")),
            external_docs: tag.remove("externalDocs"),
            extensions: tag,
        }
    }
}

impl Schema {
    /// What a message's options say.
    pub(super) fn of_message(options: &Record, message: &MessageDescriptor) -> Self {
        let mut keywords = said(options, SWAGGER, &swagger::SCHEMA);
        keywords.extend(said(options, GNOSTIC, &gnostic::SCHEMA));
        keywords.extend(said(options, GATEWAY, &gateway::SCHEMA));
        schema::of_message(keywords, message)
    }

    /// What a field's options say.
    pub(super) fn of_field(options: &Record, field: &FieldDescriptor) -> Self {
        let mut keywords = said(options, SWAGGER, &swagger::FIELD);
        keywords.extend(said(options, GNOSTIC, &gnostic::SCHEMA));
        keywords.extend(said(options, GATEWAY, &gateway::SCHEMA));
        schema::of_field(keywords, field)
    }

    /// What an enum's options say.
    pub(super) fn of_enum(options: &Record) -> Self {
        schema::of_enum(said(options, SWAGGER, &swagger::ENUM))
    }
}

/// What one annotation says, in its own words.
fn said(options: &Record, extension: u32, table: Table) -> Map<String, Value> {
    let record = options.message(extension);
    record.map_or_else(Map::new, |record| read(&record, table))
}
