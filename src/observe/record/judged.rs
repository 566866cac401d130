//! What the policy said of a call, as its line in the access log has it.

use std::sync::Arc;

use super::CallRecord;
use crate::call::gate::{Passed, Refused};
use crate::identity::Principal;

/// What the policy said.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Who calls.
    pub(super) principal: Option<Arc<Principal>>,
    /// The step that refused the call, or would have; or that let it pass since nobody answered.
    pub(super) step: Option<&'static str>,
    /// Its rule; of a call that passed, the rule that let it.
    pub(super) rule: Option<Arc<str>>,
    /// How it came to pass, if there is more to say of that.
    pub(super) mercy: Option<Mercy>,
}

/// Why a call passed that might not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mercy {
    /// The rules that refuse it do not count yet.
    DryRun,
    /// Nobody answered.
    Unanswered,
}

impl CallRecord {
    /// Notes what the policy found of a call that passed.
    pub fn passed(&mut self, passed: &Passed) {
        let Some(told) = &mut self.told else {
            return;
        };
        let judged = &mut told.judged;
        judged.principal.clone_from(&passed.principal);
        match (&passed.would_refuse, passed.fault) {
            (Some(refused), _) => {
                judged.mercy = Some(Mercy::DryRun);
                judged.step = Some(refused.by);
                judged.rule.clone_from(&refused.rule);
            }
            (None, Some((step, fault))) => {
                judged.mercy = Some(Mercy::Unanswered);
                judged.step = Some(step);
                judged.rule = Some(fault.into());
            }
            (None, None) => judged.rule.clone_from(&passed.rule),
        }
    }

    /// Notes what refused the call.
    pub fn refused(&mut self, refused: &Refused) {
        let Some(told) = &mut self.told else {
            return;
        };
        told.judged = Judged {
            principal: refused.principal.clone(),
            step: Some(refused.by),
            rule: refused.rule.clone(),
            mercy: None,
        };
    }
}
