//! What operators see, on a port of its own: liveness, readiness, the configuration and the schema in force,
//! the upstreams, metrics, a page that shows how it goes, and the standard gRPC health service (native gRPC
//! and gRPC-Web). Never on the public port.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Json};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::observe::level::Leveled;
use crate::observe::metrics::{self, Form, Metrics};
use crate::observe::upstreams;
use crate::schema::{Listing, Schema};

mod browsers;
pub mod health;
mod page;
mod reflection;
mod schema;
mod status;

pub use browsers::{Hosts, guarded};
pub use reflection::Reflection;

use browsers::Stranger;
use health::Health;

/// Letters of a wrong path that an answer repeats.
const PATH_SHOWN: usize = 100;

/// The admin pages and the state they show.
#[derive(Clone)]
pub struct Admin {
    look: Arc<dyn Look>,
    phase: Arc<watch::Sender<Phase>>,
}

/// Whether calls should come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not yet: there is nothing to serve.
    Starting,
    /// They are served.
    Ready,
    /// No more: the gateway is about to end.
    Draining,
}

impl Phase {
    const fn shown(self) -> (StatusCode, &'static str) {
        match self {
            Self::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
            Self::Ready => (StatusCode::OK, "ok"),
            Self::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        }
    }
}

/// What the pages show, asked at every request, so that they follow what is swapped.
pub trait Look: Send + Sync + 'static {
    /// What is served, and what is not.
    fn listing(&self) -> Listing;

    /// The schema that is served.
    fn schema(&self) -> Arc<Schema>;

    /// The configuration in force, by the keys of its file and without secrets; null of one that was made
    /// without a file.
    fn configuration(&self) -> Arc<Value>;

    /// The upstreams.
    fn upstreams(&self) -> Vec<upstreams::Upstream>;

    /// What metrics are made of, the upstreams among it.
    fn metrics(&self) -> Metrics;

    /// What operators should know of configuration and schema, a line each.
    fn notes(&self) -> Vec<String>;

    /// By whom it is changed how much is logged, if somebody can.
    fn level(&self) -> Option<Arc<dyn Leveled>>;

    /// Has the configuration read again.
    fn reload(&self) -> Pin<Box<dyn Future<Output = Asked> + Send>>;

    /// Has the gateway drain and end.
    fn drain(&self) -> Leave;
}

/// What came of the wish that the gateway end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It does, as by a signal.
    Taken,
    /// Nobody here can end it.
    Nobody,
}

/// What came of the wish that the configuration be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was taken; in words.
    Taken(String),
    /// It was refused, and nothing has changed; why.
    Refused(String),
    /// Nobody here can read it.
    Nobody,
    /// Too many wish it at a time.
    TooMany,
}

impl Admin {
    /// Not ready: the port opens before there is something to serve, so that operators see who is
    /// waited for. The pages are to be [`guarded`] before anybody is answered.
    pub fn new(look: Arc<dyn Look>, reflection: Reflection) -> (Self, Router) {
        let (phase, _) = watch::channel(Phase::Starting);
        let admin = Self {
            look: Arc::clone(&look),
            phase: Arc::new(phase),
        };
        let health = Health::new(Arc::clone(&look), admin.phase.subscribe());
        let router = Router::new()
            .route("/", get(page::page))
            .route("/assets/{name}", get(page::asset))
            .route(
                "/status.json",
                get(status::status).with_state(admin.clone()),
            )
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz).with_state(admin.clone()))
            .route("/reload", post(reload).with_state(admin.clone()))
            .route("/drain", post(drain).with_state(admin.clone()))
            .route("/config", get(configuration).with_state(Arc::clone(&look)))
            .route("/schema", get(schema::schema).with_state(Arc::clone(&look)))
            .route(
                "/schema.binpb",
                get(schema::descriptors).with_state(Arc::clone(&look)),
            )
            .route("/routes", get(routes).with_state(Arc::clone(&look)))
            .route("/clusters", get(clusters).with_state(Arc::clone(&look)))
            .route(
                "/log/level",
                get(level).put(set_level).with_state(Arc::clone(&look)),
            )
            .route("/metrics", get(scraped).with_state(look))
            .merge(reflection::services(health, reflection))
            .fallback(nowhere);
        (admin, router)
    }

    /// From now on `/readyz` and the health service say that calls may come.
    pub fn ready(&self) {
        self.phase.send_replace(Phase::Ready);
    }

    /// From now on they say that no new calls should come.
    pub fn not_ready(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    fn phase(&self) -> Phase {
        *self.phase.borrow()
    }
}

/// What is wrong may be said with words of the configuration, so it is for those who could read that.
async fn readyz(
    State(admin): State<Admin>,
    stranger: Option<Extension<Stranger>>,
) -> (StatusCode, String) {
    let (status, word) = admin.phase().shown();
    let mut text = format!("{word}\n");
    if stranger.is_some() {
        return (status, text);
    }
    for note in admin.look.notes() {
        text.push_str(&note);
        text.push('\n');
    }
    (status, text)
}

/// Reads the configuration again.
async fn reload(State(admin): State<Admin>) -> impl IntoResponse {
    if admin.phase() == Phase::Starting {
        let text = "the first configuration is not served yet\n".to_owned();
        return (StatusCode::SERVICE_UNAVAILABLE, text);
    }
    let (status, text) = match admin.look.reload().await {
        Asked::Taken(told) => (StatusCode::OK, told),
        Asked::Refused(reason) => {
            let text = format!("refused, nothing has changed: {reason}");
            (StatusCode::UNPROCESSABLE_ENTITY, text)
        }
        Asked::Nobody => {
            let text = "nobody here reads a configuration".to_owned();
            (StatusCode::NOT_IMPLEMENTED, text)
        }
        Asked::TooMany => {
            let text = "it is wished too often already".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
    };
    (status, format!("{text}\n"))
}

/// Begins a drain, as the first SIGTERM does; the answer does not wait for its end.
async fn drain(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    match admin.phase() {
        Phase::Starting => {
            let text = "there is nothing to drain: nothing is served yet\n";
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
        Phase::Draining => (StatusCode::ACCEPTED, "it drains already\n"),
        Phase::Ready => match admin.look.drain() {
            Leave::Taken => (StatusCode::ACCEPTED, "it drains, and ends\n"),
            Leave::Nobody => (StatusCode::NOT_IMPLEMENTED, "nobody here can end it\n"),
        },
    }
}

/// What `/config` answers.
#[derive(Debug, Serialize)]
struct Configuration {
    /// The number of the configuration.
    generation: u64,
    /// As `gateway_config_hash` has it.
    hash: u32,
    config: Arc<Value>,
}

/// The configuration in force.
async fn configuration(State(look): State<Arc<dyn Look>>) -> impl IntoResponse {
    let (config, metrics) = (look.configuration(), look.metrics());
    let configuration = Configuration {
        generation: metrics.reloads + 1,
        hash: metrics.config_hash,
        config,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(configuration))
}

async fn nowhere(uri: Uri) -> impl IntoResponse {
    let path: String = uri.path().chars().take(PATH_SHOWN).collect();
    let text = format!(
        "found {path}, expected /, /livez, /readyz, /reload, /drain, /config, /schema, /routes, /clusters, \
         /log/level, /metrics, /status.json or the gRPC service grpc.health.v1.Health\n"
    );
    (StatusCode::NOT_FOUND, text)
}

/// What is served, as `transom routes --format json` has it, and what is not.
async fn routes(State(look): State<Arc<dyn Look>>) -> Json<Listing> {
    Json(look.listing())
}

/// The upstreams and their endpoints, as `transom upstreams --format json` has them.
async fn clusters(State(look): State<Arc<dyn Look>>) -> Json<Vec<upstreams::Upstream>> {
    Json(look.upstreams())
}

/// How much is logged.
async fn level(State(look): State<Arc<dyn Look>>) -> impl IntoResponse {
    match look.level() {
        Some(level) => (StatusCode::OK, format!("{}\n", level.level())),
        None => no_level(),
    }
}

/// Changes how much is logged: a level, or a filter as `RUST_LOG` has it.
async fn set_level(State(look): State<Arc<dyn Look>>, wanted: String) -> impl IntoResponse {
    let Some(level) = look.level() else {
        return no_level();
    };
    match level.set(&wanted) {
        Ok(()) => (StatusCode::OK, format!("{}\n", level.level())),
        Err(reason) => (StatusCode::BAD_REQUEST, format!("{reason}\n")),
    }
}

fn no_level() -> (StatusCode, String) {
    let text = "nobody here can change how much is logged\n".to_owned();
    (StatusCode::NOT_IMPLEMENTED, text)
}

/// For Prometheus.
async fn scraped(State(look): State<Arc<dyn Look>>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get_all(header::ACCEPT).into_iter();
    let accept: Vec<_> = accept.filter_map(|value| value.to_str().ok()).collect();
    let form = Form::accepted(&accept.join(","));
    let text = metrics::text(look.metrics(), form);
    ([(header::CONTENT_TYPE, form.content_type())], text)
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("phase", &self.phase())
            .finish_non_exhaustive()
    }
}
