//! Selectors, and which rule a method gets.

use super::*;

fn rule(selector: &str) -> Result<HttpRule, RuleError> {
    let binding = BindingText {
        verb: "GET".to_owned(),
        template: "/x".to_owned(),
        body: String::new(),
        response_body: String::new(),
    };
    HttpRule::new(selector, vec![binding], "s.yaml:1".to_owned())
}

#[test]
fn a_wrong_selector_is_shown_as_far_as_it_is_worth() {
    let error = rule(&"a..".repeat(600)).unwrap_err();
    assert!(matches!(error, RuleError::Selector(_)), "{error}");
    assert!(error.to_string().len() < 300, "{error}");
}

#[test]
fn a_rule_has_bindings_for_http_methods() {
    let binding = |verb: &str| BindingText {
        verb: verb.to_owned(),
        template: "/x".to_owned(),
        body: String::new(),
        response_body: String::new(),
    };
    let new = |bindings| HttpRule::new("*", bindings, String::new());
    assert_eq!(new(vec![]).unwrap_err(), RuleError::Empty);
    let many = vec![binding("GET"); BINDINGS_MAX + 1];
    assert_eq!(new(many).unwrap_err(), RuleError::TooMany(BINDINGS_MAX + 1));
    for bad in ["", "TRACE", "CONNECT", "A B", "**", &"A".repeat(33)] {
        let error = new(vec![binding("GET"), binding(bad)]).unwrap_err();
        assert_eq!(error, RuleError::Verb(bad.to_owned()));
    }
    for good in ["REPORT", "*", "HEAD"] {
        assert!(new(vec![binding(good)]).is_ok(), "{good}");
    }
}

#[test]
fn the_last_rule_that_matches_counts() {
    let rules: Vec<_> = [
        "a.b.C.Get",
        "*",
        "a.b.*",
        "a.b.C.List",
        "a.b.C.*",
        "a.b.C.List",
    ]
    .iter()
    .map(|selector| rule(selector).unwrap())
    .collect();
    let mut overrides = Overrides::new(&rules);
    for (method, expected) in [
        ("a.b.C.Get", 4),
        ("a.b.C.List", 5),
        ("a.b.D.Get", 2),
        ("a.bb.C.Get", 1),
        ("x.Y", 1),
    ] {
        let found = overrides.of(method).unwrap();
        assert!(std::ptr::eq(found, &rules[expected]), "{method}: {found:?}");
    }
    assert!(overrides.unmatched(&std::iter::empty()).is_empty());
    assert!(Overrides::new(&[]).of("a.B").is_none());
}
