//! Which methods of an upstream are retried or hedged, and how.

use std::sync::Arc;

use super::retry::{Hedging, Policy, Throttling};
use crate::schema::Selector;
use crate::schema::method::Method;

/// What is done when an attempt fails, or takes long.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// For some methods; the first that selects one counts.
    pub rules: Vec<(Selector, Choice)>,
    /// For the others.
    pub otherwise: Choice,
    /// When too much fails to try again.
    pub throttling: Throttling,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            otherwise: Choice::Retry(Policy::default()),
            throttling: Throttling::default(),
        }
    }
}

/// What is chosen for a method.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// A call is made once, but for retries that nobody notices.
    Once,
    /// A call that failed is made again.
    Retry(Policy),
    /// A call is made again before it failed.
    Hedge(Hedging),
}

/// What holds for one call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan<'r> {
    /// It is made once.
    Once,
    /// It is made again.
    Retried(&'r Policy),
    /// It is made more than once.
    Hedged(&'r Hedging),
}

impl Retries {
    /// What holds for a method's calls: a choice counts only where it may be made.
    pub(super) fn plan(&self, method: &Arc<Method>) -> Plan<'_> {
        let mut rules = self.rules.iter();
        let rule = rules.find(|(selector, _)| selector.selects(&method.service, &method.name));
        match rule.map_or(&self.otherwise, |(_, choice)| choice) {
            Choice::Retry(policy) if policy.applies(method.idempotency) => Plan::Retried(policy),
            Choice::Hedge(hedging) if hedging.applies(method.shape, method.idempotency) => {
                Plan::Hedged(hedging)
            }
            Choice::Once | Choice::Retry(_) | Choice::Hedge(_) => Plan::Once,
        }
    }
}
