//! What operators see, on a port of its own: liveness, readiness, what is served, and the standard
//! gRPC health service (native gRPC and gRPC-Web). Never on the public port.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::schema::Listing;

/// Letters of a wrong path that an answer repeats.
const PATH_SHOWN: usize = 100;

/// The admin pages and the state they show.
#[derive(Clone, Debug)]
pub struct Admin {
    ready: Arc<AtomicBool>,
    health: HealthReporter,
}

/// How to look at what is served right now.
type Look = Arc<dyn Fn() -> Listing + Send + Sync>;

impl Admin {
    /// Ready from the start: the port opens only once there is something to serve.
    ///
    /// `listing` is asked at every request, so the pages follow a swapped schema.
    pub async fn new(listing: impl Fn() -> Listing + Send + Sync + 'static) -> (Self, Router) {
        let (health, service) = tonic_health::server::health_reporter();
        health.set_service_status("", ServingStatus::Serving).await;
        let admin = Self {
            ready: Arc::new(AtomicBool::new(true)),
            health,
        };
        // `tonic-web` serves the gateway's own services to browsers; calls to backends have the
        // gateway's own adapter.
        let grpc = tonic::service::Routes::new(service)
            .into_axum_router()
            .layer(tonic_web::GrpcWebLayer::new());
        let look: Look = Arc::new(listing);
        let router = Router::new()
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz).with_state(admin.clone()))
            .route("/routes", get(routes).with_state(look))
            .merge(grpc)
            .fallback(nowhere)
            .layer(from_fn(no_page));
        (admin, router)
    }

    /// From now on `/readyz` and the health service say that no new calls should come.
    pub async fn not_ready(&self) {
        self.ready.store(false, Ordering::Release);
        self.health
            .set_service_status("", ServingStatus::NotServing)
            .await;
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
    if admin.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    }
}

async fn nowhere(uri: Uri) -> impl IntoResponse {
    let path: String = uri.path().chars().take(PATH_SHOWN).collect();
    let text = format!(
        "found {path}, expected /livez, /readyz, /routes or the gRPC service grpc.health.v1.Health\n"
    );
    (StatusCode::NOT_FOUND, text)
}

/// What is served, as `transom routes --format json` has it, and what is not.
async fn routes(State(look): State<Look>) -> Json<Listing> {
    Json(look())
}
