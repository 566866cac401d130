//! Bytes, descriptors and expressions that mean harm.

use proptest::prelude::*;

use super::*;

/// Something of everything.
const EVERYTHING: &str = "message M { \
    option (buf.validate.message).cel = {id: \"x\", expression: \"this.list.all(x, x > this.i) && this.s != this.m.s\"}; \
    option (buf.validate.message).oneof = {fields: [\"i\", \"s\"], required: true}; \
    int32 i = 1 [(buf.validate.field).int32.gt = 5]; \
    string s = 2 [(buf.validate.field).string = {email: true, pattern: \"^a+$\"}]; \
    bytes b = 3 [(buf.validate.field).bytes = {min_len: 3, pattern: \"x\"}]; \
    repeated sint32 list = 4 [(buf.validate.field) = {cel: {id: \"y\", expression: \"this.unique()\"}, repeated: {unique: true, items: {sint32: {lt: 9}}}}]; \
    map<string, M> map = 5 [(buf.validate.field).map = {min_pairs: 1, keys: {string: {uri: true}}, values: {cel: {id: \"z\", expression: \"has(this.m)\"}}}]; \
    M m = 6; \
    google.protobuf.Timestamp t = 7 [(buf.validate.field) = {timestamp: {within: {seconds: 5}}, cel: {id: \"u\", expression: \"this < now\"}}]; \
    google.protobuf.Duration d = 8 [(buf.validate.field) = {duration: {gt: {}}, cel: {id: \"v\", expression: \"this < duration('1s')\"}}]; \
    google.protobuf.Any any = 9 [(buf.validate.field) = {any: {in: [\"x/t.M\"]}, cel: {id: \"w\", expression: \"this.i > 1\"}}]; \
    google.protobuf.FieldMask mask = 10 [(buf.validate.field).field_mask.in = \"a\"]; \
    google.protobuf.StringValue w = 11 [(buf.validate.field) = {string: {ip: true}, cel: {id: \"t\", expression: \"this.isHostname()\"}}]; \
    google.protobuf.Struct json = 12 [(buf.validate.field).cel = {id: \"s\", expression: \"this.size() < 3\"}]; \
    repeated double f = 13 [(buf.validate.field).repeated = {unique: true, items: {double: {finite: true}}}]; \
    oneof of { option (buf.validate.oneof).required = true; bool x = 14 [(buf.validate.field).bool.const = true]; M y = 15; } \
    map<sint64, double> map2 = 16 [(buf.validate.field).map.keys.sint64.gt = 1]; }";

#[test]
fn messages_that_are_nested_too_deep_are_malformed() {
    let rules = rules("message M { M m = 1; int32 a = 2 [(buf.validate.field).int32.gte = 0]; }");
    let mut wire = Vec::new();
    for _ in 0..99 {
        wire = len(1, &wire);
    }
    assert_eq!(rules.check(&wire, NOW), Ok(()));
    for _ in 0..20_000 {
        wire = len(1, &wire);
        if wire.len() > 1 << 16 {
            break;
        }
    }
    let Err(Fault::Malformed(reason)) = rules.check(&wire, NOW) else {
        panic!("it was judged");
    };
    assert!(reason.contains("nested more than 100 deep"), "{reason}");
}

#[test]
fn values_for_expressions_are_not_made_of_messages_that_are_too_deep() {
    let rules = rules(
        "message M { option (buf.validate.message).cel = {id: \"x\", expression: \"this.m == this.m\"}; N m = 1; } \
         message N { N m = 1; google.protobuf.Value v = 2; }",
    );
    let mut wire = Vec::new();
    for _ in 0..5000 {
        wire = len(1, &wire);
    }
    // Equality goes all the way down; what is too deep is equal to nothing.
    assert!(matches!(rules.check(&wire, NOW), Err(Fault::Violated(_))));
    let mut value = Vec::new();
    for _ in 0..5000 {
        value = len(6, len(1, &value));
    }
    assert!(rules.check(&len(1, len(2, value)), NOW).is_err());
}

#[test]
fn bytes_that_are_no_message_are_malformed() {
    let rules = rules("message M { string a = 1 [(buf.validate.field).string.min_len = 1]; }");
    for wire in [
        &[0x0a][..],
        &[0x0a, 5, 1],
        &[0x0c],
        &[0x07],
        &[0, 0],
        b"\x0a\x01\xff",
    ] {
        assert!(
            matches!(rules.check(wire, NOW), Err(Fault::Malformed(_))),
            "{wire:x?}"
        );
    }
}

#[test]
fn what_an_expression_costs_is_bounded() {
    let list = len(1, vec![1u8; 10_000]);
    let text = len(2, vec![b'a'; 1 << 20]);
    for expression in [
        // 10^8 steps, and 10^12.
        "this.list.all(a, this.list.all(b, a == b))",
        "this.list.map(a, this.list.map(b, this.list.map(c, c))).size() > 0",
        // A megabyte for each of 10,000 elements: made, kept, searched.
        "this.list.map(a, this.text + this.text).size() > 0",
        "this.list.map(a, this.text).size() > 0",
        "this.list.all(a, !this.text.contains('b'))",
        "this.list.all(a, !this.text.matches('a*b|a*c'))",
        "this.list.all(a, this.text == this.text)",
        "this.list.all(a, !(a in this.list.map(b, b + 1)))",
        // 2^20 copies of a text.
        "[this.text].map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a) \
         .map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).size() == 1",
    ] {
        let rules = rules(&format!(
            "message M {{ option (buf.validate.message).cel = {{id: \"x\", expression: \"{expression}\"}}; \
             repeated int32 list = 1; string text = 2; }}"
        ));
        assert_eq!(
            rules.check(&[], NOW).is_ok(),
            !expression.contains("> 0"),
            "{expression}"
        );
        let Err(Fault::Unjudged(error)) = rules.check(&[&list[..], &text].concat(), NOW) else {
            panic!("it was judged: {expression}");
        };
        assert!(
            error.reason.contains("too many steps"),
            "{expression}: {error}"
        );
    }
}

#[test]
fn an_expression_that_is_too_long_or_too_deep_is_not_compiled() {
    let deep = format!("{}1{} == 1", "(".repeat(5000), ")".repeat(5000));
    let chain = format!("1{} == 1", " + 1".repeat(3000));
    let fields = format!("this{}.a == 1", ".m".repeat(3000));
    let lists = format!("{}{} == []", "[".repeat(3000), "]".repeat(3000));
    let long = format!("'{}' == ''", "x".repeat(20_000));
    for expression in [deep, chain, fields, lists, long] {
        let message = message(&format!(
            "message M {{ option (buf.validate.message).cel = {{id: \"x\", expression: \"{expression}\"}}; M m = 1; int32 a = 2; }}"
        ));
        let error = Rules::of(&message).map(|_| ()).unwrap_err();
        let start: String = expression.chars().take(20).collect();
        assert!(error.reason.len() < 2000, "{start}: {}", error.reason.len());
    }
}

#[test]
fn the_longest_chains_do_not_exhaust_the_stack() {
    let most = crate::validate::CEL_LENGTH_MAX;
    for (start, part, end) in [
        ("1", "+1", "==1"),
        ("1", "-1", "==1"),
        ("1", "*1", "==1"),
        ("true", "||1", ""),
        ("true", "&&1", ""),
        ("true", "==1", ""),
        ("true", "?1:1", ""),
        ("this", ".m", ".a==1"),
        ("this", "[0]", "==1"),
        ("this", ".m()", "==1"),
        ("", "!", "true"),
        ("", "-", "1==1"),
        ("", "(", ""),
        ("[", "1,", "1]==[]"),
        ("{", "1:1,", "2:2}=={}"),
        ("", "[1].all(x,", ""),
        ("[1]", ".map(x,x)", "==[1]"),
        ("'", "x", "'"),
        ("", "a.b", ""),
    ] {
        let count = (most - start.len() - end.len()) / part.len();
        let expression = format!("{start}{}{end}", part.repeat(count));
        let message = message(&format!(
            "message M {{ option (buf.validate.message).cel = {{id: \"x\", expression: \"{expression}\"}}; M m = 1; int32 a = 2; }}"
        ));
        if let Ok(Some(rules)) = Rules::of(&message) {
            let _ = rules.check(&[], NOW);
        }
    }
}

#[test]
fn the_deepest_expressions_run_in_the_deepest_messages() {
    // Half of what threads have; without optimisation frames are many times as large.
    let stack = if cfg!(debug_assertions) { 6 } else { 1 } << 20;
    let thread = std::thread::Builder::new().stack_size(stack);
    thread.spawn(run_the_deepest).unwrap().join().unwrap();
}

fn run_the_deepest() {
    let sum = format!("this.a{} > 0", " + this.a".repeat(95));
    let nots = format!("{}(this.a > 0)", "!(".repeat(90)) + &")".repeat(90);
    let loops = format!("{}this.a > 0{}", "[1].all(x, ".repeat(20), ")".repeat(20));
    let members = format!("this{}.a == 0", ".m".repeat(95));
    for expression in [sum, nots, loops, members] {
        let message = message(&format!(
            "message M {{ option (buf.validate.message).cel = {{id: \"x\", expression: \"{expression}\"}}; M m = 1; int32 a = 2; }}"
        ));
        let start: String = expression.chars().take(20).collect();
        let rules = match Rules::of(&message) {
            Ok(rules) => rules.unwrap(),
            Err(error) => panic!("{start}: {error}"),
        };
        let mut wire = varint(2, 1);
        for _ in 0..98 {
            wire = [len(1, &wire), varint(2, 1)].concat();
        }
        let _ = rules.check(&wire, NOW);
    }
}

#[test]
fn a_key_that_is_long_is_told_short() {
    let rules = rules(
        "message M { map<string, int32> a = 1 [(buf.validate.field).map.values.int32.gt = 1]; }",
    );
    let list = violations(&rules, &len(1, len(1, vec![b'x'; 1 << 20])));
    assert!(list[0].field.len() < 300, "{}", list[0].field.len());
}

#[test]
fn what_is_told_fits_into_trailers() {
    let list: Vec<String> = (0..10_000).map(|nth| format!("\"{nth}\"")).collect();
    let rules = rules(&format!(
        "message M {{ repeated string a = 1 [(buf.validate.field).repeated.items.string = {{in: [{}]}}]; }}",
        list.join(", ")
    ));
    let wire = len(1, "x").repeat(100);
    let Err(Fault::Violated(violations)) = rules.check(&wire, NOW) else {
        panic!("it was let through");
    };
    assert!(violations.cut && violations.list.len() > 1);
    let told: usize = violations
        .list
        .iter()
        .map(|one| one.description.len())
        .sum();
    assert!(told < 8 * 1024, "{told}");
}

#[test]
fn options_of_a_field_that_are_garbage_do_not_panic() {
    for options in [
        len(1159, [0xff; 40]),
        len(1159, len(14, [0xff; 9])),
        varint(1159, 7),
        len(1159, varint(14, 7)),
        len(1159, len(14, len(6, [0xff]))),
        len(1159, len(23, len(3, "this >"))),
    ] {
        // A pool that does not take them is as good as an error.
        let linked = std::panic::catch_unwind(|| load::with_options(options));
        if let Ok(pool) = linked {
            let rules = Rules::of(&pool.get_message_by_name("t.M").unwrap());
            if let Ok(Some(rules)) = rules {
                let _ = rules.check(b"\x0a\x01x", NOW);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_expression_makes_it_panic(expression in "[a-z0-9.()\\[\\]{}+*/%!?:<>=&|, '\"-]{0,40}|this\\.[a-z.()<>=+ 0-9']{0,30}") {
        let quoted = expression.replace('\\', "\\\\").replace('"', "\\\"");
        let message = message(&format!(
            "message M {{ option (buf.validate.message).cel = {{id: \"x\", expression: \"{quoted}\"}}; M m = 1; int32 a = 2; string s = 3; }}"
        ));
        if let Ok(Some(rules)) = Rules::of(&message) {
            let _ = rules.check(&[], NOW);
        }
    }
}

thread_local! {
    static RULES: Rules = rules(EVERYTHING);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(wire in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = RULES.with(|rules| rules.check(&wire, NOW));
    }

    #[test]
    fn no_fields_make_it_panic(fields in proptest::collection::vec((1u32..18, any::<u64>(), proptest::collection::vec(any::<u8>(), 0..12), 0u8..4), 0..20)) {
        let mut wire = Vec::new();
        for (number, value, bytes, how) in &fields {
            match how {
                0 => wire.extend(varint(*number, *value)),
                1 => wire.extend(len(*number, bytes)),
                2 => wire = [len(*number, &wire), varint(1, *value)].concat(),
                _ => wire.extend(len(*number, [len(1, bytes), varint(2, *value)].concat())),
            }
        }
        let _ = RULES.with(|rules| rules.check(&wire, NOW));
    }
}
