//! Where things stand in a document: its operations, its media types, its schemas.

use serde_json::{Map, Value};

/// An object of JSON.
pub(in crate::openapi) type Object = Map<String, Value>;

/// Members of a Path Item that are operations.
const VERBS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// Members of a Path Item that hold operations by their verb.
const MORE_VERBS: &[&str] = &["additionalOperations", "x-additionalOperations"];

/// Members of a schema that are a schema.
const ONE: &[&str] = &[
    "items",
    "additionalProperties",
    "propertyNames",
    "not",
    "contains",
    "if",
    "then",
    "else",
    "contentSchema",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Members of a schema that are a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// Members of a schema that are schemas by name.
const NAMED: &[&str] = &[
    "properties",
    "patternProperties",
    "dependentSchemas",
    "$defs",
];

/// Deepest nesting of schemas that is rewritten. Those of a catalog have about ten levels.
const DEPTH_MAX: usize = 100;

/// The object of a member, if it is one.
pub(super) fn object<'v>(of: &'v mut Object, name: &str) -> Option<&'v mut Object> {
    of.get_mut(name)?.as_object_mut()
}

/// Every Path Item.
pub(super) fn path_items(document: &mut Object) -> impl Iterator<Item = &mut Object> {
    let paths = object(document, "paths").into_iter();
    paths.flat_map(|paths| paths.values_mut().filter_map(Value::as_object_mut))
}

/// Calls `visit` with the verb (`get`, `LOCK`) and the members of every operation.
pub(super) fn operations(document: &mut Object, visit: &mut dyn FnMut(&str, &mut Object)) {
    for item in path_items(document) {
        for (name, value) in item.iter_mut() {
            let Some(members) = value.as_object_mut() else {
                continue;
            };
            if VERBS.contains(&name.as_str()) {
                visit(name, members);
            } else if MORE_VERBS.contains(&name.as_str()) {
                for (verb, operation) in members.iter_mut() {
                    if let Some(operation) = operation.as_object_mut() {
                        visit(verb, operation);
                    }
                }
            }
        }
    }
}

/// Which way a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the client.
    Request,
    /// To it.
    Response,
}

/// Calls `visit` with every `content`: the media types of a body.
pub(super) fn contents(document: &mut Object, visit: &mut dyn FnMut(Way, &mut Object)) {
    operations(document, &mut |_, operation| {
        if let Some(content) =
            object(operation, "requestBody").and_then(|body| object(body, "content"))
        {
            visit(Way::Request, content);
        }
        if let Some(responses) = object(operation, "responses") {
            responses_of(responses, visit);
        }
    });
    if let Some(components) = object(document, "components")
        && let Some(responses) = object(components, "responses")
    {
        responses_of(responses, visit);
    }
}

fn responses_of(responses: &mut Object, visit: &mut dyn FnMut(Way, &mut Object)) {
    for response in responses.values_mut().filter_map(Value::as_object_mut) {
        if let Some(content) = object(response, "content") {
            visit(Way::Response, content);
        }
    }
}

/// Calls `visit` with every schema of a document, inner ones first.
pub(in crate::openapi) fn schemas(document: &mut Object, visit: &mut dyn FnMut(&mut Value)) {
    if let Some(components) = object(document, "components") {
        for part in ["schemas", "parameters", "headers"] {
            let Some(named) = object(components, part) else {
                continue;
            };
            for value in named.values_mut() {
                if part == "schemas" {
                    within(value, visit, 0);
                } else if let Some(schema) = value.get_mut("schema") {
                    within(schema, visit, 0);
                }
            }
        }
    }
    let of_content = |content: &mut Object, visit: &mut dyn FnMut(&mut Value)| {
        for media in content.values_mut() {
            for member in ["schema", "itemSchema"] {
                if let Some(schema) = media.get_mut(member) {
                    within(schema, visit, 0);
                }
            }
        }
    };
    contents(document, &mut |_, content| of_content(content, visit));
    operations(document, &mut |_, operation| {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            if let Some(schema) = parameter.get_mut("schema") {
                within(schema, visit, 0);
            }
        }
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut) {
            let headers = response.get_mut("headers").and_then(Value::as_object_mut);
            for header in headers.into_iter().flat_map(Map::values_mut) {
                if let Some(schema) = header.get_mut("schema") {
                    within(schema, visit, 0);
                }
            }
        }
    });
}

/// Calls `visit` with the schemas within a schema, then with itself.
fn within(schema: &mut Value, visit: &mut dyn FnMut(&mut Value), depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    if let Some(members) = schema.as_object_mut() {
        for (name, value) in members.iter_mut() {
            let name = name.as_str();
            if ONE.contains(&name) {
                within(value, visit, depth + 1);
            } else if LIST.contains(&name) {
                for value in value.as_array_mut().into_iter().flatten() {
                    within(value, visit, depth + 1);
                }
            } else if NAMED.contains(&name) {
                let named = value.as_object_mut().into_iter();
                for value in named.flat_map(Map::values_mut) {
                    within(value, visit, depth + 1);
                }
            }
        }
    }
    visit(schema);
}
