//! What is told of messages, and in which order.

use super::*;

#[test]
fn a_message_without_rules_has_none() {
    let without =
        message("message M { string a = 1; N n = 2; M m = 3; } message N { int32 b = 1; }");
    assert!(Rules::of(&without).unwrap().is_none());
    let elsewhere = message(
        "message M { string a = 1; } message N { int32 b = 1 [(buf.validate.field).int32.gt = 0]; }",
    );
    assert!(Rules::of(&elsewhere).unwrap().is_none());
}

#[test]
fn a_message_that_switches_its_rules_off_has_none() {
    // Field 1 of `MessageRules`, which no definition has any more.
    let text = "syntax = \"proto2\"; package buf.validate; import \"google/protobuf/descriptor.proto\"; \
        extend google.protobuf.MessageOptions { optional Old message = 1159; } \
        message Old { optional bool disabled = 1; } message FieldRules {}";
    let pool = of_texts(
        "import \"old.proto\"; message M { option (buf.validate.message).disabled = true; N n = 1; } \
         message N { option (buf.validate.message) = {}; M m = 1; }",
        text,
    );
    for (name, has) in [("t.M", false), ("t.N", true)] {
        let of = pool.get_message_by_name(name).unwrap();
        assert_eq!(Rules::of(&of).unwrap().is_some(), has, "{name}");
    }
}

#[test]
fn rules_that_are_reached_through_others_count() {
    let rules = rules(
        "message M { N n = 1; repeated N list = 2; map<string, N> map = 3; } \
         message N { M m = 1; O o = 2; } \
         message O { int32 b = 1 [(buf.validate.field).int32.gt = 0]; }",
    );
    let n = len(2, []);
    let wire = [
        len(3, [len(1, "k"), len(2, &n)].concat()),
        len(2, []),
        len(2, &n),
        len(1, len(1, len(1, &n))),
    ]
    .concat();
    assert_eq!(
        told(&rules, &wire),
        [
            "n.m.n.o.b: int32.gt",
            "list[1].o.b: int32.gt",
            "map[\"k\"].o.b: int32.gt"
        ]
    );
}

#[test]
fn a_violation_says_where_what_and_by_which_rule() {
    let rules = rules(
        "message M { string name = 1 [(buf.validate.field).string = {min_len: 3, max_len: 9}]; }",
    );
    let list = violations(&rules, &len(1, "ab"));
    let [one] = list.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(one.field, "name");
    assert_eq!(one.description, "must be at least 3 characters");
    assert_eq!(one.reason, "string.min_len");
    assert_eq!(rules.check(&len(1, "abc"), NOW), Ok(()));
}

#[test]
fn the_last_value_of_a_field_counts_and_pieces_of_a_message_are_joined() {
    let rules = rules(
        "message M { int32 a = 1 [(buf.validate.field).int32.gt = 5]; N n = 2; } \
         message N { int32 b = 1 [(buf.validate.field).int32.gt = 5]; \
                     int32 c = 2 [(buf.validate.field).int32.gt = 5]; }",
    );
    assert_eq!(
        told(&rules, &[varint(1, 1), varint(1, 6)].concat()),
        [""; 0]
    );
    assert_eq!(
        told(&rules, &[varint(1, 6), varint(1, 1)].concat()),
        ["a: int32.gt"]
    );
    let pieces = [varint(1, 6), len(2, varint(1, 6)), len(2, varint(2, 7))].concat();
    assert_eq!(told(&rules, &pieces), [""; 0]);
    let pieces = [varint(1, 6), len(2, varint(1, 6)), len(2, varint(1, 1))].concat();
    assert_eq!(told(&rules, &pieces), ["n.b: int32.gt", "n.c: int32.gt"]);
}

#[test]
fn the_last_member_of_a_oneof_counts() {
    let rules = rules(
        "message M { oneof of { option (buf.validate.oneof).required = true; \
           int32 a = 1 [(buf.validate.field).int32.gt = 5]; string b = 2; N n = 3; } } \
         message N { int32 c = 1 [(buf.validate.field).int32.gt = 5]; }",
    );
    assert_eq!(told(&rules, &[]), ["of: required"]);
    assert_eq!(told(&rules, &varint(1, 0)), ["a: int32.gt"]);
    assert_eq!(told(&rules, &[varint(1, 0), len(2, "")].concat()), [""; 0]);
    assert_eq!(
        told(&rules, &[len(2, ""), varint(1, 0)].concat()),
        ["a: int32.gt"]
    );
    // What another member has unset is gone, not joined.
    let again = [len(3, varint(1, 6)), len(2, ""), len(3, [])].concat();
    assert_eq!(told(&rules, &again), ["n.c: int32.gt"]);
}

#[test]
fn lists_are_read_packed_or_not() {
    let rules = rules(
        "message M { repeated int32 a = 1 [(buf.validate.field).repeated = \
           {min_items: 2, unique: true, items: {int32: {gt: 5}}}]; }",
    );
    assert_eq!(told(&rules, &[]), ["a: repeated.min_items"]);
    assert_eq!(told(&rules, &len(1, [6, 7, 8])), [""; 0]);
    let mixed = [varint(1, 6), len(1, [7, 1]), varint(1, 7)].concat();
    assert_eq!(
        told(&rules, &mixed),
        ["a: repeated.unique", "a[2]: int32.gt"]
    );
}

#[test]
fn an_entry_of_a_map_is_its_last_one_and_keys_are_told_apart() {
    let rules = rules(
        "message M { map<string, int32> a = 1 [(buf.validate.field).map = \
           {max_pairs: 1, keys: {string: {min_len: 2}}, values: {int32: {gt: 5}}}]; }",
    );
    let entry = |key: &str, value| len(1, [len(1, key), varint(2, value)].concat());
    assert_eq!(
        told(&rules, &[entry("ab", 1), entry("ab", 6)].concat()),
        [""; 0]
    );
    let list = violations(&rules, &entry("a", 1));
    let all: Vec<_> = list
        .iter()
        .map(|one| (&*one.field, &*one.reason, one.for_key))
        .collect();
    assert_eq!(
        all,
        [
            ("a[\"a\"]", "string.min_len", true),
            ("a[\"a\"]", "int32.gt", false)
        ]
    );
    assert_eq!(
        told(&rules, &[entry("ab", 6), entry("cd", 6)].concat()),
        ["a: map.max_pairs"]
    );
}

#[test]
fn what_is_not_set_is_judged_only_where_absence_is_zero() {
    let rules = rules(
        "message M { int32 a = 1 [(buf.validate.field).int32.gt = 0]; \
           optional int32 b = 2 [(buf.validate.field).int32.gt = 0]; \
           int32 c = 3 [(buf.validate.field) = {int32: {gt: 1}, ignore: IGNORE_IF_ZERO_VALUE}]; \
           int32 d = 4 [(buf.validate.field) = {int32: {gt: 1}, ignore: IGNORE_ALWAYS}]; \
           google.protobuf.Int32Value e = 5 [(buf.validate.field).int32.gt = 0]; \
           M f = 6 [(buf.validate.field).required = true]; }",
    );
    assert_eq!(told(&rules, &[]), ["a: int32.gt", "f: required"]);
    let zeros = [1, 2, 3, 4].map(|number| varint(number, 0)).concat();
    let wire = [zeros, len(5, [])].concat();
    assert_eq!(
        told(&rules, &wire),
        ["a: int32.gt", "b: int32.gt", "e: int32.gt", "f: required"]
    );
}

#[test]
fn times_are_compared_with_a_moment_that_is_handed_in() {
    let rules = rules(
        "message M { google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.lt_now = true]; \
           google.protobuf.Timestamp b = 2 [(buf.validate.field).timestamp.within.seconds = 60]; \
           google.protobuf.Duration c = 3 [(buf.validate.field).duration = {gt: {}, lte: {seconds: 1}}]; }",
    );
    let at = |seconds: i64| varint(1, seconds as u64);
    let now = NOW.seconds;
    let wire = [len(1, at(now)), len(2, at(now + 60)), len(3, at(1))].concat();
    assert_eq!(told(&rules, &wire), [""; 0]);
    let wire = [len(1, at(now + 1)), len(2, at(now - 61)), len(3, at(-1))].concat();
    assert_eq!(
        told(&rules, &wire),
        [
            "a: timestamp.lt_now",
            "b: timestamp.within",
            "c: duration.gt_lte"
        ]
    );
}

#[test]
fn a_hundred_violations_are_told_and_no_more() {
    let rules = rules(
        "message M { repeated int32 a = 1 [(buf.validate.field).repeated.items.int32.gt = 5]; }",
    );
    let Err(Fault::Violated(violations)) = rules.check(&len(1, [1; 1000]), NOW) else {
        panic!("it was let through");
    };
    assert_eq!(violations.list.len(), crate::validate::VIOLATIONS_MAX);
    assert!(violations.cut);
    let Err(Fault::Violated(violations)) = rules.check(&len(1, [1; 99]), NOW) else {
        panic!("it was let through");
    };
    assert_eq!((violations.list.len(), violations.cut), (99, false));
}
