//! OpenAPI documents of a catalog.
//!
//! ```text
//!  Catalog ─► document (3.2, serde_json::Value) ─► 3.1 ─► 3.0.3 ─► simple      JSON or YAML, sorted
//! ```
//!
//! The frame is utoipa's model; schemas are JSON values, because most of what protobuf's rules need
//! utoipa's types cannot say. Same catalog, same bytes.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::catalog::{Catalog, Finding, Ids, Message, Method, Operation};

mod body;
mod convert;
mod errors;
mod frame;
mod limits;
mod markup;
mod operation;
mod options;
mod parameter;
pub mod schema;
mod security;
mod sort;
#[cfg(test)]
mod tests;
mod value;

pub use limits::Limits;
pub use options::{
    AdditionalProperties, ComponentNames, Direction, EnumForm, FieldNames, Form, Nullable, Numbers,
    Options, Split, UpdateMask, Zeros,
};
pub use schema::Schemas;
pub use sort::sort;

/// What is said of the API as a whole, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `info.title`; else that of an annotation, else made from the packages.
    pub title: Option<String>,
    /// `info.description`, in Markdown.
    pub description: Option<String>,
    /// `info.version`; else that of an annotation, else the packages' versions.
    pub version: Option<String>,
    /// Public URLs of this gateway. Empty: the authority that a document was asked for at.
    pub servers: Vec<String>,
    /// How a client shows who it is, by what the gateway is configured to ask for.
    pub security: Security,
    /// How operations are named.
    pub ids: Ids,
    /// How schemas are written.
    pub options: Options,
}

/// What the gateway asks of every client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Nothing: what annotations say counts.
    #[default]
    None,
    /// A certificate, if the client has one.
    OptionalCertificate,
    /// A certificate.
    Certificate,
}

/// How much a document holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything.
    All,
    /// A package.
    Package(String),
    /// A service, by its full name.
    Service(String),
}

/// A version of OpenAPI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// 3.0.3.
    V30,
    /// 3.1.0.
    #[default]
    V31,
    /// 3.2.0.
    V32,
}

/// Who a document is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Everybody.
    #[default]
    Full,
    /// Generators that are strict: of 3.0, with one media type a body.
    Simple,
}

/// How a document is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// YAML.
    Yaml,
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edition {
    /// How much it holds.
    pub scope: Scope,
    /// The version of OpenAPI.
    pub version: Version,
    /// Who it is for. [`Profile::Simple`] is of 3.0, whatever the version.
    pub profile: Profile,
    /// How it is written.
    pub format: Format,
}

/// A word that is no version of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of 3.0, 3.1 and 3.2")]
pub struct NoVersion;

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        match text {
            "3.0" => Ok(Self::V30),
            "3.1" => Ok(Self::V31),
            "3.2" => Ok(Self::V32),
            _ => Err(NoVersion),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V30 => "3.0",
            Self::V31 => "3.1",
            Self::V32 => "3.2",
        })
    }
}

/// The document of what an edition holds, sorted. `base` is where the gateway is, such as
/// `https://api.example.com`: the server of a document where none is configured, and the place in its
/// code samples.
#[must_use]
pub fn document(catalog: &Catalog, config: &Config, edition: &Edition, base: &str) -> Value {
    let mut document = frame::document(catalog, config, &edition.scope, base);
    let version = match edition.profile {
        Profile::Full => edition.version,
        Profile::Simple => Version::V30,
    };
    if version != Version::V32 {
        convert::to_31(&mut document);
    }
    if version == Version::V30 {
        convert::to_30(&mut document);
    }
    if edition.profile == Profile::Simple {
        convert::simple(&mut document);
    }
    markup::escape(&mut document);
    let mut document = Value::Object(document);
    sort(&mut document);
    document
}

/// What annotations say of the catalog's messages and enums that no schema can take.
#[must_use]
pub fn findings(catalog: &Catalog, config: &Config) -> Vec<Finding> {
    let mut schemas = Schemas::new(catalog, &config.options);
    for message in catalog.messages.values() {
        schemas.reference(&message.descriptor, config.options.form);
    }
    schemas.components();
    schemas.into_findings()
}

/// A message's JSON, as a JSON Schema that stands by itself: what it refers to is in its `$defs`.
#[must_use]
pub fn json_schema(catalog: &Catalog, options: &Options, message: &Message) -> Value {
    let mut schemas = Schemas::new(catalog, options);
    let root = schemas.reference(&message.descriptor, options.form);
    standalone(root, &mut schemas)
}

/// The JSON of an operation's success, as a JSON Schema that stands by itself; none where it is no JSON, or
/// a stream.
#[must_use]
pub fn answer_schema(
    catalog: &Catalog,
    options: &Options,
    method: &Method,
    operation: &Operation,
) -> Option<Value> {
    let mut schemas = Schemas::new(catalog, options);
    let response = value::object(&body::response(catalog, &mut schemas, method, operation));
    let root = response.get("content")?.get(body::JSON)?.get("schema")?;
    Some(standalone(root.clone(), &mut schemas))
}

/// A schema with what it refers to.
fn standalone(mut root: Value, schemas: &mut Schemas<'_>) -> Value {
    let mut definitions = Value::Object(schemas.components());
    convert::refer_to_definitions(&mut root);
    convert::refer_to_definitions(&mut definitions);
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["$defs"] = definitions;
    sort(&mut root);
    root
}

/// A document as text, with a line break at its end.
#[must_use]
pub fn text(document: &Value, format: Format) -> String {
    // Neither can fail on a value of JSON: every key is text.
    let mut text = match format {
        Format::Json => serde_json::to_string_pretty(document).unwrap_or_default(),
        Format::Yaml => serde_saphyr::to_string(document).unwrap_or_default(),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
