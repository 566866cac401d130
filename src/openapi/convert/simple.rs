//! 3.0 for strict generators: one media type a body, nothing that they are known to refuse.

use serde_json::{Value, json};

use super::walk::{Object, object, path_items};

/// Media types by which a body is known best, first the ones that generators have types for.
const PREFERRED: &[&str] = &[
    "application/json",
    "text/event-stream",
    "application/octet-stream",
];

/// Names that `info.description` lists at most.
const LISTED_MAX: usize = 100;

/// Takes from a document of 3.0 what strict generators do not take, and says so in its description.
pub(in crate::openapi) fn simple(document: &mut Object) {
    let mut left_out = Vec::new();
    for item in path_items(document) {
        let verbs: Vec<String> = item.keys().cloned().collect();
        for verb in verbs {
            let Some(operation) = object(item, &verb) else {
                continue;
            };
            let id = operation
                .get("operationId")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if verb.starts_with("x-") {
                left_out.push(format!("operations of other verbs ({verb})"));
                item.shift_remove(&verb);
            } else if !operation.contains_key("responses") {
                // Not an operation.
            } else if !reduce(&id, operation, &mut left_out) {
                left_out.push(format!("`{id}`: its body is lines of JSON"));
                item.shift_remove(&verb);
            }
        }
    }
    if let Some(paths) = object(document, "paths") {
        paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    }
    if let Some(components) = object(document, "components")
        && let Some(responses) = object(components, "responses")
    {
        for response in responses.values_mut().filter_map(Value::as_object_mut) {
            if let Some(content) = object(response, "content") {
                one(content);
            }
        }
    }
    if !left_out.is_empty() {
        say(document, &left_out);
    }
}

fn say(document: &mut Object, left_out: &[String]) {
    let mut text = String::from("Left out of this simple form:\n");
    for what in left_out.iter().take(LISTED_MAX) {
        text.push_str(&format!("\n- {what}"));
    }
    if let Some(more) = left_out
        .len()
        .checked_sub(LISTED_MAX)
        .filter(|more| *more > 0)
    {
        text.push_str(&format!("\n- and {more} more"));
    }
    if let Some(info) = object(document, "info") {
        let before = info.get("description").and_then(Value::as_str);
        let text = before.map_or_else(|| text.clone(), |before| format!("{before}\n\n{text}"));
        info.insert("description".to_owned(), json!(text));
    }
}

/// False if nothing is left of it.
fn reduce(id: &str, operation: &mut Object, left_out: &mut Vec<String>) -> bool {
    if let Some(parameters) = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
    {
        parameters.retain(|parameter| {
            let is_deep = parameter["style"] == "deepObject";
            if is_deep {
                left_out.push(format!("`{id}`: parameter {}", parameter["name"]));
            }
            !is_deep
        });
    }
    if let Some(content) = object(operation, "requestBody").and_then(|body| object(body, "content"))
    {
        one(content);
        if is_lines_only(content) {
            return false;
        }
    }
    let responses = object(operation, "responses").into_iter();
    for response in responses.flat_map(Object::values_mut) {
        let content = response.get_mut("content").and_then(Value::as_object_mut);
        if let Some(content) = content {
            one(content);
            if is_lines_only(content) {
                return false;
            }
        }
    }
    true
}

fn is_lines_only(content: &Object) -> bool {
    content.len() == 1 && content.contains_key("application/x-ndjson")
}

/// Keeps the media type that is known best.
fn one(content: &mut Object) {
    if let Some(any) = content.shift_remove("*/*") {
        content.entry("application/octet-stream").or_insert(any);
    }
    let best = PREFERRED
        .iter()
        .find(|name| content.contains_key(**name))
        .map(|name| (*name).to_owned())
        .or_else(|| content.keys().next().cloned());
    content.retain(|name, _| Some(name) == best.as_ref());
}
