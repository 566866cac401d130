//! Well-known types.

use super::*;

#[test]
fn well_known_types() {
    let known = "third.Known";
    check(
        known,
        l(2, [v(1, 1_709_210_096), v(2, 120_000_000)].concat()),
        r#"{"timestamp":"2024-02-29T12:34:56.120Z"}"#,
    );
    check(
        known,
        [l(2, v(1, 5)), l(2, v(2, 1))].concat(),
        r#"{"timestamp":"1970-01-01T00:00:05.000000001Z"}"#,
    );
    check(known, l(3, v(1, MINUS_ONE)), r#"{"duration":"-1s"}"#);
    check(
        known,
        l(4, [l(1, "foo_bar.b"), l(1, "c")].concat()),
        r#"{"mask":"fooBar.b,c"}"#,
    );
    check(known, l(4, []), r#"{"mask":""}"#);
    let number = |value: f64| fixed64(2, value.to_bits());
    let member = |key: &str, value: Vec<u8>| l(1, [l(1, key), l(2, value)].concat());
    let list = l(
        6,
        [
            l(1, number(1.0)),
            l(1, l(3, "x")),
            l(1, l(6, [])),
            l(1, l(5, [])),
        ]
        .concat(),
    );
    let object = [
        member("b", v(4, 1)),
        member("a", v(1, 0)),
        member("l", list),
    ]
    .concat();
    check(
        known,
        l(5, &object),
        r#"{"struct":{"a":null,"b":true,"l":[1,"x",[],{}]}}"#,
    );
    check(
        known,
        l(6, l(5, &object)),
        r#"{"value":{"a":null,"b":true,"l":[1,"x",[],{}]}}"#,
    );
    check(
        known,
        l(6, [number(1.0), l(3, "last")].concat()),
        r#"{"value":"last"}"#,
    );
    check(
        known,
        [l(7, []), l(8, [])].concat(),
        r#"{"list":[],"empty":{}}"#,
    );
    check(
        known,
        [
            l(9, []),
            l(10, fixed32(1, 0.5f32.to_bits())),
            l(11, v(1, 7)),
            l(12, v(1, 8)),
        ]
        .concat(),
        r#"{"doubleValue":0,"floatValue":0.5,"int64Value":"7","uint64Value":"8"}"#,
    );
    check(
        known,
        [
            l(13, v(1, MINUS_ONE)),
            l(15, v(1, 1)),
            l(16, l(1, "s")),
            l(17, l(1, [0])),
        ]
        .concat(),
        r#"{"int32Value":-1,"boolValue":true,"stringValue":"s","bytesValue":"AA=="}"#,
    );
    check(
        known,
        l(9, fixed64(1, f64::NAN.to_bits())),
        r#"{"doubleValue":"NaN"}"#,
    );

    refused(
        known,
        l(2, v(2, 1_000_000_000)),
        "timestamp: a Timestamp has 0 to 999999999 nanos, not 1000000000",
    );
    refused(
        known,
        l(3, [v(1, 1), v(2, MINUS_ONE)].concat()),
        "duration: a Duration of 1 seconds and -1 nanos has two signs",
    );
    refused(
        known,
        l(4, l(1, "fooBar")),
        "mask: the FieldMask path \"fooBar\" cannot be written in lowerCamelCase and read back",
    );
    refused(
        known,
        l(6, []),
        "value: a google.protobuf.Value has no kind; expected one to be set",
    );
    refused(
        known,
        l(5, member("k", number(f64::NAN))),
        "struct[\"k\"]: a google.protobuf.Value holds NaN or an infinity, which JSON numbers cannot say",
    );
    refused(
        known,
        l(7, [l(1, v(4, 0)), l(1, [])].concat()),
        "list[1]: a google.protobuf.Value has no kind; expected one to be set",
    );
}

#[test]
fn any_is_printed_by_the_schema() {
    let name = "google.protobuf.Any";
    let known = |name: &str| format!("type.googleapis.com/google.protobuf.{name}");
    check(name, [], "{}");
    check(name, l(2, []), "{}");
    check(
        name,
        any("a/transcode.third.Node", l(1, "n")),
        r#"{"@type":"a/transcode.third.Node","name":"n"}"#,
    );
    check(
        name,
        any("a/transcode.third.Node", []),
        r#"{"@type":"a/transcode.third.Node"}"#,
    );
    check(
        name,
        any(&known("Duration"), v(1, 1)),
        r#"{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}"#,
    );
    check(
        name,
        any(&known("Empty"), []),
        r#"{"@type":"type.googleapis.com/google.protobuf.Empty","value":{}}"#,
    );
    let inner = any("x/transcode.third.Choice", v(1, 0));
    check(
        name,
        any("t/google.protobuf.Any", inner),
        r#"{"@type":"t/google.protobuf.Any","value":{"@type":"x/transcode.third.Choice","number":0}}"#,
    );
    refused(
        name,
        any("t/no.Such", []),
        "the schema has no message for the type URL \"t/no.Such\" of an Any",
    );
    refused(
        name,
        any("", [1]),
        "the schema has no message for the type URL \"\" of an Any",
    );
    refused(
        name,
        l(1, [0xff]),
        "@type: a string is not valid UTF-8 (at byte 2)",
    );

    let base64 = PrintOptions {
        unknown_any: UnknownAny::Base64,
        ..PrintOptions::default()
    };
    let broken = any("x/transcode.third.Node", l(1, [0xff]));
    for (wire, expected) in [
        (
            any("t/no.Such", [1, 2]),
            r#"{"@type":"t/no.Such","value":"AQI="}"#,
        ),
        (
            broken.clone(),
            r#"{"@type":"x/transcode.third.Node","value":"CgH/"}"#,
        ),
        (
            any("t/google.protobuf.Any", &broken),
            r#"{"@type":"t/google.protobuf.Any","value":{"@type":"x/transcode.third.Node","value":"CgH/"}}"#,
        ),
    ] {
        assert_eq!(print_with(name, &wire, &base64).unwrap(), expected);
    }
}
