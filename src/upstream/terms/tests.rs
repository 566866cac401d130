//! Terms are found once for each method, whatever numbers methods have.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::schema::method::{Idempotency, Shape};
use crate::transcode::PlanId;
use crate::upstream::plan::Rule;

fn method(id: usize, name: &str) -> Arc<Method> {
    Arc::new(Method {
        id,
        path: format!("/a.B/{name}"),
        service: "a.B".into(),
        name: name.into(),
        input: PlanId(0),
        output: PlanId(0),
        shape: Shape::Unary,
        idempotency: Idempotency::Unknown,
        deprecated: false,
        upstream: "backend".into(),
        http_body_input: false,
        http_body_output: false,
        comment: String::new(),
        bindings: Vec::new(),
    })
}

#[test]
fn terms_are_found_once_for_a_method() {
    let (known, retries, meters) = (Known::new(), Retries::default(), Meters::default());
    let (a, b) = (method(0, "A"), method(200, "B"));
    let first = known.of(&a, &retries, &meters);
    let other = known.of(&b, &retries, &meters);
    assert!(Arc::ptr_eq(&first, &known.of(&a, &retries, &meters)));
    assert!(Arc::ptr_eq(&other, &known.of(&b, &retries, &meters)));
    assert_eq!(other.meter.method(), "a.B/B");
}

#[test]
fn another_schema_has_other_methods_by_the_same_numbers_and_counts_on_by_name() {
    let (known, retries, meters) = (Known::new(), Retries::default(), Meters::default());
    let before = known.of(&method(0, "A"), &retries, &meters);
    let other = known.of(&method(0, "B"), &retries, &meters);
    assert_eq!(other.meter.method(), "a.B/B");
    let again = known.of(&method(1, "A"), &retries, &meters);
    assert!(Arc::ptr_eq(&before.meter, &again.meter));
}

#[test]
fn methods_without_end_are_counted_together() {
    let (known, retries, meters) = (Known::new(), Retries::default(), Meters::default());
    let last = known.of(&method(METHODS_MAX, "Z"), &retries, &meters);
    assert_eq!(last.meter.method(), crate::observe::meter::OTHER);
    assert!(known.places.load().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rule_can_end_a_call_sooner_and_not_later() {
    let rule = |timeout| Rule {
        timeout: Some(Duration::from_secs(timeout)),
        ..Rule::of("a.B.*".parse().unwrap())
    };
    let asked = Deadline::after(Duration::from_secs(5));
    for (timeout, expected) in [(2, 2), (7, 5)] {
        let retries = Retries {
            rules: vec![rule(timeout)],
            ..Retries::default()
        };
        let terms = Known::new().of(&method(0, "A"), &retries, &Meters::default());
        let left = terms.deadline(asked).remaining();
        assert_eq!(left, Some(Duration::from_secs(expected)));
    }
}
