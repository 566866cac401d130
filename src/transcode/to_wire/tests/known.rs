//! The well-known types, `Any` among them.

use super::{read, reads, refuses};
use crate::transcode::tests::fixture;
use crate::transcode::{PrintOptions, Scratch};

#[test]
fn well_known_types_read_like_the_judge() {
    for json in [
        r#"{"timestamp":"2024-05-06T07:08:09.123456789Z","duration":"-1.5s"}"#,
        r#"{"timestamp":"1969-12-31T23:59:59.5Z","duration":"0s","empty":{}}"#,
        r#"{"timestamp":"0001-01-01T00:00:00Z","duration":"315576000000s"}"#,
        r#"{"timestamp":"9999-12-31T23:59:59.999999999Z","duration":"-0.000000001s"}"#,
        r#"{"timestamp":"2024-02-29T23:30:00+05:30"}"#,
        r#"{"mask":"a,fooBar.bazQux,x1"}"#,
        r#"{"mask":""}"#,
        r#"{"struct":{"a":1,"b":[true,null,"x",{"c":{}}],"":-0.5}}"#,
        r#"{"value":null}"#,
        r#"{"value":{"a":[[],{}]},"list":[1,[2,[3]],"s"]}"#,
        r#"{"doubleValue":0,"floatValue":1.5,"int64Value":"5","uint64Value":5,"int32Value":0}"#,
        r#"{"uint32Value":1,"boolValue":false,"stringValue":"","bytesValue":"AQ=="}"#,
        r#"{"doubleValue":null,"stringValue":null,"timestamp":null,"any":null,"struct":null}"#,
        r#"{"nullValue":null}"#,
    ] {
        reads("Known", json);
    }
}

#[test]
fn well_known_types_out_of_range_are_refused() {
    for (field, text) in [
        ("timestamp", "0000-12-31T23:59:59Z"),
        ("timestamp", "0001-01-01T00:00:00+00:01"),
        ("timestamp", "9999-12-31T23:59:59-00:01"),
        ("timestamp", "10000-01-01T00:00:00Z"),
        ("timestamp", "2023-02-29T00:00:00Z"),
        ("timestamp", "2024-13-01T00:00:00Z"),
        ("timestamp", "2024-01-01T24:00:00Z"),
        ("timestamp", "2024-01-01T00:00:60Z"),
        ("timestamp", "2024-01-01T00:00:00"),
        ("timestamp", "2024-01-01t00:00:00z"),
        ("timestamp", "2024-01-01 00:00:00Z"),
        ("timestamp", "2024-01-01T00:00:00.Z"),
        ("timestamp", "2024-01-01T00:00:00.0123456789Z"),
        ("timestamp", "2024-01-01T00:00:00+24:00"),
        ("timestamp", ""),
        ("duration", "1"),
        ("duration", "s"),
        ("duration", "1.s"),
        ("duration", ".5s"),
        ("duration", "+1s"),
        ("duration", "--1s"),
        ("duration", "315576000001s"),
        ("duration", "315576000001s"),
        ("duration", "99999999999999999999999s"),
        ("duration", "1.0123456789s"),
        ("duration", "1e3s"),
        ("mask", "foo_bar"),
        ("mask", "a,,b"),
        ("mask", "a."),
        ("mask", "a b"),
    ] {
        refuses(
            "Known",
            &format!(r#"{{"{field}":"{text}"}}"#),
            field,
            "expected",
        );
    }
    refuses("Known", r#"{"timestamp":1}"#, "timestamp", "timestamp");
    refuses("Known", r#"{"struct":[]}"#, "struct", "an object");
    refuses("Known", r#"{"list":{}}"#, "list", "a list");
    refuses("Known", r#"{"value":1e999}"#, "value", "double");
    refuses("Known", r#"{"value":nul}"#, "value", "a value");
    refuses(
        "Known",
        r#"{"int32Value":{"value":1}}"#,
        "int32Value",
        "an int32",
    );
    refuses(
        "Known",
        r#"{"struct":{"a":1,"\u0061":2}}"#,
        "struct[\"a\"]",
        "twice",
    );
    refuses(
        "Known",
        r#"{"value":{"x":[{"a":1,"a":2}]}}"#,
        "value[\"x\"][0][\"a\"]",
        "twice",
    );
}

#[test]
fn any_is_read_by_the_schema_alone() {
    for json in [
        r#"{"any":{"@type":"type.googleapis.com/transcode.third.Money","units":"5"}}"#,
        r#"{"any":{"units":"5","@type":"x/transcode.third.Money","nanos":1}}"#,
        r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}"#,
        r#"{"any":{"value":{"a":1},"@type":"type.googleapis.com/google.protobuf.Struct"}}"#,
        r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Any","value":{"@type":"type.googleapis.com/transcode.third.Node","child":{"name":"n"}}}}"#,
        r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Int32Value","value":0}}"#,
    ] {
        reads("Known", json);
    }
    assert_eq!(read("Known", r#"{"any":{}}"#).unwrap(), [0x0A, 0]);
    for (any, path, reason) in [
        (
            r#"{"@type":"http://127.0.0.1:9/x"}"#,
            "any.@type",
            "a type of the schema",
        ),
        (
            r#"{"@type":"transcode.third.Money"}"#,
            "any.@type",
            "type.googleapis.com",
        ),
        (r#"{"@type":""}"#, "any.@type", "type.googleapis.com"),
        (r#"{"@type":5}"#, "any", "a type URL"),
        (r#"{"units":"5"}"#, "any", "@type"),
        (
            r#"{"@type":"t/transcode.third.Money","@type":"t/transcode.third.Money"}"#,
            "any",
            "twice",
        ),
        (
            r#"{"@type":"t/google.protobuf.Duration"}"#,
            "any",
            "`value`",
        ),
        (
            r#"{"@type":"t/google.protobuf.Duration","value":"x"}"#,
            "any.value",
            "a duration",
        ),
        (
            r#"{"@type":"t/google.protobuf.Duration","value":"1s","value":"1s"}"#,
            "any",
            "twice",
        ),
        (
            r#"{"@type":"t/google.protobuf.Duration","value":"1s","x":1}"#,
            "any",
            "only",
        ),
        (
            r#"{"@type":"t/transcode.third.Money","x":1}"#,
            "any.x",
            "no field",
        ),
        (r#"[]"#, "any", "an object"),
    ] {
        refuses("Known", &format!(r#"{{"any":{any}}}"#), path, reason);
    }
}

#[test]
fn types_that_come_late_are_found_in_objects_within_objects() {
    let any = "t/google.protobuf.Any";
    let money = r#"{"units":"5","@type":"t/transcode.third.Money"}"#;
    for json in [
        format!(r#"{{"value":{money},"@type":"{any}"}}"#),
        format!(r#"{{"value":{{"value":{money},"@type":"{any}"}},"@type":"{any}"}}"#),
        // One key is escaped, and one type stands first.
        format!(r#"{{"value":{{"@type":"{any}","value":{money}}},"\u0040type":"{any}"}}"#),
        format!(r#"{{"value":{{"value":{money},"@\u0074ype":"{any}"}},"@type":"{any}"}}"#),
        // Types that are none: of a Struct, and within one.
        concat!(
            r#"{"value":{"@type":["x",{"@type":{"@type":1}}]},"#,
            r#""@type":"t/google.protobuf.Struct"}"#
        )
        .to_owned(),
        // Many in one, and some behind the type of the outer one.
        format!(
            concat!(
                r#"{{"any":{{"value":{money},"@type":"{any}"}},"#,
                r#""@type":"t/transcode.third.Known","anys":[{money},{money}]}}"#
            ),
            money = money,
            any = any
        ),
    ] {
        reads("Known", &format!(r#"{{"any":{json}}}"#));
        reads("Known", &format!(r#"{{"anys":[{json},{money},{json}]}}"#));
    }
    for (inner, path, reason) in [
        (r#"{"units":"5"}"#, "any.value", "found none"),
        (
            r#"{"units":"5","@type":"t/transcode.third.Money","@type":"t/transcode.third.Money"}"#,
            "any.value",
            "twice",
        ),
        (r#"{"units":"5","@type":5}"#, "any.value", "a type URL"),
        (
            r#"{"units":"5","@type":"t/no.Such"}"#,
            "any.value.@type",
            "a type of the schema",
        ),
        (
            r#"{"units":"x","@type":"t/transcode.third.Money"}"#,
            "any.value.units",
            "an int64",
        ),
    ] {
        let json = format!(r#"{{"any":{{"value":{inner},"@type":"{any}"}}}}"#);
        refuses("Known", &json, path, reason);
    }
}

#[test]
fn a_mask_may_name_all_fields() {
    let json = br#"{"mask":"*,a.*"}"#;
    let (_, plans) = fixture();
    let plan = plans.find("transcode.third.Known").unwrap();
    let wire = read("Known", r#"{"mask":"*,a.*"}"#).unwrap();
    assert_eq!(wire, b"\x22\x08\x0A\x01*\x0A\x03a.*");
    let mut out = Vec::new();
    let options = PrintOptions::default();
    let mut scratch = Scratch::default();
    plans
        .to_json(plan, &wire, &options, &mut scratch, &mut out)
        .unwrap();
    assert_eq!(out, json);
}
