//! On what terms the calls of a method are made, and where they are counted: found when the method is
//! called first, and kept by its number.
//!
//! A schema that is reloaded gives its methods other numbers. So what is kept says of which method it is,
//! and of another one it is found anew.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::plan::{Plan, Readiness, Retries, Sizes};
use crate::call::Deadline;
use crate::observe::meter::{Meter, Meters};
use crate::schema::method::Method;

/// Methods of a schema whose terms are kept. Those behind are found with each call, and counted
/// together.
const METHODS_MAX: usize = 1 << 16;

/// What holds for the calls of one method.
#[derive(Debug)]
pub(super) struct Terms {
    method: Arc<Method>,
    timeout: Option<Duration>,
    /// When a call is made again.
    pub(super) plan: Plan,
    /// Whether a call waits for an endpoint.
    pub(super) readiness: Readiness,
    /// How large its messages may be.
    pub(super) sizes: Sizes,
    /// Where it is counted.
    pub(super) meter: Arc<Meter>,
}

impl Terms {
    fn new(method: &Arc<Method>, retries: &Retries, meter: Arc<Meter>) -> Self {
        let rule = retries.rule(method);
        Self {
            method: Arc::clone(method),
            timeout: retries.timeout(method),
            plan: retries.plan(method),
            readiness: rule.map_or(Readiness::FailFast, |rule| rule.readiness),
            sizes: rule.map_or(Sizes::default(), |rule| rule.sizes),
            meter,
        }
    }

    /// The deadline of a call: the client's, or an earlier one that a rule sets.
    pub(super) fn deadline(&self, asked: Deadline) -> Deadline {
        match self.timeout {
            Some(timeout) => asked.earlier(Deadline::after(timeout)),
            None => asked,
        }
    }
}

type Places = Box<[ArcSwapOption<Terms>]>;

/// The terms of an upstream's methods.
#[derive(Debug)]
pub(super) struct Known {
    places: ArcSwap<Places>,
}

impl Known {
    /// None is known yet.
    pub(super) fn new() -> Self {
        Self {
            places: ArcSwap::from_pointee(Box::default()),
        }
    }

    /// The terms of a method.
    pub(super) fn of(
        &self,
        method: &Arc<Method>,
        retries: &Retries,
        meters: &Meters,
    ) -> Arc<Terms> {
        if let Some(place) = self.places.load().get(method.id)
            && let Some(terms) = &*place.load()
            && Arc::ptr_eq(&terms.method, method)
        {
            return Arc::clone(terms);
        }
        if method.id >= METHODS_MAX {
            return Arc::new(Terms::new(method, retries, meters.other()));
        }
        let terms = Arc::new(Terms::new(method, retries, meters.of(&method.path)));
        self.keep(&terms);
        terms
    }

    /// Where several find places missing at once one of them may be forgotten, and found again.
    fn keep(&self, terms: &Arc<Terms>) {
        let id = terms.method.id;
        if self.places.load().len() <= id {
            let length = (id + 1).next_power_of_two();
            self.places.rcu(|places| -> Places {
                let known = places.iter().map(ArcSwapOption::load_full);
                let more = length.saturating_sub(places.len());
                let all = known.chain(std::iter::repeat_n(None, more));
                all.map(ArcSwapOption::new).collect()
            });
        }
        if let Some(place) = self.places.load().get(id) {
            place.store(Some(Arc::clone(terms)));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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
}
