//! Conditions, one by one.

use serde_json::json;

use super::*;
use crate::policy::fixtures::{Question, caller, method};

fn holds(condition: &Condition, principal: Option<&Principal>, address: &str) -> bool {
    let question = Question::of(method(0, "a.S", "Get")).from(address);
    let asked = question.asked();
    let about = About {
        asked: &asked,
        principal,
    };
    condition.holds(about).unwrap()
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn conditions_about_a_caller_hold_of_the_one_that_is_meant() {
    let ada = caller(json!({
        "sub": "ada", "scope": "read write", "aud": ["x"], "n": 3, "big": 9_007_199_254_740_993_u64,
        "realm": {"roles": ["editor", "viewer"]}, "https://example.com/team": "blue", "none": null,
    }));
    let claim = |path, test| Condition::Claim(Claim::new(path, test).unwrap());
    for (condition, expected) in [
        (Condition::Scopes(texts(&["read", "write"])), true),
        (Condition::Scopes(texts(&["read", "admin"])), false),
        (Condition::AnyScope(texts(&["admin", "read"])), true),
        (Condition::AnyScope(vec![]), false),
        (Condition::Subject(texts(&["bob", "ada"])), true),
        (Condition::Subject(texts(&["ad"])), false),
        (Condition::Issuer(texts(&["https://id.example"])), true),
        (Condition::ApiKey(texts(&["ada"])), false),
        (Condition::Shown(vec![Kind::Key, Kind::Token]), true),
        (claim("realm.roles", Test::Contains(json!("editor"))), true),
        (claim("realm.roles", Test::Contains(json!("edit"))), false),
        (claim("sub", Test::Contains(json!("ad"))), false),
        (claim("n", Test::Equals(json!(3.0))), true),
        (claim("n", Test::Equals(json!("3"))), false),
        (
            claim("big", Test::Equals(json!(9_007_199_254_740_992_u64))),
            false,
        ),
        (claim("n", Test::OneOf(vec![json!(1), json!(3)])), true),
        (
            claim(r"https://example\.com/team", Test::Equals(json!("blue"))),
            true,
        ),
        (claim("none", Test::Present), false),
        (claim("realm", Test::Present), true),
        (claim("realm.roles.0", Test::Present), false),
        (claim("gone.a.b", Test::Present), false),
    ] {
        assert_eq!(
            holds(&condition, Some(&ada), "192.0.2.1"),
            expected,
            "{condition}"
        );
        assert!(
            !holds(&condition, None, "192.0.2.1"),
            "of nobody: {condition}"
        );
        assert!(condition.needs_identity());
    }
    for wrong in ["", ".", "a.", ".a", "a..b", "a\\"] {
        assert!(Claim::new(wrong, Test::Present).is_err(), "{wrong}");
    }
}

#[test]
fn a_spiffe_id_counts_only_of_a_certificate() {
    let patterns = |text| Condition::Spiffe(vec![spiffe::Pattern::parse(text).unwrap()]);
    let id = "spiffe://prod.example/ns/a/sa/b";
    let mut shown = Principal::clone(&caller(json!({"sub": id})));
    assert!(
        !holds(&patterns(id), Some(&shown), "192.0.2.1"),
        "a token may say anything"
    );
    shown.kind = Kind::Certificate;
    shown.issuer = "prod.example".into();
    for (pattern, expected) in [
        (id, true),
        ("prod.example", true),
        ("spiffe://prod.example/ns/a/sa/c", false),
        ("example", false),
    ] {
        assert_eq!(
            holds(&patterns(pattern), Some(&shown), "192.0.2.1"),
            expected,
            "{pattern}"
        );
    }
}

#[test]
fn a_network_holds_of_addresses_in_it_in_both_forms_of_ipv4() {
    let networks = ["10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse().unwrap());
    let condition = Condition::Network(networks.into());
    for (address, expected) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("11.0.0.1", false),
        ("2001:db8:1::1", true),
        ("2001:db9::1", false),
        ("::10.1.2.3", false),
    ] {
        assert_eq!(holds(&condition, None, address), expected, "{address}");
    }
    assert!(!condition.needs_identity());
}

#[test]
fn combined_conditions_read_like_sentences() {
    let scopes = || Condition::Scopes(texts(&["a", "b"]));
    let subject = || Condition::Subject(texts(&["ada"]));
    let any = || Condition::Any(vec![scopes(), subject()]);
    for (condition, text) in [
        (Condition::All(vec![]), "anybody"),
        (Condition::Any(vec![]), "nobody"),
        (
            Condition::All(vec![scopes(), any()]),
            "scopes a, b and (scopes a, b or subject ada)",
        ),
        (
            Condition::Not(Box::new(any())),
            "not (scopes a, b or subject ada)",
        ),
    ] {
        assert_eq!(condition.to_string(), text);
    }
    let bob = caller(json!({"sub": "bob"}));
    assert!(holds(&Condition::Not(Box::new(any())), Some(&bob), "::1"));
    assert!(holds(&Condition::All(vec![]), None, "::1"));
    assert!(!holds(&Condition::Any(vec![]), Some(&bob), "::1"));
}
