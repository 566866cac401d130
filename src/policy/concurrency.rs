//! How many calls may be in flight at once: of a method, of several together, of the whole gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::table::Table;
use crate::call::gate::{Asked, Decision, Gate, Passed, Permit, Refused};
use crate::call::{Code, Status};
use crate::schema::{Method, Selector};

/// When a refused client should come again: a call's time, about.
pub const RETRY: Duration = Duration::from_secs(1);

/// What this step is called in logs and metrics.
pub const NAME: &str = "concurrency";

/// A limit.
#[derive(Clone, Debug)]
pub struct Ceiling {
    /// Its name in logs and metrics.
    pub name: Arc<str>,
    /// For which methods, all together; none: for all.
    pub methods: Vec<Selector>,
    /// So many calls at once.
    pub most: usize,
}

/// Limits, compiled for the methods of a schema.
#[derive(Debug)]
pub struct Concurrency {
    ceilings: Vec<(Ceiling, Arc<AtomicUsize>)>,
    table: Table,
}

impl Concurrency {
    /// Compiles limits for methods. Calls that began under limits of the same name in `before` still count.
    pub fn new<'m>(
        ceilings: &[Ceiling],
        methods: impl IntoIterator<Item = &'m Method>,
        before: Option<&Self>,
    ) -> Self {
        let selectors: Vec<_> = ceilings.iter().map(|one| &*one.methods).collect();
        let table = Table::new(methods, &selectors);
        let taken = |name: &str| {
            let mut known = before.iter().flat_map(|before| &before.ceilings);
            known
                .find(|(ceiling, _)| *ceiling.name == *name)
                .map_or_else(Arc::default, |(_, taken)| Arc::clone(taken))
        };
        let ceilings = ceilings.iter().cloned();
        let ceilings = ceilings.map(|one| {
            let taken = taken(&one.name);
            (one, taken)
        });
        Self {
            ceilings: ceilings.collect(),
            table,
        }
    }

    /// How many calls each limit has in flight, by its name: for a metric.
    pub fn in_flight(&self) -> impl Iterator<Item = (&str, usize)> {
        self.ceilings
            .iter()
            .map(|(ceiling, taken)| (&*ceiling.name, taken.load(Ordering::Relaxed)))
    }
}

impl Gate for Concurrency {
    fn ask<'r>(&'r self, asked: Asked<'r>, _: &Passed) -> Decision<'r> {
        let numbers = self.table.of(asked.method);
        let mut permits = Vec::with_capacity(numbers.len());
        for (ceiling, taken) in numbers.iter().filter_map(|at| self.ceilings.get(*at)) {
            let Some(permit) = Permit::take(taken, ceiling.most) else {
                let status = Status::gateway(Code::Unavailable, "too many calls are in flight");
                return Decision::refuse(Refused {
                    rule: Some(Arc::clone(&ceiling.name)),
                    ..Refused::new(NAME, status.after(RETRY))
                });
            };
            permits.push(permit);
        }
        Decision::Now(Ok(Passed {
            permits,
            ..Passed::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fixtures::{Question, method, selectors};

    fn ceiling(name: &str, methods: &[&str], most: usize) -> Ceiling {
        Ceiling {
            name: name.into(),
            methods: selectors(methods),
            most,
        }
    }

    #[test]
    fn a_place_is_free_again_when_the_call_has_ended_and_after_a_reload() {
        let get = Question::of(method(0, "a.S", "Get"));
        let put = Question::of(method(1, "a.S", "Put"));
        let methods = [&*get.method, &*put.method];
        let ceilings = [ceiling("all", &[], 2), ceiling("put", &["a.S.Put"], 1)];
        let limits = Concurrency::new(&ceilings, methods, None);
        let ask = |question| limits.ask(question, &Passed::default());
        let Decision::Now(Ok(first)) = ask(put.asked()) else {
            panic!()
        };
        let Decision::Now(Err(refused)) = ask(put.asked()) else {
            panic!()
        };
        assert_eq!(refused.status.code, Code::Unavailable);
        assert_eq!(refused.rule.as_deref(), Some("put"));
        assert_eq!(
            limits.in_flight().collect::<Vec<_>>(),
            [("all", 1), ("put", 1)],
            "a call that was refused holds no other place"
        );
        let Decision::Now(Ok(second)) = ask(get.asked()) else {
            panic!()
        };
        assert!(matches!(ask(get.asked()), Decision::Now(Err(_))));

        let reloaded = Concurrency::new(&ceilings, methods, Some(&limits));
        assert_eq!(reloaded.in_flight().next(), Some(("all", 2)));
        drop((first, second));
        assert_eq!(reloaded.in_flight().next(), Some(("all", 0)));
        assert!(matches!(ask(put.asked()), Decision::Now(Ok(_))));
    }
}
