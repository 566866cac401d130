//! Texts of URLs, and bodies that are one field.

use super::{decode, full_name, judge};
use crate::transcode::tests::fixture;
use crate::transcode::{Error, ReadOptions, Scratch, Zero};

fn from_url(path: &str, key: Option<&str>, text: &str, zero: Zero) -> Result<Vec<u8>, Error> {
    let (_, plans) = fixture();
    let (message, path) = path.split_once('/').unwrap();
    let root = plans.find(&full_name(message)).unwrap();
    let field = plans.field_path(root, path).unwrap();
    let mut out = Vec::new();
    plans.text_to_wire(&field, key, text, zero, &mut Scratch::default(), &mut out)?;
    Ok(out)
}

#[test]
fn url_texts_become_fragments() {
    for (path, key, text, json) in [
        ("Scalars/aDouble", None, "1.5", r#"{"aDouble":1.5}"#),
        (
            "Scalars/a_double",
            None,
            "-Infinity",
            r#"{"aDouble":"-Infinity"}"#,
        ),
        ("Scalars/anInt32", None, "-5", r#"{"anInt32":-5}"#),
        ("Scalars/aBool", None, "true", r#"{"aBool":true}"#),
        ("Scalars/aString", None, "a\"b", r#"{"aString":"a\"b"}"#),
        ("Scalars/aBytes", None, "-_-_", r#"{"aBytes":"+/+/"}"#),
        ("Scalars/aColor", None, "BLUE", r#"{"aColor":2}"#),
        ("Scalars/aColor", None, "77", r#"{"aColor":77}"#),
        ("Scalars/maybeInt32", None, "0", r#"{"maybeInt32":0}"#),
        (
            "Node/child.scalars.anInt32",
            None,
            "0",
            r#"{"child":{"scalars":{}}}"#,
        ),
        (
            "Node/child.child.name",
            None,
            "n",
            r#"{"child":{"child":{"name":"n"}}}"#,
        ),
        ("Old/result.url", None, "u", r#"{"result":{"url":"u"}}"#),
        ("Lists/int32s", None, "0", r#"{"int32s":[0]}"#),
        ("Lists/strings", None, "", r#"{"strings":[""]}"#),
        (
            "Lists/times",
            None,
            "1970-01-01T00:00:00Z",
            r#"{"times":["1970-01-01T00:00:00Z"]}"#,
        ),
        ("Maps/labels", Some("k"), "v", r#"{"labels":{"k":"v"}}"#),
        ("Maps/ints", Some("-1"), "0", r#"{"ints":{"-1":0}}"#),
        (
            "Maps/durations",
            Some("k"),
            "1s",
            r#"{"durations":{"k":"1s"}}"#,
        ),
        (
            "Known/timestamp",
            None,
            "2024-01-01T00:00:00Z",
            r#"{"timestamp":"2024-01-01T00:00:00Z"}"#,
        ),
        ("Known/mask", None, "a,bC", r#"{"mask":"a,bC"}"#),
        ("Known/int32Value", None, "0", r#"{"int32Value":0}"#),
        (
            "Known/stringValue",
            None,
            "null",
            r#"{"stringValue":"null"}"#,
        ),
        (
            "Known/value",
            None,
            r#"{"a":[1]}"#,
            r#"{"value":{"a":[1]}}"#,
        ),
        (
            "Known/struct",
            None,
            r#"{"a":[1]}"#,
            r#"{"struct":{"a":[1]}}"#,
        ),
        ("Known/value", None, "null", r#"{"value":null}"#),
    ] {
        let message = path.split_once('/').unwrap().0;
        let wire = from_url(path, key, text, Zero::Omit).unwrap();
        assert_eq!(
            decode(message, &wire),
            judge(message, json),
            "{path} {text}"
        );
    }
    for (path, key, text) in [
        ("Scalars/aDouble", None, "nan"),
        ("Scalars/anInt32", None, ""),
        ("Scalars/aBool", None, "1"),
        ("Scalars/aColor", None, "blue"),
        ("Scalars/aBytes", None, "*"),
        ("Old/level", None, "4"),
        ("Node/child", None, "{}"),
        ("Lists/nodes", None, "{}"),
        ("Maps/labels", None, "v"),
        ("Maps/ints", Some("x"), "1"),
        ("Scalars/aString", Some("x"), "1"),
        ("Known/any", None, "{}"),
        ("Known/value", None, "x"),
        ("Known/timestamp", None, "now"),
    ] {
        let error = from_url(path, key, text, Zero::Omit).unwrap_err();
        assert!(!error.path.is_empty(), "{error}");
    }
}

#[test]
fn path_bound_zeros_are_written() {
    assert_eq!(
        from_url("Scalars/anInt32", None, "0", Zero::Omit).unwrap(),
        b""
    );
    assert_eq!(
        from_url("Scalars/anInt32", None, "0", Zero::Write).unwrap(),
        [0x18, 0]
    );
    assert_eq!(
        from_url("Scalars/aString", None, "", Zero::Write).unwrap(),
        [0x72, 0]
    );
    let epoch = "1970-01-01T00:00:00Z";
    assert_eq!(
        from_url("Known/timestamp", None, epoch, Zero::Write).unwrap(),
        [0x12, 4, 8, 0, 16, 0]
    );
    assert_eq!(
        from_url("Known/int32Value", None, "0", Zero::Write).unwrap(),
        [0x6A, 2, 8, 0]
    );
}

#[test]
fn one_field_of_a_body() {
    let (_, plans) = fixture();
    for (message, path, text, json) in [
        (
            "Order",
            "items",
            r#"[{"sku":"a"}]"#,
            r#"{"items":[{"sku":"a"}]}"#,
        ),
        (
            "Order",
            "total",
            r#"{"units":1}"#,
            r#"{"total":{"units":1}}"#,
        ),
        ("Order", "id", r#" "x" "#, r#"{"id":"x"}"#),
        ("Maps", "labels", r#"{"a":"b"}"#, r#"{"labels":{"a":"b"}}"#),
        (
            "Node",
            "child.child",
            r#"{"name":"x"}"#,
            r#"{"child":{"child":{"name":"x"}}}"#,
        ),
        ("Known", "value", "null", r#"{"value":null}"#),
    ] {
        let root = plans.find(&full_name(message)).unwrap();
        let field = plans.field_path(root, path).unwrap();
        let (options, mut scratch) = (ReadOptions::default(), Scratch::default());
        let mut out = Vec::new();
        plans
            .field_to_wire(&field, text.as_bytes(), &options, &mut scratch, &mut out)
            .unwrap();
        assert_eq!(decode(message, &out), judge(message, json));
    }
    for (path, text, at) in [
        (
            "items",
            r#"[{"price":{"units":"x"}}]"#,
            "items[0].price.units",
        ),
        ("total", r#"{"units":"x"}"#, "total.units"),
        ("items", "null", "items"),
        ("id", "null", "id"),
        ("id", r#""a" 1"#, "id"),
    ] {
        let root = plans.find("transcode.third.Order").unwrap();
        let field = plans.field_path(root, path).unwrap();
        let (options, mut scratch) = (ReadOptions::default(), Scratch::default());
        let mut out = Vec::new();
        let error = plans
            .field_to_wire(&field, text.as_bytes(), &options, &mut scratch, &mut out)
            .unwrap_err();
        assert_eq!((error.path.as_str(), out.len()), (at, 0), "{error}");
    }
}

#[test]
fn fragments_joined_in_order_let_the_path_win() {
    let mut wire = from_url("Node/child.weight", None, "1", Zero::Omit).unwrap();
    wire.extend(from_url("Node/name", None, "query", Zero::Omit).unwrap());
    wire.extend(super::read("Node", r#"{"name":"body","weight":5,"child":{"name":"c"}}"#).unwrap());
    wire.extend(from_url("Node/name", None, "", Zero::Write).unwrap());
    wire.extend(from_url("Node/child.weight", None, "0", Zero::Write).unwrap());
    let expected = judge("Node", r#"{"weight":5,"child":{"name":"c"}}"#);
    // Once more over the wire: a zero that was written is one that was not.
    let joined = serde_json::to_string(&decode("Node", &wire)).unwrap();
    assert_eq!(judge("Node", &joined), expected);
}
