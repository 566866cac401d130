//! What can be chosen for the whole gateway and for single routes, and which of it holds for a
//! method or binding.
//!
//! ```text
//! Config { options, routes: [Route { applies, options }, …] }
//!                │  once, when a schema begins to be served
//!                ▼
//!          Chosen: binding or method ──► &Arc<Options>      one index, no search per request
//! ```
//!
//! The first route that applies counts, whole: its options were filled up from the gateway's own
//! before they came here.

use std::sync::Arc;

use super::{Limits, Timeouts, metadata, rest};
use crate::schema::{Binding, Method, Schema};
use crate::transcode::{PrintOptions, ReadOptions};

mod applies;
mod reach;

pub use applies::Applies;
pub use reach::{Reach, idle};

/// How requests of one route are read and answered.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What only REST has.
    pub rest: rest::Options,
    /// How JSON is read.
    pub read: ReadOptions,
    /// How JSON is written.
    pub print: PrintOptions,
    /// Bounds on what one request may bring and one answer may hold.
    pub limits: Limits,
    /// Bounds on time.
    pub timeouts: Timeouts,
    /// Which headers become metadata, and which metadata become headers.
    pub metadata: metadata::rules::Rules,
    /// Whether Connect's version header must be there.
    pub connect_version: ConnectVersion,
}

/// Whether a request on a method's own path must have the header `connect-protocol-version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectVersion {
    /// It may be left out: curl is welcome.
    #[default]
    Optional,
    /// It must be there, which no page of another origin can arrange without a preflight.
    Required,
}

/// Options of some methods or bindings.
#[derive(Clone, Debug)]
pub struct Route {
    /// Which.
    pub applies: Applies,
    /// All of their options.
    pub options: Arc<Options>,
}

/// The options of everything a schema serves.
#[derive(Debug)]
pub(crate) struct Chosen {
    gateway: Arc<Options>,
    /// By the id of the binding; empty without routes.
    bindings: Vec<Arc<Options>>,
    /// By the id of the method; empty without routes.
    methods: Vec<Arc<Options>>,
}

impl Chosen {
    /// Chooses for every method and binding of a schema.
    pub(crate) fn new(schema: &Schema, gateway: &Arc<Options>, routes: &[Route]) -> Self {
        let mut chosen = Self {
            gateway: Arc::clone(gateway),
            bindings: Vec::new(),
            methods: Vec::new(),
        };
        if routes.is_empty() {
            return chosen;
        }
        let first = |applies: &dyn Fn(&Applies) -> bool| {
            let route = routes.iter().find(|route| applies(&route.applies));
            Arc::clone(route.map_or(gateway, |route| &route.options))
        };
        chosen.bindings = schema
            .bindings()
            .map(|binding| first(&|applies| applies.to_binding(binding)))
            .collect();
        chosen.methods = vec![Arc::clone(gateway); schema.methods().len()];
        for method in schema.methods() {
            if let Some(options) = chosen.methods.get_mut(method.id) {
                *options = first(&|applies| applies.to_method(method));
            }
        }
        chosen
    }

    /// The options of a REST binding.
    pub(crate) fn of_binding(&self, binding: &Binding) -> &Arc<Options> {
        self.bindings.get(binding.id).unwrap_or(&self.gateway)
    }

    /// The options of a method that is called on its own path.
    pub(crate) fn of_method(&self, method: &Method) -> &Arc<Options> {
        self.methods.get(method.id).unwrap_or(&self.gateway)
    }

    /// The options where nothing is known yet.
    pub(crate) const fn of_gateway(&self) -> &Arc<Options> {
        &self.gateway
    }
}
