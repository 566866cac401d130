//! The policy of a configuration: what stays when the schema is another, and makes the chain of each.
//!
//! ```text
//! Config ─► Policies (keys, caches, clients of servers, counters) ─► per schema: Chain
//! ```
//!
//! Where callers are told apart and no access rules are written, whoever is known may call everything and
//! nobody else anything: an open door has to be written down. Rules before `identify` are about everybody,
//! and say nothing of who may pass after it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::access::{self, Access, Effect, Rule};
use super::asserted::Assertions;
use super::chain::{Chain, Step, Witness};
use super::concurrency::{Ceiling, Concurrency};
use super::condition::Condition;
use super::ext_authz::{self, ExtAuthz};
use super::global_limits::{self, GlobalLimits, ShouldLimit};
use super::identify::{self, Identify, NoIdentity};
use super::limits::{Limit, Limits, Tell};
use super::server::{self, NoServer, Terms};
use super::step::StepConfig;
use super::tasks::Tasks;
use super::{order, overload};
use crate::call::gate::{Gate, Gates};
use crate::schema::{Method, Schema, Selector};

/// How long a start waits for the keys of issuers.
const READY_MAX: Duration = Duration::from_secs(2);

/// What is configured.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// How callers are told apart; nobody is, without.
    pub identity: Option<identify::Config>,
    /// What backends are told of them.
    pub asserted: Assertions,
    /// What stands before a call, in this order; see [`order::check`].
    pub steps: Vec<StepConfig>,
    /// What is watched so that calls are refused when there is too little of it; nothing, without.
    pub overload: Option<overload::Settings>,
}

impl Config {
    /// True if every call may pass, and nobody looks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            identity,
            asserted,
            steps,
            overload,
        } = self;
        identity.is_none() && asserted.0.is_empty() && steps.is_empty() && overload.is_none()
    }

    /// True if there are rules which let callers pass that are known, and none is but by a certificate.
    #[must_use]
    pub fn asks_for_certificates(&self) -> bool {
        let is_met_by_known = |step: &StepConfig| match step {
            StepConfig::Access(policy) => {
                let mut rules = policy.rules.iter();
                rules.any(|rule| rule.effect == Effect::Allow)
            }
            _ => false,
        };
        let identity = self.identity.as_ref();
        identity.is_none_or(identify::Config::is_of_certificates)
            && self.steps.iter().any(is_met_by_known)
    }

    /// Methods that steps are for and that no schema has, each a sentence: whoever wrote one meant another.
    #[must_use]
    pub fn idle(&self, schema: &Schema) -> Vec<String> {
        let is_there = |selector: &Selector| {
            let mut methods = schema.methods();
            methods.any(|method| selector.selects(&method.service, &method.name))
        };
        let mut reasons = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let idle = step.methods().into_iter().filter(|one| !is_there(one));
            reasons.extend(idle.map(|one| {
                let step = step.name();
                format!("policy[{at}] ({step}): found `{one}`, which no method of the schema is")
            }));
        }
        reasons
    }
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum NoPolicy {
    /// Nobody can be told from anybody.
    #[error("identity: {0}")]
    Identity(#[from] NoIdentity),
    /// A server that cannot be one.
    #[error("{step}: {cause}")]
    Server {
        /// Of which step.
        step: &'static str,
        /// Why.
        cause: NoServer,
    },
}

/// The policy.
pub struct Policies {
    identity: Option<(identify::Config, Identify)>,
    asserted: Option<Arc<Assertions>>,
    steps: Vec<Made>,
    /// Those that keep the files of servers current.
    _tasks: Tasks,
    overload: Arc<overload::Shared>,
    /// Whether calls are refused by it.
    sheds: bool,
    witness: Option<Arc<dyn Witness>>,
    /// What the last chain has counted, which the next one goes on with.
    counted: Mutex<Counted>,
}

/// A step that is made of something for each schema.
#[derive(Clone)]
enum Made {
    Identify,
    Access(access::Policy),
    Limits {
        limits: Vec<Limit>,
        tell: Tell,
    },
    Concurrency(Vec<Ceiling>),
    GlobalLimits {
        settings: global_limits::Settings,
        terms: Terms,
        server: Arc<dyn ShouldLimit>,
    },
    Fixed(Step),
}

/// Counters, of each step that has some, in their order.
#[derive(Clone, Default)]
struct Counted {
    limits: Vec<Arc<Limits>>,
    concurrency: Vec<Arc<Concurrency>>,
}

impl Policies {
    /// Begins to keep keys fresh, on the runtime of the caller.
    ///
    /// # Errors
    /// See [`NoPolicy`].
    pub fn start(config: &Config, witness: Option<Arc<dyn Witness>>) -> Result<Self, NoPolicy> {
        Self::made(config, None, Arc::default(), witness, Counted::default())
    }

    /// A policy, where one is configured.
    ///
    /// # Errors
    /// See [`NoPolicy`].
    pub fn start_if_any(
        config: &Config,
        witness: Arc<dyn Witness>,
    ) -> Result<Option<Arc<Self>>, NoPolicy> {
        if config.is_empty() {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self::start(config, Some(witness))?)))
    }

    /// The policy as it is configured from now on. Whoever is known stays known if nothing about that is
    /// other, and what was counted counts on.
    ///
    /// # Errors
    /// See [`NoPolicy`]; this one has not changed then.
    pub fn renewed(&self, config: &Config) -> Result<Self, NoPolicy> {
        let same =
            |(known, _): &&(identify::Config, Identify)| config.identity.as_ref() == Some(known);
        let identity = self.identity.as_ref().filter(same);
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = counted.clone();
        let overload = Arc::clone(&self.overload);
        Self::made(
            config,
            identity.cloned(),
            overload,
            self.witness.clone(),
            counted,
        )
    }

    fn made(
        config: &Config,
        known: Option<(identify::Config, Identify)>,
        overload: Arc<overload::Shared>,
        witness: Option<Arc<dyn Witness>>,
        counted: Counted,
    ) -> Result<Self, NoPolicy> {
        let identity = match (known, &config.identity) {
            (Some(known), _) => Some(known),
            (None, None) => None,
            (None, Some(identity)) => Some((identity.clone(), Identify::start(identity.clone())?)),
        };
        let mut tasks = Tasks::default();
        let place = order::place(&config.steps);
        let (before, after) = config.steps.split_at(place);
        let after = match after {
            [StepConfig::Identify, after @ ..] => after,
            after => after,
        };
        let has_rules = after
            .iter()
            .any(|step| matches!(step, StepConfig::Access(_)));
        let implied = (identity.is_some() && !has_rules).then(|| Made::Access(whoever_is_known()));
        let mut steps = Vec::new();
        for step in before {
            steps.push(made(step, &mut tasks)?);
        }
        steps.push(Made::Identify);
        steps.extend(implied);
        for step in after {
            steps.push(made(step, &mut tasks)?);
        }
        Ok(Self {
            identity,
            asserted: (!config.asserted.0.is_empty()).then(|| Arc::new(config.asserted.clone())),
            steps,
            _tasks: tasks,
            overload,
            sheds: config.overload.is_some(),
            witness,
            counted: Mutex::new(counted),
        })
    }

    /// Waits until issuers were asked for their keys once, so that the first calls have them; not for long,
    /// since one that is down would keep everybody from being served.
    pub async fn ready(&self) {
        if let Some((_, identify)) = &self.identity {
            let _ = tokio::time::timeout(READY_MAX, identify.ready()).await;
        }
    }

    /// Where it is told how loaded the gateway is.
    #[must_use]
    pub fn overload(&self) -> &Arc<overload::Shared> {
        &self.overload
    }

    /// The names of the steps, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.chain(&[]).names().collect()
    }

    /// The chain before these methods.
    fn chain(&self, methods: &[&Method]) -> Chain {
        let methods = methods.iter().copied();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *counted);
        let overload = self
            .sheds
            .then(|| Step::Overload(Arc::clone(&self.overload)));
        let mut steps: Vec<_> = overload.into_iter().collect();
        for step in &self.steps {
            steps.push(match step {
                Made::Identify => {
                    if let Some((_, identify)) = &self.identity {
                        steps.push(Step::Identify(Arc::new(identify.clone())));
                    }
                    steps.extend(self.asserted.clone().map(Step::Assert));
                    continue;
                }
                Made::Access(policy) => Step::Access(Arc::new(access(policy, methods.clone()))),
                Made::Limits { limits, tell } => {
                    let before = before.limits.get(counted.limits.len()).map(|one| &**one);
                    match Limits::new(limits, *tell, methods.clone(), before).map(Arc::new) {
                        Ok(made) => {
                            counted.limits.push(Arc::clone(&made));
                            Step::Limits(made)
                        }
                        Err(error) => {
                            // Looked at when the configuration was read.
                            tracing::error!(%error, "limits that cannot be are left out");
                            continue;
                        }
                    }
                }
                Made::Concurrency(ceilings) => {
                    let at = counted.concurrency.len();
                    let before = before.concurrency.get(at).map(|one| &**one);
                    let made = Arc::new(Concurrency::new(ceilings, methods.clone(), before));
                    counted.concurrency.push(Arc::clone(&made));
                    Step::Concurrency(made)
                }
                Made::GlobalLimits {
                    settings,
                    terms,
                    server,
                } => {
                    let server = Arc::clone(server);
                    let made = GlobalLimits::new(settings.clone(), *terms, server, methods.clone());
                    Step::GlobalLimits(Arc::new(made))
                }
                Made::Fixed(step) => step.clone(),
            });
        }
        Chain::of(steps, self.witness.clone())
    }
}

/// Rules for these methods. If they cannot be, which was looked at when they were read, nobody passes.
fn access<'m>(policy: &access::Policy, methods: impl Iterator<Item = &'m Method>) -> Access {
    Access::new(policy, methods).unwrap_or_else(|error| {
        tracing::error!(%error, "access rules that cannot be let nobody pass");
        Access::default()
    })
}

/// What holds where callers are told apart and nobody says what they may.
fn whoever_is_known() -> access::Policy {
    access::Policy {
        rules: vec![Rule {
            name: Some("whoever is known".into()),
            methods: Vec::new(),
            effect: Effect::Allow,
            when: Condition::All(Vec::new()),
        }],
        ..access::Policy::default()
    }
}

fn made(step: &StepConfig, tasks: &mut Tasks) -> Result<Made, NoPolicy> {
    let mut channel = |server: &server::Config| {
        server.channel(tasks).map_err(|cause| NoPolicy::Server {
            step: step.name(),
            cause,
        })
    };
    Ok(match step {
        StepConfig::Identify => Made::Identify,
        StepConfig::Access(policy) => Made::Access(policy.clone()),
        StepConfig::Limits { limits, tell } => Made::Limits {
            limits: limits.clone(),
            tell: *tell,
        },
        StepConfig::Concurrency(ceilings) => Made::Concurrency(ceilings.clone()),
        StepConfig::GlobalLimits { server, settings } => Made::GlobalLimits {
            settings: settings.clone(),
            terms: server.terms,
            server: Arc::new(global_limits::client::Server::new(channel(server)?)),
        },
        StepConfig::ExtAuthz { server, settings } => {
            let asked = Arc::new(ext_authz::client::Server::new(channel(server)?));
            let step = ExtAuthz::new(settings.clone(), server.terms, asked);
            Made::Fixed(Step::ExtAuthz(Arc::new(step)))
        }
        StepConfig::Custom { name, interceptor } => Made::Fixed(Step::Custom {
            name,
            interceptor: Arc::clone(interceptor),
        }),
    })
}

impl Gates for Policies {
    fn of(&self, schema: &Schema) -> Arc<dyn Gate> {
        let methods: Vec<&Method> = schema.methods().map(|method| &**method).collect();
        Arc::new(self.chain(&methods))
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
