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

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::admin::{self, Admin};
pub use crate::admin::{Hosts, Reflection};
use crate::call::{self, Buffers};
use crate::control::otlp::Collector;
use crate::docs::{self, Documentation, Place, Reached};
use crate::listener::{self, Listener, Redirect};
use crate::observe::level::Leveled;
use crate::observe::metrics::LegacyMetrics;
use crate::observe::{AccessLog, Observe, trace};
use crate::policy::{self, Policies};
use crate::protocol;
use crate::schema::{self, Row, Schema};
use crate::upstream::{self, Upstream};
use crate::worker::{self, Workers};

mod errors;
mod fixed;
mod front;
mod guard;
mod ineffective;
mod leaving;
mod live;
mod loaded;
mod operators;
mod served;
mod shown;
mod sources;
mod stamp;
mod telling;
mod told;
mod watch;
mod wishes;
mod witness;

use live::Live;
use operators::Operators;
use witness::Counting;

/// How long a page, or a watch of the health service, may go on once no call runs any more.
const ADMIN_GRACE: Duration = Duration::from_secs(1);

pub use errors::{ReloadError, Reloaded, StartError};
pub use guard::{OnBreaking, SchemaReload};
pub use ineffective::of as ineffective;
pub use served::load_schema;
pub use shown::kept as shown;
pub use sources::{SourceConfig, SourceError, the_upstream};
pub use stamp::{Settling, Stamp};
pub use wishes::Wish;

/// Everything a gateway is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The public port.
    pub listener: listener::Config,
    /// The port that sends clients from `http` to `https`, where the public port speaks TLS.
    pub redirect: Option<Redirect>,
    /// The port for operators; none unless asked for.
    pub admin: Option<SocketAddr>,
    /// Names under which that port answers, besides addresses.
    pub admin_hosts: Hosts,
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
    /// Bytes that all messages together may hold while they are not whole, or not taken by their clients;
    /// without it, by what the process may have.
    pub buffered: Option<u64>,
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
    /// With this before its calls, and what they hold counted there.
    fn behind(mut self, policies: Option<&Arc<Policies>>, buffers: &Arc<Buffers>) -> Self {
        self.protocol.buffers = Arc::clone(buffers);
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
            redirect: None,
            admin: None,
            admin_hosts: Hosts::default(),
            admin_reflection: Reflection::default(),
            upstreams: vec![upstream::Config::new(name.clone(), url.parse()?)],
            schema: vec![SourceConfig::Reflection { upstream: name }],
            schema_options: schema::Options::default(),
            schema_reload: SchemaReload::default(),
            protocol: protocol::Config::default(),
            policy: policy::Config::default(),
            docs: docs::Config::default(),
            buffered: None,
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

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    listener: Listener,
    redirect: Option<Listener>,
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
        let mut config = config;
        loaded::bound(&mut config.listener.limits);
        let public = config.listener.clone();
        let (address, drain_delay) = (public.address, public.drain.delay);
        let at = |address| move |cause| StartError::Listen { address, cause };
        let bound = listener::bind(public.clone()).map_err(at(address))?;
        if public.tls.is_none() && !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "clients connect in plaintext, which everybody on the way can read; the section `tls` \
                 gives them TLS, an address such as 127.0.0.1 keeps others out"
            );
        }
        let redirect = config.redirect;
        let redirecting = redirect
            .map(|redirect| listener::bind(redirect.beside(&public)).map_err(at(redirect.address)))
            .transpose()?;
        let workers = Workers::start(config.workers).map_err(StartError::Workers)?;
        let buffers = Arc::new(Buffers::new(loaded::buffered(config.buffered)));
        let calls = Upstream::holding(Arc::clone(&buffers));
        let calls = calls.rebuild(config.upstreams.clone(), workers.count())?;

        let (hosts, reflection) = (config.admin_hosts.clone(), config.admin_reflection);
        let traces = config.traces.clone();
        let traces = traces.map(telling::Telling::start).transpose()?;
        let tracer = traces.as_ref().map(telling::Telling::tracer);
        let legacy = config.legacy_metrics;
        let observe = Observe::new(config.access_log.clone(), legacy, tracer);
        let policies = Policies::start_if_any(&config.policy, Counting::of(&observe))?;
        let overload = config.policy.overload;
        let config = config.behind(policies.as_ref(), &buffers);
        let (admin_address, count) = (config.admin, workers.count());
        let live = Live::new(
            config,
            (policies.clone(), Arc::clone(&buffers)),
            (calls, count),
            observe,
            Box::new(report),
        )?;
        let live = Arc::new(live);

        let admin = match admin_address {
            None => None,
            Some(address) => {
                let look = Arc::new(Operators {
                    live: Arc::clone(&live),
                    listener: bound.view(),
                    redirect: redirecting.as_ref().map(listener::Bound::view),
                    overload: policies.as_deref().map(Policies::overload).cloned(),
                });
                let (admin, pages) = Admin::new(look, reflection);
                let pages = front::with_site(pages, Arc::clone(&live));
                let pages = admin::guarded(pages, hosts);
                let listener = listener::Config {
                    address,
                    tls: None,
                    hsts: None,
                    proxies: Vec::new(),
                    drain: listener::Drain {
                        grace: public.drain.grace.min(ADMIN_GRACE),
                        ..public.drain
                    },
                    ..public.clone()
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
            .buffered(Arc::clone(&buffers))
            .serve(front::service(router), workers.clone())
            .map_err(at(address))?;
        let redirect = match (redirecting, redirect, public.tls) {
            (Some(bound), Some(redirect), Some(tls)) => {
                let port = redirect.port.unwrap_or(listener.address().port());
                let service = front::redirect(tls, port);
                let bound = bound.counted(live.observe.redirect());
                let served = bound.serve(service, workers.clone());
                Some(served.map_err(at(redirect.address))?)
            }
            _ => None,
        };
        if let Some((admin, _)) = &admin {
            admin.ready();
        }
        let mut watching = JoinSet::new();
        watching.spawn(watch::watch(Arc::clone(&live)));
        if let (Some(settings), Some(policies)) = (overload, &policies) {
            let doors = [Some(&listener), redirect.as_ref()];
            let watched = loaded::Watched {
                workers: workers.clone(),
                observe: live.observe.clone(),
                doors: doors
                    .into_iter()
                    .flatten()
                    .map(Listener::strainer)
                    .collect(),
                buffers,
                shared: Arc::clone(policies.overload()),
            };
            watching.spawn(loaded::measure(settings, watched));
        }
        Ok(Self {
            listener,
            redirect,
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

    /// The address that sends clients to `https`, if there is one.
    #[must_use]
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.redirect.as_ref().map(Listener::address)
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
        if let Some(redirect) = self.redirect {
            redirect.drain(|| ()).await;
        }
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

/// The documentation, unless there is to be none.
fn site(config: &Config) -> Option<Documentation> {
    let reached = match config.listener.tls {
        Some(_) => Reached::Https,
        None => Reached::Http,
    };
    (config.docs.place != Place::Off)
        .then(|| Documentation::new(config.docs.clone(), config.schema_options.clone(), reached))
}

#[cfg(test)]
mod tests;
