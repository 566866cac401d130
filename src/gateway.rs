//! Composition: a [`Config`] becomes a running [`Gateway`]. The one place that knows everybody.
//!
//! ```text
//!  sources ──► schema ─┐
//!                      ├─► Serving ──► protocol::Router ──► front ──► listener ──► workers
//!  upstreams ──────────┘   (one ArcSwap: a call reads it once, at detection)
//! ```
//!
//! With a schema from files the gateway listens at once, even while the backend is down; with
//! reflection alone it listens once a first backend has told its part. Of the others each part joins
//! when it comes, by one swap. So does whatever changes later: `live` makes the next snapshot, of a
//! source that `watch` saw change or of another configuration. Operators have answers from the start.

use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::admin::Admin;
pub use crate::admin::Reflection;
use crate::call;
use crate::control::otlp::Collector;
use crate::docs::{self, Documentation, Place, Reached};
use crate::listener::{self, Listener};
use crate::observe::level::Leveled;
use crate::observe::metrics::LegacyMetrics;
use crate::observe::{AccessLog, Observe, trace};
use crate::policy::{self, Policies};
use crate::protocol;
use crate::schema::{self, Route, Row, Schema};
use crate::upstream::{self, Upstream};
use crate::worker::{self, Workers};

mod fixed;
mod front;
mod guard;
mod leaving;
mod live;
mod operators;
mod shown;
mod sources;
mod stamp;
mod telling;
mod told;
mod watch;
mod wishes;

use live::Live;
use operators::Operators;

/// How long a page, or a watch of the health service, may go on once no call runs any more.
const ADMIN_GRACE: Duration = Duration::from_secs(1);

pub use guard::{OnBreaking, SchemaReload};
pub use shown::kept as shown;
pub use sources::{SourceConfig, SourceError, the_upstream};
pub use stamp::{Settling, Stamp};
pub use wishes::Wish;

/// Everything a gateway is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The public port.
    pub listener: listener::Config,
    /// The port for operators; none unless asked for.
    pub admin: Option<SocketAddr>,
    /// Whether tools can ask which gRPC services that port has.
    pub admin_reflection: Reflection,
    /// The backends, by name.
    pub upstreams: Vec<upstream::Config>,
    /// Where the schema comes from.
    pub schema: Vec<SourceConfig>,
    /// How strict the schema is taken.
    pub schema_options: schema::Options,
    /// How the schema follows its sources.
    pub schema_reload: SchemaReload,
    /// How requests are read and answered.
    pub protocol: protocol::Config,
    /// What calls may pass.
    pub policy: policy::Config,
    /// The documentation.
    pub docs: docs::Config,
    /// Threads that serve connections.
    pub workers: NonZeroUsize,
    /// Where a line for every call goes; nowhere unless somebody says.
    pub access_log: Option<AccessLog>,
    /// Which calls are traced, and who is told; nobody unless somebody says.
    pub traces: Option<Traces>,
    /// By whom operators change how much is logged.
    pub log_level: Option<Arc<dyn Leveled>>,
    /// Whether metrics have the names of go-grpc-prometheus too.
    pub legacy_metrics: LegacyMetrics,
    /// A number that is another whenever something in the configuration is.
    pub fingerprint: u32,
    /// The same for operators to read: by the keys of its file, without secrets. Null without a file.
    pub shown: Arc<Value>,
}

impl Config {
    /// With this before its calls.
    fn behind(mut self, policies: Option<&Arc<Policies>>) -> Self {
        let gates = policies.map(|policies| Arc::clone(policies) as Arc<dyn call::Gates>);
        self.protocol.gates = gates;
        self
    }

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
            admin_reflection: Reflection::default(),
            upstreams: vec![upstream::Config::new(name.clone(), url.parse()?)],
            schema: vec![SourceConfig::Reflection { upstream: name }],
            schema_options: schema::Options::default(),
            schema_reload: SchemaReload::default(),
            protocol: protocol::Config::default(),
            policy: policy::Config::default(),
            docs: docs::Config::default(),
            workers: worker::default_count(),
            access_log: None,
            traces: None,
            log_level: None,
            legacy_metrics: LegacyMetrics::default(),
            fingerprint: 0,
            shown: Arc::default(),
        })
    }
}

/// Traces of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Traces {
    /// Which calls are traced, and how.
    pub tracing: trace::Config,
    /// Who is told.
    pub collector: Collector,
}

/// What happens while a gateway starts, for the person who watches.
#[derive(Debug)]
pub enum Progress<'p> {
    /// Operators are answered there from now on, that there is nothing to serve yet.
    Operators(SocketAddr),
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
    /// A schema was built: from all sources, or from those that have answered while others are still
    /// asked. With a row for each way to call a method.
    Schema(&'p Schema, &'p [Row]),
    /// What a backend told by reflection has joined what was served: this is all of it.
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
    /// There is no policy.
    #[error(transparent)]
    Policy(#[from] policy::NoPolicy),
    /// The threads cannot be had.
    #[error("cannot start the worker threads: {0}")]
    Workers(std::io::Error),
    /// A port cannot be had.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's reason.
        cause: std::io::Error,
    },
}

/// Why another configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A schema source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sources make no schema.
    #[error(transparent)]
    Schema(#[from] schema::BuildError),
    /// Two upstreams have one name.
    #[error(transparent)]
    Upstream(#[from] upstream::BuildError),
    /// There is no policy.
    #[error(transparent)]
    Policy(#[from] policy::NoPolicy),
    /// No source of the schema brings anything.
    #[error("no source of the schema brings anything: {0}")]
    NothingToServe(String),
    /// What its sources bring in place of those before would break clients: each change a line.
    #[error(
        "its schema would break clients; `schema_reload.on_breaking: warn` beside it serves it all the \
         same:\n  {0}"
    )]
    Breaks(String),
}

/// Another configuration was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// Its number; the first one's is 1.
    pub generation: u64,
    /// Keys of which it says something else that needs a restart; what was serves on.
    pub fixed: Vec<&'static str>,
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    listener: Listener,
    admin: Option<(Admin, Listener)>,
    live: Arc<Live>,
    /// The watching of the schema's sources; given up when this is dropped.
    watching: JoinSet<()>,
    workers: Workers,
    drain_delay: Duration,
    traces: Option<telling::Telling>,
}

impl Gateway {
    /// Builds everything, then answers.
    ///
    /// # Errors
    /// See [`StartError`]; nothing keeps running after one.
    pub async fn start(
        config: Config,
        report: impl FnMut(&Progress<'_>) + Send + 'static,
    ) -> Result<Self, StartError> {
        let public = config.listener.clone();
        let (address, drain_delay) = (public.address, public.drain.delay);
        let at = |address| move |cause| StartError::Listen { address, cause };
        let bound = listener::bind(public.clone()).map_err(at(address))?;
        let workers = Workers::start(config.workers).map_err(StartError::Workers)?;
        let calls = Upstream::build(config.upstreams.clone(), workers.count())?;

        let policies = Policies::start_if_any(&config.policy)?;
        let config = config.behind(policies.as_ref());
        let (admin_address, count) = (config.admin, workers.count());
        let reflection = config.admin_reflection;
        let traces = config.traces.clone().map(telling::Telling::start);
        let tracer = traces.as_ref().map(telling::Telling::tracer);
        let legacy = config.legacy_metrics;
        let observe = Observe::new(config.access_log.clone(), legacy, tracer);
        let live = Live::new(
            config,
            policies.clone(),
            (calls, count),
            observe,
            Box::new(report),
        )?;
        let live = Arc::new(live);

        let admin = match admin_address {
            None => None,
            Some(address) => {
                let look = Arc::new(Operators(Arc::clone(&live)));
                let (admin, pages) = Admin::new(look, reflection);
                let pages = front::with_site(pages, Arc::clone(&live));
                let listener = listener::Config {
                    address,
                    tls: None,
                    drain: listener::Drain {
                        grace: public.drain.grace.min(ADMIN_GRACE),
                        ..public.drain
                    },
                    ..public
                };
                let counted = live.observe.admin();
                let listener = listener::bind(listener)
                    .and_then(|bound| {
                        bound
                            .counted(counted)
                            .serve(front::service(pages), workers.clone())
                    })
                    .map_err(at(address))?;
                live.report(&Progress::Operators(listener.address()));
                Some((admin, listener))
            }
        };
        live.begin().await?;
        if let Some(policies) = &policies {
            policies.ready().await;
        }
        let router = protocol::Router::new(Arc::clone(&live.serving), live.observe.clone());
        let listener = bound
            .counted(live.observe.public())
            .serve(front::service(router), workers.clone())
            .map_err(at(address))?;
        if let Some((admin, _)) = &admin {
            admin.ready();
        }
        let mut watching = JoinSet::new();
        watching.spawn(watch::watch(Arc::clone(&live)));
        Ok(Self {
            listener,
            admin,
            live,
            watching,
            workers,
            drain_delay,
            traces,
        })
    }

    /// Takes another configuration while it runs: everything is built beside what serves, then takes
    /// its place at once. Calls under way end as they began; connections to endpoints that are there
    /// still are kept.
    ///
    /// # Errors
    /// See [`ReloadError`]; nothing has changed then, and operators are told why.
    pub async fn reload(&self, config: Config) -> Result<Reloaded, ReloadError> {
        let outcome = self.live.reload(config).await;
        if let Err(error) = &outcome {
            self.live.refuse(&error.to_string());
        }
        outcome
    }

    /// Tells operators that another configuration could not even be read, and why.
    pub fn refuse(&self, reason: &str) {
        self.live.refuse(reason);
    }

    /// What operators wish on their port: that the configuration be read again. For the first who
    /// asks; before that, the answer to a wish is that nobody can.
    #[must_use]
    pub fn wishes(&self) -> Option<mpsc::Receiver<Wish>> {
        self.live.wishes.take()
    }

    /// Resolves when operators wish on their port that the gateway end. From now on somebody hears them;
    /// before that, the answer to such a wish is that nobody can.
    pub fn drain_wished(&self) -> impl Future<Output = ()> + Send + use<> {
        self.live.leaving.heard()
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
        Arc::clone(&self.live.serving.load().schema)
    }

    /// Stops: not ready, then no new connections, then the running calls' grace period, then
    /// UNAVAILABLE for those that are left. Afterwards nothing runs any more, and every call has its line in the access log.
    pub async fn drain(self) {
        drop(self.watching);
        if let Some((admin, _)) = &self.admin {
            admin.not_ready();
        }
        tokio::time::sleep(self.drain_delay).await;
        let calls = || self.live.serving.load().calls.leave();
        self.listener.drain(calls).await;
        // Last, so that readiness can be read until the end.
        if let Some((_, listener)) = self.admin {
            listener.drain(|| ()).await;
        }
        self.workers.ended().await;
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}

/// Once everything that is served is known.
fn tell_ineffective(config: &Config, schema: &Schema, report: &mut impl FnMut(&Progress<'_>)) {
    let routes = protocol::options::idle(&config.protocol.routes, schema);
    let upstreams = config.upstreams.iter();
    let rules = upstreams.flat_map(|upstream| upstream::plan::idle(upstream, schema));
    for reason in routes.into_iter().chain(rules) {
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
    let mut brought = Vec::with_capacity(config.schema.len());
    for source in &config.schema {
        let loaded = sources::load(source, &config.upstreams, &calls, report).await?;
        brought.push((*loaded.source).clone());
    }
    Ok(Schema::build(brought, &config.schema_options)?)
}

#[cfg(test)]
mod tests;
