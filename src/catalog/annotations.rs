//! What annotations made for OpenAPI say: `openapiv2_*`, gnostic's `openapi.v3.*` and `openapiv3_*`,
//! merged, the later of these three winning over `openapiv2_*`.
//!
//! They give text and metadata only. Values are in the words of OpenAPI 3.2.

use serde_json::{Map, Value};

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
    /// Descriptions of tags, by name.
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
/// pattern, format, readOnly, externalDocs, extensions), in JSON Schema 2020-12.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The keywords.
    pub keywords: Map<String, Value>,
    /// JSON names that it says are required (of a message).
    pub required: Vec<String>,
    /// It says that this field is required (of a field).
    pub is_required: bool,
}
