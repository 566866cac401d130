//! What may stand before `identify`, where nobody is known yet.
//!
//! A step there that asks who calls would never find out: a rule that denies somebody would deny nobody, and
//! a limit of each identity would be one of each address. So it is told when the configuration is read.

use super::access::{Effect, Rule};
use super::global_limits::Entry;
use super::limits::By;
use super::step::StepConfig;

/// Where [`StepConfig::Identify`] stands; the first step, if nobody has put it elsewhere.
pub(super) fn place(steps: &[StepConfig]) -> usize {
    let is_it = |step: &StepConfig| matches!(step, StepConfig::Identify);
    steps.iter().position(is_it).unwrap_or(0)
}

/// Steps that cannot stand where they do.
///
/// # Errors
/// The number of the first of them, and what is wrong there.
pub fn check(steps: &[StepConfig]) -> Result<(), (usize, String)> {
    let place = place(steps);
    for (at, step) in steps.iter().enumerate() {
        let wrong = if at < place {
            early(step)
        } else {
            let is_again = at > place && matches!(step, StepConfig::Identify);
            is_again.then(|| "found `identify` once more, expected it once".to_owned())
        };
        if let Some(wrong) = wrong {
            return Err((at, wrong));
        }
    }
    Ok(())
}

/// What a step asks of a caller.
fn early(step: &StepConfig) -> Option<String> {
    match step {
        StepConfig::Access(policy) => {
            let mut rules = policy.rules.iter().enumerate();
            rules.find_map(|(at, rule)| {
                let asks = asks(rule)?;
                let name = rule.name.as_deref().map_or(at.to_string(), str::to_owned);
                Some(format!(
                    "found rule {name} {asks} before `identify`, expected `public` or `deny` there, by \
                     networks and what else is known of everybody"
                ))
            })
        }
        StepConfig::Limits { limits, .. } => limits.iter().find_map(|limit| {
            let by = limit.by.iter().find_map(|by| match by {
                By::Identity => Some("identity"),
                By::ApiKey => Some("api_key"),
                By::Address | By::Header(_) | By::Method => None,
            })?;
            Some(format!(
                "found limit {} by {by} before `identify`, expected `address`, `method` or `header:NAME` there",
                limit.name
            ))
        }),
        StepConfig::GlobalLimits { settings, .. } => {
            let mut entries = settings.descriptors.iter().flat_map(|one| &one.entries);
            let entry = entries.find_map(|entry| match entry {
                Entry::Identity => Some("identity"),
                Entry::ApiKey => Some("api_key"),
                Entry::Generic { .. }
                | Entry::Method
                | Entry::Service
                | Entry::RemoteAddress
                | Entry::MaskedRemoteAddress
                | Entry::Header { .. } => None,
            })?;
            Some(format!(
                "found a descriptor of `{entry}` before `identify`, expected others there"
            ))
        }
        StepConfig::Identify
        | StepConfig::Concurrency(_)
        | StepConfig::ExtAuthz { .. }
        | StepConfig::Custom { .. } => None,
    }
}

/// How a rule asks who calls.
fn asks(rule: &Rule) -> Option<&'static str> {
    if rule.effect == Effect::Allow {
        Some("for callers that are known")
    } else if rule.when.needs_identity() {
        Some("that asks who calls")
    } else {
        None
    }
}
