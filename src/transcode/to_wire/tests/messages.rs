//! Lists, maps, oneofs, nested messages, and what proto2 has beyond.

use prost::Message as _;

use super::{judge, read, reads, refuses};
use crate::transcode::tests::fixture;
use crate::transcode::{ReadOptions, Scratch};

#[test]
fn lists_maps_and_nested_messages_read_like_the_judge() {
    for (message, json) in [
        (
            "Lists",
            r#"{"doubles":[1,2.5],"floats":[],"int32s":[1,-1,300],"int64s":["1",2]}"#,
        ),
        (
            "Lists",
            r#"{"uint64s":[0,0],"sint32s":[-1],"fixed32s":[1],"bools":[true,false]}"#,
        ),
        (
            "Lists",
            r#"{"strings":["","a","\t"],"byteses":["","AQ=="],"colors":["RED",2,99]}"#,
        ),
        (
            "Lists",
            r#"{"nodes":[{},{"name":"x"},{"children":[{}]}],"unpacked":[1,0,2]}"#,
        ),
        (
            "Lists",
            r#"{"values":[null,1,"a",{"b":[null]}],"times":["2024-01-01T00:00:00Z"]}"#,
        ),
        ("Lists", r#"{"int32Values":[0,1,"2"]}"#),
        ("Lists", r#"{"strings":null,"nodes":null}"#),
        (
            "Maps",
            r#"{"labels":{"a":"b","":""},"ints":{"1":"2","-3":4,"0":0}}"#,
        ),
        (
            "Maps",
            r#"{"flags":{"true":"RED","false":0},"nodes":{"18446744073709551615":{"name":"n"},"0":{}}}"#,
        ),
        (
            "Maps",
            r#"{"weights":{"-5":1.5},"blobs":{"7":"AQ=="},"labels":{}}"#,
        ),
        (
            "Maps",
            r#"{"values":{"a":null,"b":[1]},"durations":{"d":"1.5s"}}"#,
        ),
        (
            "Node",
            r#"{"name":"a","child":{"child":{"weight":"5"}},"children":[{"name":"b"},{"child":{}}]}"#,
        ),
        ("Choice", r#"{"number":0}"#),
        ("Choice", r#"{"text":"","no":false}"#),
        ("Choice", r#"{"node":{}}"#),
        ("Choice", r#"{"value":null}"#),
        ("Choice", r#"{"text":null,"number":4}"#),
        ("Order", r#"{"x-custom":"c"}"#),
        (
            "Order",
            r#"{"custom":"c","items":[{"attributes":{"k":"v"},"serials":[1,"2"]},{"price":{"units":"1"}}]}"#,
        ),
    ] {
        reads(message, json);
    }
}

#[test]
fn long_bodies_get_the_right_lengths_whatever_was_guessed() {
    let (_, plans) = fixture();
    let plan = plans.find("transcode.third.Node").unwrap();
    let mut scratch = Scratch::default();
    for size in [1, 100, 20_000, 127, 128, 3_000_000, 0, 16_383, 16_384] {
        let name = "x".repeat(size);
        let json = format!(
            r#"{{"child":{{"children":[{{"name":"{name}"}},{{"name":"y\t"}}]}},"weight":1}}"#
        );
        let mut out = Vec::new();
        let options = ReadOptions::default();
        plans
            .to_wire(plan, json.as_bytes(), &options, &mut scratch, &mut out)
            .unwrap();
        let mut again = Vec::new();
        judge("Node", &json).encode(&mut again).unwrap();
        assert_eq!(out, again, "{size}");
    }
}

#[test]
fn proto2_groups_extensions_and_presence() {
    for json in [
        r#"{"id":0,"name":"","level":"LOW","numbers":[1,2],"packedNumbers":[1,2],"levels":["HIGH",1]}"#,
        r#"{"id":1,"result":{"url":"u","part":[{"size":1},{}]}}"#,
        r#"{"next":{"next":{"id":5}},"levelMap":{"a":"HIGH"}}"#,
        r#"{"[transcode.second.ext_number]":5,"[transcode.second.ext_names]":["a","b"]}"#,
        r#"{"[transcode.second.Extra.inside]":{"note":"n"},"[transcode.second.extgroup]":{"flag":true}}"#,
    ] {
        reads("Old", json);
    }
    refuses("Old", r#"{"level":3}"#, "level", "closed enum");
    refuses("Old", r#"{"levels":[1,2]}"#, "levels[1]", "closed enum");
    refuses(
        "Old",
        r#"{"levelMap":{"a":2}}"#,
        "levelMap[\"a\"]",
        "closed enum",
    );
    refuses(
        "Old",
        r#"{"[transcode.second.none]":3}"#,
        "[transcode.second.none]",
        "no field",
    );
}

#[test]
fn nulls_are_absence_but_not_in_lists_and_maps() {
    refuses("Lists", r#"{"strings":[null]}"#, "strings[0]", "a string");
    refuses("Lists", r#"{"nodes":[{},null]}"#, "nodes[1]", "an object");
    refuses("Lists", r#"{"int32s":[1,null]}"#, "int32s[1]", "an int32");
    refuses(
        "Maps",
        r#"{"labels":{"x":null}}"#,
        "labels[\"x\"]",
        "a string",
    );
    refuses("Node", "null", "", "an object");
    refuses("Node", "", "", "the end of the text");
    assert_eq!(
        read("Lists", r#"{"nulls":[null,0]}"#).unwrap(),
        [0xB2, 1, 2, 0, 0]
    );
    assert_eq!(
        read("Maps", r#"{"nulls":{"a":null}}"#).unwrap(),
        [0x4A, 5, 0x0A, 1, b'a', 0x10, 0]
    );
    assert_eq!(read("Choice", r#"{"nothing":null}"#).unwrap(), [0x28, 0]);
}

#[test]
fn duplicates_and_second_oneof_members_are_refused() {
    refuses(
        "Scalars",
        r#"{"anInt32":1,"an_int32":2}"#,
        "an_int32",
        "twice",
    );
    refuses(
        "Scalars",
        r#"{"anInt32":null,"anInt32":2}"#,
        "anInt32",
        "twice",
    );
    refuses(
        "Choice",
        r#"{"number":1,"text":"a"}"#,
        "text",
        "oneof `pick`",
    );
    refuses(
        "Choice",
        r#"{"nothing":null,"text":"a"}"#,
        "text",
        "oneof `pick`",
    );
    refuses(
        "Maps",
        r#"{"labels":{"a":"1","b":"2","\u0061":"3"}}"#,
        "labels[\"a\"]",
        "twice",
    );
    refuses("Maps", r#"{"ints":{"1":1,"1":2}}"#, "ints[\"1\"]", "twice");
    let many: Vec<_> = (0..50).map(|n| format!("\"{n}\":1")).collect();
    let json = format!(r#"{{"ints":{{{},"7":2}}}}"#, many.join(","));
    refuses("Maps", &json, "ints[\"7\"]", "twice");
    reads("Maps", &format!(r#"{{"ints":{{{}}}}}"#, many.join(",")));
}

#[test]
fn map_keys_are_of_their_kind() {
    for (json, path) in [
        (r#"{"ints":{"a":1}}"#, "ints"),
        (r#"{"ints":{"2147483648":1}}"#, "ints"),
        (r#"{"flags":{"True":1}}"#, "flags"),
        (r#"{"nodes":{"-1":{}}}"#, "nodes"),
        (r#"{"ints":{1:1}}"#, "ints"),
    ] {
        refuses("Maps", json, path, "key");
    }
}
