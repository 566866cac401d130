//! What is said in words: comments, then what annotations mean, then rules.

use std::collections::HashMap;

use prost_reflect::Kind;

use serde_json::{Value, json};

use super::{Object, Schemas};
use crate::catalog::message::Behavior;
use crate::catalog::rules::{Cel, wrapped};
use crate::catalog::{Catalog, Field, FieldDescriptor, annotations, comment};

/// Said of numbers of 64 bits.
const LONG: &str = "64-bit, a string in JSON; numbers are taken too.";

/// Behaviours in words; the others have a keyword.
const BEHAVIORS: [(Behavior, &str); 4] = [
    (Behavior::Immutable, "Once set it cannot be changed."),
    (Behavior::Identifier, "Identifies the resource."),
    (
        Behavior::UnorderedList,
        "The order of its items means nothing.",
    ),
    (
        Behavior::NonEmptyDefault,
        "Where it is not set, the server chooses a value that is not empty.",
    ),
];

/// `LibraryService.GetBook` by the type of the resource it gets.
pub(super) fn getters(catalog: &Catalog) -> HashMap<&str, String> {
    let mut getters = HashMap::new();
    for (_, service, method) in catalog.methods() {
        let output = method.descriptor.output();
        let resource = catalog
            .messages
            .get(output.full_name())
            .and_then(|message| message.resource.as_ref());
        if let Some(resource) = resource
            && method.descriptor.name().starts_with("Get")
        {
            let name = format!("{}.{}", service.short, method.descriptor.name());
            getters.entry(resource.kind.as_str()).or_insert(name);
        }
    }
    getters
}

/// Everything that is said of a field.
pub(super) fn of_field(
    schemas: &Schemas<'_>,
    descriptor: &FieldDescriptor,
    field: Option<&Field>,
) -> Option<String> {
    let mut notes = Vec::new();
    if is_long(descriptor) {
        notes.push(LONG.to_owned());
    }
    let Some(field) = field else {
        return paragraphs(notes);
    };
    for (behavior, words) in BEHAVIORS {
        if field.is(behavior) {
            notes.push(words.to_owned());
        }
    }
    match field.reference.as_deref() {
        None => {}
        Some("*") => notes.push("The name of a resource.".to_owned()),
        Some(of) => notes.push(match schemas.getters.get(of) {
            Some(getter) => format!("The name of a `{of}`: see `{getter}`."),
            None => format!("The name of a `{of}`."),
        }),
    }
    paragraphs([
        said(&field.annotations, &field.comment),
        notes.join(" "),
        rules(&field.rules.sentences),
    ])
}

/// The description of an annotation, else the comment.
pub(super) fn said(annotation: &annotations::Schema, comment: &str) -> String {
    let annotated = annotation.keywords.get("description");
    annotated
        .and_then(Value::as_str)
        .map_or_else(|| comment::plain(comment), str::to_owned)
}

/// Rules as a list.
pub(super) fn rules(sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let lines: Vec<_> = sentences
        .iter()
        .map(|sentence| format!("- {}", sentence.replace('\n', " ")))
        .collect();
    format!("Rules:\n\n{}", lines.join("\n"))
}

/// Paragraphs that are there.
pub(super) fn paragraphs(parts: impl IntoIterator<Item = String>) -> Option<String> {
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// `x-protovalidate-cel`.
pub(super) fn cel(rules: &[Cel]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let parts = [
                ("expression", &rule.expression),
                ("id", &rule.id),
                ("message", &rule.message),
            ];
            let said = parts.into_iter().filter(|(_, text)| !text.is_empty());
            let object: Object = said
                .map(|(key, text)| (key.to_owned(), json!(text)))
                .collect();
            Value::Object(object)
        })
        .collect();
    rules.into()
}

/// Whether its numbers are strings in JSON.
fn is_long(field: &FieldDescriptor) -> bool {
    let kind = field.value_kind();
    let kind = kind.as_message().and_then(wrapped).unwrap_or(kind);
    matches!(
        kind,
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64
    )
}
