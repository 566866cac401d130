//! Selectors, and which rule a method gets.

use super::*;

fn rule(selector: &str) -> Result<HttpRule, RuleError> {
    let binding = BindingText {
        verb: "GET".to_owned(),
        template: "/x".to_owned(),
        body: String::new(),
        response_body: String::new(),
    };
    HttpRule::new(selector.to_owned(), vec![binding], "s.yaml:1".to_owned())
}

#[test]
fn a_selector_is_whole_components_and_a_star_at_the_end() {
    for good in ["*", "a.*", "a.b.C.*", "a.b.C.D", "A.B", "_a.b1.C"] {
        assert!(rule(good).is_ok(), "{good}");
    }
    let long = "a.".repeat(600) + "b";
    for bad in [
        "", ".", "a.", ".a", "a..b", "a.b*", "a.*.b", "**", "*.a", "a b", "a,b", "1a.b", "a/B",
        &long,
    ] {
        let error = rule(bad).unwrap_err();
        assert!(matches!(error, RuleError::Selector(_)), "{bad}");
        assert!(error.to_string().len() < 300);
    }
}

#[test]
fn a_rule_has_bindings_for_http_methods() {
    let binding = |verb: &str| BindingText {
        verb: verb.to_owned(),
        template: "/x".to_owned(),
        body: String::new(),
        response_body: String::new(),
    };
    let new = |bindings| HttpRule::new("*".to_owned(), bindings, String::new());
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
