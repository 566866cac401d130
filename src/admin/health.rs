//! `grpc.health.v1` of the gateway itself: whether it serves, and each of its services.
//!
//! A service is SERVING while the gateway is ready and an upstream that its calls go to has an endpoint that
//! takes them. How upstreams are is looked up once a second at most, whoever asks how often.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tonic::{Request, Response, Status};

use super::{Look, Phase};
use crate::observe::upstreams::{State, Upstream};
use crate::schema::Listing;

/// The generated messages, client and server.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    rustdoc::all,
    clippy::all
)]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/admin/health.rs"));
    pub use grpc::health::v1::*;
}

use pb::health_check_response::ServingStatus;
use pb::health_server::{self, HealthServer};
use pb::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};

/// The service's `FileDescriptorSet` in wire form.
pub(super) const DESCRIPTORS: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/admin/health.binpb"));

/// How long what was seen of the upstreams counts, and how often a watch looks again.
const FRESH: Duration = Duration::from_secs(1);

/// Services that are listed at most (gRFC A90 leaves the bound to the server).
const LISTED_MAX: usize = 1_000;

/// Whether each service has somebody to answer.
type Services = Arc<BTreeMap<String, bool>>;

/// Who tells it.
#[derive(Clone)]
pub(super) struct Health {
    look: Arc<dyn Look>,
    phase: watch::Receiver<Phase>,
    seen: Arc<Mutex<Option<(Instant, Services)>>>,
}

impl Health {
    pub(super) fn new(look: Arc<dyn Look>, phase: watch::Receiver<Phase>) -> Self {
        Self {
            look,
            phase,
            seen: Arc::default(),
        }
    }

    pub(super) fn service(self) -> HealthServer<Self> {
        HealthServer::new(self)
    }

    fn services(&self) -> Services {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((when, services)) = &*seen
            && when.elapsed() < FRESH
        {
            return Arc::clone(services);
        }
        let services = Arc::new(services(&self.look.listing(), &self.look.upstreams()));
        *seen = Some((Instant::now(), Arc::clone(&services)));
        services
    }

    fn gateway(&self) -> ServingStatus {
        told(*self.phase.borrow() == Phase::Ready)
    }

    /// How a service is, if it is one.
    fn status(&self, service: &str) -> Option<ServingStatus> {
        let gateway = self.gateway();
        if service.is_empty() {
            return Some(gateway);
        }
        let answers = *self.services().get(service)?;
        Some(if answers {
            gateway
        } else {
            ServingStatus::NotServing
        })
    }
}

const fn told(serves: bool) -> ServingStatus {
    if serves {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}

/// The services of what is served, each with whether an upstream that it may go to takes calls.
fn services(listing: &Listing, upstreams: &[Upstream]) -> BTreeMap<String, bool> {
    let able: Vec<_> = upstreams.iter().filter(|one| takes_calls(one)).collect();
    let is_able = |name: &str| able.iter().any(|one| one.name == name);
    let mut services = BTreeMap::new();
    for row in &listing.rows {
        let Some((service, _)) = row.rpc.split_once('/') else {
            continue;
        };
        let routed = row.routed.iter().flat_map(|routed| &routed.upstreams);
        let takes = is_able(&row.upstream) || routed.into_iter().any(|share| is_able(&share.name));
        *services.entry(service.to_owned()).or_default() |= takes;
    }
    services
}

/// One endpoint is enough. One that nobody has tried to reach yet counts as one that can be reached.
fn takes_calls(upstream: &Upstream) -> bool {
    upstream.endpoints.iter().any(|endpoint| {
        let is_chosen = match endpoint.state {
            State::Healthy | State::Probation => true,
            State::Unhealthy | State::Ejected => upstream.panic,
        };
        is_chosen && endpoint.unreachable.is_none()
    })
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

/// What a watch has told already.
struct Watch {
    health: Health,
    service: String,
    told: Option<ServingStatus>,
}

impl Watch {
    /// The next status that is another one.
    async fn next(mut self) -> Option<(Result<HealthCheckResponse, Status>, Self)> {
        loop {
            let status = self.health.status(&self.service);
            let status = status.unwrap_or(ServingStatus::ServiceUnknown);
            if self.told != Some(status) {
                self.told = Some(status);
                return Some((Ok(response(status)), self));
            }
            tokio::select! {
                changed = self.health.phase.changed() => changed.ok()?,
                () = sleep(FRESH) => {}
            }
        }
    }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match self.status(&request.into_inner().service) {
            Some(status) => Ok(Response::new(response(status))),
            None => Err(Status::not_found("no such service is served here")),
        }
    }

    async fn list(
        &self,
        _request: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let (gateway, services) = (self.gateway(), self.services());
        if services.len() > LISTED_MAX {
            let text = format!(
                "found {} services, listed are at most {LISTED_MAX}",
                services.len()
            );
            return Err(Status::resource_exhausted(text));
        }
        let statuses = services.iter().map(|(name, answers)| {
            let status = if *answers {
                gateway
            } else {
                ServingStatus::NotServing
            };
            (name.clone(), response(status))
        });
        let own = (String::new(), response(gateway));
        Ok(Response::new(HealthListResponse {
            statuses: statuses.chain([own]).collect(),
        }))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let watch = Watch {
            health: self.clone(),
            service: request.into_inner().service,
            told: None,
        };
        Ok(Response::new(Box::pin(unfold(watch, Watch::next))))
    }
}
