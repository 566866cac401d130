//! Documents, operations and their parts, out of the words of each dialect. What a document of OpenAPI
//! could not hold (an answer for no code, a server without a URL) is left out.

use serde_json::{Map, Value, json};

use super::{Document, Operation, modern, security};

type Object = Map<String, Value>;

/// Of `openapiv2_swagger`.
pub(super) fn of_swagger(mut said: Object) -> Document {
    let servers = servers(&mut said);
    let schemes = object(said.remove("securityDefinitions"));
    let schemes = schemes.into_iter().filter_map(|(name, scheme)| {
        let scheme = security::of_swagger(object(Some(scheme)))?;
        Some((name, scheme))
    });
    Document {
        servers,
        security_schemes: schemes.collect(),
        ..shared(said)
    }
}

/// Of gnostic's document and `openapiv3_document`.
pub(super) fn of_v3(mut said: Object) -> Document {
    let servers = array(said.remove("servers"));
    let mut components = object(said.remove("components"));
    let schemes = object(components.remove("securitySchemes"));
    Document {
        servers: servers
            .into_iter()
            .filter(|server| server.get("url").is_some())
            .collect(),
        security_schemes: schemes
            .into_iter()
            .filter(|(_, scheme)| security::is_whole(scheme))
            .collect(),
        ..shared(said)
    }
}

/// What is written alike.
fn shared(mut said: Object) -> Document {
    let mut info = object(said.remove("info"));
    if let Some(license) = info.get("license")
        && license.get("name").is_none()
    {
        info.remove("license");
    }
    let mut tags = Object::new();
    for tag in array(said.remove("tags")) {
        let mut tag = object(Some(tag));
        if let Some(name) = text(tag.remove("name")) {
            tags.insert(name, Value::Object(docs_checked(tag)));
        }
    }
    Document {
        info,
        servers: Vec::new(),
        external_docs: external_docs(&mut said),
        security_schemes: Object::new(),
        security: array(said.remove("security")),
        responses: responses(object(said.remove("responses"))),
        tags,
        extensions: extensions(said),
    }
}

/// `host`, `basePath` and `schemes` as URLs.
fn servers(said: &mut Object) -> Vec<Value> {
    let host = text(said.remove("host"));
    let base = text(said.remove("basePath")).unwrap_or_default();
    let schemes = array(said.remove("schemes"));
    let url = |url: String| json!({ "url": url });
    match host {
        None if base.is_empty() => Vec::new(),
        None => vec![url(base)],
        Some(host) if schemes.is_empty() => vec![url(format!("//{host}{base}"))],
        Some(host) => schemes
            .iter()
            .filter_map(Value::as_str)
            .map(|scheme| url(format!("{scheme}://{host}{base}")))
            .collect(),
    }
}

/// Of any dialect's operation.
pub(super) fn operation(mut said: Object) -> Operation {
    let mut parameters = Vec::new();
    for header in array(said.remove("headers")) {
        let mut header = header_of(object(Some(header)));
        header.insert("in".to_owned(), "header".into());
        parameters.push(Value::Object(header));
    }
    for parameter in array(said.remove("parameters")) {
        parameters.push(Value::Object(header_of(object(Some(parameter)))));
    }
    // What the path and the query hold the descriptors say.
    parameters.retain(|parameter| {
        let place = parameter.get("in").and_then(Value::as_str);
        parameter.get("name").is_some() && matches!(place, Some("header" | "cookie"))
    });
    let mut responses_said = object(said.remove("responses"));
    for named in array(responses_said.remove("list")) {
        let mut named = object(Some(named));
        if let (Some(code), Some(response)) = (text(named.remove("code")), named.remove("response"))
        {
            responses_said.insert(code, response);
        }
    }
    Operation {
        id: text(said.remove("operationId")),
        tags: array(said.remove("tags"))
            .into_iter()
            .filter_map(|tag| text(Some(tag)))
            .collect(),
        summary: text(said.remove("summary")),
        description: text(said.remove("description")),
        deprecated: said.remove("deprecated").is_some(),
        security: said.remove("security").map(|value| array(Some(value))),
        external_docs: external_docs(&mut said),
        responses: responses(responses_said),
        parameters,
        extensions: extensions(said),
    }
}

/// Answers by code. What all others get every operation says already, so there is no `default`.
fn responses(said: Object) -> Object {
    said.into_iter()
        .filter(|(code, _)| is_code(code))
        .map(|(code, response)| {
            let mut response = object(Some(response));
            let headers: Object = object(response.remove("headers"))
                .into_iter()
                .map(|(name, header)| (name, Value::Object(header_of(object(Some(header))))))
                .collect();
            if !headers.is_empty() {
                response.insert("headers".to_owned(), Value::Object(headers));
            }
            let content: Object = object(response.remove("examples"))
                .into_iter()
                .map(|(media, example)| {
                    let text = text(Some(example)).unwrap_or_default();
                    let parsed = serde_json::from_str(&text).unwrap_or(Value::String(text));
                    (media, json!({ "example": parsed }))
                })
                .collect();
            if !content.is_empty() {
                response.insert("content".to_owned(), Value::Object(content));
            }
            response.entry("description").or_insert_with(|| "".into());
            (code, Value::Object(response))
        })
        .collect()
}

/// `404`, `4XX`.
fn is_code(code: &str) -> bool {
    match code.as_bytes() {
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', tens, ones] => tens.is_ascii_digit() && ones.is_ascii_digit(),
        _ => false,
    }
}

/// A header or parameter whose schema may lie open in it, as in OpenAPI 2.
fn header_of(mut said: Object) -> Object {
    let mut schema = object(said.remove("schema"));
    for key in ["type", "format", "default", "pattern"] {
        if let Some(value) = said.remove(key) {
            schema.insert(key.to_owned(), value);
        }
    }
    modern::schema(&mut schema);
    if schema.is_empty() {
        schema.insert("type".to_owned(), "string".into());
    }
    said.insert("schema".to_owned(), Value::Object(schema));
    said
}

/// `externalDocs`, which are nothing without a URL.
pub(super) fn external_docs(said: &mut Object) -> Option<Value> {
    said.remove("externalDocs")
        .filter(|docs| docs.get("url").is_some())
}

pub(super) fn docs_checked(mut said: Object) -> Object {
    if let Some(docs) = external_docs(&mut said) {
        said.insert("externalDocs".to_owned(), docs);
    }
    said
}

pub(super) fn extensions(said: Object) -> Object {
    said.into_iter()
        .filter(|(key, _)| key.starts_with("x-"))
        .collect()
}

/// A text that says something.
pub(super) fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

pub(super) fn object(value: Option<Value>) -> Object {
    match value {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

pub(super) fn array(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(array)) => array,
        _ => Vec::new(),
    }
}
