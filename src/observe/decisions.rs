//! What steps of the policy have decided, counted by the rules that they have.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Rules that are counted by their names at most, of all steps together; what is beyond is `OTHER`. Their
/// names come from configurations, of which there may be many while a gateway runs.
pub const RULES_MAX: usize = 4096;

/// Passes that are told apart, by step and by who passed; the first take their places.
const PASSES_MAX: usize = 64;

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
#[derive(Debug)]
pub struct Decisions {
    ruled: RwLock<HashMap<Decision, AtomicU64>>,
    passes: [OnceLock<Pass>; PASSES_MAX],
}

/// Calls that one step let pass without a rule. They are most of all calls: no lock, and no allocation.
#[derive(Debug)]
struct Pass {
    step: &'static str,
    of: &'static str,
    count: AtomicU64,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            ruled: RwLock::default(),
            passes: [const { OnceLock::new() }; PASSES_MAX],
        }
    }
}

impl Decisions {
    /// Counts one.
    pub fn count(&self, decision: Decision) {
        let known = self.ruled.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get(&decision) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        drop(known);
        let mut all = self.ruled.write().unwrap_or_else(PoisonError::into_inner);
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

    /// Counts a call that a step let pass without a rule, by what the step found: a kind of caller.
    pub fn pass(&self, step: &'static str, of: &'static str) {
        for place in &self.passes {
            let pass = place.get_or_init(|| Pass {
                step,
                of,
                count: AtomicU64::new(0),
            });
            if (pass.step, pass.of) == (step, of) {
                pass.count.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        let (decided, rule) = (Decided::Allowed, OTHER.into());
        self.count(Decision {
            step,
            decided,
            rule,
        });
    }

    /// All that were counted, in an order of their own.
    #[must_use]
    pub fn all(&self) -> Vec<(Decision, u64)> {
        let known = self.ruled.read().unwrap_or_else(PoisonError::into_inner);
        let all = known.iter();
        let all = all.map(|(one, count)| (one.clone(), count.load(Ordering::Relaxed)));
        let passes = self.passes.iter().filter_map(OnceLock::get).map(|pass| {
            let decision = Decision {
                step: pass.step,
                decided: Decided::Allowed,
                rule: pass.of.into(),
            };
            (decision, pass.count.load(Ordering::Relaxed))
        });
        let mut all: Vec<_> = all.chain(passes).collect();
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
    fn passes_without_a_rule_are_counted_by_step_and_caller() {
        let decisions = Decisions::default();
        for of in ["token", "", "token"] {
            decisions.pass("identify", of);
        }
        decisions.pass("rate_limits", "");
        let all = decisions.all();
        let all = all
            .iter()
            .map(|(one, count)| (one.step, &*one.rule, *count));
        let expected = [
            ("identify", "", 1),
            ("identify", "token", 2),
            ("rate_limits", "", 1),
        ];
        assert!(all.eq(expected));
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
