//! What operators see, on a port of its own: liveness, readiness, what is served, the upstreams, metrics,
//! and the standard gRPC health service (native gRPC and gRPC-Web). Never on the public port.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::observe::level::Leveled;
use crate::observe::metrics::{self, Form, Metrics};
use crate::observe::upstreams;
use crate::schema::Listing;

/// Letters of a wrong path that an answer repeats.
const PATH_SHOWN: usize = 100;

/// The admin pages and the state they show.
#[derive(Clone)]
pub struct Admin {
    look: Arc<dyn Look>,
    phase: Arc<Mutex<Phase>>,
    health: HealthReporter,
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

    /// What metrics are made of, the upstreams among it.
    fn metrics(&self) -> Metrics;

    /// What operators should know of configuration and schema, a line each.
    fn notes(&self) -> Vec<String>;

    /// By whom it is changed how much is logged, if somebody can.
    fn level(&self) -> Option<Arc<dyn Leveled>>;

    /// Has the configuration read again.
    fn reload(&self) -> Pin<Box<dyn Future<Output = Asked> + Send>>;
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
    /// waited for.
    pub async fn new(look: Arc<dyn Look>) -> (Self, Router) {
        let (health, service) = tonic_health::server::health_reporter();
        health
            .set_service_status("", ServingStatus::NotServing)
            .await;
        let admin = Self {
            look: Arc::clone(&look),
            phase: Arc::new(Mutex::new(Phase::Starting)),
            health,
        };
        // `tonic-web` serves the gateway's own services to browsers; calls to backends have the
        // gateway's own adapter.
        let grpc = tonic::service::Routes::new(service)
            .into_axum_router()
            .layer(tonic_web::GrpcWebLayer::new());
        let router = Router::new()
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz).with_state(admin.clone()))
            .route("/reload", post(reload).with_state(admin.clone()))
            .route("/routes", get(routes).with_state(Arc::clone(&look)))
            .route("/clusters", get(clusters).with_state(Arc::clone(&look)))
            .route(
                "/log/level",
                get(level).put(set_level).with_state(Arc::clone(&look)),
            )
            .route("/metrics", get(scraped).with_state(look))
            .merge(grpc)
            .fallback(nowhere)
            .layer(from_fn(no_page));
        (admin, router)
    }

    /// From now on `/readyz` and the health service say that calls may come.
    pub async fn ready(&self) {
        self.turn(Phase::Ready, ServingStatus::Serving).await;
    }

    /// From now on they say that no new calls should come.
    pub async fn not_ready(&self) {
        self.turn(Phase::Draining, ServingStatus::NotServing).await;
    }

    async fn turn(&self, phase: Phase, status: ServingStatus) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.health.set_service_status("", status).await;
    }

    fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page has nothing to call here, whatever its origin: it may be one that its visitor did not mean
/// to let near this port, by a name of its own that leads here.
async fn no_page(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || !request.headers().contains_key(header::ORIGIN) {
        return next.run(request).await;
    }
    let text = "the request comes from a page, which can only read here\n";
    (StatusCode::FORBIDDEN, text).into_response()
}

async fn readyz(State(admin): State<Admin>) -> impl IntoResponse {
    let (status, word) = admin.phase().shown();
    let mut text = format!("{word}\n");
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

async fn nowhere(uri: Uri) -> impl IntoResponse {
    let path: String = uri.path().chars().take(PATH_SHOWN).collect();
    let text = format!(
        "found {path}, expected /livez, /readyz, /reload, /routes, /clusters, /log/level, /metrics or the gRPC \
         service grpc.health.v1.Health\n"
    );
    (StatusCode::NOT_FOUND, text)
}

/// What is served, as `transom routes --format json` has it, and what is not.
async fn routes(State(look): State<Arc<dyn Look>>) -> Json<Listing> {
    Json(look.listing())
}

/// The upstreams and their endpoints, as `transom upstreams --format json` has them.
async fn clusters(State(look): State<Arc<dyn Look>>) -> Json<Vec<upstreams::Upstream>> {
    Json(look.metrics().upstreams)
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
        Ok(()) => {
            let now = level.level();
            tracing::warn!(level = now, "another level of logs was asked for");
            (StatusCode::OK, format!("{now}\n"))
        }
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
