//! Annotations for OpenAPI: what fits is taken, what contradicts is dropped and told.

use super::*;

/// The schema of the only field, and what was dropped.
fn annotated(field: &str) -> (Value, Vec<String>) {
    let pool = compiled::pool(&format!(
        "enum Color {{ NONE = 0; RED = 1; }} message Inner {{}} message M {{ {field} }}"
    ));
    let catalog = compiled::catalog(&pool);
    let mut schemas = Schemas::new(&catalog, &Options::default());
    let field = find(&pool, "M").fields().next().unwrap();
    let schema = schemas.field(&field.into(), Form::default());
    let findings = schemas.into_findings().into_iter().map(|finding| {
        assert_eq!(finding.element, "t.M.a");
        finding.text.clone()
    });
    let findings = findings.collect();
    (schema, findings)
}

const V2: &str = "grpc.gateway.protoc_gen_openapiv2.options.openapiv2_field";

#[test]
fn what_fits_is_taken() {
    let (schema, dropped) = annotated(&format!(
        r#"string a = 1 [({V2}) = {{title: "A" description: "An a." min_length: 2 pattern: "^x-" format: "hostname"
           default: "x-1" example: "\"x-2\"" type: STRING read_only: true extensions: {{key: "x-a" value: {{number_value: 1}}}}}}];"#
    ));
    assert_eq!(dropped, [""; 0]);
    assert_eq!(
        schema,
        json!({
            "type": "string", "title": "A", "description": "An a.", "minLength": 2, "pattern": "^x-",
            "format": "hostname", "default": "x-1", "examples": ["x-2"], "readOnly": true, "x-a": 1,
        })
    );
}

#[test]
fn what_contradicts_the_structure_is_dropped_and_told() {
    let (schema, dropped) = annotated(&format!(
        r#"int32 a = 1 [({V2}) = {{type: STRING min_length: 2 format: "date" default: "x" maximum: 5}}];"#
    ));
    assert_eq!(
        schema,
        json!({"type": "integer", "format": "int32", "maximum": 5})
    );
    assert_eq!(dropped.len(), 4);
    assert!(
        dropped.contains(
            &r#"type of its annotation, "string", does not fit: it is an integer"#.to_owned()
        ),
        "{dropped:?}"
    );
    let (schema, dropped) = annotated(
        r#"Inner a = 1 [(gnostic.openapi.v3.property) = {title: "I" properties: {additional_properties: {name: "b" value: {schema: {type: "string"}}}} nullable: true}];"#,
    );
    assert_eq!(
        schema,
        json!({"$ref": "#/components/schemas/t.Inner", "title": "I"})
    );
    assert_eq!(
        dropped,
        ["properties of its annotation is about structure, which its descriptor says"]
    );
}

#[test]
fn limits_of_64_bits_are_extensions_and_enums_take_their_names() {
    let (schema, dropped) = annotated(&format!(
        r#"int64 a = 1 [({V2}) = {{minimum: 5 default: "7" type: STRING}}];"#
    ));
    assert_eq!(dropped, [""; 0]);
    assert_eq!(schema["x-minimum"], "5");
    assert_eq!(schema["default"], "7");
    let (schema, dropped) = annotated(&format!(
        r#"Color a = 1 [({V2}) = {{default: "RED" example: "\"GREEN\""}}];"#
    ));
    assert_eq!(schema["default"], "RED");
    assert_eq!(dropped.len(), 1);
}

#[test]
fn rules_and_annotations_hold_together() {
    let (schema, _) = annotated(&format!(
        r#"string a = 1 [(buf.validate.field).string.min_len = 3, ({V2}) = {{min_length: 2}}];"#
    ));
    assert_eq!(schema["minLength"], 3);
    assert_eq!(schema["allOf"], json!([{"minLength": 2}]));
}

#[test]
fn a_message_takes_title_examples_and_what_is_required() {
    let schema = of_message(
        r#"message M {
          option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_schema) = {
            json_schema: {title: "T" description: "D" required: ["a"] type: OBJECT}
            example: "{\"a\": \"x\"}"
          };
          option (grpc.gateway.protoc_gen_openapiv3.options.openapiv3_schema) = {title: "Three" deprecated: true};
          string a = 1;
        }"#,
    );
    assert_eq!(
        schema,
        json!({
            "type": "object", "title": "Three", "description": "D", "required": ["a"], "deprecated": true,
            "examples": [{"a": "x"}], "properties": {"a": {"type": "string"}},
        })
    );
}

#[test]
fn an_example_that_is_none_of_its_message_is_dropped() {
    for (example, kept) in [
        (r#"{\"count\": \"5\"}"#, true),
        (r#"{\"count\": 5}"#, false),
        (r#"{\"gone\": 5}"#, false),
        ("5", false),
    ] {
        let schema = of_message(&format!(
            r#"message M {{
              option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_schema) = {{example: "{example}"}};
              int64 count = 1;
            }}"#
        ));
        assert_eq!(schema.get("examples").is_some(), kept, "{example}");
    }
}
