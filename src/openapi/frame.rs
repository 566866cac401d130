//! A document's frame: what it is about, its operations, what answers have in common.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    InfoBuilder, OpenApiBuilder, OpenApiVersion, Paths, Server, ServerBuilder, Tag,
};

use super::convert::walk::Object;
use super::operation::Writer;
use super::value::object;
use super::{Config, Scope, security};
use crate::catalog::{ANY_VERB, Catalog, Operation, Package, Service, comment};

/// Verbs that a Path Item has a member for, the one of 3.2 too.
const NATIVE: &[&str] = &[
    "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "QUERY",
];

/// The document of what `scope` holds, in the form of 3.2, unsorted.
pub(super) fn document(catalog: &Catalog, config: &Config, scope: &Scope, base: &str) -> Object {
    let mut writer = Writer::new(catalog, config, base);
    let mut paths = Items::default();
    let mut any = Vec::new();
    let mut tags = BTreeSet::new();
    let held: Vec<_> = services(catalog, scope).collect();
    let mut packages: Vec<&Package> = held.iter().map(|(package, _)| *package).collect();
    packages.dedup_by_key(|package| package.name.as_str());
    for (package, service) in &held {
        for method in &service.methods {
            for operation in &method.operations {
                let written = writer.write(package, service, method, operation);
                for tag in written["tags"].as_array().into_iter().flatten() {
                    tags.extend(tag.as_str().map(str::to_owned));
                }
                if operation.verb == "*" {
                    any.push((operation, written));
                } else {
                    place(paths.item(&operation.path), &operation.verb, written);
                }
            }
        }
    }
    // Whatever has a verb of its own keeps it.
    for (operation, written) in any {
        every(paths.item(&operation.path), operation, &written);
    }

    let document = OpenApiBuilder::new()
        .openapi(OpenApiVersion::Version32)
        .info(InfoBuilder::new().title("").version("").build())
        .paths(Paths::new())
        .servers(Some(servers(config, base)))
        .tags(Some(tag_list(&held, &tags)))
        .build();
    let mut document = object(&document);
    document.insert(
        "info".to_owned(),
        Value::Object(about(config, scope, &held, &packages)),
    );
    if let Some(servers) = annotated_servers(config, &packages) {
        document.insert("servers".to_owned(), servers);
    }
    let paths = paths.order.into_iter();
    let paths = paths.map(|(path, item)| (path, Value::Object(item)));
    document.insert("paths".to_owned(), Value::Object(paths.collect()));
    let mut components = writer.components();
    let schemes = security::schemes(config, &packages);
    if !schemes.is_empty() {
        components.insert("securitySchemes".to_owned(), Value::Object(schemes));
    }
    document.insert("components".to_owned(), Value::Object(components));
    for package in &packages {
        let annotations = &package.annotations;
        if let Some(docs) = &annotations.external_docs {
            document
                .entry("externalDocs")
                .or_insert_with(|| docs.clone());
        }
        for (name, value) in &annotations.extensions {
            document
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        for (name, said) in &annotations.tags {
            describe_tag(&mut document, name, said);
        }
    }
    document
}

/// What a scope holds, in order.
fn services<'c>(
    catalog: &'c Catalog,
    scope: &'c Scope,
) -> impl Iterator<Item = (&'c Package, &'c Service)> {
    let all = catalog.packages.iter().flat_map(|package| {
        let services = package.services.iter();
        services.map(move |service| (package, service))
    });
    all.filter(move |(package, service)| match scope {
        Scope::All => true,
        Scope::Package(name) => package.name == *name,
        Scope::Service(name) => service.name == *name,
    })
}

/// Path Items, in the order in which their paths came.
#[derive(Default)]
struct Items {
    order: Vec<(String, Object)>,
    at: HashMap<String, usize>,
}

impl Items {
    fn item(&mut self, path: &str) -> &mut Object {
        let next = self.order.len();
        let at = *self.at.entry(path.to_owned()).or_insert(next);
        if at == next {
            self.order.push((path.to_owned(), Object::new()));
        }
        &mut self.order[at].1
    }
}

fn place(item: &mut Object, verb: &str, operation: Value) {
    if NATIVE.contains(&verb) {
        item.insert(verb.to_ascii_lowercase(), operation);
        return;
    }
    let more = item
        .entry("additionalOperations")
        .or_insert_with(|| json!({}));
    if let Some(more) = more.as_object_mut() {
        more.insert(verb.to_owned(), operation);
    }
}

fn every(item: &mut Object, operation: &Operation, written: &Value) {
    for verb in ANY_VERB {
        if item.contains_key(verb) {
            continue;
        }
        let mut copy = written.clone();
        copy["operationId"] = json!(format!("{}_{verb}", operation.id));
        item.insert(verb.to_owned(), copy);
    }
}

/// `info`, configuration first, then annotations, then names.
fn about(
    config: &Config,
    scope: &Scope,
    held: &[(&Package, &Service)],
    packages: &[&Package],
) -> Object {
    let mut info = Object::new();
    for package in packages {
        for (name, value) in &package.annotations.info {
            info.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let versions: BTreeSet<&str> = packages
        .iter()
        .filter_map(|package| package.version.as_deref())
        .collect();
    let (title, description) = match scope {
        Scope::All => ("API".to_owned(), String::new()),
        Scope::Package(name) => {
            let comment = held
                .first()
                .map_or("", |(package, _)| package.comment.as_str());
            (name.clone(), comment::plain(comment))
        }
        Scope::Service(name) => {
            let comment = held
                .first()
                .map_or("", |(_, service)| service.comment.as_str());
            (name.clone(), comment::plain(comment))
        }
    };
    info.entry("title").or_insert_with(|| json!(title));
    if !description.is_empty() {
        info.entry("description")
            .or_insert_with(|| json!(description));
    }
    info.entry("version").or_insert_with(|| {
        let versions: Vec<_> = versions.into_iter().collect();
        json!(if versions.is_empty() {
            "unversioned".to_owned()
        } else {
            versions.join(", ")
        })
    });
    let chosen = [
        ("title", &config.title),
        ("description", &config.description),
        ("version", &config.version),
    ];
    for (name, value) in chosen {
        if let Some(value) = value {
            info.insert(name.to_owned(), json!(value));
        }
    }
    info
}

fn servers(config: &Config, base: &str) -> Vec<Server> {
    if config.servers.is_empty() {
        return vec![ServerBuilder::new().url(base).build()];
    }
    let servers = config.servers.iter();
    let servers = servers.map(|url| {
        let name = url.split_once("://").map(|(_, place)| place);
        ServerBuilder::new().url(url).name(name).build()
    });
    servers.collect()
}

/// Servers of annotations count where none is configured.
fn annotated_servers(config: &Config, packages: &[&Package]) -> Option<Value> {
    if !config.servers.is_empty() {
        return None;
    }
    let mut servers: Vec<Value> = Vec::new();
    for server in packages
        .iter()
        .flat_map(|package| &package.annotations.servers)
    {
        if !servers.contains(server) {
            servers.push(server.clone());
        }
    }
    (!servers.is_empty()).then_some(Value::Array(servers))
}

/// A tag for each package, and beneath it one for each of its services; then what annotations name.
fn tag_list(held: &[(&Package, &Service)], used: &BTreeSet<String>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for (package, service) in held {
        let name = service.annotations.name.as_ref().unwrap_or(&service.tag);
        if !used.contains(name) {
            continue;
        }
        let parent = (!package.name.is_empty() && package.name != *name).then_some(&package.name);
        if let Some(parent) = parent
            && !tags.iter().any(|tag| tag.name == *parent)
        {
            let description = text(&comment::plain(&package.comment));
            let tag = TagBuilder::new()
                .name(parent)
                .summary(Some(parent))
                .description(description)
                .kind(Some("nav"));
            tags.push(tag.build());
        }
        let annotated = service.annotations.description.clone();
        let description = annotated.or_else(|| text(&comment::plain(&service.comment)));
        let tag = TagBuilder::new()
            .name(name)
            .summary(Some(&service.short))
            .description(description)
            .parent(parent)
            .kind(Some("nav"))
            .build();
        tags.push(tag);
    }
    let is_listed = |tags: &[Tag], name: &str| tags.iter().any(|tag| tag.name == name);
    for name in used {
        if !is_listed(&tags, name) {
            tags.push(TagBuilder::new().name(name).build());
        }
    }
    tags
}

/// Adds what an annotation says of a tag, a Tag Object without its name, to what is known already.
fn describe_tag(document: &mut Object, name: &str, said: &Value) {
    let tags = document.get_mut("tags").and_then(Value::as_array_mut);
    for tag in tags.into_iter().flatten() {
        if tag["name"] != *name {
            continue;
        }
        let (Some(tag), Some(said)) = (tag.as_object_mut(), said.as_object()) else {
            continue;
        };
        for (member, value) in said {
            tag.entry(member.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_annotation_says_of_a_tag_joins_what_is_known() {
        let mut document = Object::new();
        let tags = json!([{ "name": "a", "description": "known" }, { "name": "b" }]);
        document.insert("tags".to_owned(), tags);
        let said = json!({ "description": "said", "externalDocs": { "url": "https://a.example" } });
        describe_tag(&mut document, "a", &said);
        describe_tag(&mut document, "b", &said);
        let docs = json!({ "url": "https://a.example" });
        assert_eq!(
            document["tags"],
            json!([
                { "name": "a", "description": "known", "externalDocs": docs },
                { "name": "b", "description": "said", "externalDocs": docs },
            ])
        );
    }
}
