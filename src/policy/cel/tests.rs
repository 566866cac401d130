//! Expressions: what they see, what they may not say, how they fail.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::policy::fixtures::{Question, caller, method};

fn question() -> Question {
    Question::of(method(0, "shop.v1.Orders", "Get"))
        .with("x-tenant", "blue")
        .with("x-list", "a")
        .with("x-list", "b")
        .with("authorization", "Bearer secret")
}

fn ada() -> Arc<Principal> {
    caller(json!({
        "sub": "ada", "scope": "read write", "n": 3, "realm": {"roles": ["editor"]}, "email": "ada@example.com",
    }))
}

fn holds(text: &str) -> Result<bool, Failed> {
    let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    expression.holds(&question().asked(), Some(&ada()))
}

#[test]
fn an_expression_sees_the_call_the_caller_and_the_time() {
    for text in [
        "request.method == 'Get' && request.service == 'shop.v1.Orders'",
        "request.path.endsWith('/Get')",
        "request.headers['x-tenant'] == 'blue'",
        "request.headers['x-list'] == 'a, b'",
        "'x-tenant' in request.headers && !('x-other' in request.headers)",
        "!has(request.headers.host)",
        "request.address == '192.0.2.7' && request.protocol == 'rest'",
        "principal.subject == 'ada' && principal.kind == 'token'",
        "principal.issuer == 'https://id.example'",
        "'read' in principal.scopes",
        "principal.scopes.all(scope, scope.size() < 9)",
        "principal.claims.n == 3",
        "principal.claims.realm.roles.exists(role, role == 'editor')",
        "principal.claims.email.matches('^[a-z]+@example[.]com$')",
        "has(principal.claims.email) && !has(principal.claims.phone)",
        "now == 1000 && now / 250 == 4",
        "[1, 2].exists(n, n == 2)",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
}

#[test]
fn nobody_is_a_caller_with_nothing() {
    let asked = |text| {
        let expression = Expression::compile(text).unwrap();
        expression.holds(&question().asked(), None)
    };
    assert_eq!(
        asked("principal.kind == 'none' && principal.subject == ''"),
        Ok(true)
    );
    assert_eq!(
        asked("size(principal.scopes) == 0 && !has(principal.claims.sub)"),
        Ok(true)
    );
}

#[test]
fn what_fails_while_it_runs_is_an_error_and_counted() {
    let expression = Expression::compile("principal.claims.gone == 'x'").unwrap();
    for times in 1..=3 {
        let failed = expression.holds(&question().asked(), Some(&ada()));
        assert!(matches!(failed, Err(Failed::Error(_))), "{failed:?}");
        assert_eq!(expression.failures(), times);
    }
    for text in [
        "principal.claims.email",
        "principal.claims.n / (now - 1000) == 1",
        "principal.claims.n + principal.subject == 3",
        "request.headers['x-none'] == 'a'",
        "principal.claims.realm.roles[7] == 'a'",
    ] {
        assert!(holds(text).is_err(), "{text}");
    }
}

#[test]
fn claims_that_are_too_many_fail_only_where_they_are_looked_at() {
    let many: Vec<_> = (0..=ITEMS_MAX).collect();
    let big = caller(json!({"sub": "x", "groups": many}));
    let expression = Expression::compile("principal.claims.groups.exists(g, g == 1)").unwrap();
    let failed = expression.holds(&question().asked(), Some(&big));
    assert_eq!(failed, Err(Failed::TooLarge));
    let other = Expression::compile("principal.subject == 'x'").unwrap();
    assert_eq!(other.holds(&question().asked(), Some(&big)), Ok(true));
}

#[test]
fn errors_say_where_and_what_was_expected() {
    for (text, line, column, fault) in [
        ("true &&", 1, 8, "found no expression of CEL"),
        (
            "true && user == 'x'",
            1,
            9,
            "found the name \"user\", expected request, principal or now",
        ),
        (
            "true &&\n  principal.name == 'x'",
            2,
            12,
            "found principal.name, expected one of subject",
        ),
        (
            "request.verb == 'x'",
            1,
            8,
            "found request.verb, expected one of method",
        ),
        ("request == 'x'", 1, 1, "found request alone"),
        (
            "request.headers['authorization'] == 'x'",
            1,
            16,
            "carries no secret",
        ),
        ("request.headers.cookie == 'x'", 1, 16, "carries no secret"),
        (
            "'proxy-authorization' in request.headers",
            1,
            23,
            "carries no secret",
        ),
        (
            "request.headers['X-Tenant'] == 'x'",
            1,
            16,
            "expected its name in lower case",
        ),
        (
            "request.headers[principal.subject] == 'x'",
            1,
            16,
            "expected its name in quotes",
        ),
        (
            "size(request.headers) > 1",
            1,
            13,
            "found request.headers as a whole",
        ),
        (
            "request.headers.exists(h, h == 'x')",
            1,
            8,
            "found request.headers as a whole",
        ),
        ("now.foo(1)", 1, 8, "found the function \"foo\""),
        (
            "'a'.matches(request.method)",
            1,
            12,
            "expected a text in quotes",
        ),
        ("'a'.matches('(')", 1, 12, "found a pattern that is none"),
        (
            "'a'.matches('(a{1000}){1000}')",
            1,
            12,
            "found a pattern that is none",
        ),
        ("1 + 1", 1, 1, "of type int, expected one of type bool"),
        ("Foo{a: 1} == 1", 1, 4, "found a message"),
    ] {
        let error = Expression::compile(text).expect_err(text);
        assert!(error.fault.contains(fault), "{text}: {error}");
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text}: {error}"
        );
    }
}

#[test]
fn what_could_take_too_long_is_refused_before_it_runs() {
    let claims = "principal.claims.a";
    let nested = format!("{claims}.all(x, {claims}.all(y, x == y))");
    let error = Expression::compile(&nested).unwrap_err();
    assert!(
        error.fault.contains("steps, expected at most 200000"),
        "{error}"
    );
    let literal = format!("['a', 'b'].all(x, {claims}.exists(y, x == y))");
    assert!(Expression::compile(&literal).is_ok());
    let long = format!("now == {}", "1".repeat(EXPRESSION_BYTES_MAX));
    assert!(
        Expression::compile(&long)
            .unwrap_err()
            .fault
            .contains("2055 bytes")
    );
    for deep in [
        format!("{}true{}", "(".repeat(900), ")".repeat(900)),
        format!("{}1 == 1", "1+".repeat(1000)),
        format!("{}true", "true?true:".repeat(200)),
        format!("now{} == 1", ".a".repeat(1000)),
        format!("{}{}", "[".repeat(1000), "]".repeat(1000)),
        format!("now{}", "[0]".repeat(600)),
    ] {
        assert!(Expression::compile(&deep).is_err(), "{}", &deep[..40]);
    }
    // What the parser folds is not deep, nor are chains of one operator, which are balanced.
    assert_eq!(holds(&format!("{}true", "!".repeat(2000))), Ok(true));
    let wide = vec!["true"; 200].join(" && ");
    assert_eq!(holds(&wide), Ok(true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_an_expression_or_an_error(text in "[a-z0-9 .'\"()\\[\\]{}&|!?:<>=+*/%,-]{0,40}") {
        if let Ok(expression) = Expression::compile(&text) {
            let _ = expression.holds(&question().asked(), Some(&ada()));
        }
    }

    #[test]
    fn what_is_made_of_names_ends_in_yes_no_or_an_error(parts in prop::collection::vec(0..14_usize, 1..12)) {
        const PARTS: [&str; 14] = [
            "principal", ".claims", ".scopes", ".sub", "request", ".headers", "['x-tenant']", " == ", "'ada'",
            " && ", "!", ".all(x, x == 1)", "now", "size",
        ];
        let text: String = parts.iter().map(|part| PARTS[*part]).collect();
        if let Ok(expression) = Expression::compile(&text) {
            let _ = expression.holds(&question().asked(), Some(&ada()));
        }
    }

    #[test]
    fn comparisons_agree_with_rust(a in -5_i64..5, b in -5_i64..5, c: bool) {
        let text = format!("({a} < {b}) == {c} || {a} * {b} > 3 && !({a} == {b})");
        let expected = (a < b) == c || a * b > 3 && a != b;
        prop_assert_eq!(holds(&text), Ok(expected));
    }
}
