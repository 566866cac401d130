//! Rules out of `.proto` texts, row by row.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use prost::Message as _;
use prost_reflect::DescriptorPool;
use serde_json::{Value, json};

use super::*;
use crate::catalog::compiled;

/// The rules of the only field of a message.
fn rules(field: &str) -> Rules {
    let text = format!(
        "enum Color {{ NONE = 0; RED = 1; BLUE = 2; }} message Inner {{}} message M {{ {field} }}"
    );
    let pool = compiled::pool(&text);
    let message = pool.get_message_by_name("t.M").unwrap();
    of_one(message.fields().next().unwrap())
}

fn of_one(field: prost_reflect::FieldDescriptor) -> Rules {
    let options = Record::of_options(|| field.options());
    of_field(&options, &field.into(), &|_| true)
}

/// A field with a rule, and what it becomes.
#[track_caller]
fn check(field: &str, keywords: Value, sentences: &[&str]) {
    let rules = rules(field);
    assert_eq!(Value::Object(rules.keywords), keywords, "{field}");
    assert_eq!(rules.sentences, sentences, "{field}");
}

#[test]
fn lengths_of_strings_count_characters_and_bytes_are_words() {
    check(
        "string a = 1 [(buf.validate.field).string = {min_len: 1, max_len: 60}];",
        json!({"minLength": 1, "maxLength": 60}),
        &["at least 1 character", "at most 60 characters"],
    );
    check(
        "string a = 1 [(buf.validate.field).string.len = 5];",
        json!({"minLength": 5, "maxLength": 5}),
        &["exactly 5 characters"],
    );
    check(
        "string a = 1 [(buf.validate.field).string = {min_bytes: 2, max_bytes: 9}];",
        json!({}),
        &["at least 2 bytes in UTF-8", "at most 9 bytes in UTF-8"],
    );
}

#[test]
fn several_patterns_hold_together_and_literals_are_escaped() {
    check(
        r#"string a = 1 [(buf.validate.field).string = {pattern: "^[a-z.]+$", prefix: "a.b", suffix: "(c)", contains: "+"}];"#,
        json!({
            "pattern": "^[a-z.]+$",
            "allOf": [{"pattern": r"^a\.b"}, {"pattern": r"\(c\)$"}, {"pattern": r"\+"}],
        }),
        &[
            "matches `^[a-z.]+$`",
            "begins with `a.b`",
            "ends with `(c)`",
            "contains `+`",
        ],
    );
    check(
        r#"string a = 1 [(buf.validate.field).string = {pattern: "(?i)abc", not_contains: "x"}];"#,
        json!({"not": {"pattern": "x"}}),
        &["matches `(?i)abc`", "does not contain `x`"],
    );
}

#[test]
fn values_that_are_listed_are_const_enum_and_not() {
    check(
        r#"string a = 1 [(buf.validate.field).string.const = "x"];"#,
        json!({"const": "x"}),
        &["exactly `x`"],
    );
    check(
        r#"string a = 1 [(buf.validate.field).string = {in: ["a", "b"], not_in: ["c"]}];"#,
        json!({"enum": ["a", "b"], "not": {"enum": ["c"]}}),
        &["one of `a`, `b`", "none of `c`"],
    );
    check(
        "bool a = 1 [(buf.validate.field).bool.const = true];",
        json!({"const": true}),
        &["exactly true"],
    );
    check(
        r#"bytes a = 1 [(buf.validate.field).bytes = {const: "\x01\x02", min_len: 2}];"#,
        json!({"const": "AQI="}),
        &["exactly `AQI=`", "at least 2 bytes"],
    );
}

#[test]
fn well_known_texts_have_a_format_or_a_pattern_or_words() {
    for (rule, keywords, words) in [
        ("email", json!({"format": "email"}), "an e-mail address"),
        ("hostname", json!({"format": "hostname"}), "a host name"),
        ("ipv4", json!({"format": "ipv4"}), "an IPv4 address"),
        ("ipv6", json!({"format": "ipv6"}), "an IPv6 address"),
        ("uri", json!({"format": "uri"}), "a URI"),
        (
            "uri_ref",
            json!({"format": "uri-reference"}),
            "a URI or a relative reference",
        ),
        ("uuid", json!({"format": "uuid"}), "a UUID"),
        (
            "tuuid",
            json!({"pattern": "^[0-9a-fA-F]{32}$"}),
            "a UUID without dashes",
        ),
        (
            "ip",
            json!({"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
            "an IP address",
        ),
        (
            "host_and_port",
            json!({}),
            "a host name or IP address with a port",
        ),
    ] {
        let field = format!("string a = 1 [(buf.validate.field).string.{rule} = true];");
        check(&field, keywords, &[words]);
        let field = format!("string a = 1 [(buf.validate.field).string.{rule} = false];");
        check(&field, json!({}), &[]);
    }
}

#[test]
fn bounds_of_numbers_are_keywords_where_json_has_numbers() {
    for kind in [
        "int32", "uint32", "sint32", "fixed32", "sfixed32", "float", "double",
    ] {
        check(
            &format!("{kind} a = 1 [(buf.validate.field).{kind} = {{gte: 1, lt: 50}}];"),
            json!({"minimum": 1, "exclusiveMaximum": 50}),
            &["at least 1", "less than 50"],
        );
    }
    check(
        "sint32 a = 1 [(buf.validate.field).sint32 = {gt: -7, lte: -1, in: [-2, -3]}];",
        json!({"exclusiveMinimum": -7, "maximum": -1, "enum": [-2, -3]}),
        &["greater than -7", "at most -1", "one of `-2`, `-3`"],
    );
    check(
        "float a = 1 [(buf.validate.field).float = {gt: 0.1, finite: true}];",
        json!({"exclusiveMinimum": 0.1}),
        &["greater than 0.1", "finite"],
    );
    check(
        "google.protobuf.Int32Value a = 1 [(buf.validate.field).int32.gt = 2];",
        json!({"exclusiveMinimum": 2}),
        &["greater than 2"],
    );
}

#[test]
fn bounds_of_64_bits_are_words_and_extensions() {
    for kind in ["int64", "uint64", "sint64", "fixed64", "sfixed64"] {
        check(
            &format!(
                "{kind} a = 1 [(buf.validate.field).{kind} = {{gt: 1, lt: 50, not_in: [7]}}];"
            ),
            json!({"x-minimum": "2", "x-maximum": "49", "not": {"enum": ["7"]}}),
            &["greater than 1", "less than 50", "none of `7`"],
        );
    }
}

#[test]
fn an_upper_bound_below_the_lower_one_means_outside() {
    check(
        "int32 a = 1 [(buf.validate.field).int32 = {gt: 10, lte: 1}];",
        json!({"anyOf": [{"maximum": 1}, {"exclusiveMinimum": 10}]}),
        &["at most 1 or greater than 10"],
    );
    check(
        "int64 a = 1 [(buf.validate.field).int64 = {gt: 10, lt: 1}];",
        json!({}),
        &["less than 1 or greater than 10"],
    );
}

#[test]
fn lists_and_maps_have_bounds_and_rules_of_what_is_in_them() {
    check(
        "repeated string a = 1 [(buf.validate.field).repeated = {min_items: 1, max_items: 3, unique: true, items: {string: {min_len: 2}}}];",
        json!({"minItems": 1, "maxItems": 3, "uniqueItems": true, "items": {"minLength": 2}}),
        &[
            "at least 1 item",
            "at most 3 items",
            "no item twice",
            "each item: at least 2 characters",
        ],
    );
    check(
        "map<int32, int64> a = 1 [(buf.validate.field).map = {min_pairs: 1, max_pairs: 2, keys: {int32: {gt: 0}}, values: {int64: {const: 5}}}];",
        json!({
            "minProperties": 1,
            "maxProperties": 2,
            "propertyNames": {"x-minimum": "1"},
            "additionalProperties": {"const": "5"},
        }),
        &[
            "at least 1 entry",
            "at most 2 entries",
            "each key: greater than 0",
            "each value: exactly 5",
        ],
    );
}

#[test]
fn required_without_presence_is_more_than_nothing() {
    let required = rules("string a = 1 [(buf.validate.field).required = true];");
    assert!(required.required);
    assert_eq!(Value::Object(required.keywords), json!({"minLength": 1}));
    check(
        "repeated int32 a = 1 [(buf.validate.field).required = true];",
        json!({"minItems": 1}),
        &["required"],
    );
    check(
        "optional string a = 1 [(buf.validate.field).required = true];",
        json!({}),
        &["required"],
    );
    check(
        "string a = 1 [(buf.validate.field) = {required: true, string: {min_len: 3}}];",
        json!({"minLength": 3}),
        &["required", "at least 3 characters"],
    );
}

#[test]
fn enum_rules_are_about_names() {
    let rules =
        rules("Color a = 1 [(buf.validate.field).enum = {defined_only: true, not_in: [0]}];");
    assert!(rules.defined_only);
    assert_eq!(
        Value::Object(rules.keywords),
        json!({"enum": ["RED", "BLUE"]})
    );
    check(
        "Color a = 1 [(buf.validate.field).enum.const = 2];",
        json!({"const": "BLUE"}),
        &["exactly `BLUE`"],
    );
    check(
        "Color a = 1 [(buf.validate.field).enum.in = 1];",
        json!({"enum": ["RED"]}),
        &["one of `RED`"],
    );
}

#[test]
fn what_is_ignored_is_not_asked() {
    check(
        "string a = 1 [(buf.validate.field) = {ignore: IGNORE_IF_ZERO_VALUE, string: {min_len: 3}}];",
        json!({"anyOf": [{"const": ""}, {"minLength": 3}]}),
        &[
            "at least 3 characters",
            "checked only when it is set and not zero or empty",
        ],
    );
    check(
        "int64 a = 1 [(buf.validate.field) = {ignore: IGNORE_IF_ZERO_VALUE, int64: {gt: 3, const: 9}}];",
        json!({"x-minimum": "4", "anyOf": [{"const": "0"}, {"const": "9"}]}),
        &[
            "exactly 9",
            "greater than 3",
            "checked only when it is set and not zero or empty",
        ],
    );
    check(
        "string a = 1 [(buf.validate.field) = {ignore: IGNORE_ALWAYS, required: true, string: {min_len: 3}}];",
        json!({}),
        &[],
    );
}

#[test]
fn times_masks_and_any_are_words() {
    check(
        "google.protobuf.Duration a = 1 [(buf.validate.field).duration = {gt: {seconds: 1}, lte: {seconds: 90, nanos: 500000000}}];",
        json!({}),
        &["greater than 1s", "at most 90.500s"],
    );
    check(
        "google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp = {gt_now: true, within: {seconds: 3600}}];",
        json!({}),
        &["in the future", "within 3600s of now"],
    );
    check(
        "google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp = {gte: {seconds: 86400}, lt: {}}];",
        json!({}),
        &["before 1970-01-01T00:00:00Z or at least 1970-01-02T00:00:00Z"],
    );
    check(
        r#"google.protobuf.Any a = 1 [(buf.validate.field).any.in = "type.googleapis.com/t.M"];"#,
        json!({"x-any-types": ["type.googleapis.com/t.M"]}),
        &["its type is one of `type.googleapis.com/t.M`"],
    );
    check(
        r#"google.protobuf.FieldMask a = 1 [(buf.validate.field).field_mask.in = "a"];"#,
        json!({}),
        &["its paths are within `a`"],
    );
}

#[test]
fn examples_are_as_json_has_them() {
    let examples = |field: &str| rules(field).examples;
    assert_eq!(
        examples(r#"string a = 1 [(buf.validate.field).string.example = "x"];"#),
        [json!("x")]
    );
    assert_eq!(
        examples("int64 a = 1 [(buf.validate.field).int64.example = 5];"),
        [json!("5")]
    );
    assert_eq!(
        examples("Color a = 1 [(buf.validate.field).enum.example = 1];"),
        [json!("RED")]
    );
    assert_eq!(
        examples(
            "google.protobuf.Duration a = 1 [(buf.validate.field).duration.example = {seconds: 3}];"
        ),
        [json!("3s")]
    );
}

#[test]
fn cel_is_shown_with_its_message() {
    let rules = rules(
        r#"string a = 1 [(buf.validate.field).cel = {id: "a.even", message: "must be even", expression: "size(this) % 2 == 0"}, (buf.validate.field).cel_expression = "this != 'x'"];"#,
    );
    assert_eq!(rules.sentences, ["must be even", "`this != 'x'`"]);
    assert_eq!(rules.cel.len(), 2);
    let first = rules.cel.first().unwrap();
    assert_eq!(
        (first.id.as_str(), first.expression.as_str()),
        ("a.even", "size(this) % 2 == 0")
    );
}

#[test]
fn predefined_rules_come_with_their_value() {
    let text = r#"
syntax = "proto2";
package t;
import "buf/validate/validate.proto";
extend buf.validate.Int32Rules {
  optional int32 above = 1161 [(buf.validate.predefined).cel = {
    id: "int32.above" message: "is well above" expression: "this > rule"
  }];
}
message M { optional int32 a = 1 [(buf.validate.field).int32.(t.above) = 7]; }
"#;
    let pool = DescriptorPool::decode(compiled::of_file(text).as_slice()).unwrap();
    let message = pool.get_message_by_name("t.M").unwrap();
    let rules = of_one(message.get_field_by_name("a").unwrap());
    assert_eq!(rules.sentences, ["is well above (t.above = `7`)"]);
    assert_eq!(rules.cel.first().unwrap().expression, "this > rule");
}

#[test]
fn a_message_has_rules_and_groups_of_its_own() {
    let pool = compiled::pool(
        r#"message M {
  option (buf.validate.message).cel = {id: "m", message: "ends after it begins", expression: "this.a < this.b_c"};
  option (buf.validate.message).oneof = {fields: ["a", "b_c"], required: true};
  option (buf.validate.message).oneof = {fields: ["a", "gone"]};
  int32 a = 1;
  int32 b_c = 2;
  oneof pick { option (buf.validate.oneof).required = true; int32 x = 3; int32 y = 4; }
}"#,
    );
    let message = pool.get_message_by_name("t.M").unwrap();
    let options = Record::of_options(|| message.options());
    let fields = &compiled::catalog(&pool).messages["t.M"].fields;
    let rules = of_message(&options, &message, fields);
    assert_eq!(
        rules.oneofs,
        [(vec!["a".to_owned(), "bC".to_owned()], true)]
    );
    assert_eq!(
        rules.sentences,
        ["exactly one of `a`, `bC` is set", "ends after it begins"]
    );
    assert!(oneof_required(&message.oneofs().next().unwrap()));
}

#[test]
fn rules_of_another_type_than_the_fields_are_none() {
    // protoc takes it; protovalidate refuses to compile it.
    check(
        "int32 a = 1 [(buf.validate.field).string.min_len = 3];",
        json!({}),
        &[],
    );
    check(
        "Inner a = 1 [(buf.validate.field).string.min_len = 3];",
        json!({}),
        &[],
    );
}

/// What a set has of the rules' own definition.
#[derive(Clone, Copy, PartialEq)]
enum Definition {
    None,
    Before,
    /// Nobody holds the options against it while the file is linked.
    After,
}

/// A pool with one field whose options are these bytes.
fn with_options(options: &[u8], definition: Definition) -> DescriptorPool {
    let set = compiled::descriptors("");
    let set = prost_types::FileDescriptorSet::decode(set.as_slice()).unwrap();
    let needed = set.file.into_iter().filter(|file| {
        let name = file.name();
        name.starts_with("google/protobuf/") || name == "buf/validate/validate.proto"
    });
    let needed = needed.collect::<Vec<_>>();
    let mut pool = DescriptorPool::new();
    if definition == Definition::Before {
        pool.add_file_descriptor_protos(needed.clone()).unwrap();
    }
    // FileDescriptorProto { name, package, message_type: { name: "M", field: { … } }, syntax }
    let field = {
        let mut field = vec![0x0a, 1, b'a', 0x18, 1, 0x20, 1, 0x28, 9, 0x42];
        prost::encoding::encode_varint(options.len() as u64, &mut field);
        field.extend_from_slice(options);
        field
    };
    let mut message = vec![0x0a, 1, b'M', 0x12];
    prost::encoding::encode_varint(field.len() as u64, &mut message);
    message.extend(field);
    let mut file = b"\x0a\x07x.proto\x12\x01t\x62\x06proto3\x22".to_vec();
    prost::encoding::encode_varint(message.len() as u64, &mut file);
    file.extend(message);
    pool.decode_file_descriptor_proto(file.as_slice()).unwrap();
    if definition == Definition::After {
        pool.add_file_descriptor_protos(needed).unwrap();
    }
    pool
}

#[test]
fn a_set_without_the_definition_has_its_rules_all_the_same() {
    // FieldOptions 1159: FieldRules 14: StringRules { min_len: 3 }
    let options = b"\xba\x48\x04\x72\x02\x10\x03";
    for definition in [Definition::None, Definition::Before, Definition::After] {
        let pool = with_options(options, definition);
        let message = pool.get_message_by_name("t.M").unwrap();
        let rules = of_one(message.get_field_by_name("a").unwrap());
        assert_eq!(rules.sentences, ["at least 3 characters"]);
    }
}

#[test]
fn options_that_do_not_fit_their_definition_do_not_panic() {
    for options in [
        // 1159 as a number, as a message that is cut off, and rules that are no message.
        &b"\xb8\x48\x05"[..],
        b"\xba\x48\x02\x72\x05",
        b"\xba\x48\x02\x70\x05",
        b"\xba\x48\x03\x72\x01\xff",
    ] {
        let pool = with_options(options, Definition::After);
        let message = pool.get_message_by_name("t.M").unwrap();
        let _ = of_one(message.get_field_by_name("a").unwrap());
    }
}
