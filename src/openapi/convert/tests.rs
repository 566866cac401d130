//! Each pass, word by word, on documents by hand.

use serde_json::{Value, json};

use super::walk::Object;
use super::{simple, to_30, to_31};

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

/// A document with one schema.
fn with_schema(schema: &Value) -> Object {
    object(json!({ "openapi": "3.1.0", "components": { "schemas": { "S": schema } } }))
}

fn schema_in_30(schema: &Value) -> Value {
    let mut document = with_schema(schema);
    to_30(&mut document);
    document["components"]["schemas"]["S"].clone()
}

#[test]
fn a_schema_of_31_becomes_one_of_30() {
    for (schema, expected) in [
        (json!(true), json!({})),
        (json!(false), json!({ "not": {} })),
        (
            json!({ "type": ["string", "null"] }),
            json!({ "type": "string", "nullable": true }),
        ),
        (
            json!({ "type": ["string", "integer"] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
        ),
        (
            json!({ "type": "integer", "exclusiveMinimum": 3 }),
            json!({ "type": "integer", "minimum": 3, "exclusiveMinimum": true }),
        ),
        (
            json!({ "minimum": 5, "exclusiveMinimum": 3 }),
            json!({ "minimum": 5 }),
        ),
        (
            json!({ "maximum": 5, "exclusiveMaximum": 3 }),
            json!({ "maximum": 3, "exclusiveMaximum": true }),
        ),
        (json!({ "const": 1 }), json!({ "enum": [1] })),
        (json!({ "examples": ["a", "b"] }), json!({ "example": "a" })),
        (json!({ "$ref": "#/x" }), json!({ "$ref": "#/x" })),
        (
            json!({ "$ref": "#/x", "description": "d" }),
            json!({ "description": "d", "allOf": [{ "$ref": "#/x" }] }),
        ),
        (
            json!({ "type": "string", "contentEncoding": "base64" }),
            json!({ "type": "string", "format": "byte" }),
        ),
        (
            json!({ "contentMediaType": "application/octet-stream" }),
            json!({ "type": "string", "format": "binary" }),
        ),
        (
            json!({ "type": "string", "contentMediaType": "application/json", "contentSchema": {} }),
            json!({ "type": "string" }),
        ),
        (
            json!({ "enum": [null] }),
            json!({ "enum": [null], "type": "string", "nullable": true }),
        ),
        (
            json!({ "propertyNames": { "pattern": "a" }, "if": {}, "then": {}, "else": {} }),
            json!({}),
        ),
        (
            json!({ "items": { "const": 1 }, "allOf": [{ "const": 2 }] }),
            json!({ "items": { "enum": [1] }, "allOf": [{ "enum": [2] }] }),
        ),
    ] {
        assert_eq!(schema_in_30(&schema), expected, "{schema}");
    }
}

#[test]
fn what_only_looks_like_a_schema_is_left_alone() {
    let schema = json!({
        "type": "object",
        "properties": { "const": { "const": 1 }, "examples": { "type": "string" } },
        "default": { "const": 1, "type": ["string", "null"] },
        "enum": [{ "const": 1 }],
    });
    let expected = json!({
        "type": "object",
        "properties": { "const": { "enum": [1] }, "examples": { "type": "string" } },
        "default": { "const": 1, "type": ["string", "null"] },
        "enum": [{ "const": 1 }],
    });
    assert_eq!(schema_in_30(&schema), expected);
}

#[test]
fn members_of_a_oneof_exclude_each_other_in_30_too() {
    let schema = json!({
        "dependentSchemas": {
            "paper": { "not": { "anyOf": [{ "required": ["ebook"] }, { "required": ["audio"] }] } },
            "ebook": { "not": { "required": ["audio"] } },
        },
    });
    let expected = json!({ "not": { "anyOf": [
        { "required": ["paper", "ebook"] },
        { "required": ["paper", "audio"] },
        { "required": ["ebook", "audio"] },
    ] } });
    assert_eq!(schema_in_30(&schema), expected);
    let two = json!({
        "not": { "enum": [1] },
        "dependentSchemas": { "a": { "not": { "required": ["b"] } } },
    });
    let expected = json!({
        "not": { "enum": [1] },
        "allOf": [{ "not": { "required": ["a", "b"] } }],
    });
    assert_eq!(schema_in_30(&two), expected);
}

/// A document of 3.2 with one operation.
fn with_operation(verb: &str, operation: &Value) -> Object {
    let item = json!({ verb: operation });
    object(json!({ "openapi": "3.2.0", "info": {}, "paths": { "/x": item } }))
}

#[test]
fn a_stream_of_32_is_its_item_in_31() {
    let item = json!({ "$ref": "#/components/schemas/E" });
    let mut document = with_operation(
        "get",
        &json!({ "responses": { "200": { "summary": "Events.", "content": {
            "application/x-ndjson": { "itemSchema": item },
            "text/event-stream": {
                "itemSchema": { "properties": { "data": { "contentSchema": item } } },
                "examples": { "two": { "serializedValue": "data: {}" } },
            },
            "application/json": { "schema": { "type": "array", "items": item } },
        } } } }),
    );
    to_31(&mut document);
    let response = &document["paths"]["/x"]["get"]["responses"]["200"];
    assert_eq!(response["description"], "Events.");
    assert!(response.get("summary").is_none());
    let content = response["content"].as_object().expect("it has content");
    let types: Vec<_> = content.keys().collect();
    assert_eq!(types, ["text/event-stream", "application/x-ndjson"]);
    for media in content.values() {
        assert_eq!(media, &json!({ "schema": item }));
    }
}

#[test]
fn a_request_that_streams_keeps_its_array() {
    let mut document = with_operation(
        "post",
        &json!({ "requestBody": { "content": {
            "application/json": { "schema": { "type": "array", "items": {} } },
            "application/x-ndjson": { "itemSchema": {} },
        } }, "responses": {} }),
    );
    to_31(&mut document);
    let content = &document["paths"]["/x"]["post"]["requestBody"]["content"];
    let types: Vec<_> = content
        .as_object()
        .expect("it has content")
        .keys()
        .collect();
    assert_eq!(types, ["application/x-ndjson", "application/json"]);
}

#[test]
fn verbs_servers_tags_and_schemes_of_32_get_their_older_words() {
    let mut document = object(json!({
        "openapi": "3.2.0",
        "$self": "https://a.example/openapi.json",
        "servers": [{ "url": "/", "name": "here" }],
        "tags": [
            { "name": "p.v1", "summary": "P", "kind": "nav" },
            { "name": "S", "summary": "Short", "parent": "p.v1", "kind": "nav" },
        ],
        "paths": { "/x": {
            "query": { "operationId": "q", "responses": {} },
            "additionalOperations": { "LOCK": { "operationId": "l", "responses": {} } },
            "get": {
                "parameters": [{ "in": "path", "name": "p", "allowReserved": true }],
                "responses": {},
            },
        } },
        "components": { "securitySchemes": { "o": {
            "type": "oauth2", "deprecated": true, "oauth2MetadataUrl": "https://a.example",
            "flows": { "deviceAuthorization": {}, "password": {} },
        } } },
    }));
    to_31(&mut document);
    let expected = object(json!({
        "openapi": "3.1.0",
        "servers": [{ "url": "/" }],
        "tags": [{ "name": "S", "x-displayName": "Short" }],
        "x-tagGroups": [{ "name": "P", "tags": ["S"] }],
        "paths": { "/x": {
            "x-additionalOperations": {
                "LOCK": { "operationId": "l", "responses": {} },
                "QUERY": { "operationId": "q", "responses": {} },
            },
            "get": { "parameters": [{ "in": "path", "name": "p" }], "responses": {} },
        } },
        "components": { "securitySchemes": { "o": {
            "type": "oauth2", "flows": { "password": {} },
        } } },
    }));
    assert_eq!(Value::Object(document), Value::Object(expected));
}

#[test]
fn a_body_of_get_cannot_be_said_in_30_and_that_is_said() {
    let mut document = with_operation(
        "get",
        &json!({ "description": "Finds.", "requestBody": { "content": {} }, "responses": {} }),
    );
    to_30(&mut document);
    let get = &document["paths"]["/x"]["get"];
    assert!(get.get("requestBody").is_none());
    let text = get["description"].as_str().expect("a text");
    assert!(
        text.starts_with("Finds.\n\nThis operation takes a body"),
        "{text}"
    );
}

#[test]
fn what_needs_a_certificate_never_becomes_public() {
    let security = |requirements: Value| {
        let mut document =
            with_operation("get", &json!({ "security": requirements, "responses": {} }));
        document.insert(
            "components".to_owned(),
            json!({ "securitySchemes": { "m": { "type": "mutualTLS" }, "b": { "type": "http" } } }),
        );
        to_30(&mut document);
        assert_eq!(
            document["components"]["securitySchemes"],
            json!({ "b": { "type": "http" } })
        );
        let get = &document["paths"]["/x"]["get"];
        (
            get.get("security").cloned(),
            get.get("description").is_some(),
        )
    };
    for (found, expected, is_told) in [
        (json!([{ "m": [] }]), None, true),
        (json!([{}, { "m": [] }]), None, false),
        (
            json!([{ "m": [], "b": [] }]),
            Some(json!([{ "b": [] }])),
            false,
        ),
        (
            json!([{ "m": [] }, { "b": [] }]),
            Some(json!([{ "b": [] }])),
            false,
        ),
        (json!([]), Some(json!([])), false),
    ] {
        assert_eq!(security(found.clone()), (expected, is_told), "{found}");
    }
}

#[test]
fn a_licence_and_what_is_30s_no_longer() {
    let mut document = object(json!({
        "info": { "title": "t", "summary": "s", "license": { "name": "a", "identifier": "MIT" } },
        "webhooks": {}, "jsonSchemaDialect": "x", "paths": {},
    }));
    to_30(&mut document);
    let expected = object(json!({
        "info": { "title": "t", "license": { "name": "a", "url": "https://spdx.org/licenses/MIT.html" } },
        "paths": {}, "openapi": "3.0.3",
    }));
    assert_eq!(Value::Object(document), Value::Object(expected));
}

#[test]
fn the_simple_form_has_one_media_type_a_body_and_says_what_is_missing() {
    let json_body = json!({ "application/json": { "schema": {} } });
    let mut document = object(json!({
        "info": { "title": "t", "description": "An API." },
        "paths": {
            "/events": { "get": { "operationId": "Events", "responses": { "200": { "content": {
                "text/event-stream": {}, "application/x-ndjson": {},
            } } } } },
            "/lines": { "post": { "operationId": "Lines", "responses": { "200": { "content": {
                "application/x-ndjson": {},
            } } } } },
            "/file": { "get": {
                "operationId": "File",
                "parameters": [{ "name": "labels", "style": "deepObject" }, { "name": "a" }],
                "responses": { "200": { "content": { "*/*": { "schema": {} } } },
                    "4XX": { "content": json_body } },
            } },
        },
    }));
    simple(&mut document);
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/events", "/file"]);
    let file = &paths["/file"]["get"];
    assert_eq!(file["parameters"], json!([{ "name": "a" }]));
    assert_eq!(
        file["responses"]["200"]["content"],
        json!({ "application/octet-stream": { "schema": {} } })
    );
    assert_eq!(
        paths["/events"]["get"]["responses"]["200"]["content"],
        json!({ "text/event-stream": {} })
    );
    let text = document["info"]["description"].as_str().expect("a text");
    assert!(text.starts_with("An API.\n\nLeft out"), "{text}");
    assert!(
        text.contains("`Lines`") && text.contains("labels"),
        "{text}"
    );
}
