//! A step as it is configured: what there is to choose from, before anything is made of it.

use std::fmt;
use std::sync::Arc;

use super::access;
use super::concurrency::{self, Ceiling};
use super::ext_authz;
use super::global_limits;
use super::identify;
use super::limits::{self, Limit, Tell};
use super::server;
use crate::call::gate::Interceptor;
use crate::schema::Selector;

/// A step.
#[derive(Clone)]
pub enum StepConfig {
    /// Who calls is found out here, and not before all others.
    Identify,
    /// Who may call what.
    Access(access::Policy),
    /// Rate limits of this gateway.
    Limits {
        /// Which.
        limits: Vec<Limit>,
        /// When clients are told of them.
        tell: Tell,
    },
    /// How many calls at once.
    Concurrency(Vec<Ceiling>),
    /// Rate limits of all gateways.
    GlobalLimits {
        /// Whose server.
        server: server::Config,
        /// What it is asked.
        settings: global_limits::Settings,
    },
    /// What an authorization server says.
    ExtAuthz {
        /// Which.
        server: server::Config,
        /// What it is asked.
        settings: ext_authz::Settings,
    },
    /// A step of whoever uses this library.
    Custom {
        /// Its name in logs and metrics.
        name: &'static str,
        /// What it does.
        interceptor: Arc<dyn Interceptor>,
    },
}

impl StepConfig {
    /// Its key in the configuration.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Identify => identify::NAME,
            Self::Access(_) => access::NAME,
            Self::Limits { .. } => limits::NAME,
            Self::Concurrency(_) => concurrency::NAME,
            Self::GlobalLimits { .. } => global_limits::NAME,
            Self::ExtAuthz { .. } => ext_authz::NAME,
            Self::Custom { name, .. } => name,
        }
    }

    /// All that it names.
    pub(super) fn methods(&self) -> Vec<&Selector> {
        match self {
            Self::Access(policy) => policy.rules.iter().flat_map(|one| &one.methods).collect(),
            Self::Limits { limits, .. } => limits.iter().flat_map(|one| &one.methods).collect(),
            Self::Concurrency(all) => all.iter().flat_map(|one| &one.methods).collect(),
            Self::GlobalLimits { settings, .. } => {
                let all = settings.descriptors.iter();
                all.flat_map(|one| &one.methods).collect()
            }
            Self::Identify | Self::ExtAuthz { .. } | Self::Custom { .. } => Vec::new(),
        }
    }
}

/// With all that is configured: another configuration is told by it.
impl fmt::Debug for StepConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut step = f.debug_tuple(self.name());
        match self {
            Self::Access(policy) => step.field(policy),
            Self::Limits { limits, tell } => step.field(limits).field(tell),
            Self::Concurrency(ceilings) => step.field(ceilings),
            Self::GlobalLimits { server, settings } => step.field(server).field(settings),
            Self::ExtAuthz { server, settings } => step.field(server).field(settings),
            Self::Identify | Self::Custom { .. } => &mut step,
        };
        step.finish()
    }
}
