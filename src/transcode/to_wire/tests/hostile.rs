//! Broken, unknown, deep and large.

use super::{decode, judge, read, read_with, reads, refuses};
use crate::transcode::{ErrorKind, ReadOptions, Unknown};

#[test]
fn broken_json_is_refused_where_it_breaks() {
    for (json, path, reason) in [
        (r#"{} x"#, "", "the end of the text"),
        (r#"{}{}"#, "", "the end of the text"),
        (r#"{"name":"a",}"#, "", "a field name"),
        (r#"{"name" "a"}"#, "", "`:`"),
        (r#"{"name":"a"#, "name", "ends within a string"),
        (r#"{"name":"\ud800"}"#, "name", "surrogate"),
        (r#"{"name":"\ud800\u0041"}"#, "name", "surrogate"),
        (r#"{"name":"\udc00"}"#, "name", "surrogate"),
        (r#"{"name":"\u12g4"}"#, "name", "hexadecimal"),
        (r#"{"name":"\x"}"#, "name", "backslash"),
        ("{\"name\":\"a\nb\"}", "name", "control character"),
        ("{\"name\":\"a\0b\"}", "name", "control character"),
        (r#"{name:"a"}"#, "", "a field name"),
        (r#"{'name':"a"}"#, "", "a field name"),
        (r#"{/* c */"name":"a"}"#, "", "a field name"),
        ("\u{feff}{}", "", "byte order mark"),
        (r#"[]"#, "", "an object"),
        (r#"{"children":{}}"#, "children", "a list"),
        (r#"{"children":[{}"#, "children", "`,` or `]`"),
        (r#"{"children":[{},]}"#, "children[1]", "an object"),
        (r#"{"child":"x"}"#, "child", "an object"),
        (
            r#"{"child":{"children":[{},{"weight":"z"}]}}"#,
            "child.children[1].weight",
            "an int64",
        ),
        (r#"{"nope":1}"#, "nope", "no field"),
        (r#"{"child":{"nope":1}}"#, "child.nope", "no field"),
        (r#"{"@type":"x"}"#, "@type", "no field"),
    ] {
        refuses("Node", json, path, reason);
    }
    let error = read_with("Node", b"{\"name\":\"\xff\"}", &ReadOptions::default()).unwrap_err();
    assert_eq!(
        (error.offset, error.message.contains("UTF-8")),
        (Some(9), true)
    );
    let long = format!(r#"{{"{}":1}}"#, "k".repeat(10_000));
    let error = read("Node", &long).unwrap_err();
    assert!(error.message.len() + error.path.len() < 200, "{error}");
}

#[test]
fn unknown_fields_can_be_skipped_if_they_are_json() {
    let options = ReadOptions {
        unknown: Unknown::Ignore,
        ..ReadOptions::default()
    };
    let json = r#"{"x":{"a":[1,-2.5e3,"s\n",true,false,null,{}]},"name":"n","y":[]}"#;
    assert_eq!(
        read_with("Node", json.as_bytes(), &options).unwrap(),
        b"\x0A\x01n"
    );
    for json in [
        r#"{"x":[1,]}"#,
        r#"{"x":tru}"#,
        r#"{"x":01}"#,
        r#"{"x":{"a"}}"#,
    ] {
        read_with("Node", json.as_bytes(), &options).unwrap_err();
    }
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    read_with("Node", deep.as_bytes(), &options).unwrap_err();
}

#[test]
fn unknown_names_of_enum_values_are_passed_over_where_unknown_fields_are() {
    let options = ReadOptions {
        unknown: Unknown::Ignore,
        ..ReadOptions::default()
    };
    for (message, json, same) in [
        (
            "Scalars",
            r#"{"aColor":"NEW","anInt32":1}"#,
            r#"{"anInt32":1}"#,
        ),
        (
            "Lists",
            r#"{"colors":["NEW","RED","NEW"]}"#,
            r#"{"colors":["RED"]}"#,
        ),
        ("Lists", r#"{"colors":["NEW"]}"#, "{}"),
        (
            "Maps",
            r#"{"flags":{"true":"NEW","false":"RED"}}"#,
            r#"{"flags":{"false":"RED"}}"#,
        ),
        ("Maps", r#"{"flags":{"true":"NEW"}}"#, "{}"),
    ] {
        let wire = read_with(message, json.as_bytes(), &options).unwrap();
        assert_eq!(decode(message, &wire), judge(message, same), "{json}");
        read(message, json).unwrap_err();
    }
    let twice = br#"{"flags":{"true":"RED","false":"NEW","true":"RED"}}"#;
    read_with("Maps", twice, &options).unwrap_err();
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn depth_is_bounded_whatever_nests() {
    reads("Node", &nested(r#"{"child":"#, "{}", "}", 99));
    refuses_deep("Node", &nested(r#"{"child":"#, "{}", "}", 100));
    refuses_deep("Node", &nested(r#"{"child":"#, "{}", "}", 10_000));
    refuses_deep("Node", &nested(r#"{"children":["#, "{}", "]}", 50));
    refuses_deep(
        "Known",
        &format!(r#"{{"value":{}}}"#, nested("[", "", "]", 100)),
    );
    refuses_deep(
        "Known",
        &format!(r#"{{"list":{}}}"#, nested("[", "", "]", 10_000)),
    );
    refuses_deep(
        "Known",
        &format!(r#"{{"struct":{}}}"#, nested(r#"{"a":"#, "{}", "}", 100)),
    );
    let any = r#"{"@type":"t/google.protobuf.Any","value":"#;
    refuses_deep(
        "Known",
        &format!(r#"{{"any":{}}}"#, nested(any, "{}", "}", 100)),
    );
    let late = nested(
        r#"{"value":"#,
        "{}",
        r#","@type":"t/google.protobuf.Any"}"#,
        10_000,
    );
    refuses_deep("Known", &format!(r#"{{"any":{late}}}"#));
    let options = ReadOptions {
        depth_max: usize::MAX,
        ..ReadOptions::default()
    };
    let json = nested(r#"{"child":"#, "{}", "}", 100_000);
    read_with("Node", json.as_bytes(), &options).unwrap_err();
}

/// What is read can be decoded again by whoever takes a hundred levels, as most backends do.
#[test]
fn depth_counts_what_any_json_is_on_the_wire() {
    let of = |field: &str, json: &str| format!(r#"{{"{field}":{json}}}"#);
    let lists = |depth| nested("[", "", "]", depth);
    let objects = |depth| nested(r#"{"a":"#, "1", "}", depth);
    let both = |depth| nested(r#"[{"a":"#, "1", "}]", depth);
    for (field, taken, refused) in [
        ("list", lists(50), lists(51)),
        ("value", lists(50), lists(51)),
        ("struct", objects(33), objects(34)),
        ("value", objects(33), objects(34)),
        ("value", both(19), both(20)),
    ] {
        reads("Known", &of(field, &taken));
        refuses_deep("Known", &of(field, &refused));
    }
}

#[track_caller]
fn refuses_deep(message: &str, json: &str) {
    let error = read(message, json).unwrap_err();
    assert!(error.message.contains("nested"), "{error}");
    assert!(error.path.len() < 600);
}

#[test]
fn output_is_bounded() {
    let options = ReadOptions {
        output_max: 100,
        ..ReadOptions::default()
    };
    for (message, json) in [
        (
            "Lists",
            format!(r#"{{"nodes":[{}{{}}]}}"#, "{},".repeat(1000)),
        ),
        (
            "Lists",
            format!(r#"{{"fixed32s":[{}0]}}"#, "0,".repeat(1000)),
        ),
        ("Known", format!(r#"{{"list":[{}[]]}}"#, "[],".repeat(1000))),
        ("Node", format!(r#"{{"name":"{}"}}"#, "x".repeat(101))),
    ] {
        let error = read_with(message, json.as_bytes(), &options).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
    }
}
