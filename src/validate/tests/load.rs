//! Rules that cannot be used are told when they are compiled.

use super::*;

/// Why the rules of a message with this field cannot be used.
fn fault(field: &str) -> String {
    let message = message(&format!(
        "message M {{ {field} }} message N {{ int32 a = 1; }}"
    ));
    Rules::of(&message).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_rule_that_cannot_be_used_is_told_with_its_field_and_the_reason() {
    for (field, told) in [
        (
            "int32 a = 1 [(buf.validate.field).string.min_len = 1];",
            "rule string of t.M.a: the value is not of this type; rules of type int32 were expected",
        ),
        (
            "int32 a = 1 [(buf.validate.field).repeated.min_items = 1];",
            "rule repeated of t.M.a: the value is not of this type",
        ),
        (
            "repeated int32 a = 1 [(buf.validate.field).int32.gt = 1];",
            "rule int32 of t.M.a: the field is not of this type; rules of type repeated were expected",
        ),
        (
            "N a = 1 [(buf.validate.field).string.min_len = 1];",
            "rule string of t.M.a: the value is not of this type; none were expected",
        ),
        (
            "string a = 1 [(buf.validate.field).string.pattern = \"(\"];",
            "rule string.pattern of t.M.a: the pattern cannot be used",
        ),
        (
            "repeated N a = 1 [(buf.validate.field).repeated.unique = true];",
            "rule repeated.unique of t.M.a",
        ),
        (
            "option (buf.validate.message).oneof = {fields: [\"b\"]}; int32 a = 1;",
            "rule message.oneof of t.M: it names \"b\", which is no field of the message",
        ),
        (
            "option (buf.validate.message).oneof = {}; int32 a = 1;",
            "rule message.oneof of t.M: it names no field",
        ),
    ] {
        let error = fault(field);
        assert!(error.starts_with(told), "{error}");
    }
}

#[test]
fn an_expression_that_names_what_is_not_there_is_told() {
    for (expression, told) in [
        ("this.b > 1", "t.M has no field b"),
        ("this.a.startsWith('x')", "it calls startsWith on int"),
        ("this.a == 'x'", "it compares int with string"),
        ("this.a + 'x' == 'x'", "it uses + on int and string"),
        ("that.a == 1", "it names that, which is not there"),
        ("frob(this.a)", "it calls frob, which is no function here"),
        ("this.a.frob()", "it calls frob, which is no function here"),
        ("this.s.matches('(')", "the pattern cannot be used"),
        (
            "this.a",
            "the expression gives int; a bool or a string was expected",
        ),
        ("this.list.all(x, x.b == 1)", "t.N has no field b"),
        ("this.list.all(x, y == 1)", "it names y, which is not there"),
        (
            "this.a.all(x, x == 1)",
            "it goes through int; a list was expected",
        ),
        ("this.a ? true : false", "it takes int for a bool"),
        ("'x' in this.list", "it looks for string in a list of t.N"),
        ("t.N{a: 1} == this.list[0]", "it makes a message t.N"),
        ("rule == 1", "it names rule, which is not there"),
        ("this.a ==", "Syntax error"),
    ] {
        let error = fault(&format!(
            "option (buf.validate.message).cel = {{id: \"x\", expression: \"{expression}\"}}; \
             int32 a = 1; string s = 2; repeated N list = 3;"
        ));
        assert!(error.contains("rule x of t.M: "), "{error}");
        assert!(error.contains(told), "{expression}: {error}");
    }
}

#[test]
fn a_rule_that_nobody_here_knows_is_told() {
    // Number 900 of StringRules, and an extension that the schema does not have.
    for number in [900, 5000] {
        let mut options = len(14, varint(number, 1));
        options = len(1159, options);
        let pool = with_options(options);
        let error = Rules::of(&pool.get_message_by_name("t.M").unwrap())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("number {number} of t.M.a")),
            "{error}"
        );
    }
}

/// `t.M` with a field `a` of type string that has these options.
pub(super) fn with_options(options: Vec<u8>) -> DescriptorPool {
    let mut pool = pool("message Other {}");
    let field = [
        len(1, "a"),
        varint(3, 1),
        varint(4, 1),
        varint(5, 9),
        len(8, options),
    ]
    .concat();
    let file = [
        len(1, "more.proto"),
        len(2, "t"),
        len(3, "buf/validate/validate.proto"),
        len(4, [len(1, "M"), len(2, field)].concat()),
        len(12, "proto3"),
    ]
    .concat();
    pool.decode_file_descriptor_proto(file.as_slice()).unwrap();
    pool
}
