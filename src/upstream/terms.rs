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
mod tests;
