//! Composition: a [`Config`] becomes a running [`Gateway`]. The one place that knows everybody.
//!
//! ```text
//!  sources ──► schema ─┐
//!                      ├─► Serving ──► protocol::Router ──► front ──► listener ──► workers
//!  upstreams ──────────┘   (one ArcSwap: a call reads it once, at detection)
//! ```
//!
//! With a schema from files the gateway listens at once, even while the backend is down; with
//! reflection alone it listens once the schema is there. With both, the reflected part joins when
//! it comes, by one swap.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::task::JoinSet;

use crate::admin::{Admin, Look};
use crate::docs::{self, Documentation, Place, Reached};
use crate::listener::{self, Listener};
use crate::observe::Observe;
use crate::observe::metrics::Metrics;
use crate::protocol::{self, Pages, Serving};
use crate::schema::{self, Binding, Listing, Route, Row, Schema, Source, Unmatched};
use crate::upstream::{self, Upstream};
use crate::worker::{self, Workers};

mod front;
mod sources;

/// How long a page, or a watch of the health service, may go on once no call runs any more.
const ADMIN_GRACE: Duration = Duration::from_secs(1);

pub use sources::{SourceConfig, SourceError, the_upstream};

/// Everything a gateway is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The public port.
    pub listener: listener::Config,
    /// The port for operators; none unless asked for.
    pub admin: Option<SocketAddr>,
    /// The backends, by name.
    pub upstreams: Vec<upstream::Config>,
    /// Where the schema comes from.
    pub schema: Vec<SourceConfig>,
    /// How strict the schema is taken.
    pub schema_options: schema::Options,
    /// How requests are read and answered.
    pub protocol: protocol::Config,
    /// The documentation.
    pub docs: docs::Config,
    /// Threads that serve connections.
    pub workers: NonZeroUsize,
}

impl Config {
    /// A gateway before one backend that offers reflection, on a free loopback port.
    ///
    /// # Errors
    /// An URL that names no endpoint.
    pub fn for_upstream(url: &str) -> Result<Self, upstream::AddressError> {
        let name = "upstream".to_owned();
        Ok(Self {
            listener: listener::Config {
                address: SocketAddr::from(([127, 0, 0, 1], 0)),
                ..listener::Config::default()
            },
            admin: None,
            upstreams: vec![upstream::Config::new(name.clone(), url.parse()?)],
            schema: vec![SourceConfig::Reflection { upstream: name }],
            schema_options: schema::Options::default(),
            protocol: protocol::Config::default(),
            docs: docs::Config::default(),
            workers: worker::default_count(),
        })
    }
}

/// What happens while a gateway starts, for the person who watches.
#[derive(Debug)]
pub enum Progress<'p> {
    /// A backend that is to be asked for its schema does not answer yet.
    Waiting {
        /// The upstream's name.
        upstream: &'p str,
        /// Its URL.
        url: &'p str,
        /// What went wrong.
        cause: &'p str,
        /// When it is asked again.
        next: Duration,
    },
    /// A `.proto` file does not compile: its place and the reason. The rest goes on without it.
    LeftOut(&'p str),
    /// A schema was built: from all sources, or from files while backends are still asked. With a row
    /// for each way to call a method.
    Schema(&'p Schema, &'p [Row]),
    /// What backends told by reflection has joined the schema from files: this is all of it.
    Joined(&'p Schema, &'p [Row]),
    /// Something is configured and has no effect: options of a route that nothing has, pages whose path
    /// a binding has. What, and why.
    Ineffective(&'p str),
}

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A schema source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sources make no schema.
    #[error(transparent)]
    Schema(#[from] schema::BuildError),
    /// The upstreams cannot be built.
    #[error(transparent)]
    Upstream(#[from] upstream::BuildError),
    /// The threads cannot be had.
    #[error("cannot start the worker threads: {0}")]
    Workers(std::io::Error),
    /// What is served would no longer be with the sources that join: they contradict it.
    #[error("with it, what is served would be lost:\n  {}", .0.join("\n  "))]
    Contradiction(Vec<String>),
    /// A port cannot be had.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's reason.
        cause: std::io::Error,
    },
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    listener: Listener,
    admin: Option<(Admin, Listener)>,
    serving: Arc<ArcSwap<Serving<Upstream>>>,
    /// The reflected schema's joining; given up when this is dropped.
    joining: JoinSet<()>,
    workers: Workers,
    drain_delay: Duration,
}

impl Gateway {
    /// Builds everything, then answers.
    ///
    /// # Errors
    /// See [`StartError`]; nothing keeps running after one.
    pub async fn start(
        mut config: Config,
        mut report: impl FnMut(&Progress<'_>) + Send + 'static,
    ) -> Result<Self, StartError> {
        let address = config.listener.address;
        let at = |address| move |cause| StartError::Listen { address, cause };
        let drain_delay = config.listener.drain.delay;
        let bound = listener::bind(config.listener.clone()).map_err(at(address))?;

        let (mut now, later): (Vec<_>, Vec<_>) = config
            .schema
            .iter()
            .cloned()
            .partition(|source| !source.is_reflection());
        let later = if now.is_empty() {
            now = later;
            Vec::new()
        } else {
            later
        };
        let workers = Workers::start(config.workers).map_err(StartError::Workers)?;
        let calls = Upstream::build(config.upstreams.clone(), workers.count())?;
        let sources = sources::load(&now, &config.upstreams, &calls, &mut report).await?;
        let mut options = config.schema_options.clone();
        if !later.is_empty() {
            options.unmatched = Unmatched::Await; // what is reflected may have what a rule selects
        }
        let schema = Schema::build(sources.clone(), &options)?;
        report(&Progress::Schema(&schema, &config.protocol.rows(&schema)));
        if later.is_empty() {
            tell_ineffective(&config, &schema, &mut report);
        }

        let site = site(&config).map(Arc::new);
        let schema = Arc::new(schema);
        // What is reflected is a part of the revision that is served, and of no other.
        if let (Some(site), true) = (&site, later.is_empty()) {
            site.served(&schema, &config.protocol, SystemTime::now())
                .await;
        }
        if config.docs.place == Place::Public {
            let site = site.clone().map(|site| site as Arc<dyn Pages>);
            config.protocol.pages.extend(site);
        }

        if let Some(site) = site.clone().filter(|site| site.watches()) {
            config.protocol.watch = Some(site);
        }

        let serving = Serving::new(schema, calls, config.protocol.clone());
        let serving = Arc::new(ArcSwap::from_pointee(serving));
        let router = protocol::Router::new(Arc::clone(&serving), Observe::default());

        let admin = match config.admin {
            None => None,
            Some(address) => {
                let look = Arc::new(Operators(Arc::clone(&serving)));
                let (admin, pages) = Admin::new(look).await;
                let pages = match site.clone() {
                    Some(site) => front::with_site(pages, site, Arc::clone(&serving)),
                    None => pages,
                };
                let listener = listener::Config {
                    address,
                    tls: None,
                    drain: listener::Drain {
                        grace: config.listener.drain.grace.min(ADMIN_GRACE),
                        ..config.listener.drain
                    },
                    ..config.listener.clone()
                };
                let listener = listener::bind(listener)
                    .and_then(|bound| bound.serve(front::service(pages), workers.clone()))
                    .map_err(at(address))?;
                Some((admin, listener))
            }
        };
        let listener = bound
            .serve(front::service(router), workers.clone())
            .map_err(at(address))?;
        let mut joining = JoinSet::new();
        if !later.is_empty() {
            let join = Join {
                sources,
                later,
                config,
                serving: Arc::clone(&serving),
                site,
            };
            joining.spawn(join.run(report));
        }
        Ok(Self {
            listener,
            admin,
            serving,
            joining,
            workers,
            drain_delay,
        })
    }

    /// The public address, its port never 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The operators' address, if there is one.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(_, listener)| listener.address())
    }

    /// What is served right now.
    #[must_use]
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.serving.load().schema)
    }

    /// Stops: not ready, then no new connections, then the running calls' grace period, then an
    /// end. Afterwards nothing runs any more, and every call has its line in the access log.
    pub async fn drain(self) {
        drop(self.joining);
        if let Some((admin, _)) = &self.admin {
            admin.not_ready().await;
        }
        tokio::time::sleep(self.drain_delay).await;
        self.listener.drain().await;
        // Last, so that readiness can be read until the end.
        if let Some((_, listener)) = self.admin {
            listener.drain().await;
        }
        self.workers.ended().await;
    }
}

/// What operators look at.
struct Operators(Arc<ArcSwap<Serving<Upstream>>>);

impl Look for Operators {
    fn listing(&self) -> Listing {
        self.0.load().listing()
    }

    fn metrics(&self) -> Metrics {
        Metrics {
            upstreams: self.0.load().calls.view(),
            ..Metrics::default()
        }
    }
}

/// The reflected sources that join a schema from files.
struct Join {
    sources: Vec<Source>,
    later: Vec<SourceConfig>,
    config: Config,
    serving: Arc<ArcSwap<Serving<Upstream>>>,
    site: Option<Arc<Documentation>>,
}

impl Join {
    async fn run(mut self, mut report: impl FnMut(&Progress<'_>) + Send) {
        match self.join(&mut report).await {
            Ok(schema) => {
                let rows = self.config.protocol.rows(&schema);
                report(&Progress::Joined(&schema, &rows));
                tell_ineffective(&self.config, &schema, &mut report);
                let calls = self.serving.load().calls.clone();
                let schema = Arc::new(schema);
                if let Some(site) = &self.site {
                    site.served(&schema, &self.config.protocol, SystemTime::now())
                        .await;
                }
                let serving = Serving::new(schema, calls, self.config.protocol);
                self.serving.store(Arc::new(serving));
            }
            Err(error) => {
                tracing::error!(%error, "the reflected schema was refused; the one from files stays in force");
                let schema = Arc::clone(&self.serving.load().schema);
                tell_ineffective(&self.config, &schema, &mut report);
            }
        }
    }

    async fn join(
        &mut self,
        report: &mut (impl FnMut(&Progress<'_>) + Send),
    ) -> Result<Schema, StartError> {
        let calls = self.serving.load().calls.clone();
        let reflected = sources::load(&self.later, &self.config.upstreams, &calls, report).await?;
        self.sources.extend(reflected);
        let sources = std::mem::take(&mut self.sources);
        let schema = Schema::build(sources, &self.config.schema_options)?;
        // What joins may add; whoever relies on what is served must not lose it.
        let served = Arc::clone(&self.serving.load().schema);
        let bound: HashSet<_> = schema.bindings().map(identity).collect();
        let is_kept = served
            .methods()
            .all(|method| schema.method(&method.path).is_some())
            && served
                .bindings()
                .all(|binding| bound.contains(&identity(binding)));
        if !is_kept {
            return Err(StartError::Contradiction(schema.refusals().to_vec()));
        }
        Ok(schema)
    }
}

/// Once everything that is served is known.
fn tell_ineffective(config: &Config, schema: &Schema, report: &mut impl FnMut(&Progress<'_>)) {
    for reason in protocol::options::idle(&config.protocol.routes, schema) {
        report(&Progress::Ineffective(&reason));
    }
    if config.docs.place == Place::Off {
        return;
    }
    if let Some(overlay) = &config.docs.overlay {
        for reason in overlay.idle(schema) {
            report(&Progress::Ineffective(&reason));
        }
    }
    if config.docs.place == Place::Admin {
        return;
    }
    let documents = format!("{}.json", config.docs.openapi_path);
    for (key, path) in [("path", &config.docs.path), ("openapi_path", &documents)] {
        if let Route::Found { binding, .. } = schema.route("GET", path) {
            let reason = format!(
                "docs.{key}: {path} is answered by {}, by its binding {} {}; another path moves the \
                 documentation",
                binding.method.path, binding.verb, binding.template
            );
            report(&Progress::Ineffective(&reason));
        }
    }
}

/// The documentation, unless there is to be none.
fn site(config: &Config) -> Option<Documentation> {
    let reached = match config.listener.tls {
        Some(_) => Reached::Https,
        None => Reached::Http,
    };
    (config.docs.place != Place::Off)
        .then(|| Documentation::new(config.docs.clone(), config.schema_options.clone(), reached))
}

/// What makes a binding the same in two schemas.
fn identity(binding: &Binding) -> (&str, &str, &str) {
    (&binding.method.path, &binding.verb, &binding.template)
}

/// Loads every source of a configuration, reflection included, and builds the schema, without
/// serving it: what `transom routes` shows.
///
/// # Errors
/// Those of the sources and of the schema.
pub async fn load_schema(
    config: &Config,
    report: &mut (impl FnMut(&Progress<'_>) + Send),
) -> Result<Schema, StartError> {
    // Files alone need no upstream, and nobody has to be allowed to read its private key.
    let asked: Vec<_> = if config.schema.iter().any(SourceConfig::is_reflection) {
        config.upstreams.clone()
    } else {
        Vec::new()
    };
    let calls = Upstream::build(asked, 1)?;
    let sources = sources::load(&config.schema, &config.upstreams, &calls, report).await?;
    Ok(Schema::build(sources, &config.schema_options)?)
}

#[cfg(test)]
mod tests;
