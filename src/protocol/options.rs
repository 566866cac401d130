//! What can be chosen for the whole gateway and for single routes, and which of it holds for a
//! method or binding.
//!
//! ```text
//! Config { options, routes: [Route { applies, options or a case }, …] }
//!                │  once, when a schema begins to be served
//!                ▼
//!          Chosen: binding or method ──► &Arc<Options>      one index, no search per request
//!                                            └ destinations: only those that depend on the request
//!                                              are compared with it
//! ```
//!
//! The first route that applies counts, whole: its options were filled up from the gateway's own
//! before they came here. A route with conditions has no options, only where calls go: the requests
//! that fit go there, and everything else about them is as the next route without conditions has it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{Limits, Timeouts, Validation, metadata, rest};
use crate::schema::{Binding, Method, Row, Schema};
use crate::transcode::{PrintOptions, ReadOptions};

pub mod conditions;
mod destinations;
mod reach;

pub use crate::schema::Applies;
pub use conditions::Conditions;
pub use destinations::{Case, Destinations, NoSplit, Split, UPSTREAMS_MAX};
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
    /// Whether requests are checked against the rules of the schema.
    pub validation: Validation,
    /// Where calls go.
    pub destinations: Destinations,
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

/// What is chosen for some methods or bindings.
#[derive(Clone, Debug)]
pub struct Route {
    /// For which.
    pub applies: Applies,
    /// What.
    pub choice: Choice,
}

/// What a route has.
#[derive(Clone, Debug)]
pub enum Choice {
    /// All options, for every request.
    Always(Arc<Options>),
    /// Where some requests go.
    When(Arc<Case>),
}

impl Route {
    /// A route for every request.
    pub fn always(applies: Applies, options: impl Into<Arc<Options>>) -> Self {
        Self {
            applies,
            choice: Choice::Always(options.into()),
        }
    }

    /// A route for some requests.
    pub fn when(applies: Applies, case: Case) -> Self {
        Self {
            applies,
            choice: Choice::When(Arc::new(case)),
        }
    }

    /// Its options, if it has some.
    #[must_use]
    pub const fn options(&self) -> Option<&Arc<Options>> {
        match &self.choice {
            Choice::Always(options) => Some(options),
            Choice::When(_) => None,
        }
    }

    /// Where its calls go, if it says so.
    #[must_use]
    pub fn split(&self) -> Option<&Split> {
        match &self.choice {
            Choice::Always(options) => options.destinations.rest(),
            Choice::When(case) => Some(&case.split),
        }
    }
}

/// `library.v1.* if x-canary: 1`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.applies.fmt(f)?;
        match &self.choice {
            Choice::Always(_) => Ok(()),
            Choice::When(case) => write!(f, " if {}", case.conditions),
        }
    }
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
        let mut choosing = Choosing {
            gateway,
            routes,
            made: HashMap::new(),
        };
        chosen.bindings = schema
            .bindings()
            .map(|binding| choosing.choose(&|applies| applies.to_binding(binding)))
            .collect();
        chosen.methods = vec![Arc::clone(gateway); schema.methods().len()];
        for method in schema.methods() {
            if let Some(options) = chosen.methods.get_mut(method.id) {
                *options = choosing.choose(&|applies| applies.to_method(method));
            }
        }
        chosen
    }

    /// What is served, with where it goes: a row for each way to call a method.
    pub(crate) fn rows(&self, schema: &Schema) -> Vec<Row> {
        let key = |binding: &Binding| {
            let Binding {
                method,
                verb,
                template,
                ..
            } = binding;
            (method.path.clone(), verb.clone(), template.clone())
        };
        let bindings: HashMap<_, _> = schema.bindings().map(|one| (key(one), one)).collect();
        let mut rows = schema.rows();
        for row in &mut rows {
            let path = format!("/{}", row.rpc);
            let binding = bindings.get(&(path.clone(), row.method.clone(), row.path.clone()));
            let options = match (binding, schema.method(&path)) {
                (Some(binding), _) => self.of_binding(binding),
                (None, Some(method)) => self.of_method(method),
                (None, None) => &self.gateway,
            };
            row.routed = options.destinations.listed();
        }
        rows
    }

    /// The options of a REST binding.
    pub(crate) fn of_binding(&self, binding: &Binding) -> &Arc<Options> {
        self.bindings.get(binding.id).unwrap_or(&self.gateway)
    }

    /// The options of a method that is called on its own path.
    pub(crate) fn of_method(&self, method: &Method) -> &Arc<Options> {
        self.methods.get(method.id).unwrap_or(&self.gateway)
    }

    /// The methods of which some requests are checked, by path.
    pub(crate) fn checked<'s>(
        &'s self,
        schema: &'s Schema,
    ) -> impl Iterator<Item = &'s Method> + use<'s> {
        let checks = |options: &Arc<Options>| options.validation == Validation::Requests;
        let mut checked = vec![false; schema.methods().len()];
        for method in schema.methods() {
            if let Some(place) = checked.get_mut(method.id) {
                *place = checks(self.of_method(method));
            }
        }
        for binding in schema.bindings() {
            if let Some(place) = checked.get_mut(binding.method.id) {
                *place |= checks(self.of_binding(binding));
            }
        }
        let methods = schema.methods().map(|method| &**method);
        methods.filter(move |method| checked.get(method.id).is_some_and(|checked| *checked))
    }

    /// The options where nothing is known yet.
    pub(crate) const fn of_gateway(&self) -> &Arc<Options> {
        &self.gateway
    }
}

/// The choice for one method or binding after the other. What is the same for many is made once.
struct Choosing<'c> {
    gateway: &'c Arc<Options>,
    routes: &'c [Route],
    /// By the routes with conditions that apply, and the one without.
    made: HashMap<(Vec<usize>, Option<usize>), Arc<Options>>,
}

impl Choosing<'_> {
    fn choose(&mut self, applies: &dyn Fn(&Applies) -> bool) -> Arc<Options> {
        let (mut indices, mut cases) = (Vec::new(), Vec::new());
        let mut last = (None, self.gateway);
        for (index, route) in self.routes.iter().enumerate() {
            if !applies(&route.applies) {
                continue;
            }
            match &route.choice {
                Choice::Always(options) => {
                    last = (Some(index), options);
                    break;
                }
                Choice::When(case) => {
                    indices.push(index);
                    cases.push(Arc::clone(case));
                }
            }
        }
        let (index, options) = last;
        if cases.is_empty() {
            return Arc::clone(options);
        }
        let made = self.made.entry((indices, index));
        Arc::clone(made.or_insert_with(|| {
            Arc::new(Options {
                destinations: options.destinations.after(cases),
                ..Options::clone(options)
            })
        }))
    }
}
