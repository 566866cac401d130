//! Which methods of an upstream are retried or hedged, and how.

use std::time::Duration;

use super::retry::{Hedging, Policy, Throttling};
use crate::call::Deadline;
use crate::schema::Selector;
use crate::schema::method::Method;

/// What is done when an attempt fails, or takes long.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// For some methods; the first that selects one counts.
    pub rules: Vec<Rule>,
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

/// What holds for some methods.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Which.
    pub selector: Selector,
    /// What is done when an attempt fails; else as for the others.
    pub choice: Option<Choice>,
    /// The longest a call may take; else as long as its deadline says.
    pub timeout: Option<Duration>,
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
    fn rule(&self, method: &Method) -> Option<&Rule> {
        let mut rules = self.rules.iter();
        rules.find(|rule| rule.selector.selects(&method.service, &method.name))
    }

    /// What holds for a method's calls: a choice counts only where it may be made.
    pub(super) fn plan(&self, method: &Method) -> Plan<'_> {
        let choice = self.rule(method).and_then(|rule| rule.choice.as_ref());
        match choice.unwrap_or(&self.otherwise) {
            Choice::Retry(policy) if policy.applies(method.idempotency) => Plan::Retried(policy),
            Choice::Hedge(hedging) if hedging.applies(method.shape, method.idempotency) => {
                Plan::Hedged(hedging)
            }
            Choice::Once | Choice::Retry(_) | Choice::Hedge(_) => Plan::Once,
        }
    }

    /// The deadline of a call: the client's, or an earlier one that a rule sets.
    pub(super) fn deadline(&self, method: &Method, asked: Deadline) -> Deadline {
        match self.rule(method).and_then(|rule| rule.timeout) {
            Some(timeout) => asked.earlier(Deadline::after(timeout)),
            None => asked,
        }
    }
}
