//! What steps of the policy have decided, counted by the rules that they have.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Rules that are counted by their names at most, of all steps together; what is beyond is `OTHER`. Their
/// names come from configurations, of which there may be many while a gateway runs.
pub const RULES_MAX: usize = 4096;

/// All rules beyond.
const OTHER: &str = "_OTHER";

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decision {
    /// The step's name.
    pub step: &'static str,
    /// What was decided.
    pub decided: Decided,
    /// The rule that said so, or why none could; empty where there is none.
    pub rule: Arc<str>,
}

/// What is decided of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decided {
    /// It passes.
    Allowed,
    /// It does not.
    Refused,
    /// It would not, if the rules counted.
    WouldRefuse,
    /// It passes because nobody answered.
    Unanswered,
}

impl Decided {
    /// The word in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::WouldRefuse => "would_refuse",
            Self::Unanswered => "unanswered",
        }
    }
}

/// The counters.
#[derive(Debug, Default)]
pub struct Decisions(RwLock<HashMap<Decision, AtomicU64>>);

impl Decisions {
    /// Counts one.
    pub fn count(&self, decision: Decision) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get(&decision) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        drop(known);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let decision = if all.len() < RULES_MAX || all.contains_key(&decision) {
            decision
        } else {
            Decision {
                rule: OTHER.into(),
                ..decision
            }
        };
        let count = all.entry(decision).or_default();
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// All that were counted, in an order of their own.
    #[must_use]
    pub fn all(&self) -> Vec<(Decision, u64)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let all = known.iter();
        let all = all.map(|(one, count)| (one.clone(), count.load(Ordering::Relaxed)));
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(rule: &str) -> Decision {
        Decision {
            step: "access",
            decided: Decided::Refused,
            rule: rule.into(),
        }
    }

    #[test]
    fn row_146_rules_beyond_the_bound_are_counted_together() {
        let decisions = Decisions::default();
        for number in 0..RULES_MAX + 10 {
            decisions.count(decision(&number.to_string()));
        }
        decisions.count(decision("7"));
        let all = decisions.all();
        assert_eq!(all.len(), RULES_MAX + 1);
        let of = |rule: &str| {
            let mut found = all.iter().filter(|(one, _)| &*one.rule == rule);
            found.next().map(|(_, count)| *count)
        };
        assert_eq!((of("7"), of(OTHER)), (Some(2), Some(10)));
    }
}
