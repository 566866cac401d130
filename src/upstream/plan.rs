//! What an upstream's configuration says of the calls of single methods: which are retried or hedged, and
//! how, how long they may take, and how large their messages may be.

use std::time::Duration;

use super::retry::{CodeSet, Hedging, Policy, Throttling};
use crate::schema::Selector;
use crate::schema::method::{Idempotency, Method};

mod idle;

pub use idle::idle;

/// What is done when an attempt fails, or takes long.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// What the operator says of some methods: the first that is for one counts, before all else.
    pub said: Vec<Said>,
    /// What comes with the services, of some methods; the first that selects one counts, whole.
    pub rules: Vec<Rule>,
    /// For the others.
    pub otherwise: Choice,
    /// When too much fails to try again.
    pub throttling: Throttling,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            said: Vec::new(),
            rules: Vec::new(),
            otherwise: Choice::Retry(Policy::default()),
            throttling: Throttling::default(),
        }
    }
}

/// What an operator says of some methods.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Of which.
    pub of: Which,
    /// What is done when an attempt fails.
    pub choice: Choice,
}

/// Which methods something is said of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those with such names.
    Selected(Selector),
    /// Those that are marked idempotent (`idempotency_level`).
    Idempotent,
}

impl Which {
    fn has(&self, method: &Method) -> bool {
        match self {
            Self::Selected(selector) => selector.selects(&method.service, &method.name),
            Self::Idempotent => method.idempotency != Idempotency::Unknown,
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
    /// What a call does while no endpoint can be reached.
    pub readiness: Readiness,
    /// How large messages may be, beside the bounds of the gateway.
    pub sizes: Sizes,
}

impl Rule {
    /// A rule for these methods that changes nothing.
    #[must_use]
    pub const fn of(selector: Selector) -> Self {
        Self {
            selector,
            choice: None,
            timeout: None,
            readiness: Readiness::FailFast,
            sizes: Sizes {
                request: None,
                response: None,
            },
        }
    }
}

/// What a call does while no endpoint can be reached (gRPC's "wait for ready").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It fails.
    FailFast,
    /// It waits, until its deadline.
    Awaited,
}

/// How large single messages may be, in bytes, as they travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Of requests.
    pub request: Option<usize>,
    /// Of responses.
    pub response: Option<usize>,
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

/// What holds for the calls of one method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plan {
    /// They are made once.
    Once,
    /// They are made again.
    Retried(Policy),
    /// They are made more than once.
    Hedged(Hedging),
}

impl Plan {
    /// The codes after which another attempt may do better.
    pub(super) const fn codes(&self) -> CodeSet {
        match self {
            Self::Once => CodeSet::NONE,
            Self::Retried(policy) => policy.codes,
            Self::Hedged(hedging) => hedging.non_fatal,
        }
    }
}

impl Retries {
    /// The rule for a method: the first that selects it.
    pub(super) fn rule(&self, method: &Method) -> Option<&Rule> {
        let mut rules = self.rules.iter();
        rules.find(|rule| rule.selector.selects(&method.service, &method.name))
    }

    /// The longest that a call of a method may take, if a rule says that.
    #[must_use]
    pub fn timeout(&self, method: &Method) -> Option<Duration> {
        self.rule(method).and_then(|rule| rule.timeout)
    }

    /// What holds for a method's calls.
    pub(super) fn plan(&self, method: &Method) -> Plan {
        let said = self.said.iter().find(|said| said.of.has(method));
        let said = said.map(|said| &said.choice);
        let choice = said.or_else(|| self.rule(method)?.choice.as_ref());
        choice.unwrap_or(&self.otherwise).plan(method)
    }
}

impl Choice {
    /// A choice counts only where it may be made.
    fn plan(&self, method: &Method) -> Plan {
        match self {
            Self::Retry(policy) if policy.applies(method.idempotency) => Plan::Retried(*policy),
            Self::Hedge(hedging) if hedging.applies(method.shape, method.idempotency) => {
                Plan::Hedged(*hedging)
            }
            Self::Once | Self::Retry(_) | Self::Hedge(_) => Plan::Once,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
