//! What revisions change, and for which methods.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::catalog::{Audience, Ids};
use crate::protocol::Config;
use crate::schema::tests::source;
use crate::schema::{Options, Schema};

fn at(seconds: u64) -> Moment {
    Moment::of(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn timeline(revisions: &[&str]) -> Timeline {
    let revisions = revisions.iter().zip(1..).map(|(text, n)| (at(n), *text));
    Timeline::of(revisions.collect(), |text| {
        let text = format!(
            "syntax = \"proto3\"; package t; import \"google/api/visibility.proto\"; {text}"
        );
        let sources = vec![source("test", "up", &[("t.proto", &text)])];
        let schema = Schema::build(sources, &Options::default()).ok()?;
        let audience = Audience::default();
        Some(Catalog::new(
            &schema,
            &Config::default(),
            &audience,
            Ids::Short,
        ))
    })
}

const FIRST: &str = "message M { N n = 1; } message N { string a = 1; } message O {}
    service S { rpc One(M) returns (O); rpc Two(O) returns (O); }";

#[test]
fn a_method_changes_with_whatever_its_messages_reach() {
    let second = FIRST.replace("string a = 1;", "string a = 1; string b = 2;");
    let timeline = timeline(&[FIRST, &second]);
    assert_eq!(timeline.begins, Some(at(1)));
    assert_eq!(timeline.steps.len(), 1);
    let methods = &timeline.steps[0].methods;
    let touch = Touch {
        breaking: 0,
        adding: 1,
    };
    assert_eq!(
        methods.iter().collect::<Vec<_>>(),
        [(&"t.S.One".to_owned(), &touch)]
    );
    assert_eq!(timeline.last("t.S.One"), Some(at(2)));
    assert_eq!(timeline.last("t.S.Two"), None);
    assert_eq!(timeline.last("t.S"), Some(at(2)));
}

#[test]
fn the_newest_revision_stands_first_and_counts() {
    let second = FIRST.replace("string a = 1;", "int32 a = 1;");
    let third = second.replace("rpc Two", "rpc Three");
    let timeline = timeline(&[FIRST, &second, &third]);
    assert_eq!(
        timeline
            .steps
            .iter()
            .map(|step| step.at)
            .collect::<Vec<_>>(),
        [at(3), at(2)]
    );
    assert_eq!(timeline.last("t.S.One"), Some(at(2)));
    assert_eq!(timeline.last("t.S.Three"), Some(at(3)));
    assert_eq!(timeline.last("t.S"), Some(at(3)));
    assert_eq!(
        timeline.steps[0].methods["t.S.Two"],
        Touch {
            breaking: 1,
            adding: 0
        }
    );
    assert_eq!(timeline.steps[1].methods["t.S.One"].breaking, 1);
}

#[test]
fn what_may_not_be_seen_changes_nothing_and_is_no_revision() {
    let hidden = "[(google.api.field_visibility).restriction = \"INTERNAL\"]";
    let second = FIRST.replace(
        "string a = 1;",
        &format!("string a = 1; string secret = 2 {hidden};"),
    );
    let third = second.replace("secret = 2", "other = 2").replace(
        "rpc Two(O) returns (O);",
        "rpc Two(O) returns (O); rpc Hidden(O) returns (O) {
            option (google.api.method_visibility).restriction = \"INTERNAL\"; }",
    );
    let timeline = timeline(&[FIRST, &second, &third]);
    assert!(timeline.steps.is_empty(), "{:?}", timeline.steps);
    assert_eq!(timeline.last("t.S"), None);
}

#[test]
fn a_revision_that_cannot_be_read_is_passed_over() {
    let second = FIRST.replace("rpc Two", "rpc Three");
    let make = |text: &str| {
        let text = format!("syntax = \"proto3\"; package t; {text}");
        let sources = vec![source("test", "up", &[("t.proto", &text)])];
        let schema = Schema::build(sources, &Options::default()).unwrap();
        Catalog::new(
            &schema,
            &Config::default(),
            &Audience::default(),
            Ids::Short,
        )
    };
    let revisions = vec![(at(1), FIRST), (at(2), ""), (at(3), second.as_str())];
    let timeline = Timeline::of(revisions, |text| (!text.is_empty()).then(|| make(text)));
    assert_eq!(timeline.steps.len(), 1);
    assert_eq!(timeline.steps[0].at, at(3));
}
