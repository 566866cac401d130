//! Annotations out of `.proto` texts, dialect by dialect.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::catalog::compiled;

fn document(options: &str) -> Document {
    let pool = compiled::pool(options);
    Document::of_file(&pool.get_file_by_name("test.proto").unwrap())
}

fn operation(options: &str) -> Operation {
    let pool = compiled::pool(&format!(
        "message M {{}} service S {{ rpc Do(M) returns (M) {{ {options} }} }}"
    ));
    let service = pool.get_service_by_name("t.S").unwrap();
    let method = service.methods().next().unwrap();
    Operation::of_method(&Record::of_options(|| method.options()))
}

fn field(field: &str) -> Schema {
    let pool = compiled::pool(&format!(
        "enum Color {{ NONE = 0; RED = 1; }} message M {{ {field} }}"
    ));
    let message = pool.get_message_by_name("t.M").unwrap();
    let field = message.fields().next().unwrap();
    Schema::of_field(
        &Record::of_options(|| field.options()),
        &field.clone().into(),
    )
}

fn keywords(schema: Schema) -> Value {
    Value::Object(schema.keywords)
}

#[test]
fn a_document_of_openapi_2_is_told_in_the_words_of_3() {
    let document = document(
        r#"option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_swagger) = {
  info: {
    title: "Library" version: "1.0" description: "Books." terms_of_service: "https://a.example/terms"
    contact: {name: "us" url: "https://a.example" email: "a@a.example"}
    license: {name: "MIT" url: "https://a.example/mit"}
    extensions: {key: "x-logo" value: {string_value: "l.svg"}}
  }
  host: "api.example.com" base_path: "/v1" schemes: HTTPS schemes: HTTP
  tags: {name: "books" description: "All books." external_docs: {url: "https://a.example/b"}}
  external_docs: {description: "more" url: "https://a.example/docs"}
  responses: {key: "403" value: {description: "Not allowed." headers: {key: "x-why" value: {description: "Why." type: "string"}}}}
  responses: {key: "default" value: {description: "Else."}}
  security: {security_requirement: {key: "key" value: {}}}
  extensions: {key: "x-own" value: {list_value: {values: {number_value: 1} values: {bool_value: true} values: {null_value: 0}}}}
  extensions: {key: "paths" value: {string_value: "not an extension"}}
};"#,
    );
    assert_eq!(
        Value::Object(document.info),
        json!({
            "title": "Library", "description": "Books.", "termsOfService": "https://a.example/terms",
            "contact": {"name": "us", "url": "https://a.example", "email": "a@a.example"},
            "license": {"name": "MIT", "url": "https://a.example/mit"},
            "version": "1.0", "x-logo": "l.svg",
        })
    );
    assert_eq!(
        document.servers,
        [
            json!({"url": "https://api.example.com/v1"}),
            json!({"url": "http://api.example.com/v1"}),
        ]
    );
    assert_eq!(
        Value::Object(document.tags),
        json!({"books": {"description": "All books.", "externalDocs": {"url": "https://a.example/b"}}})
    );
    assert_eq!(
        document.external_docs,
        Some(json!({"description": "more", "url": "https://a.example/docs"}))
    );
    assert_eq!(
        Value::Object(document.responses),
        json!({"403": {
            "description": "Not allowed.",
            "headers": {"x-why": {"description": "Why.", "schema": {"type": "string"}}},
        }})
    );
    assert_eq!(document.security, [json!({"key": []})]);
    assert_eq!(
        Value::Object(document.extensions),
        json!({"x-own": [1, true, null]})
    );
}

#[test]
fn security_definitions_become_security_schemes() {
    let document = document(
        r#"option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_swagger) = {
  security_definitions: {
    security: {key: "basic" value: {type: TYPE_BASIC description: "Name and word."}}
    security: {key: "key" value: {type: TYPE_API_KEY name: "x-key" in: IN_HEADER}}
    security: {key: "nameless" value: {type: TYPE_API_KEY in: IN_HEADER}}
    security: {key: "app" value: {type: TYPE_OAUTH2 flow: FLOW_APPLICATION token_url: "https://a.example/t"
      scopes: {scope: {key: "read" value: "Reads."}}}}
    security: {key: "code" value: {type: TYPE_OAUTH2 flow: FLOW_ACCESS_CODE token_url: "https://a.example/t"
      authorization_url: "https://a.example/a"}}
    security: {key: "implicit" value: {type: TYPE_OAUTH2 flow: FLOW_IMPLICIT authorization_url: "https://a.example/a"}}
    security: {key: "password" value: {type: TYPE_OAUTH2 flow: FLOW_PASSWORD token_url: "https://a.example/t"}}
  }
};"#,
    );
    assert_eq!(
        Value::Object(document.security_schemes),
        json!({
            "app": {"type": "oauth2", "flows": {"clientCredentials":
                {"tokenUrl": "https://a.example/t", "scopes": {"read": "Reads."}}}},
            "basic": {"type": "http", "scheme": "basic", "description": "Name and word."},
            "code": {"type": "oauth2", "flows": {"authorizationCode":
                {"authorizationUrl": "https://a.example/a", "tokenUrl": "https://a.example/t", "scopes": {}}}},
            "implicit": {"type": "oauth2", "flows": {"implicit":
                {"authorizationUrl": "https://a.example/a", "scopes": {}}}},
            "key": {"type": "apiKey", "name": "x-key", "in": "header"},
            "password": {"type": "oauth2", "flows": {"password":
                {"tokenUrl": "https://a.example/t", "scopes": {}}}},
        })
    );
}

#[test]
fn an_operation_of_openapi_2_keeps_its_texts_headers_and_answers() {
    let operation = operation(
        r#"option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_operation) = {
  tags: "a" tags: "b" summary: "Does." description: "Does it." operation_id: "doIt" deprecated: true
  consumes: "text/plain" external_docs: {description: "no url"}
  security: {}
  responses: {key: "404" value: {description: "Gone." examples: {key: "application/json" value: "{\"code\":5}"}}}
  parameters: {headers: {name: "x-tenant" description: "Whose." type: STRING format: "uuid" required: true}}
  extensions: {key: "x-own" value: {struct_value: {fields: {key: "b" value: {number_value: 1.5}} fields: {key: "a" value: {string_value: "s"}}}}}
};"#,
    );
    assert_eq!(operation.id.as_deref(), Some("doIt"));
    assert_eq!(operation.tags, ["a", "b"]);
    assert_eq!(operation.summary.as_deref(), Some("Does."));
    assert_eq!(operation.description.as_deref(), Some("Does it."));
    assert!(operation.deprecated);
    assert_eq!(operation.security, Some(vec![json!({})]));
    assert_eq!(operation.external_docs, None);
    assert_eq!(
        Value::Object(operation.responses),
        json!({"404": {"description": "Gone.", "content": {"application/json": {"example": {"code": 5}}}}})
    );
    assert_eq!(
        operation.parameters,
        [json!({
            "name": "x-tenant", "in": "header", "description": "Whose.", "required": true,
            "schema": {"type": "string", "format": "uuid"},
        })]
    );
    assert_eq!(
        Value::Object(operation.extensions).to_string(),
        r#"{"x-own":{"a":"s","b":1.5}}"#
    );
}

#[test]
fn gnostic_and_openapiv3_win_over_openapiv2() {
    let operation = operation(
        r##"option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_operation) = {
  summary: "two" description: "two" operation_id: "two" tags: "two"
};
option (gnostic.openapi.v3.operation) = {
  summary: "gnostic" description: "gnostic"
  parameters: {parameter: {name: "x-a" in: "header" schema: {schema: {type: "integer" nullable: true minimum: 1 exclusive_minimum: true}}}}
  parameters: {parameter: {name: "q" in: "query" schema: {schema: {type: "string"}}}}
  parameters: {reference: {_ref: "#/components/parameters/P"}}
  responses: {response_or_reference: {name: "409" value: {response: {description: "Taken."}}}}
  security: {additional_properties: {name: "oauth" value: {value: "read"}}}
};
option (grpc.gateway.protoc_gen_openapiv3.options.openapiv3_operation) = {summary: "three"};"##,
    );
    assert_eq!(operation.summary.as_deref(), Some("three"));
    assert_eq!(operation.description.as_deref(), Some("gnostic"));
    assert_eq!(operation.id.as_deref(), Some("two"));
    assert_eq!(
        operation.parameters,
        [
            json!({"name": "x-a", "in": "header", "schema": {"type": ["integer", "null"], "exclusiveMinimum": 1}})
        ]
    );
    assert_eq!(
        Value::Object(operation.responses),
        json!({"409": {"description": "Taken."}})
    );
    assert_eq!(operation.security, Some(vec![json!({"oauth": ["read"]})]));
}

#[test]
fn a_document_of_gnostic_has_servers_and_schemes() {
    let document = document(
        r#"option (gnostic.openapi.v3.document) = {
  info: {title: "G" summary: "S" specification_extension: {name: "x-y" value: {yaml: "a: [1, two]"}}}
  servers: {url: "https://{host}" variables: {additional_properties: {name: "host" value: {default: "a.example" enum: "a.example"}}}}
  servers: {description: "no url"}
  components: {security_schemes: {
    additional_properties: {name: "jwt" value: {security_scheme: {type: "http" scheme: "bearer" bearer_format: "JWT"}}}
    additional_properties: {name: "broken" value: {security_scheme: {type: "http"}}}
    additional_properties: {name: "code" value: {security_scheme: {type: "oauth2" flows: {authorization_code: {
      authorization_url: "https://a.example/a" token_url: "https://a.example/t"
      scopes: {additional_properties: {name: "read" value: "Reads."}}}}}}}
  }}
  tags: {name: "t" description: "d"}
};"#,
    );
    assert_eq!(
        Value::Object(document.info),
        json!({"title": "G", "x-y": {"a": [1, "two"]}, "summary": "S"})
    );
    assert_eq!(
        document.servers,
        [
            json!({"url": "https://{host}", "variables": {"host": {"enum": ["a.example"], "default": "a.example"}}})
        ]
    );
    assert_eq!(
        Value::Object(document.security_schemes),
        json!({
            "code": {"type": "oauth2", "flows": {"authorizationCode": {
                "authorizationUrl": "https://a.example/a", "tokenUrl": "https://a.example/t",
                "scopes": {"read": "Reads."}}}},
            "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        })
    );
    assert_eq!(
        Value::Object(document.tags),
        json!({"t": {"description": "d"}})
    );
}

#[test]
fn a_documents_later_file_wins_and_adds() {
    let mut first = Document {
        info: serde_json::from_str(r#"{"title":"a","version":"1"}"#).unwrap(),
        servers: vec![json!({"url": "/"})],
        ..Document::default()
    };
    first.merge(Document {
        info: serde_json::from_str(r#"{"title":"b"}"#).unwrap(),
        ..Document::default()
    });
    assert_eq!(
        Value::Object(first.info),
        json!({"title": "b", "version": "1"})
    );
    assert_eq!(first.servers.len(), 1);
}

#[test]
fn a_tag_has_a_description_and_documents() {
    let pool = compiled::pool(
        r#"service S { option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_tag) = {
  name: "Shelves" description: "All." external_docs: {url: "https://a.example"}
  extensions: {key: "x-a" value: {bool_value: true}} }; }"#,
    );
    let service = pool.get_service_by_name("t.S").unwrap();
    let tag = Tag::of_service(&Record::of_options(|| service.options()));
    assert_eq!(tag.name.as_deref(), Some("Shelves"));
    assert_eq!(tag.description.as_deref(), Some("All."));
    assert_eq!(tag.external_docs, Some(json!({"url": "https://a.example"})));
    assert_eq!(Value::Object(tag.extensions), json!({"x-a": true}));
}

#[test]
fn keywords_of_a_field_are_those_of_json_schema() {
    let told = field(
        r#"int32 a_b = 1 [(grpc.gateway.protoc_gen_openapiv2.options.openapiv2_field) = {
  title: "A" description: "An a." default: "5" example: "7" maximum: 10 exclusive_maximum: true
  exclusive_minimum: true multiple_of: 0.5 read_only: true format: "int32" type: INTEGER
  required: ["a_b"] ref: ".t.M" enum: ["1", "2"] field_configuration: {deprecated: true}
  extensions: {key: "x-a" value: {string_value: "s"}}
}];"#,
    );
    assert!(told.is_required);
    assert_eq!(
        keywords(told),
        json!({
            "title": "A", "description": "An a.", "default": 5, "readOnly": true, "multipleOf": 0.5,
            "format": "int32", "enum": [1, 2], "x-a": "s", "deprecated": true,
            "exclusiveMaximum": 10, "exclusiveMinimum": 0, "examples": [7], "type": "integer",
        })
    );
}

#[test]
fn values_of_what_is_text_in_json_are_text() {
    let told = field(
        r#"string a = 1 [(grpc.gateway.protoc_gen_openapiv2.options.openapiv2_field) = {default: "5" example: "\"x\""}];"#,
    );
    assert_eq!(keywords(told), json!({"default": "5", "examples": ["x"]}));
    let told = field(
        r#"int64 a = 1 [(gnostic.openapi.v3.property) = {default: {number: 5} example: {yaml: "6"} max_length: 3 write_only: true}];"#,
    );
    assert_eq!(
        keywords(told),
        json!({"default": "5", "examples": ["6"], "maxLength": 3, "writeOnly": true})
    );
}

#[test]
fn a_message_and_an_enum_are_told() {
    let pool = compiled::pool(
        r#"
message M {
  option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_schema) = {
    json_schema: {title: "T" description: "D" required: ["a_b", "gone"]}
    external_docs: {url: "https://a.example"} example: "{\"aB\": 1}"
  };
  int32 a_b = 1;
}
enum E {
  option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_enum) = {
    description: "D" title: "T" default: "NONE" example: "\"RED\""
  };
  NONE = 0; RED = 1;
}"#,
    );
    let message = pool.get_message_by_name("t.M").unwrap();
    let message = Schema::of_message(&Record::of_options(|| message.options()), &message);
    assert_eq!(message.required, ["aB"]);
    assert_eq!(
        keywords(message),
        json!({
            "title": "T", "description": "D", "externalDocs": {"url": "https://a.example"},
            "examples": [{"aB": 1}],
        })
    );
    let of = pool.get_enum_by_name("t.E").unwrap();
    let of = Schema::of_enum(&Record::of_options(|| of.options()));
    assert_eq!(
        keywords(of),
        json!({"title": "T", "description": "D", "default": "NONE", "examples": ["RED"]})
    );
}
