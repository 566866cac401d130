//! Who decides how a method's calls are made again, and which rules decide nothing.

use super::*;
use crate::schema::{Options, Schema, Source};
use crate::upstream::Config;
use crate::upstream::retry::{Covers, MaxAttempts};

const TEXT: &str = r#"syntax = "proto3"; package a; message M {}
service B {
  rpc Get(M) returns (M) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Make(M) returns (M);
}"#;

fn schema() -> Schema {
    let folder =
        std::env::temp_dir().join(format!("transom-plan-{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.proto"), TEXT).unwrap();
    let compiled = Source::proto_files(&folder, "backend".into()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    Schema::build(vec![compiled.source], &Options::default()).unwrap()
}

fn retry(attempts: u32, covers: Covers) -> Choice {
    Choice::Retry(Policy {
        max_attempts: MaxAttempts::new(attempts).unwrap(),
        covers,
        ..Policy::default()
    })
}

fn hedge() -> Choice {
    Choice::Hedge(Hedging {
        max_attempts: MaxAttempts::MIN,
        delay: Duration::ZERO,
        non_fatal: CodeSet::NONE,
    })
}

fn said(selector: &str, choice: Choice) -> Said {
    Said {
        of: Which::Selected(selector.parse().unwrap()),
        choice,
    }
}

fn attempts(retries: &Retries, schema: &Schema, path: &str) -> u32 {
    match retries.plan(schema.method(path).unwrap()) {
        Plan::Once => 1,
        Plan::Retried(policy) => policy.max_attempts.get(),
        Plan::Hedged(hedging) => hedging.max_attempts.get(),
    }
}

#[test]
fn what_an_operator_says_goes_before_what_comes_with_the_services_and_hides_no_more_of_it() {
    let schema = schema();
    let shipped = |selector: &str, attempts| Rule {
        choice: Some(retry(attempts, Covers::Named)),
        timeout: Some(Duration::from_secs(3)),
        ..Rule::of(selector.parse().unwrap())
    };
    let mut retries = Retries {
        rules: vec![shipped("a.B.Get", 4), shipped("a.B.Make", 5)],
        ..Retries::default()
    };
    let both = |retries: &Retries| {
        let of = |path| attempts(retries, &schema, path);
        (of("/a.B/Get"), of("/a.B/Make"))
    };
    assert_eq!(both(&retries), (4, 5));

    // Of what is marked idempotent something is said, and nothing of the others.
    retries.said = vec![Said {
        of: Which::Idempotent,
        choice: Choice::Once,
    }];
    assert_eq!(both(&retries), (1, 5));
    retries.said.insert(0, said("a.*", retry(2, Covers::Named)));
    assert_eq!(both(&retries), (2, 2));
    let method = schema.method("/a.B/Get").unwrap();
    assert_eq!(retries.timeout(method), Some(Duration::from_secs(3)));
}

#[test]
fn rules_that_hold_for_nothing_are_told() {
    let mut config = Config::new("books", "http://h:1".parse().unwrap());
    config.retries.said = vec![
        said("a.B.Gett", Choice::Once),
        said("a.B.Make", hedge()),
        said("a.*", hedge()),
        said("a.B.Get", Choice::Once),
    ];
    let told = idle(&config, &schema());
    let told: Vec<_> = told
        .iter()
        .filter_map(|line| line.split_once(": "))
        .collect();
    let rule = |index: usize, selector: &str| {
        format!("upstreams.books.retries.methods[{index}] ({selector}) has no effect")
    };
    assert_eq!(
        told,
        [
            (
                &*rule(0, "a.B.Gett"),
                "no method that is served has such a name"
            ),
            (
                &*rule(1, "a.B.Make"),
                "none of its methods is marked idempotent (`idempotency_level`) and takes one message, \
                 without which nothing is hedged"
            ),
            (
                &*rule(3, "a.B.Get"),
                "earlier rules are for all of its methods"
            ),
        ]
    );
}
