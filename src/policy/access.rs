//! Who may call what: rules, of which the first that matches decides. What none matches is denied.
//!
//! ```text
//! Policy { rules, mode } ─ once for a schema ─► Access: method ─► the rules for it ─► Verdict and its rule
//! ```
//!
//! - A rule that allows is for callers that are known, unless it is public.
//! - A rule that denies needs nobody to be known: what cannot be said of a caller is not true of it.
//! - Where nobody is shown and somebody might be allowed, the client is asked who it is (UNAUTHENTICATED); else
//!   it is told no (PERMISSION_DENIED).
//! - A rule that nobody can decide, because its expression failed, denies.

use std::fmt;
use std::sync::Arc;

use http::header;

use super::condition::{About, Condition, DEPTH_MAX};
use super::table::Table;
use crate::call::gate::{Asked, Decision, Gate, Passed, Refused};
use crate::call::{Code, Status};
use crate::identity::Principal;
use crate::identity::challenge::Challenge;
use crate::schema::{Method, Selector};

mod rows;

pub use rows::{Line, Row};

/// Rules at most.
pub const RULES_MAX: usize = 10_000;

/// What this step is called in logs and metrics.
pub const NAME: &str = "access";

/// The rule, in logs and metrics, by which a call is refused that no rule matches.
const DEFAULT: &str = "default";

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name; without one it is called by its place, from 1.
    pub name: Option<Arc<str>>,
    /// For which methods; none: for all.
    pub methods: Vec<Selector>,
    /// What it does if it matches.
    pub effect: Effect,
    /// When it matches.
    pub when: Condition,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Lets callers that are known pass.
    Allow,
    /// Lets everybody pass, shown or not.
    AllowPublic,
    /// Lets nobody pass.
    Deny,
}

impl Effect {
    /// The word in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::AllowPublic => "allow public",
            Self::Deny => "deny",
        }
    }
}

/// Whether the rules count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    #[default]
    Enforced,
    /// What they would refuse passes, and is written down.
    DryRun,
}

/// The rules of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// In their order.
    pub rules: Vec<Rule>,
    /// Whether they count.
    pub mode: Mode,
}

/// Rules that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// More than there may be.
    #[error("found {0} access rules, expected at most {RULES_MAX}")]
    TooMany(usize),
    /// Conditions inside of conditions.
    #[error("rule {rule}: found conditions {found} deep, expected at most {DEPTH_MAX}")]
    TooDeep {
        /// Its name.
        rule: Arc<str>,
        /// How deep.
        found: usize,
    },
    /// One name, two rules.
    #[error("found two access rules named {0}, expected each name once")]
    Twice(Arc<str>),
}

/// Rules, compiled for the methods of a schema. Without any, nobody passes.
#[derive(Debug, Default)]
pub struct Access {
    rules: Vec<Compiled>,
    mode: Mode,
    table: Table,
}

#[derive(Debug)]
struct Compiled {
    name: Arc<str>,
    effect: Effect,
    when: Condition,
    /// What a challenge says of scopes.
    scopes: Vec<String>,
    /// Asked of nobody in particular, it says nothing.
    needs_identity: bool,
}

/// What the rules say of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Yes or no.
    pub outcome: Outcome,
    /// The rule that said so; `None` if none matched.
    pub rule: Option<&'a Arc<str>>,
}

/// Yes, or no and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may.
    Allowed,
    /// Nobody was shown, and somebody might.
    Unauthenticated,
    /// It may not.
    Denied,
    /// A rule could not be decided, so it may not.
    Failed,
}

impl Outcome {
    /// The word in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

impl Access {
    /// Compiles rules for methods.
    ///
    /// # Errors
    /// There are too many, two with one name, or conditions too deep.
    pub fn new<'m>(
        policy: &Policy,
        methods: impl IntoIterator<Item = &'m Method>,
    ) -> Result<Self, PolicyError> {
        if policy.rules.len() > RULES_MAX {
            return Err(PolicyError::TooMany(policy.rules.len()));
        }
        let mut rules: Vec<Compiled> = Vec::with_capacity(policy.rules.len());
        let mut names = std::collections::HashSet::new();
        for (at, rule) in policy.rules.iter().enumerate() {
            let name = rule.name.clone();
            let name = name.unwrap_or_else(|| format!("{}", at + 1).into());
            if !names.insert(Arc::clone(&name)) {
                return Err(PolicyError::Twice(name));
            }
            let found = rule.when.depth();
            if found > DEPTH_MAX {
                return Err(PolicyError::TooDeep { rule: name, found });
            }
            rules.push(Compiled {
                name,
                effect: rule.effect,
                when: rule.when.clone(),
                scopes: rule.when.scopes(),
                needs_identity: rule.when.needs_identity(),
            });
        }
        let selectors: Vec<_> = policy.rules.iter().map(|rule| &*rule.methods).collect();
        Ok(Self {
            rules,
            mode: policy.mode,
            table: Table::new(methods, &selectors),
        })
    }

    /// What the rules say. Walks those for the method, and allocates nothing unless an expression is asked.
    #[must_use]
    pub fn decide(&self, asked: &Asked<'_>, principal: Option<&Principal>) -> Verdict<'_> {
        let about = About { asked, principal };
        let mut might = None;
        for rule in self.of(asked.method) {
            let by = |outcome| Verdict {
                outcome,
                rule: Some(&rule.name),
            };
            if principal.is_none() && rule.effect == Effect::Allow {
                if might.is_none() && rule.when.could_hold(about) {
                    might = Some(&rule.name);
                }
                continue;
            }
            match (rule.when.holds(about), rule.effect) {
                (Ok(false), _) => {}
                (Ok(true), Effect::Allow | Effect::AllowPublic) => return by(Outcome::Allowed),
                // Nobody was shown, and that may be why.
                (Ok(true), Effect::Deny) | (Err(_), _)
                    if principal.is_none() && rule.needs_identity =>
                {
                    return by(Outcome::Unauthenticated);
                }
                (Ok(true), Effect::Deny) => return by(Outcome::Denied),
                (Err(_), _) => return by(Outcome::Failed),
            }
        }
        match might {
            Some(rule) => Verdict {
                outcome: Outcome::Unauthenticated,
                rule: Some(rule),
            },
            None => Verdict {
                outcome: Outcome::Denied,
                rule: None,
            },
        }
    }

    /// Whether the rules count.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    fn of(&self, method: &Method) -> impl Iterator<Item = &Compiled> {
        let numbers = self.table.of(method).iter();
        numbers.filter_map(|number| self.rules.get(*number))
    }

    /// What a client is told that may not pass; `None` if it may.
    #[must_use]
    pub fn refusal(
        &self,
        verdict: &Verdict<'_>,
        asked: &Asked<'_>,
        principal: Option<&Principal>,
    ) -> Option<Refused> {
        let refused = |status, challenge: Option<Challenge>| Refused {
            headers: challenge
                .map(|challenge| (header::WWW_AUTHENTICATE, challenge.www_authenticate()))
                .into_iter()
                .collect(),
            rule: Some(verdict.rule.map_or_else(|| DEFAULT.into(), Arc::clone)),
            ..Refused::new(NAME, status)
        };
        match verdict.outcome {
            Outcome::Allowed => None,
            Outcome::Unauthenticated => Some(refused(
                Status::gateway(
                    Code::Unauthenticated,
                    "the method is for callers that show who they are",
                ),
                Some(Challenge::Missing),
            )),
            Outcome::Denied | Outcome::Failed => {
                let denied = "the caller may not call this method";
                let challenge = self.missing_scopes(asked.method, principal);
                Some(refused(
                    Status::gateway(Code::PermissionDenied, denied),
                    challenge,
                ))
            }
        }
    }

    /// Scopes that would have helped: those of the first rule that allows with some and was not met.
    fn missing_scopes(&self, method: &Method, principal: Option<&Principal>) -> Option<Challenge> {
        let principal = principal?;
        let rule = self.of(method).find(|rule| {
            rule.effect != Effect::Deny
                && rule
                    .scopes
                    .iter()
                    .any(|scope| !principal.scopes.contains(scope))
        })?;
        Some(Challenge::InsufficientScope(rule.scopes.clone()))
    }
}

impl Gate for Access {
    fn ask<'r>(&'r self, asked: Asked<'r>, so_far: &Passed) -> Decision<'r> {
        let principal = so_far.principal.as_deref();
        let verdict = self.decide(&asked, principal);
        let passed = Passed {
            rule: verdict.rule.cloned(),
            ..Passed::default()
        };
        match (self.refusal(&verdict, &asked, principal), self.mode) {
            (None, _) => Decision::Now(Ok(passed)),
            (Some(refused), Mode::Enforced) => Decision::refuse(refused),
            (Some(refused), Mode::DryRun) => {
                tracing::warn!(
                    rpc = asked.method.path,
                    outcome = verdict.outcome.name(),
                    rule = verdict.rule.map_or(DEFAULT, |rule| rule),
                    "dry run: this call would have been refused",
                );
                Decision::Now(Ok(Passed {
                    would_refuse: Some(Box::new(refused)),
                    ..passed
                }))
            }
        }
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule.map_or("no rule", |rule| rule);
        write!(f, "{} by {rule}", self.outcome.name())
    }
}

#[cfg(test)]
mod tests;
