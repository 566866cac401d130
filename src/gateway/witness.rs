//! Counts what the policy decides.

use std::sync::Arc;

use crate::call::gate::{Asked, Passed, Refused};
use crate::observe::Observe;
use crate::observe::decisions::{Decided, Decision};
use crate::policy::chain::Witness;

/// Counts there.
pub(super) struct Counting(pub(super) Observe);

impl Counting {
    /// One that counts there.
    pub(super) fn of(observe: &Observe) -> Arc<dyn Witness> {
        Arc::new(Self(observe.clone()))
    }
}

impl Witness for Counting {
    fn decided(&self, step: &'static str, _: &Asked<'_>, said: Result<&Passed, &Refused>) {
        let (decided, rule) = match said {
            Err(refused) => (Decided::Refused, refused.rule.clone()),
            Ok(passed) => match (&passed.would_refuse, passed.fault, &passed.rule) {
                (Some(refused), ..) => (Decided::WouldRefuse, refused.rule.clone()),
                (None, Some((_, fault)), _) => (Decided::Unanswered, Some(fault.into())),
                (None, None, Some(rule)) => (Decided::Allowed, Some(Arc::clone(rule))),
                // Most steps have no more to say of most calls.
                (None, None, None) => {
                    let caller = passed.principal.as_ref();
                    let of = caller.map_or("", |caller| caller.kind.name());
                    return self.0.decisions().pass(step, of);
                }
            },
        };
        self.0.decisions().count(Decision {
            step,
            decided,
            rule: rule.unwrap_or_default(),
        });
    }
}
