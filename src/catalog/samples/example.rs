//! Example values: a message that may be sent, made of what annotations and rules say, then of names and
//! kinds. Small on purpose: what is required, what the URL needs, else the first few fields.

use prost_reflect::{Cardinality, Kind};
use serde_json::{Map, Value, json};

use super::super::{Body, Catalog, Field, Message, Method, Operation};
use super::request;
use crate::catalog::message::{Behavior, Format};

/// Messages inside each other that an example has.
const DEPTH_MAX: usize = 4;

/// Fields that stand for a message of which none is required.
const FEW: usize = 3;

/// Characters that a rule can ask of an example.
const LENGTH_MAX: usize = 64;

/// A request: what its operation needs is in it.
#[must_use]
pub fn request(
    catalog: &Catalog,
    method: &Method,
    operation: Option<&Operation>,
) -> Map<String, Value> {
    let input = method.descriptor.input();
    let Some(message) = catalog.messages.get(input.full_name()) else {
        return Map::new();
    };
    let mut made = match of(catalog, message) {
        Value::Object(made) => made,
        _ => return Map::new(),
    };
    let Some(operation) = operation else {
        return made;
    };
    if !operation.path_parameters.is_empty() && !message.fields.iter().any(Field::is_required) {
        // What the URL holds is enough.
        made.clear();
    }
    if let Body::Field { field, .. } = &operation.body
        && let [root] = field.as_slice()
        && let Some(field) = message.fields.iter().find(|f| f.descriptor == *root)
        && let Some(value) = value(catalog, field, 1)
    {
        made.entry(field.json_name.clone()).or_insert(value);
    }
    for (field, value) in request::path_examples(operation) {
        request::put(&mut made, &field, value);
    }
    made
}

/// An example of a message.
#[must_use]
pub fn of(catalog: &Catalog, message: &Message) -> Value {
    if let Some(given) = annotated(&message.annotations.keywords) {
        return given.clone();
    }
    object(catalog, message, 0)
}

fn object(catalog: &Catalog, message: &Message, depth: usize) -> Value {
    let mut made = Map::new();
    if depth < DEPTH_MAX {
        let sent = |field: &&Field| !field.deprecated && !field.is(Behavior::OutputOnly);
        let required = message.fields.iter().filter(|field| field.is_required());
        for field in required {
            if let Some(value) = value(catalog, field, depth) {
                made.insert(field.json_name.clone(), value);
            }
        }
        if made.is_empty() {
            let simple = message.fields.iter().filter(sent).filter(|field| {
                !field.is(Behavior::Identifier)
                    && field.descriptor.containing_oneof().is_none()
                    && (is_plain(field) || depth + 1 < DEPTH_MAX && is_few(field))
            });
            for field in simple.take(FEW) {
                if let Some(value) = value(catalog, field, depth) {
                    made.insert(field.json_name.clone(), value);
                }
            }
        }
        for oneof in message.oneofs.iter().filter(|oneof| oneof.required) {
            let first = message
                .fields
                .iter()
                .find(|field| oneof.fields.first() == Some(&field.json_name));
            if let Some((field, value)) =
                first.and_then(|field| Some((field, value(catalog, field, depth)?)))
            {
                made.insert(field.json_name.clone(), value);
            }
        }
    }
    Value::Object(made)
}

/// True for one value that is no message, but for those that JSON writes as a text.
fn is_plain(field: &Field) -> bool {
    !field.descriptor.is_list()
        && !field.descriptor.is_map()
        && match field.descriptor.kind() {
            Kind::Message(message) => matches!(
                message.full_name(),
                "google.protobuf.Timestamp" | "google.protobuf.Duration"
            ),
            _ => true,
        }
}

/// True for a list of texts or enums, and for a map of texts.
fn is_few(field: &Field) -> bool {
    field.descriptor.is_list() && matches!(field.descriptor.kind(), Kind::String | Kind::Enum(_))
}

/// An example of a field; none where nothing can be made up that would be taken.
fn value(catalog: &Catalog, field: &Field, depth: usize) -> Option<Value> {
    if let Some(given) = annotated(&field.annotations.keywords).or(field.rules.examples.first()) {
        return Some(given.clone());
    }
    let keywords = &field.rules.keywords;
    if field.descriptor.is_map() {
        let kind = field.descriptor.kind();
        let entry = kind.as_message()?;
        let key = match entry.map_entry_key_field().kind() {
            Kind::Bool => "true",
            Kind::String => "key",
            _ => "1",
        };
        let inner = keywords
            .get("additionalProperties")
            .and_then(Value::as_object);
        let held = entry.map_entry_value_field();
        let value = single(
            catalog,
            &held.kind(),
            "value",
            inner.unwrap_or(&Map::new()),
            depth,
        )?;
        return Some(json!({ key: value }));
    }
    if field.descriptor.cardinality() == Cardinality::Repeated {
        let inner = keywords.get("items").and_then(Value::as_object);
        let item = single(
            catalog,
            &field.descriptor.kind(),
            field.descriptor.name(),
            inner.unwrap_or(&Map::new()),
            depth,
        )?;
        return Some(Value::Array(vec![item]));
    }
    match field.format {
        Some(Format::Uuid4) => return Some(json!("0f8fad5b-d9cb-469f-a165-70867728950e")),
        Some(Format::Ipv4 | Format::Ipv4OrIpv6) => return Some(json!("192.0.2.1")),
        Some(Format::Ipv6) => return Some(json!("2001:db8::1")),
        None => {}
    }
    if let Some(kind) = &field.reference
        && let Some(name) = resource_name(catalog, kind)
    {
        return Some(Value::String(name));
    }
    single(
        catalog,
        &field.descriptor.kind(),
        field.descriptor.name(),
        keywords,
        depth,
    )
}

/// A name that fits the first pattern of a resource.
fn resource_name(catalog: &Catalog, kind: &str) -> Option<String> {
    let resource = catalog
        .messages
        .values()
        .filter_map(|message| message.resource.as_ref());
    let pattern = resource
        .filter(|one| one.kind == kind)
        .find_map(|one| one.patterns.first())?;
    Some(request::named(pattern))
}

fn single(
    catalog: &Catalog,
    kind: &Kind,
    name: &str,
    keywords: &Map<String, Value>,
    depth: usize,
) -> Option<Value> {
    for key in ["const", "default"] {
        if let Some(value) = keywords.get(key) {
            return Some(value.clone());
        }
    }
    if let Some(first) = keywords
        .get("enum")
        .and_then(Value::as_array)
        .and_then(|all| all.first())
    {
        return Some(first.clone());
    }
    Some(match kind {
        Kind::Bool => json!(true),
        Kind::String => Value::String(text(name, keywords)?),
        Kind::Bytes => json!("aGVsbG8="),
        Kind::Double | Kind::Float => {
            let number = bounded(keywords, 1.5);
            if number.fract() == 0.0 {
                json!(whole(number))
            } else {
                json!(number)
            }
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            let least = keywords
                .get("x-minimum")
                .and_then(|v| v.as_str()?.parse::<i64>().ok());
            json!(least.unwrap_or(1).max(1).to_string())
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => {
            json!(whole(bounded(keywords, 1.0)))
        }
        Kind::Enum(descriptor) => {
            if descriptor.full_name() == "google.protobuf.NullValue" {
                return Some(Value::Null);
            }
            let values = &catalog.enums.get(descriptor.full_name())?.values;
            let told = values
                .iter()
                .find(|value| value.number != 0 && !value.deprecated);
            json!(told.or(values.first())?.name)
        }
        Kind::Message(descriptor) => match descriptor.full_name() {
            "google.protobuf.Timestamp" => json!("2026-01-31T12:00:00Z"),
            "google.protobuf.Duration" => json!("1.500s"),
            "google.protobuf.FieldMask" => json!("name"),
            "google.protobuf.Struct" => json!({"key": "value"}),
            "google.protobuf.Value" => json!("value"),
            "google.protobuf.ListValue" => json!(["value"]),
            "google.protobuf.Any" => {
                json!({"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.500s"})
            }
            "google.api.HttpBody" => json!({"contentType": "text/plain", "data": "aGVsbG8="}),
            full if is_wrapper(full) => {
                let held = descriptor.get_field(1)?;
                return single(catalog, &held.kind(), name, keywords, depth);
            }
            full => match catalog.messages.get(full) {
                Some(message) => object(catalog, message, depth + 1),
                None => json!({}),
            },
        },
    })
}

/// True for the wrappers of scalars.
pub(super) fn is_wrapper(full_name: &str) -> bool {
    let name = full_name.strip_prefix("google.protobuf.");
    name.and_then(|name| name.strip_suffix("Value"))
        .is_some_and(|kind| !matches!(kind, "" | "List" | "Null"))
}

/// Text that fits its rules, or none.
fn text(name: &str, keywords: &Map<String, Value>) -> Option<String> {
    let at = |key: &str| {
        keywords
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let (least, most) = (
        at("minLength").unwrap_or(0),
        at("maxLength").unwrap_or(usize::MAX),
    );
    if let Some(format) = keywords.get("format").and_then(Value::as_str) {
        let made = match format {
            "email" => "reader@example.com",
            "uuid" => "0f8fad5b-d9cb-469f-a165-70867728950e",
            "uri" | "uri-reference" => "https://example.com/",
            "hostname" => "example.com",
            "ipv4" => "192.0.2.1",
            "ipv6" => "2001:db8::1",
            "date-time" => "2026-01-31T12:00:00Z",
            "date" => "2026-01-31",
            _ => name,
        };
        return Some(made.to_owned());
    }
    let mut made = match keywords.get("pattern").and_then(Value::as_str) {
        None if keywords.contains_key("allOf") => return None,
        None => name.replace('_', "-"),
        // Digits are what a number in text asks for; other patterns are not guessed at.
        Some(pattern) if pattern.starts_with("^[0-9]") || pattern.starts_with("^\\d") => {
            "1".to_owned()
        }
        Some(_) => return None,
    };
    while made.chars().count() < least.min(LENGTH_MAX) {
        let last = made.chars().next_back().unwrap_or('a');
        made.push(last);
    }
    if made.chars().count() < least {
        return None;
    }
    Some(made.chars().take(most).collect())
}

/// A number as near to this one as the rules let it be.
fn bounded(keywords: &Map<String, Value>, wanted: f64) -> f64 {
    let at = |key: &str| keywords.get(key).and_then(Value::as_f64);
    let mut number = wanted;
    if let Some(least) = at("minimum") {
        number = number.max(least);
    }
    if let Some(below) = at("exclusiveMinimum").filter(|below| number <= *below) {
        number = below + 1.0;
    }
    if let Some(most) = at("maximum") {
        number = number.min(most);
    }
    if let Some(above) = at("exclusiveMaximum").filter(|above| number >= *above) {
        number = above - 1.0;
    }
    number
}

#[allow(clippy::cast_possible_truncation)]
fn whole(number: f64) -> i64 {
    number as i64
}

/// What an annotation gives as an example.
fn annotated(keywords: &Map<String, Value>) -> Option<&Value> {
    let first = keywords
        .get("examples")
        .and_then(Value::as_array)
        .and_then(|all| all.first());
    first.or_else(|| keywords.get("example"))
}
