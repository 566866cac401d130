//! Wire bytes by hand, and the JSON or the refusal they must give.

mod hostile;
mod known;

use super::*;
use crate::transcode::options::UnknownAny;
use crate::transcode::tests::fixture;
use crate::transcode::{ErrorKind, PathError};

/// A varint.
fn raw(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn tag(number: u32, wire: u64) -> Vec<u8> {
    raw(u64::from(number) << 3 | wire)
}

/// A varint field.
fn v(number: u32, value: u64) -> Vec<u8> {
    [tag(number, 0), raw(value)].concat()
}

/// A length-delimited field.
fn l(number: u32, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    [tag(number, 2), raw(body.len() as u64), body.to_vec()].concat()
}

/// A group.
fn g(number: u32, body: impl AsRef<[u8]>) -> Vec<u8> {
    [tag(number, 3), body.as_ref().to_vec(), tag(number, 4)].concat()
}

fn fixed64(number: u32, bits: u64) -> Vec<u8> {
    [tag(number, 1), bits.to_le_bytes().to_vec()].concat()
}

fn fixed32(number: u32, bits: u32) -> Vec<u8> {
    [tag(number, 5), bits.to_le_bytes().to_vec()].concat()
}

fn print_with(name: &str, wire: &[u8], options: &PrintOptions) -> Result<String, Error> {
    let plans = &fixture().1;
    let plan = plans.find(&format!("transcode.{name}"));
    let plan = plan.or_else(|| plans.find(name)).unwrap();
    let mut scratch = Scratch::default();
    let mut out = b"before".to_vec();
    let printed = plans.to_json(plan, wire, options, &mut scratch, &mut out);
    if printed.is_err() {
        assert_eq!(out, b"before");
    }
    printed.map(|()| String::from_utf8(out[6..].to_vec()).unwrap())
}

#[track_caller]
fn check(name: &str, wire: impl AsRef<[u8]>, expected: &str) {
    let printed = print_with(name, wire.as_ref(), &PrintOptions::default());
    assert_eq!(printed.unwrap(), expected);
}

#[track_caller]
fn refused(name: &str, wire: impl AsRef<[u8]>, expected: &str) {
    let error = print_with(name, wire.as_ref(), &PrintOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.kind, ErrorKind::Invalid);
}

fn any(url: &str, payload: impl AsRef<[u8]>) -> Vec<u8> {
    [l(1, url), l(2, payload)].concat()
}

const MINUS_ONE: u64 = u64::MAX;

#[test]
fn scalars() {
    let name = "third.Scalars";
    check(name, [], "{}");
    check(name, fixed64(1, 1.5f64.to_bits()), r#"{"aDouble":1.5}"#);
    check(name, fixed64(1, (-0.0f64).to_bits()), r#"{"aDouble":-0}"#);
    check(name, fixed64(1, f64::NAN.to_bits()), r#"{"aDouble":"NaN"}"#);
    check(
        name,
        fixed32(2, f32::NEG_INFINITY.to_bits()),
        r#"{"aFloat":"-Infinity"}"#,
    );
    check(name, fixed32(2, 0.1f32.to_bits()), r#"{"aFloat":0.1}"#);
    check(name, v(3, MINUS_ONE), r#"{"anInt32":-1}"#);
    check(name, v(3, 0x1_0000_0005), r#"{"anInt32":5}"#);
    check(name, v(3, 0x1_0000_0000), "{}");
    check(name, v(4, MINUS_ONE), r#"{"anInt64":"-1"}"#);
    check(name, v(5, 0xffff_ffff), r#"{"aUint32":4294967295}"#);
    check(
        name,
        v(6, MINUS_ONE),
        r#"{"aUint64":"18446744073709551615"}"#,
    );
    check(name, v(7, 1), r#"{"aSint32":-1}"#);
    check(name, v(7, 0xffff_ffff), r#"{"aSint32":-2147483648}"#);
    check(
        name,
        v(8, MINUS_ONE),
        r#"{"aSint64":"-9223372036854775808"}"#,
    );
    check(name, fixed32(9, u32::MAX), r#"{"aFixed32":4294967295}"#);
    check(
        name,
        fixed64(10, u64::MAX),
        r#"{"aFixed64":"18446744073709551615"}"#,
    );
    check(name, fixed32(11, u32::MAX), r#"{"aSfixed32":-1}"#);
    check(name, fixed64(12, u64::MAX), r#"{"aSfixed64":"-1"}"#);
    check(name, v(13, 1 << 40), r#"{"aBool":true}"#);
    check(name, l(14, "a\"b\u{1}é"), r#"{"aString":"a\"b\u0001é"}"#);
    check(name, l(15, [0xfb, 0xff]), r#"{"aBytes":"+/8="}"#);
    check(name, v(16, 1), r#"{"aColor":"RED"}"#);
    check(name, v(16, -7i64 as u64), r#"{"aColor":"NEGATIVE"}"#);
    check(name, v(16, 99), r#"{"aColor":99}"#);
    check(
        name,
        [v(17, 0), l(18, ""), v(19, 0)].concat(),
        r#"{"maybeInt32":0,"maybeString":"","maybeColor":"COLOR_UNSPECIFIED"}"#,
    );
}

#[test]
fn what_parsers_do_with_odd_orders() {
    // The last scalar counts, and a last zero too.
    check(
        "third.Scalars",
        [v(3, 1), v(4, 7), v(3, 2)].concat(),
        r#"{"anInt32":2,"anInt64":"7"}"#,
    );
    check("third.Scalars", [v(3, 1), v(3, 0)].concat(), "{}");
    // Another wire type than declared, and unknown numbers, are left out.
    check(
        "third.Scalars",
        [
            l(3, "x"),
            v(14, 5),
            v(900, 5),
            g(901, g(902, v(1, 1))),
            v(13, 1),
        ]
        .concat(),
        r#"{"aBool":true}"#,
    );
    // Repeated fields interleave; packed and unpacked mix.
    let lists = [
        v(3, 1),
        l(14, "a"),
        l(3, [2, 3]),
        l(14, "b"),
        l(3, []),
        v(3, 4),
    ]
    .concat();
    check(
        "third.Lists",
        lists,
        r#"{"int32s":[1,2,3,4],"strings":["a","b"]}"#,
    );
    check(
        "third.Lists",
        [l(18, [5, 6]), v(18, 7)].concat(),
        r#"{"unpacked":[5,6,7]}"#,
    );
    check("third.Lists", l(3, []), "{}");
    // Pieces of a message merge, in whatever order they stand.
    let pieces = [
        l(2, l(1, "old")),
        l(1, "root"),
        l(2, [v(4, 5), l(2, l(1, "x"))].concat()),
        l(2, [l(1, "new"), l(2, v(4, 1))].concat()),
    ];
    check(
        "third.Node",
        pieces.concat(),
        r#"{"name":"root","child":{"name":"new","child":{"name":"x","weight":"1"},"weight":"5"}}"#,
    );
}

#[test]
fn the_last_member_of_a_oneof_counts() {
    check(
        "third.Choice",
        [v(1, 5), l(2, "x")].concat(),
        r#"{"text":"x"}"#,
    );
    check(
        "third.Choice",
        [l(2, "x"), v(1, 0)].concat(),
        r#"{"number":0}"#,
    );
    check(
        "third.Choice",
        [v(5, 0), v(6, 1)].concat(),
        r#"{"nothing":null,"yes":true}"#,
    );
    // What an overruled member held does not merge with what comes later.
    let again = [l(3, l(1, "gone")), v(1, 3), l(3, v(4, 7)), l(3, v(4, 8))].concat();
    check("third.Choice", again, r#"{"node":{"weight":"8"}}"#);
    check(
        "third.Choice",
        [l(3, l(1, "kept")), v(7, 0), l(3, v(4, 7))].concat(),
        r#"{"node":{"name":"kept","weight":"7"},"no":false}"#,
    );
}

#[test]
fn maps_are_sorted_and_the_last_entry_of_a_key_counts() {
    let entry = |key: &str, value: &str| l(1, [l(1, key), l(2, value)].concat());
    check(
        "third.Maps",
        [entry("b", "1"), entry("a", "2"), entry("b", "3")].concat(),
        r#"{"labels":{"a":"2","b":"3"}}"#,
    );
    check(
        "third.Maps",
        [l(1, []), l(1, l(1, "k"))].concat(),
        r#"{"labels":{"":"","k":""}}"#,
    );
    check(
        "third.Maps",
        l(
            1,
            [l(2, "v"), l(1, "a"), l(1, "b"), v(9, 9), v(1, 4)].concat(),
        ),
        r#"{"labels":{"b":"v"}}"#,
    );
    let ints = [
        l(2, [v(1, 3), v(2, 1)].concat()),
        l(2, v(1, MINUS_ONE)),
        l(2, v(2, 5)),
    ]
    .concat();
    check("third.Maps", ints, r#"{"ints":{"-1":"0","0":"5","3":"1"}}"#);
    check(
        "third.Maps",
        [l(3, v(1, 1)), l(3, v(2, 9))].concat(),
        r#"{"flags":{"false":9,"true":"COLOR_UNSPECIFIED"}}"#,
    );
    check(
        "third.Maps",
        [l(5, v(1, 1)), l(5, v(1, 4))].concat(),
        r#"{"weights":{"-1":0,"2":0}}"#,
    );
    // Entries replace each other; pieces of a value within one entry merge.
    let node = |pieces: &[Vec<u8>]| l(4, [v(1, 1), pieces.concat()].concat());
    check(
        "third.Maps",
        [node(&[l(2, l(1, "x"))]), node(&[l(2, v(4, 2))])].concat(),
        r#"{"nodes":{"1":{"weight":"2"}}}"#,
    );
    check(
        "third.Maps",
        node(&[l(2, l(1, "x")), l(2, v(4, 2))]),
        r#"{"nodes":{"1":{"name":"x","weight":"2"}}}"#,
    );
    check("third.Maps", node(&[]), r#"{"nodes":{"1":{}}}"#);
    // Unknown numbers of a closed enum make the entry unknown; a missing one is the first declared.
    check(
        "second.Old",
        [l(9, [l(1, "a"), v(2, 3)].concat()), l(9, l(1, "b"))].concat(),
        r#"{"levelMap":{"b":"LOW"}}"#,
    );
}

#[test]
fn proto2() {
    let old = [v(1, 0), l(2, ""), v(3, 5), v(4, 1), v(4, 2), l(5, [3, 4])].concat();
    check(
        "second.Old",
        old,
        r#"{"id":0,"name":"","level":"HIGH","numbers":[1,2],"packedNumbers":[3,4]}"#,
    );
    check(
        "second.Old",
        [v(3, 1), v(3, 77), v(7, 1), v(7, 2), v(7, 5), l(7, [9, 1])].concat(),
        r#"{"level":"LOW","levels":["LOW","HIGH","LOW"]}"#,
    );
    check("second.Old", v(7, 9), "{}");
    let group = g(6, [l(1, "u"), g(2, v(1, 1)), g(2, []), v(90, 1)].concat());
    check(
        "second.Old",
        group,
        r#"{"result":{"url":"u","part":[{"size":1},{}]}}"#,
    );
    check(
        "second.Old",
        [g(6, l(1, "a")), g(6, g(2, []))].concat(),
        r#"{"result":{"url":"a","part":[{}]}}"#,
    );
    let extended = [l(102, l(1, "n")), l(101, "a"), v(100, 3), g(103, v(1, 1))].concat();
    check(
        "second.Old",
        extended,
        r#"{"[transcode.second.ext_number]":3,"[transcode.second.ext_names]":["a"],"[transcode.second.Extra.inside]":{"note":"n"},"[transcode.second.extgroup]":{"flag":true}}"#,
    );
}

#[test]
fn options() {
    let all = PrintOptions {
        emit_defaults: true,
        ..PrintOptions::default()
    };
    let order = r#"{"id":"","items":[],"paid":true,"x-custom":""}"#;
    assert_eq!(print_with("third.Order", &v(4, 1), &all).unwrap(), order);
    assert_eq!(print_with("third.Choice", &[], &all).unwrap(), "{}");
    assert_eq!(
        print_with("third.Maps", &[], &all).unwrap(),
        r#"{"labels":{},"ints":{},"flags":{},"nodes":{},"weights":{},"blobs":{},"values":{},"durations":{},"nulls":{}}"#
    );
    assert_eq!(
        print_with("second.Old", &[], &all).unwrap(),
        r#"{"numbers":[],"packedNumbers":[],"levels":[],"levelMap":{}}"#
    );
    // Packed, with nothing in it.
    let marks = print_with("second.Old", &l(104, ""), &all).unwrap();
    assert_eq!(marks, print_with("second.Old", &[], &all).unwrap());
    let scalars = r#"{"aDouble":0,"aFloat":0,"anInt32":0,"anInt64":"0","aUint32":0,"aUint64":"0","aSint32":0,"aSint64":"0","aFixed32":0,"aFixed64":"0","aSfixed32":0,"aSfixed64":"0","aBool":false,"aString":"","aBytes":"","aColor":"COLOR_UNSPECIFIED"}"#;
    assert_eq!(print_with("third.Scalars", &[], &all).unwrap(), scalars);
    let plain = PrintOptions {
        proto_names: true,
        enum_numbers: true,
        ..PrintOptions::default()
    };
    assert_eq!(
        print_with("third.Scalars", &[v(3, 1), v(16, 1)].concat(), &plain).unwrap(),
        r#"{"an_int32":1,"a_color":1}"#
    );
    assert_eq!(
        print_with("third.Order", &l(6, "x"), &plain).unwrap(),
        r#"{"custom":"x"}"#
    );
}

#[test]
fn one_field_of_a_message() {
    let print = |root: &str, path: &str, wire: &[u8]| -> Result<String, Error> {
        let plans = &fixture().1;
        let root = plans.find(&format!("transcode.{root}")).unwrap();
        let path: Result<_, PathError> = plans.field_path(root, path);
        let mut out = Vec::new();
        let mut scratch = Scratch::default();
        plans
            .field_to_json(
                &path.unwrap(),
                wire,
                &PrintOptions::default(),
                &mut scratch,
                &mut out,
            )
            .map(|()| String::from_utf8(out).unwrap())
    };
    let node = [
        l(1, "n"),
        l(2, v(4, 1)),
        l(3, []),
        l(2, l(2, l(1, "deep"))),
        l(3, v(4, 2)),
    ]
    .concat();
    for (root, path, wire, expected) in [
        ("third.Node", "name", &node[..], r#""n""#),
        (
            "third.Node",
            "child",
            &node,
            r#"{"child":{"name":"deep"},"weight":"1"}"#,
        ),
        ("third.Node", "child.child.name", &node, r#""deep""#),
        ("third.Node", "child.weight", &node, r#""1""#),
        ("third.Node", "children", &node, r#"[{},{"weight":"2"}]"#),
        ("third.Node", "children", &[], "[]"),
        ("third.Node", "child.child.weight", &[], r#""0""#),
        ("third.Node", "child", &[], "{}"),
        ("third.Maps", "labels", &[], "{}"),
        (
            "third.Scalars",
            "maybe_color",
            &[],
            r#""COLOR_UNSPECIFIED""#,
        ),
        ("third.Choice", "text", &v(1, 1), r#""""#),
        ("third.Choice", "number", &v(1, 1), "1"),
        ("third.Known", "timestamp", &[], "null"),
        ("third.Known", "value", &[], "null"),
        ("third.Known", "int64_value", &[], "null"),
        ("third.Known", "struct", &[], "{}"),
        ("third.Known", "list", &[], "[]"),
        ("third.Known", "mask", &[], r#""""#),
        ("third.Known", "any", &[], "{}"),
        ("second.Old", "name", &[], r#""none""#),
        ("second.Old", "level", &[], r#""HIGH""#),
        ("second.Old", "next.level", &l(8, v(3, 1)), r#""LOW""#),
        (
            "second.Old",
            "[transcode.second.ext_names]",
            &l(101, "e"),
            r#"["e"]"#,
        ),
    ] {
        assert_eq!(print(root, path, wire).unwrap(), expected, "{path}");
    }
    let error = print("third.Node", "child.name", &l(2, l(1, [0xff]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "child.name: a string is not valid UTF-8 (at byte 4)"
    );
    let error = print("third.Node", "child.name", &l(2, [0x0a])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "child: the protobuf message ends in the middle of a value (at byte 2)"
    );
}

#[test]
fn a_scratch_serves_any_message_after_any_failure() {
    let plans = &fixture().1;
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    let bad = l(1, [l(1, "k"), l(2, [0x80])].concat());
    for _ in 0..3 {
        let maps = plans.find("transcode.third.Maps").unwrap();
        plans
            .to_json(maps, &bad, &PrintOptions::default(), &mut scratch, &mut out)
            .unwrap_err();
        let node = plans.find("transcode.third.Node").unwrap();
        out.clear();
        plans
            .to_json(
                node,
                &l(2, v(4, 1)),
                &PrintOptions::default(),
                &mut scratch,
                &mut out,
            )
            .unwrap();
        assert_eq!(out, br#"{"child":{"weight":"1"}}"#);
    }
}
