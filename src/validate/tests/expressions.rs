//! Rules in CEL.

use super::*;

/// What an expression about a message says: nothing, or why the message does not pass.
fn said(fields: &str, expression: &str, wire: &[u8]) -> Result<(), String> {
    let rules = rules(&format!(
        "message M {{ option (buf.validate.message).cel = {{id: \"x\", message: \"no\", expression: \"{expression}\"}}; {fields} }} \
         enum E {{ ZERO = 0; ONE = 1; }} message N {{ int32 a = 1; repeated string list = 2; N n = 3; }}"
    ));
    match rules.check(wire, NOW) {
        Ok(()) => Ok(()),
        Err(Fault::Violated(violations)) => Err(violations.list[0].description.clone()),
        Err(other) => Err(other.to_string()),
    }
}

#[test]
fn fields_are_there_with_their_types_and_their_defaults() {
    let fields = "int32 i = 1; uint64 u = 2; double d = 3; string s = 4; bytes b = 5; E e = 6; N n = 7; \
        repeated sint32 list = 8; map<string, N> map = 9; google.protobuf.Int32Value w = 10; \
        google.protobuf.Timestamp t = 11; google.protobuf.Duration span = 12; optional int32 o = 13; \
        google.protobuf.Struct json = 14; google.protobuf.Any any = 15;";
    let wire = [
        varint(1, -5i64 as u64),
        varint(2, u64::MAX),
        len(4, "äb"),
        len(5, [1, 2]),
        varint(6, 1),
        len(
            7,
            [varint(1, 3), len(2, "x"), len(2, "y"), len(3, [])].concat(),
        ),
        len(8, [1, 2]),
        len(9, [len(1, "k"), len(2, varint(1, 4))].concat()),
        len(10, varint(1, 7)),
        len(11, varint(1, NOW.seconds as u64)),
        len(12, varint(1, 90)),
        varint(13, 0),
        len(14, len(1, [len(1, "a"), len(2, len(3, "v"))].concat())),
        len(15, [len(1, "x/t.N"), len(2, varint(1, 9))].concat()),
    ]
    .concat();
    for expression in [
        "this.i == -5",
        "this.u == 18446744073709551615u",
        "this.s.size() == 2 && this.s.startsWith('ä')",
        "this.b == b'\\\\x01\\\\x02'",
        "this.e == 1 && this.e == t.E.ONE",
        "this.n.list == ['x', 'y'] && has(this.n.n) && !has(this.n.n.n) && this.n.n.n.a == 0",
        "this.list == [-1, 1] && this.list.unique()",
        "this.map['k'].a == 4 && 'k' in this.map && !('l' in this.map)",
        "this.w == 7",
        "this.t == now && now - this.span < this.t",
        "this.span == duration('90s')",
        "has(this.o) && this.o == 0",
        "this.json['a'] == 'v'",
        "this.any.a == 9",
        "this.n == this.n && this.n != this.n.n",
    ] {
        assert_eq!(said(fields, expression, &wire), Ok(()), "{expression}");
    }
    for expression in [
        "this.i == 0 && !has(this.i)",
        "this.s == '' && this.b == b'' && this.d == 0.0",
        "this.n.n.n.a == 0 && !has(this.n)",
        "this.list.size() == 0 && this.map.size() == 0",
        "this.w == null && !has(this.w)",
        "this.t == timestamp('1970-01-01T00:00:00Z')",
        "!has(this.o)",
    ] {
        assert_eq!(said(fields, expression, &[]), Ok(()), "{expression}");
    }
}

#[test]
fn an_expression_tells_by_false_or_by_a_text() {
    let fields = "int32 a = 1;";
    assert_eq!(said(fields, "this.a == 1", &[]), Err("no".to_owned()));
    let text = "this.a == 1 ? '' : 'a is %d'.format([this.a])";
    assert_eq!(said(fields, text, &varint(1, 3)), Err("a is 3".to_owned()));
    assert_eq!(said(fields, text, &varint(1, 1)), Ok(()));
}

#[test]
fn an_expression_that_fails_lets_nothing_pass() {
    let fields = "int32 a = 1; repeated int32 list = 2;";
    for (expression, reason) in [
        ("this.list[3] == 1", "out of bounds"),
        ("1 / this.a == 1", "Division by zero"),
        ("dyn(this).b == 1", "No such key"),
        ("string(b'\\\\xff') == ''", ""),
    ] {
        let error = said(fields, expression, &[]).unwrap_err();
        assert!(
            error.starts_with("rule x of t.M:") && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn what_is_broken_is_told_even_where_another_rule_failed() {
    let rules = rules(
        "message M { int32 a = 1 [(buf.validate.field) = {cel: {id: \"x\", expression: \"1 / this == 1\"}, int32: {gt: 0}}]; }",
    );
    let Err(Fault::Violated(violations)) = rules.check(&[], NOW) else {
        panic!("it was not told");
    };
    assert_eq!((violations.list.len(), violations.cut), (1, true));
}

#[test]
fn rules_that_others_define_see_their_value_and_those_beside_it() {
    let text = "syntax = \"proto2\"; package t; import \"buf/validate/validate.proto\"; \
        extend buf.validate.Int32Rules { \
          optional int32 even_above = 5000 [(buf.validate.predefined).cel = { id: \"int32.even_above\", \
            message: \"no\", expression: \"this > rule && this % 2 == 0 && !has(rules.lt)\" }]; \
          repeated int32 none_of = 5001 [(buf.validate.predefined).cel = { id: \"int32.none_of\", \
            expression: \"this in rule ? 'found' : ''\" }]; } \
        message M { optional int32 a = 1 [(buf.validate.field).int32 = {[t.even_above]: 4, [t.none_of]: [8, 10]}]; }";
    let pool = of_text(text.to_owned());
    let rules = Rules::of(&pool.get_message_by_name("t.M").unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(told(&rules, &varint(1, 6)), [""; 0]);
    assert_eq!(told(&rules, &varint(1, 4)), ["a: int32.even_above"]);
    assert_eq!(told(&rules, &varint(1, 8)), ["a: int32.none_of"]);
}
