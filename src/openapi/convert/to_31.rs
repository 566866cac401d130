//! 3.2 to 3.1: what streams are is said of their items, and every new word gets its old one.

use serde_json::{Value, json};

use super::walk::{Object, Way, contents, object, operations, path_items};

/// The media type of server-sent events.
const EVENTS: &str = "text/event-stream";

/// The media type of lines of JSON.
const LINES: &str = "application/x-ndjson";

/// Rewrites a document of 3.2 as one of 3.1.
pub(in crate::openapi) fn to_31(document: &mut Object) {
    document.insert("openapi".to_owned(), json!("3.1.0"));
    document.shift_remove("$self");
    for item in path_items(document) {
        verbs(item);
    }
    operations(document, &mut |_, operation| {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] == "path"
                && let Some(parameter) = parameter.as_object_mut()
            {
                parameter.shift_remove("allowReserved");
            }
        }
        if let Some(responses) = object(operation, "responses") {
            for response in responses.values_mut().filter_map(Value::as_object_mut) {
                describe(response);
            }
        }
    });
    contents(document, &mut |way, content| streams(way, content));
    tags(document);
    servers(document);
    security_schemes(document);
}

/// Verbs that a Path Item has no member for.
fn verbs(item: &mut Object) {
    let mut more = match item.shift_remove("additionalOperations") {
        Some(Value::Object(more)) => more,
        _ => Object::new(),
    };
    if let Some(query) = item.shift_remove("query") {
        more.insert("QUERY".to_owned(), query);
    }
    if !more.is_empty() {
        item.insert("x-additionalOperations".to_owned(), Value::Object(more));
    }
}

/// A response must have a description, and has no summary.
fn describe(response: &mut Object) {
    let summary = response.shift_remove("summary");
    if !response.contains_key("$ref") {
        response
            .entry("description")
            .or_insert_with(|| summary.unwrap_or_else(|| json!("")));
    }
}

/// Generators honour the schema of the first media type, and take it for the item's where it is that of
/// events; an array beside it would win over both.
fn streams(way: Way, content: &mut Object) {
    let is_stream = content
        .values()
        .any(|media| media.get("itemSchema").is_some());
    for media in content.values_mut().filter_map(Value::as_object_mut) {
        if let Some(item) = media.shift_remove("itemSchema") {
            media.insert("schema".to_owned(), item);
        }
        drop_serialized(media);
    }
    if !is_stream {
        return;
    }
    if let Some(events) = object(content, EVENTS)
        && let Some(schema) = events.get_mut("schema")
        && let Some(item) = schema.pointer("/properties/data/contentSchema")
    {
        *schema = item.clone();
    }
    if way == Way::Response {
        content.shift_remove("application/json");
        if let Some(events) = content.shift_remove(EVENTS) {
            content.shift_insert(0, EVENTS.to_owned(), events);
        }
    } else if let Some(lines) = content.shift_remove(LINES) {
        content.shift_insert(0, LINES.to_owned(), lines);
    }
}

/// An example that is text is 3.2's.
fn drop_serialized(media: &mut Object) {
    let Some(examples) = object(media, "examples") else {
        return;
    };
    examples.retain(|_, example| example.get("serializedValue").is_none());
    if examples.is_empty() {
        media.shift_remove("examples");
    }
}

/// Tags know no parents: those become groups.
fn tags(document: &mut Object) {
    let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) else {
        return;
    };
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    let mut names = Object::new();
    for tag in tags.iter_mut().filter_map(Value::as_object_mut) {
        tag.shift_remove("kind");
        let summary = tag.shift_remove("summary");
        let name = tag.get("name").cloned().unwrap_or_default();
        if let Some(summary) = summary {
            tag.entry("x-displayName")
                .or_insert_with(|| summary.clone());
            names.insert(name.as_str().unwrap_or_default().to_owned(), summary);
        }
        if let Some(Value::String(parent)) = tag.shift_remove("parent") {
            match groups.iter_mut().find(|(group, _)| *group == parent) {
                Some((_, members)) => members.push(name),
                None => groups.push((parent, vec![name])),
            }
        }
    }
    if groups.is_empty() {
        return;
    }
    tags.retain(|tag| !groups.iter().any(|(group, _)| tag["name"] == **group));
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|(group, tags)| {
            let name = names.get(&group).cloned().unwrap_or_else(|| json!(group));
            json!({ "name": name, "tags": tags })
        })
        .collect();
    document.insert("x-tagGroups".to_owned(), Value::Array(groups));
}

fn servers(document: &mut Object) {
    let servers = document.get_mut("servers").and_then(Value::as_array_mut);
    for server in servers.into_iter().flatten() {
        if let Some(server) = server.as_object_mut() {
            server.shift_remove("name");
        }
    }
}

fn security_schemes(document: &mut Object) {
    let schemes = object(document, "components")
        .and_then(|components| object(components, "securitySchemes"))
        .into_iter()
        .flat_map(Object::values_mut);
    for scheme in schemes.filter_map(Value::as_object_mut) {
        scheme.shift_remove("deprecated");
        scheme.shift_remove("oauth2MetadataUrl");
        if let Some(flows) = object(scheme, "flows") {
            flows.shift_remove("deviceAuthorization");
        }
    }
}
