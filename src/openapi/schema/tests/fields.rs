//! Kinds, cardinalities and well-known types.

use super::*;

/// What is said of numbers of 64 bits.
const LONG: &str = "64-bit, a string in JSON; numbers are taken too.";

#[test]
fn every_scalar_is_what_json_has_for_it() {
    for (kinds, schema) in [
        (
            &["int32", "sint32", "sfixed32"][..],
            json!({"type": "integer", "format": "int32"}),
        ),
        (
            &["uint32", "fixed32"],
            json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": 4_294_967_295_u32}),
        ),
        (
            &["int64", "sint64", "sfixed64"],
            json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$", "description": LONG}),
        ),
        (
            &["uint64", "fixed64"],
            json!({"type": "string", "format": "uint64", "pattern": "^[0-9]+$", "description": LONG}),
        ),
        (&["float"], json!({"type": "number", "format": "float"})),
        (&["double"], json!({"type": "number", "format": "double"})),
        (&["bool"], json!({"type": "boolean"})),
        (&["string"], json!({"type": "string"})),
        (
            &["bytes"],
            json!({"type": "string", "format": "byte", "contentEncoding": "base64"}),
        ),
    ] {
        for kind in kinds {
            check(&format!("{kind} a = 1;"), schema.clone());
            check(&format!("optional {kind} a = 1;"), schema.clone());
        }
    }
}

#[test]
fn lists_and_maps_hold_their_elements() {
    check(
        "repeated int32 a = 1;",
        json!({"type": "array", "items": {"type": "integer", "format": "int32"}}),
    );
    check(
        "map<string, bool> a = 1;",
        json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
    );
    check(
        "map<sint64, Inner> a = 1;",
        json!({
            "type": "object",
            "additionalProperties": {"$ref": "#/components/schemas/t.Inner"},
            "propertyNames": {"pattern": "^-?[0-9]+$"},
        }),
    );
    check(
        "map<uint32, bool> a = 1;",
        json!({
            "type": "object",
            "additionalProperties": {"type": "boolean"},
            "propertyNames": {"pattern": "^[0-9]+$"},
        }),
    );
    check(
        "map<bool, bool> a = 1;",
        json!({
            "type": "object",
            "additionalProperties": {"type": "boolean"},
            "propertyNames": {"enum": ["true", "false"]},
        }),
    );
}

#[test]
fn well_known_types_are_inline() {
    check(
        "google.protobuf.Timestamp a = 1;",
        json!({"type": "string", "format": "date-time"}),
    );
    check(
        "google.protobuf.Duration a = 1;",
        json!({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["3.5s"]}),
    );
    check(
        "google.protobuf.FieldMask a = 1;",
        json!({"type": "string", "examples": ["title,author.name"]}),
    );
    check(
        "google.protobuf.Struct a = 1;",
        json!({"type": "object", "additionalProperties": true}),
    );
    check("google.protobuf.Value a = 1;", json!({}));
    check(
        "google.protobuf.ListValue a = 1;",
        json!({"type": "array", "items": {}}),
    );
    check("google.protobuf.NullValue a = 1;", json!({"enum": [null]}));
    check(
        "google.protobuf.Any a = 1;",
        json!({
            "type": "object",
            "properties": {"@type": {"type": "string"}},
            "additionalProperties": true,
        }),
    );
    check("google.protobuf.Empty a = 1;", json!({"type": "object"}));
    check(
        "google.protobuf.Int64Value a = 1;",
        json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$", "description": LONG}),
    );
    check(
        "google.protobuf.BytesValue a = 1;",
        json!({"type": "string", "format": "byte", "contentEncoding": "base64"}),
    );
    check(
        "repeated google.protobuf.StringValue a = 1;",
        json!({"type": "array", "items": {"type": "string"}}),
    );
}

#[test]
fn an_http_body_within_a_message_is_the_json_of_its_fields() {
    let text = "message M { google.api.HttpBody body = 1; }";
    let components = components(text, "M", &Options::default(), Form::default());
    assert_eq!(
        components["google.api.HttpBody"]["properties"]["data"]["contentEncoding"],
        "base64"
    );
}

#[test]
fn a_message_refers_to_itself_without_end() {
    let text = "message M { M left = 1; repeated M more = 2; map<string, M> by = 3; }";
    let schema = of_message(text);
    assert_eq!(
        schema["properties"]["left"],
        json!({"$ref": "#/components/schemas/t.M"})
    );
}

#[test]
fn null_is_let_in_where_it_is_asked_for() {
    let wrappers = Options {
        nullable: Nullable::Wrappers,
        ..Options::default()
    };
    let optional = Options {
        nullable: Nullable::Optional,
        ..Options::default()
    };
    let wrapper = "google.protobuf.StringValue a = 1;";
    let either = json!({"type": ["string", "null"]});
    assert_eq!(of_field(wrapper, &wrappers), either);
    assert_eq!(of_field(wrapper, &optional), either);
    let field = "optional string a = 1;";
    assert_eq!(of_field(field, &wrappers), json!({"type": "string"}));
    assert_eq!(of_field(field, &optional), either);
    assert_eq!(
        of_field("optional Color a = 1;", &optional),
        json!({"anyOf": [{"$ref": "#/components/schemas/t.Color"}, {"enum": [null]}]})
    );
    assert_eq!(
        of_field(
            r#"optional string a = 1 [(buf.validate.field).string = {in: ["x", "y"]}];"#,
            &optional
        )["enum"],
        json!(["x", "y", null])
    );
    for plain in [
        "string a = 1;",
        "oneof o { string a = 1; int32 b = 2; }",
        "Inner a = 1;",
    ] {
        assert_eq!(
            of_field(plain, &optional),
            of_field(plain, &Options::default())
        );
    }
}

#[test]
fn strict_numbers_have_what_json_cannot_write() {
    let strict = Options {
        numbers: Numbers::Strict,
        ..Options::default()
    };
    assert_eq!(
        of_field("double a = 1;", &strict),
        json!({"anyOf": [
            {"type": "number", "format": "double"},
            {"enum": ["NaN", "Infinity", "-Infinity"]},
        ]})
    );
    assert_eq!(
        of_field("int32 a = 1;", &strict),
        json!({"type": "integer", "format": "int32"})
    );
    let null = Options {
        nullable: Nullable::Optional,
        ..strict
    };
    assert_eq!(
        of_field("optional float a = 1;", &null),
        json!({"anyOf": [
            {"type": "number", "format": "float"},
            {"enum": ["NaN", "Infinity", "-Infinity"]},
            {"enum": [null]},
        ]})
    );
    for nothing in [
        "optional google.protobuf.NullValue a = 1;",
        "google.protobuf.NullValue a = 1;",
    ] {
        assert_eq!(of_field(nothing, &null), json!({"enum": [null]}));
    }
    let ruled = of_field(
        "optional Color a = 1 [(buf.validate.field).enum = {in: [1]}];",
        &null,
    );
    assert_eq!(ruled["enum"], json!(["RED", null]));
}

#[test]
fn rules_stand_beside_what_the_kind_gives() {
    check(
        "uint32 a = 1 [(buf.validate.field).uint32 = {gte: 5, lte: 9}];",
        json!({
            "type": "integer", "format": "int64", "minimum": 5, "maximum": 9,
            "description": "Rules:\n\n- at least 5\n- at most 9",
        }),
    );
    check(
        "repeated Color a = 1 [(buf.validate.field).repeated.items.enum.not_in = 0];",
        json!({
            "type": "array",
            "items": {"$ref": "#/components/schemas/t.Color", "enum": ["RED", "BLUE"]},
            "description": "Rules:\n\n- each item: none of `NONE`",
        }),
    );
    check(
        "map<int32, string> a = 1 [(buf.validate.field).map.keys.int32.const = 5];",
        json!({
            "type": "object",
            "additionalProperties": {"type": "string"},
            "propertyNames": {"pattern": "^-?[0-9]+$", "const": "5"},
            "description": "Rules:\n\n- each key: exactly 5",
        }),
    );
    check(
        r#"Inner a = 1 [(buf.validate.field).cel = {id: "i", message: "must fit", expression: "this.a > 0"}];"#,
        json!({
            "$ref": "#/components/schemas/t.Inner",
            "description": "Rules:\n\n- must fit",
            "x-protovalidate-cel": [{"expression": "this.a > 0", "id": "i", "message": "must fit"}],
        }),
    );
}

#[test]
fn enums_have_all_names_and_what_is_said_of_each() {
    let pool = compiled::pool(
        "enum Color { option allow_alias = true; NONE = 0; RED = 1; ROUGE = 1; OLD = 2 [deprecated = true]; }
         message M { Color a = 1; }",
    );
    let mut catalog = compiled::catalog(&pool);
    let of = catalog.enums.get_mut("t.Color").unwrap();
    of.comment = "What it looks like.".to_owned();
    of.values.get_mut(1).unwrap().comment = "As blood.".to_owned();
    let mut schemas = Schemas::new(&catalog, &Options::default());
    schemas.reference(&find(&pool, "M"), Form::default());
    let numbers = Form {
        enums: EnumForm::Numbers,
        ..Form::default()
    };
    schemas.reference(&find(&pool, "M"), numbers);
    let components = schemas.components();
    assert_eq!(
        components["t.Color"],
        json!({
            "type": "string",
            "title": "Color",
            "enum": ["NONE", "RED", "ROUGE", "OLD"],
            "default": "NONE",
            "description": "What it looks like.\n\n- `RED`: As blood.\n- `OLD`: Deprecated.\n\nA value that is not declared here is written as its number.",
            "x-enum-descriptions": ["", "As blood.", "", "Deprecated."],
            "x-enumDescriptions": {"NONE": "", "RED": "As blood.", "ROUGE": "", "OLD": "Deprecated."},
        })
    );
    let by_number = &components["t.Color-enum-numbers"];
    assert_eq!(by_number["enum"], json!([0, 1, 2]));
    assert_eq!(by_number["type"], "integer");
    assert_eq!(by_number["default"], 0);
    assert_eq!(by_number["x-enum-varnames"], json!(["NONE", "RED", "OLD"]));
}

#[test]
fn an_enum_that_only_declared_values_may_be_of_says_nothing_of_numbers() {
    let text = "enum Color { NONE = 0; }
        message M { Color a = 1 [(buf.validate.field).enum.defined_only = true]; }";
    let components = components(text, "M", &Options::default(), Form::default());
    assert_eq!(components["t.Color"].get("description"), None);
}

#[test]
fn a_parameter_is_inline_and_has_no_text() {
    let pool = compiled::pool(
        r#"enum Color { NONE = 0; }
        message M {
          google.protobuf.Struct a = 1;
          repeated google.protobuf.Value b = 2;
          Color c = 3;
          int64 d = 4 [(google.api.field_behavior) = IMMUTABLE];
          map<string, int32> e = 5;
          string f = 6 [(buf.validate.field).string.min_len = 2];
        }"#,
    );
    let catalog = compiled::catalog(&pool);
    let mut schemas = Schemas::new(&catalog, &Options::default());
    let message = find(&pool, "M");
    let json = json!({"type": "string", "contentMediaType": "application/json"});
    let expected = [
        json.clone(),
        json!({"type": "array", "items": json}),
        json!({"$ref": "#/components/schemas/t.Color"}),
        json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}),
        json!({"type": "object", "additionalProperties": {"type": "integer", "format": "int32"}}),
        json!({"type": "string", "minLength": 2}),
    ];
    for (field, expected) in message.fields().zip(expected) {
        assert_eq!(schemas.parameter(&field.into(), Form::default()), expected);
    }
    let long = message.get_field(4).unwrap();
    let text = schemas.text(&long.into()).unwrap();
    assert_eq!(text, format!("{LONG} Once set it cannot be changed."));
    assert!(schemas.components().contains_key("t.Color"));
}
