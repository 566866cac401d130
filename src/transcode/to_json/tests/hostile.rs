//! What a hostile or broken backend may send.

use super::*;

#[test]
fn hostile_bytes_are_refused_with_their_path() {
    refused(
        "third.Node",
        [0x08],
        "the protobuf message ends in the middle of a value (at byte 0)",
    );
    refused(
        "third.Node",
        [0],
        "field number 0 is not within 1 to 536870911 (at byte 0)",
    );
    refused(
        "third.Node",
        [0x0e],
        "wire type 6 does not exist (at byte 0)",
    );
    refused(
        "third.Node",
        [0x0f],
        "wire type 7 does not exist (at byte 0)",
    );
    refused(
        "third.Node",
        [0x0c],
        "the end of group 1 has no start (at byte 0)",
    );
    refused(
        "third.Node",
        [[0x20].as_slice(), &[0x80; 10]].concat(),
        "a varint has more than 64 bits (at byte 0)",
    );
    refused(
        "third.Node",
        [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        "the protobuf message ends in the middle of a value (at byte 0)",
    );
    refused(
        "third.Node",
        [0x0b; 100_000],
        "groups are nested more than 100 deep (at byte 0)",
    );
    refused(
        "third.Lists",
        l(3, [1, 0x80]),
        "int32s[1]: the protobuf message ends in the middle of a value (at byte 3)",
    );
    refused(
        "third.Lists",
        l(9, [1, 2, 3, 4, 5]),
        "fixed32s[1]: the protobuf message ends in the middle of a value (at byte 6)",
    );
    refused(
        "third.Lists",
        l(1, [1]),
        "doubles[0]: the protobuf message ends in the middle of a value (at byte 2)",
    );
    let deep = l(3, l(3, l(2, l(1, [0xff]))));
    refused(
        "third.Node",
        [l(3, []), deep].concat(),
        "children[1].children[0].child.name: a string is not valid UTF-8 (at byte 10)",
    );
    refused(
        "third.Maps",
        l(1, [l(1, "k"), l(2, [0x80])].concat()),
        "labels[\"k\"]: a string is not valid UTF-8 (at byte 7)",
    );
    refused(
        "third.Maps",
        l(4, [v(1, 7), l(2, l(1, [0x80]))].concat()),
        "nodes[\"7\"].name: a string is not valid UTF-8 (at byte 8)",
    );
}

#[test]
fn depth_is_bounded_for_messages_groups_and_any() {
    let nested = |levels: usize, wrap: &dyn Fn(&[u8]) -> Vec<u8>| {
        (1..levels).fold(Vec::new(), |inner, _| wrap(&inner))
    };
    let child = |inner: &[u8]| l(2, inner);
    let any = |inner: &[u8]| any("t/google.protobuf.Any", inner);
    let list = |inner: &[u8]| l(1, l(6, inner));
    assert!(print_with("third.Node", &nested(100, &child), &PrintOptions::default()).is_ok());
    assert!(
        print_with(
            "google.protobuf.ListValue",
            &nested(100, &list),
            &PrintOptions::default()
        )
        .is_ok()
    );
    for (name, wire) in [
        ("third.Node", nested(101, &child)),
        ("third.Node", nested(10_000, &child)),
        ("google.protobuf.Any", nested(150, &any)),
        ("google.protobuf.ListValue", nested(101, &list)),
        ("google.protobuf.ListValue", nested(20_000, &list)),
    ] {
        let error = print_with(name, &wire, &PrintOptions::default()).unwrap_err();
        assert!(
            error
                .message
                .ends_with("messages are nested more than 100 deep"),
            "{error}"
        );
        assert!(error.to_string().len() < 700);
    }
    // The ceiling holds whatever is asked for, and fits in a test thread's stack.
    let unbounded = PrintOptions {
        depth_max: usize::MAX,
        ..PrintOptions::default()
    };
    assert!(print_with("google.protobuf.ListValue", &nested(200, &list), &unbounded).is_ok());
    print_with("google.protobuf.ListValue", &nested(201, &list), &unbounded).unwrap_err();
}

#[test]
fn output_is_bounded() {
    let small = PrintOptions {
        output_max: 20,
        emit_defaults: true,
        ..PrintOptions::default()
    };
    for (name, wire) in [
        ("third.Scalars", vec![]),
        ("third.Scalars", l(14, "a".repeat(100))),
        ("third.Scalars", l(15, [0; 60])),
        ("third.Lists", l(3, [1; 60])),
        ("third.Node", l(3, l(3, l(3, [])))),
    ] {
        let error = print_with(name, &wire, &small).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
        assert_eq!(error.message, "the message exceeds the limit of 20 bytes");
    }
    // The bound is exact, and does not count what was in the buffer before.
    let exact = PrintOptions {
        output_max: 16,
        ..PrintOptions::default()
    };
    assert_eq!(
        print_with("third.Node", &l(1, "12345"), &exact).unwrap(),
        r#"{"name":"12345"}"#[..].to_owned()
    );
}

#[test]
fn work_stays_linear_where_an_index_could_explode() {
    // A million alternating tags, out of order, and as many map entries of one key.
    let lists = [v(18, 1), v(3, 2)].concat().repeat(500_000);
    let printed = print_with("third.Lists", &lists, &PrintOptions::default()).unwrap();
    assert_eq!(
        printed.len(),
        r#"{"int32s":[],"unpacked":[]}"#.len() + 4 * 499_999 + 2
    );
    let maps = l(2, [v(1, 1), v(2, 2)].concat()).repeat(500_000);
    assert_eq!(
        print_with("third.Maps", &maps, &PrintOptions::default()).unwrap(),
        r#"{"ints":{"1":"2"}}"#
    );
    let pieces = l(2, v(4, 1)).repeat(500_000);
    assert_eq!(
        print_with("third.Node", &pieces, &PrintOptions::default()).unwrap(),
        r#"{"child":{"weight":"1"}}"#
    );
}
