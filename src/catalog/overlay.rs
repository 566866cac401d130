//! What an operator says of an API in words of their own: laid over a catalog, so that pages, documents,
//! search and downloads all have it.
//!
//! It wins over annotations, which win over comments. It says text and metadata; what is structure stays
//! as the descriptors have it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Catalog, Enum, Field, Message, Method, Package, Service, annotations};
use crate::schema::Schema;

#[cfg(test)]
mod tests;

/// What is said, by full names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with kinds of elements"
)]
pub struct Overlay {
    /// `library.v1`.
    pub packages: BTreeMap<String, OfPackage>,
    /// `library.v1.Library`.
    pub services: BTreeMap<String, OfType>,
    /// `library.v1.Library.GetBook`.
    pub methods: BTreeMap<String, OfMethod>,
    /// `library.v1.Book`.
    pub messages: BTreeMap<String, OfMessage>,
    /// `library.v1.Book.title`, by names as the protos have them.
    pub fields: BTreeMap<String, OfMessage>,
    /// `library.v1.Genre`.
    pub enums: BTreeMap<String, OfType>,
    /// `library.v1.Genre.GENRE_POETRY`: the enum's full name, then the value's.
    pub values: BTreeMap<String, OfValue>,
}

/// Of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `description`"
)]
pub struct OfPackage {
    /// In Markdown.
    pub description: Option<String>,
    /// Where more is to be read.
    pub external_docs: Option<ExternalDocs>,
}

/// Of a service or an enum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `description` and the like"
)]
pub struct OfType {
    /// In Markdown.
    pub description: Option<String>,
    /// Whether it should no longer be used.
    pub deprecated: Option<bool>,
    /// Where more is to be read.
    pub external_docs: Option<ExternalDocs>,
}

/// Of a method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `summary`, `description` and the like"
)]
pub struct OfMethod {
    /// One line.
    pub summary: Option<String>,
    /// In Markdown.
    pub description: Option<String>,
    /// Tags in place of the service's.
    pub tags: Option<Vec<String>>,
    /// Whether it should no longer be used.
    pub deprecated: Option<bool>,
    /// Where more is to be read.
    pub external_docs: Option<ExternalDocs>,
}

/// Of a message or a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `description` and the like"
)]
pub struct OfMessage {
    /// In Markdown.
    pub description: Option<String>,
    /// Whether it should no longer be used.
    pub deprecated: Option<bool>,
    /// Where more is to be read.
    pub external_docs: Option<ExternalDocs>,
    /// What it looks like in JSON.
    pub examples: Option<Vec<Value>>,
}

/// Of a value of an enum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `description` and the like"
)]
pub struct OfValue {
    /// In Markdown.
    pub description: Option<String>,
    /// Whether it should no longer be used.
    pub deprecated: Option<bool>,
}

/// Where more is to be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with `url`")]
pub struct ExternalDocs {
    /// The address.
    pub url: String,
    /// What is there.
    pub description: Option<String>,
}

impl ExternalDocs {
    fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("url".to_owned(), self.url.clone().into());
        if let Some(text) = &self.description {
            value.insert("description".to_owned(), text.clone().into());
        }
        Value::Object(value)
    }
}

impl Overlay {
    /// What it speaks of and a schema has not: a sentence each, with the name.
    #[must_use]
    pub fn idle(&self, schema: &Schema) -> Vec<String> {
        let pool = schema.pool();
        let method = |name: &str| {
            let path = name.rsplit_once('.');
            path.is_some_and(|(service, method)| {
                schema.method(&format!("/{service}/{method}")).is_some()
            })
        };
        let field = |name: &str| {
            let (message, field) = name.rsplit_once('.')?;
            let message = pool.get_message_by_name(message)?;
            message.get_field_by_name(field)
        };
        let value = |name: &str| {
            let (of, value) = name.rsplit_once('.')?;
            pool.get_enum_by_name(of)?.get_value_by_name(value)
        };
        let package = |name: &str| pool.files().any(|file| file.package_name() == name);
        let mut idle = Vec::new();
        let mut look = |kind: &str, name: &str, is_there: bool| {
            if !is_there {
                idle.push(format!("docs.overlay: {kind}: there is no {name}"));
            }
        };
        for name in self.packages.keys() {
            look("packages", name, package(name));
        }
        for name in self.services.keys() {
            look("services", name, pool.get_service_by_name(name).is_some());
        }
        for name in self.methods.keys() {
            look("methods", name, method(name));
        }
        for name in self.messages.keys() {
            look("messages", name, pool.get_message_by_name(name).is_some());
        }
        for name in self.fields.keys() {
            look("fields", name, field(name).is_some());
        }
        for name in self.enums.keys() {
            look("enums", name, pool.get_enum_by_name(name).is_some());
        }
        for name in self.values.keys() {
            look("values", name, value(name).is_some());
        }
        idle
    }
}

impl Catalog {
    /// Lays an overlay over everything that it speaks of and that is here.
    pub fn lay(&mut self, overlay: &Overlay) {
        for package in &mut self.packages {
            if let Some(said) = overlay.packages.get(&package.name) {
                said.on(package);
            }
            for service in &mut package.services {
                if let Some(said) = overlay.services.get(&service.name) {
                    said.on_service(service);
                    let tag = service.annotations.name.as_ref().unwrap_or(&service.tag);
                    if let Some(Value::Object(tag)) = package.annotations.tags.get_mut(tag)
                        && said.description.is_some()
                    {
                        tag.remove("description");
                    }
                }
                for method in &mut service.methods {
                    let name = format!("{}.{}", service.name, method.served.name);
                    if let Some(said) = overlay.methods.get(&name) {
                        said.on(method);
                    }
                }
            }
        }
        for (name, message) in &mut self.messages {
            if let Some(said) = overlay.messages.get(name) {
                said.on_message(message);
            }
            for field in &mut message.fields {
                let name = format!("{name}.{}", field.descriptor.proto_name());
                if let Some(said) = overlay.fields.get(&name) {
                    said.on_field(field);
                }
            }
        }
        for (name, of) in &mut self.enums {
            if let Some(said) = overlay.enums.get(name) {
                said.on_enum(of);
            }
            for value in &mut of.values {
                if let Some(said) = overlay.values.get(&format!("{name}.{}", value.name)) {
                    put(&mut value.comment, said.description.as_ref());
                    value.deprecated = said.deprecated.unwrap_or(value.deprecated);
                }
            }
        }
    }
}

impl OfPackage {
    fn on(&self, package: &mut Package) {
        if put(&mut package.comment, self.description.as_ref()) {
            package.annotations.info.remove("description");
        }
        if let Some(docs) = &self.external_docs {
            package.annotations.external_docs = Some(docs.value());
        }
    }
}

impl OfType {
    fn on_service(&self, service: &mut Service) {
        if put(&mut service.comment, self.description.as_ref()) {
            service.annotations.description = None;
        }
        service.deprecated = self.deprecated.unwrap_or(service.deprecated);
        if let Some(docs) = &self.external_docs {
            service.annotations.external_docs = Some(docs.value());
        }
    }

    fn on_enum(&self, of: &mut Enum) {
        if put(&mut of.comment, self.description.as_ref()) {
            of.annotations.keywords.remove("description");
        }
        of.deprecated = self.deprecated.unwrap_or(of.deprecated);
        refer(&mut of.annotations, self.external_docs.as_ref());
    }
}

impl OfMethod {
    fn on(&self, method: &mut Method) {
        if put(&mut method.summary, self.summary.as_ref()) {
            method.annotations.summary = None;
        }
        if put(&mut method.description, self.description.as_ref()) {
            method.annotations.description = None;
        }
        if let Some(tags) = &self.tags {
            method.annotations.tags.clone_from(tags);
        }
        if let Some(deprecated) = self.deprecated {
            method.deprecated = deprecated;
            method.annotations.deprecated = deprecated;
        }
        if let Some(docs) = &self.external_docs {
            method.annotations.external_docs = Some(docs.value());
        }
    }
}

impl OfMessage {
    fn on_message(&self, message: &mut Message) {
        self.on(
            &mut message.comment,
            &mut message.deprecated,
            &mut message.annotations,
        );
    }

    fn on_field(&self, field: &mut Field) {
        self.on(
            &mut field.comment,
            &mut field.deprecated,
            &mut field.annotations,
        );
    }

    fn on(&self, comment: &mut String, deprecated: &mut bool, of: &mut annotations::Schema) {
        if put(comment, self.description.as_ref()) {
            of.keywords.remove("description");
        }
        *deprecated = self.deprecated.unwrap_or(*deprecated);
        refer(of, self.external_docs.as_ref());
        if let Some(examples) = &self.examples {
            of.keywords.remove("example");
            of.keywords
                .insert("examples".to_owned(), examples.clone().into());
        }
    }
}

/// True if there is a text.
fn put(place: &mut String, text: Option<&String>) -> bool {
    if let Some(text) = text {
        text.trim().clone_into(place);
    }
    text.is_some()
}

fn refer(of: &mut annotations::Schema, docs: Option<&ExternalDocs>) {
    if let Some(docs) = docs {
        of.keywords.insert("externalDocs".to_owned(), docs.value());
    }
}
