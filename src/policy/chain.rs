//! The policy chain: one list of steps, asked in the order in which the configuration has them.
//!
//! As long as every step can answer at once (a token that is known, rules, limits of this gateway) nothing is
//! awaited and nothing is boxed. From the first that has to ask somebody on, the rest is one future.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderName;

use super::access::{self, Access};
use super::asserted::Assertions;
use super::concurrency::{self, Concurrency};
use super::ext_authz::{self, ExtAuthz};
use super::global_limits::{self, GlobalLimits};
use super::limits::{self, Limits, headers};
use super::{identify, overload};
use crate::call::gate::{Asked, Decision, Gate, Interceptor, Passed, Refused};
use crate::call::{Cause, Code, Status};

/// Steps at most.
pub const STEPS_MAX: usize = 32;

/// A step.
#[derive(Clone)]
pub enum Step {
    /// Whether there is anything left to make calls with.
    Overload(Arc<overload::Shared>),
    /// Who calls: a gate that knows tokens, keys and certificates. It refuses what is shown and wrong, and
    /// lets pass who shows nothing: whether that is enough the rules say.
    Identify(Arc<dyn Gate>),
    /// What the backend is told of the caller.
    Assert(Arc<Assertions>),
    /// Who may call what.
    Access(Arc<Access>),
    /// Rate limits of this gateway.
    Limits(Arc<Limits>),
    /// How many calls at once.
    Concurrency(Arc<Concurrency>),
    /// Rate limits of all gateways.
    GlobalLimits(Arc<GlobalLimits>),
    /// What an authorization server says.
    ExtAuthz(Arc<ExtAuthz>),
    /// A step of whoever uses this library.
    Custom {
        /// Its name in logs and metrics.
        name: &'static str,
        /// What it does.
        interceptor: Arc<dyn Interceptor>,
    },
}

impl Step {
    /// Its name in the configuration, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Overload(_) => overload::NAME,
            Self::Identify(_) => identify::NAME,
            Self::Assert(_) => "assert",
            Self::Access(_) => access::NAME,
            Self::Limits(_) => limits::NAME,
            Self::Concurrency(_) => concurrency::NAME,
            Self::GlobalLimits(_) => global_limits::NAME,
            Self::ExtAuthz(_) => ext_authz::NAME,
            Self::Custom { name, .. } => name,
        }
    }

    /// Why a call fails that it refuses.
    const fn cause(&self, code: Code) -> Cause {
        match (self, code) {
            (_, Code::Unauthenticated) | (Self::Identify(_), _) => Cause::Unauthenticated,
            (Self::Overload(_), _) => Cause::Overload,
            (Self::Access(_) | Self::Assert(_), _) => Cause::AccessDenied,
            (Self::Limits(_) | Self::GlobalLimits(_), _) => Cause::RateLimited,
            (Self::Concurrency(_), _) => Cause::TooManyCalls,
            (Self::ExtAuthz(_), _) => Cause::ExtAuthzDenied,
            (Self::Custom { .. }, _) => Cause::StepRefused,
        }
    }

    fn ask<'r>(&'r self, asked: Asked<'r>, so_far: &mut Passed) -> Decision<'r> {
        match self {
            Self::Overload(gate) => gate.ask(asked, so_far),
            Self::Identify(gate) => gate.ask(asked, so_far),
            Self::Assert(gate) => gate.ask(asked, so_far),
            Self::Access(gate) => gate.ask(asked, so_far),
            Self::Limits(gate) => gate.ask(asked, so_far),
            Self::Concurrency(gate) => gate.ask(asked, so_far),
            Self::GlobalLimits(gate) => gate.ask(asked, so_far),
            Self::ExtAuthz(gate) => gate.ask(asked, so_far),
            Self::Custom { name, interceptor } => {
                so_far.told.also(Arc::clone(interceptor), asked.method);
                guarded(name, &**interceptor, asked, so_far)
            }
        }
    }
}

/// The rule, in logs and metrics, by which a call is refused whose interceptor panicked.
const PANICKED: &str = "panicked";

/// What a step of others does is not trusted not to panic.
fn guarded<'r>(
    name: &'static str,
    interceptor: &'r dyn Interceptor,
    asked: Asked<'r>,
    so_far: &Passed,
) -> Decision<'r> {
    let panicked = move || {
        tracing::error!(
            step = name,
            rpc = asked.method.path,
            "an interceptor panicked"
        );
        let status = Status::gateway(Code::Internal, "a step of the gateway's policy failed");
        Box::new(Refused {
            rule: Some(PANICKED.into()),
            ..Refused::new(name, status)
        })
    };
    match catch_unwind(AssertUnwindSafe(|| interceptor.before(asked, so_far))) {
        Ok(Decision::Later(answer)) => {
            let answer = AssertUnwindSafe(answer).catch_unwind();
            Decision::Later(Box::pin(async move {
                answer.await.unwrap_or_else(|_| Err(panicked()))
            }))
        }
        Ok(now @ Decision::Now(_)) => now,
        Err(_) => Decision::Now(Err(panicked())),
    }
}

/// Sees each decision, for metrics.
pub trait Witness: Send + Sync + 'static {
    /// A step has said this of a call.
    fn decided(&self, step: &'static str, asked: &Asked<'_>, said: Result<&Passed, &Refused>);
}

/// Too many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {0} steps in the policy, expected at most {STEPS_MAX}")]
pub struct TooLong(usize);

/// The list.
#[derive(Clone, Default)]
pub struct Chain {
    steps: Vec<Step>,
    asserts: Vec<HeaderName>,
    witness: Option<Arc<dyn Witness>>,
}

impl Chain {
    /// Of these steps.
    ///
    /// # Errors
    /// There are too many.
    pub fn new(steps: Vec<Step>, witness: Option<Arc<dyn Witness>>) -> Result<Self, TooLong> {
        if steps.len() > STEPS_MAX {
            return Err(TooLong(steps.len()));
        }
        Ok(Self::of(steps, witness))
    }

    /// Of these steps, of which no more were read than there may be.
    pub(super) fn of(steps: Vec<Step>, witness: Option<Arc<dyn Witness>>) -> Self {
        let names = |step: &Step| match step {
            Step::Assert(assertions) => assertions.names().cloned().collect(),
            _ => Vec::new(),
        };
        Self {
            asserts: steps.iter().flat_map(names).collect(),
            steps,
            witness,
        }
    }

    /// The names of the steps, in their order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(Step::name)
    }

    /// The access rules, if there are some.
    #[must_use]
    pub fn access(&self) -> Option<&Arc<Access>> {
        self.steps.iter().find_map(|step| match step {
            Step::Access(access) => Some(access),
            Step::Overload(_)
            | Step::Identify(_)
            | Step::Assert(_)
            | Step::Limits(_)
            | Step::Concurrency(_)
            | Step::GlobalLimits(_)
            | Step::ExtAuthz(_)
            | Step::Custom { .. } => None,
        })
    }

    /// What was said by one step is added, or ends it.
    fn take(
        &self,
        step: &Step,
        asked: &Asked<'_>,
        so_far: &mut Passed,
        said: Result<Passed, Box<Refused>>,
    ) -> Result<(), Box<Refused>> {
        // What backends are told is no decision.
        if let (Some(witness), false) = (&self.witness, matches!(step, Step::Assert(_))) {
            witness.decided(
                step.name(),
                asked,
                said.as_ref().map_err(|refused| &**refused),
            );
        }
        match said {
            Ok(more) => {
                so_far.add(more);
                Ok(())
            }
            Err(mut refused) => {
                // What the earlier steps say to the client holds for a refusal too.
                refused.headers.append(&mut so_far.response_headers);
                refused.by = step.name();
                refused.principal = so_far.principal.take();
                if refused.status.cause != Cause::PolicyUnanswered {
                    refused.status.cause = step.cause(refused.status.code);
                }
                so_far.told.tell(&refused.status);
                Err(refused)
            }
        }
    }

    async fn rest<'r>(
        &'r self,
        asked: Asked<'r>,
        mut so_far: Passed,
        mut answer: BoxFuture<'r, Result<Passed, Box<Refused>>>,
        asking: usize,
    ) -> Result<Passed, Box<Refused>> {
        let mut steps = self.steps.iter().skip(asking);
        let mut next = steps.next();
        while let Some(step) = next {
            let said = answer.await;
            self.take(step, &asked, &mut so_far, said)?;
            // Those that answer at once, up to the next one that does not.
            answer = loop {
                let Some(step) = steps.next() else {
                    return Ok(finished(so_far));
                };
                match step.ask(asked, &mut so_far) {
                    Decision::Now(said) => self.take(step, &asked, &mut so_far, said)?,
                    Decision::Later(answer) => {
                        next = Some(step);
                        break answer;
                    }
                }
            };
        }
        Ok(finished(so_far))
    }
}

impl Gate for Chain {
    fn ask<'r>(&'r self, asked: Asked<'r>, _: &Passed) -> Decision<'r> {
        let mut so_far = Passed::default();
        for (at, step) in self.steps.iter().enumerate() {
            match step.ask(asked, &mut so_far) {
                Decision::Now(said) => {
                    if let Err(refused) = self.take(step, &asked, &mut so_far, said) {
                        return Decision::Now(Err(refused));
                    }
                }
                Decision::Later(answer) => {
                    return Decision::Later(Box::pin(self.rest(asked, so_far, answer, at)));
                }
            }
        }
        Decision::Now(Ok(finished(so_far)))
    }

    fn asserts(&self) -> &[HeaderName] {
        &self.asserts
    }
}

/// What is left of the strictest limit is told.
fn finished(mut passed: Passed) -> Passed {
    if let Some(quota) = &passed.quota {
        passed.response_headers.extend(headers::of(quota.clone()));
    }
    passed
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests;
