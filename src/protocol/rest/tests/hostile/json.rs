//! Rows 71 to 92: JSON of a client, and wire form of a backend.

use super::*;

#[tokio::test]
async fn json_71_to_80() {
    let nested =
        |open: &str, close: &str, times| format!("{}{}", open.repeat(times), close.repeat(times));
    let rows = vec![
        (
            71,
            json("[".repeat(10_000)),
            blamed("", "expected an object, found a list (at byte 0)"),
        ),
        (
            71,
            json(r#"{"a":"#.repeat(10_000)),
            blamed("a", "rest.v1.All has no field \"a\" (at byte 1)"),
        ),
        (
            71,
            json(format!(r#"{{"object":{}}}"#, r#"{"a":"#.repeat(10_000))),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            72,
            json(nested(r#"{"child":"#, "}", 200)),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            73,
            json(format!(r#"{{"value":{}}}"#, nested("[", "]", 200))),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            73,
            json(format!(r#"{{"object":{{"a":{}}}}}"#, nested("[", "]", 200))),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            74,
            json(r#"{"number":1,"number":1}"#),
            blamed("number", "the field is given twice"),
        ),
        (
            74,
            json(r#"{"big_number":1,"bigNumber":1}"#),
            blamed("bigNumber", "the field is given twice"),
        ),
        (
            74,
            json(r#"{"child":{"big_number":1,"bigNumber":1}}"#),
            blamed("child.bigNumber", "the field is given twice"),
        ),
        (
            75,
            json(r#"{"children":[{},{"child":{"nope":1}}]}"#),
            blamed(
                "children[1].child.nope",
                "rest.v1.All has no field \"nope\"",
            ),
        ),
        (
            76,
            json(r#"{"number":2147483648}"#),
            blamed("number", "expected an int32, found 2147483648"),
        ),
        (
            76,
            json(r#"{"number":1.5}"#),
            blamed("number", "expected an int32, found 1.5"),
        ),
        (
            76,
            json(r#"{"ratio":"1e400"}"#),
            blamed("ratio", "expected a double, found \"1e400\""),
        ),
        (76, json(r#"{"number":1e2}"#), Taken(r#"{"number":100}"#)),
        (
            77,
            json(r#"{"bigNumber":9007199254740993}"#),
            Taken(r#"{"bigNumber":"9007199254740993"}"#),
        ),
        (
            78,
            json(r#"{"ratio":1e999999}"#),
            blamed("ratio", "expected a double, found 1e999999"),
        ),
        (
            78,
            json(r#"{"number":1e999999}"#),
            blamed("number", "expected an int32, found 1e999999"),
        ),
        (
            78,
            json(format!(r#"{{"number":{}}}"#, "1".repeat(100_000))),
            blamed("number", "expected an int32, found 111"),
        ),
        (
            79,
            json(r#"{"ratio":NaN}"#),
            blamed("ratio", "expected a double, found `NaN` (at byte 9)"),
        ),
        (
            79,
            json(r#"{"ratio":-Infinity}"#),
            blamed("ratio", "expected a double, found"),
        ),
        (79, json(r#"{"ratio":"NaN"}"#), Taken(r#"{"ratio":"NaN"}"#)),
        (
            79,
            json(r#"{"ratio":"-Infinity"}"#),
            Taken(r#"{"ratio":"-Infinity"}"#),
        ),
        (
            79,
            json(r#"{"number":"NaN"}"#),
            blamed("number", "expected an int32, found \"NaN\""),
        ),
        (
            80,
            json(r#"{"name":"\ud800"}"#),
            blamed("name", "found half of a surrogate pair"),
        ),
        (
            80,
            json(&b"{\"name\":\"\xff\"}"[..]),
            blamed("", "expected UTF-8, found bytes that are not (at byte 9)"),
        ),
        (
            80,
            json("\u{feff}{}"),
            blamed("", "expected JSON, found a byte order mark (at byte 0)"),
        ),
        (
            80,
            json("{} x"),
            blamed("", "expected the end of the text, found `x` (at byte 3)"),
        ),
        (
            80,
            json("{}{}"),
            blamed(
                "",
                "expected the end of the text, found an object (at byte 2)",
            ),
        ),
        (
            80,
            json("{} // c"),
            blamed(
                "",
                "expected the end of the text, found the character '/' (at byte 3)",
            ),
        ),
        (
            80,
            json("{'name':1}"),
            blamed(
                "",
                "expected a field name in double quotes, found the character '\\'' (at byte 1)",
            ),
        ),
        (
            80,
            json(r#"{"name":"x",}"#),
            blamed(
                "",
                "expected a field name in double quotes, found the character '}' (at byte 12)",
            ),
        ),
    ];
    all(&Gateway::echo(), rows).await;
}

#[tokio::test]
async fn json_81_to_88() {
    let any = |content: &str| json(format!(r#"{{"any":{{{content}}}}}"#));
    let within = r#""@type":"x/google.protobuf.Any","value":{"#;
    let nested = format!("{}{}", within.repeat(100), "}".repeat(100));
    let rows = vec![
        (
            81,
            json("null"),
            blamed("", "expected an object, found `null`"),
        ),
        (
            81,
            json(r#"{"number":null,"tags":null,"child":null}"#),
            Taken("{}"),
        ),
        (
            81,
            json(r#"{"tags":["a",null]}"#),
            blamed("tags[1]", "expected a string, found `null`"),
        ),
        (
            81,
            json(r#"{"labels":{"a":null}}"#),
            blamed("labels[\"a\"]", "expected a string, found `null`"),
        ),
        (
            82,
            json(r#"{"color":"GREEN"}"#),
            blamed(
                "color",
                "expected a value of the enum rest.v1.Color, found the string \"GREEN\"",
            ),
        ),
        (
            82,
            json(r#"{"color":"red"}"#),
            blamed("color", "expected a value of the enum rest.v1.Color"),
        ),
        (82, json(r#"{"color":17}"#), Taken(r#"{"color":17}"#)),
        (
            83,
            json(r#"{"data":"*"}"#),
            blamed("data", "expected base64 text, found the string \"*\""),
        ),
        (83, json(r#"{"data":"-_8"}"#), Taken(r#"{"data":"+/8="}"#)),
        (
            84,
            json(r#"{"time":"0000-01-01T00:00:00Z"}"#),
            blamed("time", "expected "),
        ),
        (
            84,
            json(r#"{"span":"315576000001s"}"#),
            blamed("span", "expected "),
        ),
        (
            84,
            json(r#"{"mask":"foo_bar"}"#),
            blamed("mask", "expected field paths in lowerCamelCase"),
        ),
        (
            85,
            json(r#"{"text":"a","count":1}"#),
            blamed("count", "a second member of the oneof `choice` is set"),
        ),
        (
            85,
            json(r#"{"text":"a","count":null}"#),
            Taken(r#"{"text":"a"}"#),
        ),
        (
            86,
            json(r#"{"labels":{"a":"1","\u0061":"2"}}"#),
            blamed("labels[\"a\"]", "the key is given twice"),
        ),
        (
            86,
            json(r#"{"colors":{"x":"RED"}}"#),
            blamed("colors", "expected an int32 as key, found the string \"x\""),
        ),
        (
            86,
            json(r#"{"labels":{"a":1}}"#),
            blamed("labels[\"a\"]", "expected a string, found `1`"),
        ),
        (
            86,
            json(r#"{"nested":{"a":{"number":"x"}}}"#),
            blamed("nested[\"a\"].number", "expected an int32"),
        ),
        (
            88,
            any(r#""@type":"http://127.0.0.1:9/x""#),
            blamed(
                "any.@type",
                "expected a type of the schema in `@type`, found \"http://127.0.0.1:9/x\"",
            ),
        ),
        (
            88,
            any(r#""@type":"type.googleapis.com/rest.v1.All","child":{"number":"x"}"#),
            blamed("any.child.number", "expected an int32"),
        ),
        (88, any(r#""name":"x""#), blamed("any", "")),
        (
            88,
            any(r#""name":"x","@type":"x/rest.v1.All""#),
            Taken(r#"{"any":{"@type":"x/rest.v1.All","name":"x"}}"#),
        ),
        (
            88,
            any(r#""@type":"x/rest.v1.All","@type":"x/rest.v1.All""#),
            blamed("any", "`@type` is given twice"),
        ),
        (
            88,
            any(&nested),
            Deep("the value is nested deeper than 100 levels"),
        ),
    ];
    all(&Gateway::echo(), rows).await;
}

/// 89 to 92: what a backend sends and no JSON can say is its own fault, told with the field, and
/// nothing of it goes out.
#[tokio::test]
async fn wire_89_to_92() {
    let deep = (0..150).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut wire = vec![0x3a];
        prost::encoding::encode_varint(inner.len() as u64, &mut wire);
        wire.extend(inner);
        wire
    });
    let rows: [(u32, &[u8], &str); 8] = [
        (89, &deep, "child.child"),
        (89, b"\x0a\x02\xff\xfe", "name"),
        (89, b"\x3a\x04\x0a\x02\xff\xfe", "child.name"),
        (90, &[0xBB; 20_000], ""),
        (91, b"\x0a\x05a", ""),
        (91, b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", ""),
        (91, b"\x00\x00", ""),
        (91, b"\x0e\x00", ""),
    ];
    for (number, wire, field) in rows {
        let wire = wire.to_vec();
        let gateway =
            Gateway::new(move |_, _| Ok(reply(&[Message::from_payload(&wire)], Status::ok())));
        let got = gateway.get("/v1/all").await;
        let json = got.json();
        assert_eq!(
            (got.status.as_u16(), &json["code"]),
            (500, &13.into()),
            "{number} {json}"
        );
        assert!(
            json["message"].as_str().unwrap().contains(field),
            "{number} {json}"
        );
    }
}
