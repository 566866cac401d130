//! Health checks: what an endpoint says of itself by `grpc.health.v1` (gRFC A17).
//!
//! ```text
//! Watch ─ each answer ─► healthy or not
//!   │ ends: not healthy, and asked again after a while
//!   │ UNIMPLEMENTED
//!   ▼
//! Check, every interval ─► healthy or not
//!   │ UNIMPLEMENTED
//!   ▼
//! healthy, and an error in the log: it has no health service
//! ```
//!
//! One task for each endpoint, on a connection of its own beside those of the workers. An endpoint that
//! has not answered yet is not healthy; while that is so of most, health is ignored.

use std::sync::{Arc, Weak};
use std::time::Duration;

use http::HeaderValue;
use prost::Message as _;
use tokio::time::{Instant, sleep};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::backoff::Backoff;
use super::breaker::Breaker;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::exchange::{Answers, Opened, Outgoing, Reading, Repeat, Source};
use super::random;
use super::task::Task;
use crate::call::{
    Accept, Answer, Code, Deadline, Encodings, Message, Metadata, Requests, Retry, Status,
};
use crate::schema::method::Shape;

mod finding;

pub(super) use finding::{Finding, Health};

/// Bytes of a health answer at most: it holds a number.
const ANSWER_MAX: usize = 1024;

const WATCH: &str = "/grpc.health.v1.Health/Watch";
const CHECK: &str = "/grpc.health.v1.Health/Check";

/// How endpoints are asked for their health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The service whose health counts; empty: the server as a whole.
    pub service: String,
    /// How often an endpoint is asked that cannot be watched.
    pub interval: Duration,
    /// How long one question may take.
    pub timeout: Duration,
}

/// The server as a whole, every 10 seconds, for a second.
impl Default for Config {
    fn default() -> Self {
        Self {
            service: String::new(),
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(1),
        }
    }
}

/// Who is asked, for whom. Neither is kept alive by being asked.
struct Asked {
    endpoint: Weak<Endpoint>,
    cluster: Weak<Shared>,
    config: Config,
    /// Questions are no calls: those are not fewer for them.
    breaker: Arc<Breaker>,
}

/// What came of asking once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Its health.
    Health(Finding),
    /// It has no such method.
    Unimplemented,
}

/// Begins to ask an endpoint; it is asked until what is given back is dropped.
pub(super) fn start(
    endpoint: &Arc<Endpoint>,
    cluster: &Weak<Shared>,
    config: &Config,
) -> Option<Task> {
    let asked = Asked {
        endpoint: Arc::downgrade(endpoint),
        cluster: Weak::clone(cluster),
        config: config.clone(),
        breaker: Breaker::unbounded(Arc::clone(&endpoint.target.upstream)),
    };
    Task::start(asked.run())
}

impl Asked {
    async fn run(self) {
        let mut backoff = Backoff::default();
        loop {
            match self.watch(&mut backoff).await {
                Found::Unimplemented => return self.poll().await,
                // Whatever it said before it ended: nobody watches now.
                Found::Health(Finding::Serves) => self.learn(Finding::Failed),
                Found::Health(finding) => self.learn(finding),
            }
            sleep(backoff.failed(random::unit())).await;
        }
    }

    /// Watches until that ends.
    async fn watch(&self, backoff: &mut Backoff) -> Found {
        let mut answers = match self.ask(WATCH, Shape::ServerStream, Deadline::Never).await {
            Ok(Opened::Live(answers)) => answers,
            Ok(Opened::Ended(end)) => return found(&end.status),
            Err(status) => return found(&status),
        };
        loop {
            match answers.step().await {
                Some(Answer::Message(message)) => {
                    backoff.reset();
                    self.learn(said(&message));
                }
                Some(Answer::End(end)) => return found(&end.status),
                None => return Found::Health(Finding::Failed),
            }
        }
    }

    /// Asks again and again.
    async fn poll(&self) {
        loop {
            let next = Instant::now() + self.config.interval;
            match self.check().await {
                Found::Health(finding) => self.learn(finding),
                Found::Unimplemented => {
                    if let (Some(endpoint), Some(cluster)) =
                        (self.endpoint.upgrade(), self.cluster.upgrade())
                    {
                        tracing::error!(
                            upstream = %cluster.name, endpoint = %endpoint.target.address,
                            "health checks are configured, but it has no grpc.health.v1; it counts as healthy",
                        );
                    }
                    return self.learn(Finding::Serves);
                }
            }
            tokio::time::sleep_until(next).await;
        }
    }

    async fn check(&self) -> Found {
        let deadline = Deadline::after(self.config.timeout);
        let asked = self.ask(CHECK, Shape::Unary, deadline);
        let mut answers = match tokio::time::timeout(self.config.timeout, asked).await {
            Ok(Ok(Opened::Live(answers))) => answers,
            Ok(Ok(Opened::Ended(end))) => return found(&end.status),
            Ok(Err(status)) => return found(&status),
            Err(_) => return Found::Health(Finding::Late),
        };
        match tokio::time::timeout(self.config.timeout, answers.step()).await {
            Ok(Some(Answer::Message(message))) => Found::Health(said(&message)),
            Ok(Some(Answer::End(end))) => found(&end.status),
            Ok(None) => Found::Health(Finding::Failed),
            Err(_) => Found::Health(Finding::Late),
        }
    }

    async fn ask(&self, path: &str, shape: Shape, deadline: Deadline) -> Result<Opened, Status> {
        let gone = || Status::gateway(Code::Cancelled, "the endpoint is no longer there");
        let endpoint = self.endpoint.upgrade().ok_or_else(gone)?;
        let request = HealthCheckRequest {
            service: self.config.service.clone(),
        };
        let message = Message::from_payload(&request.encode_to_vec());
        let (none, encodings) = (Metadata::new(), Encodings::default());
        let outgoing = Outgoing::new(path, none, &encodings, deadline, Duration::ZERO)?;
        let reading = Reading {
            upstream: Arc::clone(&endpoint.target.upstream),
            shape,
            accept: Accept::Opened,
            max_message: ANSWER_MAX,
            deadline,
            buffers: Arc::default(),
        };
        let told = Repeat {
            authorization: self.authorization().await?,
            ..Repeat::default()
        };
        let pool = endpoint.control_pool();
        let source = Source::new(Requests::One(message));
        let answered = outgoing
            .send_by((pool, &self.breaker), &endpoint, source, &told)
            .await
            .map_err(|unanswered| unanswered.status)?;
        Answers::open(&reading, answered)
    }

    /// The token that calls carry too. It is waited for without keeping the upstream alive.
    async fn authorization(&self) -> Result<Option<HeaderValue>, Status> {
        let bearer = self.cluster.upgrade();
        let Some(bearer) = bearer.and_then(|cluster| cluster.bearer.clone()) else {
            return Ok(None);
        };
        bearer.ready().await?;
        bearer.present().map(Some).ok_or_else(|| bearer.missing())
    }

    /// Makes known what was found, if it is something else than before.
    fn learn(&self, finding: Finding) {
        let (Some(endpoint), Some(cluster)) = (self.endpoint.upgrade(), self.cluster.upgrade())
        else {
            return;
        };
        let before = endpoint.health.replace(finding);
        if before.is_healthy() == finding.is_healthy() {
            return;
        }
        let (upstream, address) = (&*cluster.name, &endpoint.target.address);
        match finding.why() {
            None => {
                tracing::info!(upstream, endpoint = %address, "an endpoint says that it serves")
            }
            Some(why) => {
                tracing::warn!(upstream, endpoint = %address, why, "an endpoint does not say that it serves");
            }
        }
        cluster.health_changed();
    }
}

/// What the end of a question says.
fn found(status: &Status) -> Found {
    match status.code {
        Code::Unimplemented => Found::Unimplemented,
        // An unknown service: `Check` says so, and it is not served.
        Code::NotFound => Found::Health(Finding::NoService),
        Code::DeadlineExceeded => Found::Health(Finding::Late),
        _ if status.retry == Retry::Unsent => Found::Health(Finding::Unreached),
        _ => Found::Health(Finding::Failed),
    }
}

/// What an answer says. One that cannot be read does not say that it serves.
fn said(message: &Message) -> Finding {
    match HealthCheckResponse::decode(message.payload()) {
        Ok(answer) => match answer.status() {
            ServingStatus::Serving => Finding::Serves,
            ServingStatus::ServiceUnknown => Finding::NoService,
            ServingStatus::Unknown | ServingStatus::NotServing => Finding::NotServing,
        },
        Err(_) => Finding::Failed,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_serving_serves() {
        let says = |status: ServingStatus| {
            let answer = HealthCheckResponse {
                status: status.into(),
            };
            said(&Message::from_payload(&answer.encode_to_vec()))
        };
        assert!(says(ServingStatus::Serving).is_healthy());
        for other in [
            ServingStatus::Unknown,
            ServingStatus::NotServing,
            ServingStatus::ServiceUnknown,
        ] {
            assert!(!says(other).is_healthy(), "{other:?}");
        }
        assert!(!said(&Message::from_payload(b"\xff")).is_healthy());
    }

    #[test]
    fn a_server_without_the_service_is_told_from_one_that_fails() {
        let of = |code| found(&Status::upstream(code, ""));
        assert_eq!(of(Code::Unimplemented), Found::Unimplemented);
        assert_eq!(of(Code::NotFound), Found::Health(Finding::NoService));
        assert_eq!(of(Code::Unavailable), Found::Health(Finding::Failed));
        let unsent = Status::upstream(Code::Unavailable, "").retry(Retry::Unsent);
        assert_eq!(found(&unsent), Found::Health(Finding::Unreached));
    }
}
