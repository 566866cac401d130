//! What can be called: an immutable snapshot, built from descriptors, whole or not at all.
//!
//! ```text
//! sources ─► gather ─► lower ─► link ─► plans ─► register ─► Schema
//!  bytes     merge     editions  pool   transcode  methods, bindings, routes
//! ```
//!
//! Descriptors are hostile input like any other. What is broken is left out and told by name, in
//! [`Schema::refusals`]; the rest is served. Nothing here knows requests, sockets or tokio, and
//! only [`Source::proto_files`] reads files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, FileDescriptor};

use crate::transcode::{Lowered, Plans};

pub(crate) mod applies;
pub mod breaking;
mod closest;
mod comments;
mod descriptor;
mod editions;
mod excerpt;
mod http_rule;
mod lines;
mod listing;
pub mod method;
mod overrides;
pub(crate) mod percent;
mod pool;
pub(crate) mod record;
mod rivals;
mod routes;
pub(crate) mod rules;
mod selector;
mod services;
pub mod source;
pub(crate) mod template;
#[cfg(test)]
pub(crate) mod tests;

pub use applies::Applies;
pub use comments::Comments;
pub use excerpt::Kept;
pub use lines::Lines;
pub use listing::{Listing, Routed, Row, Share};
pub use method::{Binding, BindingText, Body, Idempotency, Method, Shape, Variable};
pub use overrides::{HttpRule, RuleError, Unmatched};
pub use rivals::{Lead, Leads};
pub use routes::Captures;
pub use selector::{NoSelector, Selector};
pub(crate) use services::{HTTP_BODY, SAME_REQUESTS};
pub use source::{Compiled, ProtoError, SetError, Source};

use routes::{Match, Routes};

/// Everything that can be called, and how.
pub struct Schema {
    pool: DescriptorPool,
    plans: Arc<Plans>,
    methods: HashMap<String, Arc<Method>>,
    /// By path.
    sorted: Vec<Arc<Method>>,
    services: Vec<String>,
    bindings: Vec<Binding>,
    routes: Routes,
    refusals: Vec<String>,
    unannotated: Unannotated,
    comments: Comments,
    /// Full names of messages and enums.
    best_effort_json: HashSet<String>,
    lines: Lines,
}

/// Sizes only: descriptors refer to each other in circles.
impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("services", &self.services)
            .field("methods", &self.methods.len())
            .field("bindings", &self.bindings.len())
            .field("refusals", &self.refusals)
            .finish_non_exhaustive()
    }
}

/// Where a request leads.
#[derive(Debug)]
pub enum Route<'s> {
    /// To a binding.
    Found {
        /// The binding.
        binding: &'s Binding,
        /// Raw byte range of the path for every variable, in the order of `binding.variables`.
        captures: Captures,
    },
    /// The path is bound, but for other HTTP methods.
    WrongVerb {
        /// These, sorted; with HEAD where GET is, and OPTIONS always.
        allow: Vec<&'s str>,
    },
    /// Nowhere.
    None,
}

/// How a schema is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Any refusal refuses the whole schema.
    pub strict: bool,
    /// Whether methods can be called on their own paths by whoever speaks no gRPC.
    pub unannotated: Unannotated,
    /// Bindings from outside of the descriptors; they replace the annotations of what they select.
    pub http_rules: Vec<HttpRule>,
    /// What becomes of those that select no method.
    pub unmatched: Unmatched,
    /// The routes that hold for every request, in their order: they decide who serves what several
    /// upstreams bring.
    pub leads: Vec<Lead>,
    /// Methods that are not to be served, by their paths, each with the reason.
    pub withheld: BTreeMap<String, String>,
    /// Whether the lines of declarations are kept.
    pub places: Places,
}

/// Whether a schema knows on which line things are declared. Who serves has no use for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Places {
    /// It does not.
    #[default]
    Forgotten,
    /// It does, as far as the sources say it.
    Kept,
}

/// Whether `/pkg.Service/Method` calls a method in other dialects than gRPC's own: as JSON, by Connect, by
/// WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unannotated {
    /// It does, annotated or not.
    #[default]
    Serve,
    /// It is not found, unless a REST binding has that path.
    Off,
}

/// Why there is no schema.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A source holds no descriptors.
    #[error("{name} {error}")]
    Source {
        /// The source.
        name: String,
        /// What is wrong with it.
        error: SetError,
    },
    /// Something was refused, and [`Options::strict`] asks for everything or nothing.
    #[error("parts of the schema cannot be served, {} in all:\n  {}", .0.len(), .0.join("\n  "))]
    Refused(Vec<String>),
}

impl Schema {
    /// Builds the schema of these sources. Pure: the same sources give the same schema.
    ///
    /// # Errors
    /// A source that is no descriptor set; with `strict`, any refusal.
    pub fn build(mut sources: Vec<Source>, options: &Options) -> Result<Self, BuildError> {
        let mut refusals = Vec::new();
        let mut entries = source::gather(&sources, &mut refusals)
            .map_err(|(name, error)| BuildError::Source { name, error })?;
        let lines = match options.places {
            Places::Forgotten => Lines::default(),
            Places::Kept => Lines::of(&entries),
        };
        rivals::refuse_other_files(&mut entries, &sources);
        // Everything is read; from here on only names count.
        for source in &mut sources {
            source.descriptors = Vec::new();
        }
        let linked = pool::link(entries, &sources, &mut refusals);
        let lowered = Lowered {
            closed_enums: linked.closed_enums.clone(),
        };
        let plans = Arc::new(Plans::compile(&linked.pool, &lowered));
        let services = services::register(&linked, &plans, &sources, options, &mut refusals);
        if options.strict && !refusals.is_empty() {
            return Err(BuildError::Refused(refusals));
        }
        let mut sorted: Vec<_> = services.methods.values().cloned().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self {
            pool: linked.pool,
            plans,
            methods: services.methods,
            services: services::names(sorted.iter()),
            sorted,
            bindings: services.bindings,
            routes: services.routes,
            refusals,
            unannotated: options.unannotated,
            comments: linked.comments,
            best_effort_json: linked.best_effort_json,
            lines,
        })
    }

    /// Every descriptor: of the sources, of what they import, and of the well-known types.
    #[must_use]
    pub const fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// What the authors of the files say.
    #[must_use]
    pub const fn comments(&self) -> &Comments {
        &self.comments
    }

    /// Where things are declared; empty without [`Places::Kept`].
    #[must_use]
    pub const fn lines(&self) -> &Lines {
        &self.lines
    }

    /// A plan for every message.
    #[must_use]
    pub const fn plans(&self) -> &Arc<Plans> {
        &self.plans
    }

    /// The method of a `:path`, such as `/pkg.Service/Method`.
    #[must_use]
    pub fn method(&self, path: &str) -> Option<&Arc<Method>> {
        self.methods.get(path)
    }

    /// Every method, by path.
    pub fn methods(&self) -> impl ExactSizeIterator<Item = &Arc<Method>> {
        self.sorted.iter()
    }

    /// Every REST binding, in the order of sources, files and declarations.
    pub fn bindings(&self) -> impl ExactSizeIterator<Item = &Binding> {
        self.bindings.iter()
    }

    /// Full names of the services that have methods, sorted.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    /// Every file but those that are built in everywhere (`google/protobuf`, `google/api` and the like)
    /// and, unless they are served, those of a server's own infrastructure, which reflection brings along.
    pub fn own_files(&self) -> impl Iterator<Item = FileDescriptor> + '_ {
        let serves_infrastructure = self.services().any(source::is_infrastructure);
        self.pool.files().filter(move |file| {
            let is_infrastructure = source::is_infrastructure(file.package_name());
            !source::builtin::is_builtin(file.name())
                && (serves_infrastructure || !is_infrastructure)
        })
    }

    /// True if a service of this full name has methods.
    #[must_use]
    pub fn serves(&self, service: &str) -> bool {
        let found = self
            .services
            .binary_search_by(|own| own.as_str().cmp(service));
        found.is_ok()
    }

    /// True for a message or enum that does not promise to work in JSON: `json_format` of editions, and
    /// all of proto2.
    pub(crate) fn has_best_effort_json(&self, full_name: &str) -> bool {
        self.best_effort_json.contains(full_name)
    }

    /// Where a REST request leads. `verb` is the HTTP method, `path` the raw path: undecoded, and
    /// without the query.
    #[must_use]
    pub fn route(&self, verb: &str, path: &str) -> Route<'_> {
        match self.routes.find(verb, path) {
            Match::Found { target, captures } => match self.bindings.get(target) {
                Some(binding) => Route::Found { binding, captures },
                None => Route::None,
            },
            Match::WrongVerb { allow } => Route::WrongVerb { allow },
            Match::None => Route::None,
        }
    }

    /// The method whose own path this is, where those can be called by whoever speaks no gRPC.
    #[must_use]
    pub fn unannotated_method(&self, path: &str) -> Option<&Arc<Method>> {
        match self.unannotated {
            Unannotated::Serve => self.method(path),
            Unannotated::Off => None,
        }
    }

    /// What is served, a row for each way to call a method, in the order of the rpc names.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        listing::rows(self)
    }

    /// Descriptors of what is kept, as a `google.protobuf.FileDescriptorSet` in wire form.
    #[must_use]
    pub fn descriptor_set(&self, kept: &dyn Kept) -> Vec<u8> {
        excerpt::descriptor_set(self, kept)
    }

    /// What is not served and why: a sentence each, with names.
    #[must_use]
    pub fn refusals(&self) -> &[String] {
        &self.refusals
    }

    /// The method somebody may have meant: `pkg.Service/Method`, in any of the forms people write
    /// (`Method`, `Service/Method`, `pkg.Service.Method`), the nearest if it is near.
    #[must_use]
    pub fn closest(&self, wanted: &str) -> Option<&str> {
        closest::closest(
            wanted,
            self.sorted.iter().map(|method| method.path.as_str()),
        )
    }
}
