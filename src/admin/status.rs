//! How it goes, in one answer: what the status page asks for once a second.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Json};
use serde::Serialize;

use super::Admin;
use crate::observe::failures::Failure;
use crate::observe::traffic::Traffic;
use crate::observe::upstreams::{self, Upstream};

/// Upstreams that are shown at most.
const UPSTREAMS_SHOWN: usize = 100;

/// Endpoints of an upstream that are shown at most: those first that get no calls.
const ENDPOINTS_SHOWN: usize = 100;

/// Everything that the page shows.
#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    /// As `/readyz` has it.
    ready: bool,
    /// The first line of `/readyz`.
    phase: &'static str,
    /// The other lines.
    notes: Vec<String>,
    /// The number of the configuration.
    configuration: u64,
    /// The number of the schema.
    schema: u64,
    /// As `gateway_config_hash` has it.
    hash: u32,
    process: Process,
    traffic: Traffic,
    upstreams: Vec<Upstream>,
    /// Upstreams and endpoints that are not shown.
    more: usize,
    /// The calls that failed last, the newest first.
    failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct Process {
    cpu_seconds: Option<f64>,
    resident_bytes: Option<f64>,
    start_seconds: Option<f64>,
}

/// How it goes.
pub(super) async fn status(State(admin): State<Admin>) -> impl IntoResponse {
    let (code, phase) = admin.phase().shown();
    let metrics = admin.look.metrics();
    let mut upstreams = metrics.upstreams;
    let more = shorten(&mut upstreams);
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        ready: code.is_success(),
        phase,
        notes: admin.look.notes(),
        configuration: metrics.reloads + 1,
        schema: metrics.schema_generation,
        hash: metrics.config_hash,
        process: Process {
            cpu_seconds: metrics.process.cpu_seconds,
            resident_bytes: metrics.process.resident_bytes,
            start_seconds: metrics.process.start_seconds,
        },
        traffic: metrics.observe.traffic(),
        upstreams,
        more,
        failures: metrics.observe.failures(),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(status))
}

/// Leaves what is shown; how much is not.
fn shorten(upstreams: &mut Vec<Upstream>) -> usize {
    let mut more = upstreams.len().saturating_sub(UPSTREAMS_SHOWN);
    upstreams.truncate(UPSTREAMS_SHOWN);
    for upstream in upstreams {
        let all = &mut upstream.endpoints;
        more += all.len().saturating_sub(ENDPOINTS_SHOWN);
        if all.len() > ENDPOINTS_SHOWN {
            all.sort_by_key(|one| {
                one.state == upstreams::State::Healthy && one.unreachable.is_none()
            });
            all.truncate(ENDPOINTS_SHOWN);
        }
    }
    more
}
