//! 3.1 to 3.0.3: JSON Schema becomes its older dialect, and what that cannot say is left out.

use serde_json::{Value, json};

use super::walk::{Object, object, operations, schemas};

/// Keywords that 3.0 does not have, and that nothing stands for.
const DROPPED: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicRef",
    "$id",
    "$schema",
    "contains",
    "contentSchema",
    "dependentRequired",
    "else",
    "if",
    "maxContains",
    "minContains",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Verbs whose requests have no body in 3.0.
const BODILESS: &[&str] = &["get", "head"];

/// The sentence that a description gets for a body that cannot be said.
const NO_BODY: &str = "This operation takes a body, which OpenAPI 3.0 cannot say of its verb.";

/// The sentence that a description gets for a certificate that cannot be said.
const NO_CERTIFICATE: &str = "A client certificate is required, which OpenAPI 3.0 cannot say.";

/// Rewrites a document of 3.1 as one of 3.0.3.
pub(in crate::openapi) fn to_30(document: &mut Object) {
    document.insert("openapi".to_owned(), json!("3.0.3"));
    document.shift_remove("webhooks");
    document.shift_remove("jsonSchemaDialect");
    if let Some(info) = object(document, "info") {
        about(info);
    }
    operations(document, &mut |verb, operation| {
        if BODILESS.contains(&verb) && operation.shift_remove("requestBody").is_some() {
            tell(operation, NO_BODY);
        }
    });
    security(document);
    schemas(document, &mut schema);
}

fn about(info: &mut Object) {
    info.shift_remove("summary");
    if let Some(license) = object(info, "license")
        && let Some(Value::String(identifier)) = license.shift_remove("identifier")
    {
        let url = format!("https://spdx.org/licenses/{identifier}.html");
        license.entry("url").or_insert_with(|| json!(url));
    }
}

/// Adds a paragraph to a description.
fn tell(element: &mut Object, sentence: &str) {
    let text = match element.get("description").and_then(Value::as_str) {
        Some(text) if !text.is_empty() => format!("{text}\n\n{sentence}"),
        _ => sentence.to_owned(),
    };
    element.insert("description".to_owned(), json!(text));
}

/// Client certificates cannot be said. A requirement that was nothing else must not become "nothing is
/// required": it goes, and the text says it.
fn security(document: &mut Object) {
    let Some(schemes) =
        object(document, "components").and_then(|components| object(components, "securitySchemes"))
    else {
        return;
    };
    let is_mutual = |scheme: &Value| scheme["type"] == "mutualTLS";
    let gone: Vec<String> = schemes
        .iter()
        .filter(|(_, scheme)| is_mutual(scheme))
        .map(|(name, _)| name.clone())
        .collect();
    schemes.retain(|_, scheme| !is_mutual(scheme));
    let is_empty = schemes.is_empty();
    if let Some(components) = object(document, "components")
        && is_empty
    {
        components.shift_remove("securitySchemes");
    }
    if gone.is_empty() {
        return;
    }
    operations(document, &mut |_, operation| {
        let Some(requirements) = operation.get_mut("security").and_then(Value::as_array_mut) else {
            return;
        };
        let before = requirements.len();
        requirements.retain_mut(|requirement| {
            let Some(all) = requirement.as_object_mut() else {
                return true;
            };
            let was_empty = all.is_empty();
            all.retain(|name, _| !gone.contains(name));
            was_empty || !all.is_empty()
        });
        let only_optional = requirements.iter().all(|all| all == &json!({}));
        if requirements.len() < before && only_optional {
            let is_optional = !requirements.is_empty();
            operation.shift_remove("security");
            if !is_optional {
                tell(operation, NO_CERTIFICATE);
            }
        }
    });
}

/// One schema; those within it are done.
fn schema(value: &mut Value) {
    match value {
        Value::Bool(true) => *value = json!({}),
        Value::Bool(false) => *value = json!({ "not": {} }),
        Value::Object(members) => keywords(members),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
    }
}

fn keywords(members: &mut Object) {
    if let Some(reference) = members.shift_remove("$ref") {
        if members.is_empty() {
            members.insert("$ref".to_owned(), reference);
            return;
        }
        all_of(members, json!({ "$ref": reference }));
    }
    if members.contains_key("prefixItems") && !members.contains_key("items") {
        members.insert("items".to_owned(), json!({}));
    }
    null_value(members);
    types(members);
    bound(members, "exclusiveMinimum", "minimum", f64::max);
    bound(members, "exclusiveMaximum", "maximum", f64::min);
    if let Some(value) = members.shift_remove("const") {
        members.insert("enum".to_owned(), json!([value]));
    }
    if let Some(Value::Array(examples)) = members.shift_remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        members.entry("example").or_insert(first);
    }
    content(members);
    exclusions(members);
    members.retain(|name, _| !DROPPED.contains(&name.as_str()));
}

/// Adds a schema to `allOf`.
fn all_of(members: &mut Object, schema: Value) {
    match members.get_mut("allOf").and_then(Value::as_array_mut) {
        Some(all) => all.insert(0, schema),
        None => {
            members.insert("allOf".to_owned(), json!([schema]));
        }
    }
}

/// `NullValue`: nothing but `null`, which needs a type beside `nullable`.
fn null_value(members: &mut Object) {
    if members.get("enum") == Some(&json!([null])) && !members.contains_key("type") {
        members.insert("type".to_owned(), json!("string"));
        members.insert("nullable".to_owned(), json!(true));
    }
}

fn types(members: &mut Object) {
    let Some(Value::Array(types)) = members.get("type") else {
        return;
    };
    let is_nullable = types.iter().any(|name| name == "null");
    let mut others: Vec<Value> = types
        .iter()
        .filter(|name| *name != "null")
        .cloned()
        .collect();
    members.shift_remove("type");
    match (others.len(), others.pop()) {
        (1, Some(only)) => {
            members.insert("type".to_owned(), only);
        }
        (_, Some(last)) => {
            others.push(last);
            let any: Vec<Value> = others.iter().map(|name| json!({ "type": name })).collect();
            members.insert("anyOf".to_owned(), Value::Array(any));
        }
        (_, None) => {}
    }
    if is_nullable && members.contains_key("type") {
        members.insert("nullable".to_owned(), json!(true));
    }
}

/// A bound that is excluded: 3.0 has the bound, and a flag. Where both stand the tighter one counts.
fn bound(members: &mut Object, exclusive: &str, inclusive: &str, tighter: fn(f64, f64) -> f64) {
    let Some(excluded) = members
        .get(exclusive)
        .filter(|value| value.is_number())
        .cloned()
    else {
        return;
    };
    members.shift_remove(exclusive);
    let (Some(open), closed) = (
        excluded.as_f64(),
        members.get(inclusive).and_then(Value::as_f64),
    ) else {
        return;
    };
    let is_tighter = closed.is_none_or(|closed| tighter(open, closed).total_cmp(&open).is_eq());
    if is_tighter {
        members.insert(inclusive.to_owned(), excluded);
        members.insert(exclusive.to_owned(), json!(true));
    }
}

/// Bytes: in base64 `byte`, as they are `binary`.
fn content(members: &mut Object) {
    let encoding = members.shift_remove("contentEncoding");
    let media = members.shift_remove("contentMediaType");
    let (format, is_bytes) = match (&encoding, &media) {
        (Some(Value::String(name)), _) if name == "base64" => ("byte", true),
        (None, Some(Value::String(name))) if name == "application/octet-stream" => ("binary", true),
        (_, _) => ("", false),
    };
    if is_bytes {
        members.insert("type".to_owned(), json!("string"));
        members.insert("format".to_owned(), json!(format));
    }
}

/// `dependentSchemas` as a oneof has them: each says which members may not stand beside it.
fn exclusions(members: &mut Object) {
    let Some(Value::Object(dependent)) = members.shift_remove("dependentSchemas") else {
        return;
    };
    let mut pairs = Vec::new();
    for (name, schema) in &dependent {
        let Some(not) = schema.get("not") else {
            continue;
        };
        let alone = std::slice::from_ref(not);
        let others = not.get("anyOf").and_then(Value::as_array);
        for other in others.map_or(alone, Vec::as_slice) {
            for other in other["required"].as_array().into_iter().flatten() {
                pairs.push(json!({ "required": [name, other] }));
            }
        }
    }
    let not = match pairs.len() {
        0 => return,
        1 => pairs.swap_remove(0),
        _ => json!({ "anyOf": pairs }),
    };
    if members.contains_key("not") {
        all_of(members, json!({ "not": not }));
    } else {
        members.insert("not".to_owned(), not);
    }
}
