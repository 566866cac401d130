//! Rules, beside the plain truth of their sentences.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::principal::Kind;
use crate::policy::cel::Expression;
use crate::policy::fixtures::{Question, caller, method, selectors};

fn rule(name: &str, methods: &[&str], effect: Effect, when: Condition) -> Rule {
    Rule {
        name: Some(name.into()),
        methods: selectors(methods),
        effect,
        when,
    }
}

fn scopes(all: &[&str]) -> Condition {
    Condition::Scopes(all.iter().map(|scope| (*scope).to_owned()).collect())
}

fn subject(name: &str) -> Condition {
    Condition::Subject(vec![name.to_owned()])
}

fn network(text: &str) -> Condition {
    Condition::Network(vec![text.parse().unwrap()])
}

fn anybody() -> Condition {
    Condition::All(vec![])
}

fn access(rules: Vec<Rule>, questions: &[&Question]) -> Access {
    let policy = Policy {
        rules,
        mode: Mode::Enforced,
    };
    Access::new(&policy, questions.iter().map(|question| &*question.method)).unwrap()
}

#[test]
fn the_first_rule_that_matches_decides_and_none_is_no() {
    let get = Question::of(method(0, "shop.v1.Orders", "Get"));
    let put = Question::of(method(1, "shop.v1.Orders", "Put"));
    let other = Question::of(method(2, "bank.v1.Accounts", "Get"));
    let health = Question::of(method(3, "grpc.health.v1.Health", "Check"));
    let access = access(
        vec![
            rule("mallory", &["*"], Effect::Deny, subject("mallory")),
            rule("health", &["grpc.health.*"], Effect::AllowPublic, anybody()),
            rule(
                "read",
                &["shop.v1.Orders.Get"],
                Effect::Allow,
                scopes(&["read"]),
            ),
            rule(
                "inside",
                &["shop.*"],
                Effect::Allow,
                Condition::All(vec![scopes(&["write"]), network("10.0.0.0/8")]),
            ),
        ],
        &[&get, &put, &other, &health],
    );
    let reader = caller(json!({"sub": "ada", "scope": "read"}));
    let writer = caller(json!({"sub": "bob", "scope": "write"}));
    let mallory = caller(json!({"sub": "mallory", "scope": "read write"}));
    let inside = Question::of(method(1, "shop.v1.Orders", "Put")).from("10.1.1.1");
    for (question, principal, expected) in [
        (&get, Some(&reader), "allowed by read"),
        (&put, Some(&reader), "denied by no rule"),
        (&put, Some(&writer), "denied by no rule"),
        (&inside, Some(&writer), "allowed by inside"),
        (&inside, Some(&mallory), "denied by mallory"),
        (&other, Some(&writer), "denied by no rule"),
        (&health, None, "allowed by health"),
        (&health, Some(&mallory), "denied by mallory"),
        (&get, None, "unauthenticated by read"),
        (&inside, None, "unauthenticated by inside"),
        (&put, None, "denied by no rule"),
        (&other, None, "denied by no rule"),
    ] {
        let asked = question.asked();
        let verdict = access.decide(&asked, principal.map(|principal| &**principal));
        assert_eq!(
            verdict.to_string(),
            expected,
            "{} {principal:?}",
            asked.method.path
        );
    }
}

#[test]
fn a_rule_that_allows_what_is_not_said_of_a_caller_is_for_no_stranger() {
    let get = Question::of(method(0, "a.S", "Get"));
    let not = |name| Condition::Not(Box::new(subject(name)));
    let asked = get.asked();
    let decide = |effect, when| {
        let access = access(vec![rule("it", &[], effect, when)], &[&get]);
        access.decide(&asked, None).to_string()
    };
    assert_eq!(
        decide(Effect::Allow, not("mallory")),
        "unauthenticated by it"
    );
    assert_eq!(decide(Effect::AllowPublic, not("mallory")), "allowed by it");
    assert_eq!(decide(Effect::Deny, not("ada")), "unauthenticated by it");
    assert_eq!(
        decide(Effect::Deny, network("192.0.2.0/24")),
        "denied by it"
    );
    assert_eq!(decide(Effect::Allow, anybody()), "unauthenticated by it");
}

#[test]
fn a_refusal_says_what_to_do_in_the_status_and_the_challenge() {
    let get = Question::of(method(0, "a.S", "Get"));
    let access = access(
        vec![rule(
            "it",
            &["a.*"],
            Effect::Allow,
            scopes(&["read", "list"]),
        )],
        &[&get],
    );
    let asked = get.asked();
    let ask = |principal| match access.ask(
        asked,
        &Passed {
            principal,
            ..Passed::default()
        },
    ) {
        Decision::Now(said) => said,
        Decision::Later(_) => panic!("rules are decided at once"),
    };
    let refused = ask(None).unwrap_err();
    assert_eq!(refused.status.code, Code::Unauthenticated);
    assert_eq!(
        refused.headers,
        [(header::WWW_AUTHENTICATE, "Bearer".parse().unwrap())]
    );
    let refused = ask(Some(caller(json!({"scope": "read"})))).unwrap_err();
    assert_eq!(refused.status.code, Code::PermissionDenied);
    let challenge = r#"Bearer error="insufficient_scope", scope="read list""#;
    assert_eq!(
        refused.headers,
        [(header::WWW_AUTHENTICATE, challenge.parse().unwrap())]
    );
    let passed = ask(Some(caller(json!({"scope": "list read"})))).unwrap();
    assert_eq!(passed.rule.as_deref(), Some("it"));
}

#[test]
fn a_dry_run_refuses_nobody_and_says_whom_it_would() {
    let get = Question::of(method(0, "a.S", "Get"));
    let policy = Policy {
        rules: vec![],
        mode: Mode::DryRun,
    };
    let access = Access::new(&policy, [&*get.method]).unwrap();
    let Decision::Now(Ok(passed)) = access.ask(get.asked(), &Passed::default()) else {
        panic!()
    };
    assert_eq!(
        passed.would_refuse.unwrap().status.code,
        Code::PermissionDenied
    );
}

#[test]
fn an_expression_that_fails_denies_whatever_its_rule_does() {
    let get = Question::of(method(0, "a.S", "Get"));
    let fails = || {
        let expression = Expression::compile("principal.claims.gone == 1").unwrap();
        Condition::Cel(expression.into())
    };
    let ada = caller(json!({"sub": "ada"}));
    for effect in [Effect::Allow, Effect::AllowPublic, Effect::Deny] {
        let rules = vec![
            rule("fails", &[], effect, fails()),
            rule("all", &[], Effect::Allow, anybody()),
        ];
        let access = access(rules, &[&get]);
        let asked = get.asked();
        assert_eq!(
            access.decide(&asked, Some(&ada)).to_string(),
            "failed by fails"
        );
        let of_nobody = access.decide(&asked, None).to_string();
        assert_eq!(of_nobody, "unauthenticated by fails");
        let not = Condition::Not(Box::new(fails()));
        let about = About {
            asked: &asked,
            principal: Some(&ada),
        };
        assert!(
            not.holds(about).is_err(),
            "the opposite of a failure is none"
        );
    }
}

#[test]
fn the_table_says_who_may_call_what() {
    let get = Question::of(method(0, "a.S", "Get"));
    let put = Question::of(method(1, "b.T", "Put"));
    let access = access(
        vec![
            rule("mallory", &[], Effect::Deny, subject("mallory")),
            Rule {
                name: None,
                ..rule("", &["a.*"], Effect::AllowPublic, anybody())
            },
            rule("known", &[], Effect::Allow, anybody()),
        ],
        &[&get, &put],
    );
    let rows = access.rows([&*get.method, &*put.method]);
    let text = |row: &Row| {
        let line = |line: &Line| format!("{} {} {}", line.rule, line.effect.name(), line.who);
        row.lines.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(rows[0].rpc, "a.S/Get");
    assert_eq!(
        text(&rows[0]),
        ["mallory deny subject mallory", "2 allow public anybody"]
    );
    assert_eq!(
        text(&rows[1]),
        [
            "mallory deny subject mallory",
            "known allow anybody who is known"
        ]
    );
    assert!(!rows[1].is_closed());
}

#[test]
fn rules_that_cannot_be_are_refused_when_they_are_compiled() {
    let policy = |rules| Policy {
        rules,
        mode: Mode::Enforced,
    };
    let one = || rule("x", &[], Effect::Allow, anybody());
    let twice = Access::new(&policy(vec![one(), one()]), []).unwrap_err();
    assert_eq!(
        twice.to_string(),
        "found two access rules named x, expected each name once"
    );
    let mut deep = anybody();
    for _ in 0..DEPTH_MAX {
        deep = Condition::Not(Box::new(deep));
    }
    let deep = Access::new(&policy(vec![rule("x", &[], Effect::Deny, deep)]), []).unwrap_err();
    assert!(
        deep.to_string().contains("17 deep, expected at most 16"),
        "{deep}"
    );
}

#[test]
fn rules_without_expressions_are_decided_without_allocating() {
    let get = Question::of(method(0, "a.S", "Get")).from("10.0.0.1");
    let claim = super::super::condition::Claim::new(
        "realm.role",
        super::super::condition::Test::Equals(json!("x")),
    );
    let access = access(
        vec![
            rule("a", &[], Effect::Deny, subject("mallory")),
            rule("b", &["b.*"], Effect::Deny, anybody()),
            rule("c", &[], Effect::Allow, Condition::Claim(claim.unwrap())),
            rule(
                "d",
                &[],
                Effect::Allow,
                Condition::All(vec![
                    Condition::Any(vec![scopes(&["read"]), Condition::Shown(vec![Kind::Key])]),
                    network("10.0.0.0/8"),
                ]),
            ),
        ],
        &[&get],
    );
    let ada = caller(json!({"sub": "ada", "scope": "read"}));
    let asked = get.asked();
    let counted = allocation_counter::measure(|| {
        assert_eq!(access.decide(&asked, Some(&ada)).outcome, Outcome::Allowed);
    });
    assert_eq!(counted.count_total, 0);
}

fn conditions() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        Just(anybody()),
        Just(Condition::Any(vec![])),
        Just(scopes(&["read"])),
        Just(subject("ada")),
        Just(network("10.0.0.0/8")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Any),
            inner.prop_map(|one| Condition::Not(Box::new(one))),
        ]
    })
}

/// The same question by plain truth values.
fn naive(when: &Condition, known: bool, inside: bool) -> bool {
    match when {
        Condition::All(all) => all.iter().all(|one| naive(one, known, inside)),
        Condition::Any(any) => any.iter().any(|one| naive(one, known, inside)),
        Condition::Not(one) => !naive(one, known, inside),
        Condition::Network(_) => inside,
        _ => known,
    }
}

proptest! {
    #[test]
    fn rules_decide_as_their_sentences_say(
        rules in prop::collection::vec((0..3_usize, conditions()), 0..5),
        known: bool,
        inside: bool,
    ) {
        let effects = [Effect::Allow, Effect::AllowPublic, Effect::Deny];
        let get = Question::of(method(0, "a.S", "Get"))
            .from(if inside { "10.0.0.1" } else { "192.0.2.1" });
        let ada = known.then(|| caller(json!({"sub": "ada", "scope": "read"})));
        let all: Vec<_> = rules
            .iter()
            .enumerate()
            .map(|(at, (effect, when))| {
                rule(&at.to_string(), &[], effects[*effect], when.clone())
            })
            .collect();
        let access = access(all.clone(), &[&get]);
        let asked = get.asked();
        let verdict = access.decide(&asked, ada.as_deref());
        let first = all.iter().find(|rule| {
            (known || rule.effect != Effect::Allow) && naive(&rule.when, known, inside)
        });
        match (first, verdict.outcome) {
            (Some(rule), outcome) => {
                let allows = rule.effect != Effect::Deny;
                prop_assert_eq!(allows, outcome == Outcome::Allowed);
                prop_assert_eq!(verdict.rule, rule.name.as_ref());
                if known {
                    prop_assert!(outcome != Outcome::Unauthenticated);
                }
            }
            (None, outcome) => {
                prop_assert!(outcome != Outcome::Allowed);
                // Whoever could be let in if they were known is asked who they are.
                let would = |rule: &Rule| rule.effect == Effect::Allow && naive(&rule.when, true, inside);
                if !known && all.iter().any(would) {
                    prop_assert_eq!(outcome, Outcome::Unauthenticated);
                }
            }
        }
    }
}
