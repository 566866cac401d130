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

use prost::Message as _;
use tokio::time::{Instant, sleep};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::backoff::Backoff;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::exchange::{Answers, Opened, Outgoing, Reading, Source};
use super::random;
use super::task::Task;
use crate::call::{Accept, Answer, Code, Deadline, Encodings, Message, Metadata, Requests, Status};
use crate::schema::method::Shape;

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
}

/// What came of asking once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// It serves, or not.
    Health(bool),
    /// It has no such method.
    Unimplemented,
    /// Nothing: it was not reached, or failed.
    Nothing,
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
    };
    Task::start(asked.run())
}

impl Asked {
    async fn run(self) {
        let mut backoff = Backoff::default();
        loop {
            match self.watch(&mut backoff).await {
                Found::Unimplemented => return self.poll().await,
                Found::Health(_) | Found::Nothing => self.learn(false),
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
                    self.learn(serves(&message));
                }
                Some(Answer::End(end)) => return found(&end.status),
                None => return Found::Nothing,
            }
        }
    }

    /// Asks again and again.
    async fn poll(&self) {
        loop {
            let next = Instant::now() + self.config.interval;
            match self.check().await {
                Found::Health(healthy) => self.learn(healthy),
                Found::Nothing => self.learn(false),
                Found::Unimplemented => {
                    if let (Some(endpoint), Some(cluster)) =
                        (self.endpoint.upgrade(), self.cluster.upgrade())
                    {
                        tracing::error!(
                            upstream = %cluster.name, endpoint = %endpoint.target.address,
                            "health checks are configured, but it has no grpc.health.v1; it counts as healthy",
                        );
                    }
                    return self.learn(true);
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
            Err(_) => return Found::Nothing,
        };
        match tokio::time::timeout(self.config.timeout, answers.step()).await {
            Ok(Some(Answer::Message(message))) => Found::Health(serves(&message)),
            Ok(Some(Answer::End(end))) => found(&end.status),
            Ok(None) | Err(_) => Found::Nothing,
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
        };
        let pool = endpoint.control_pool();
        let source = Source::new(Requests::One(message));
        let answered = outgoing
            .send_by(pool, &endpoint, source, None)
            .await
            .map_err(|unanswered| unanswered.status)?;
        Answers::open(&reading, answered)
    }

    /// Makes known what was found, if it is something else than before.
    fn learn(&self, healthy: bool) {
        let (Some(endpoint), Some(cluster)) = (self.endpoint.upgrade(), self.cluster.upgrade())
        else {
            return;
        };
        if endpoint.set_healthy(healthy) {
            let (upstream, address) = (&*cluster.name, &endpoint.target.address);
            if healthy {
                tracing::info!(upstream, endpoint = %address, "an endpoint says that it serves");
            } else {
                tracing::warn!(upstream, endpoint = %address, "an endpoint does not say that it serves");
            }
            cluster.health_changed();
        }
    }
}

/// What the end of a question says.
fn found(status: &Status) -> Found {
    match status.code {
        Code::Unimplemented => Found::Unimplemented,
        // An unknown service: `Check` says so, and it is not served.
        Code::NotFound => Found::Health(false),
        _ => Found::Nothing,
    }
}

/// True if an answer says that it serves. What cannot be read says nothing of the kind.
fn serves(message: &Message) -> bool {
    HealthCheckResponse::decode(message.payload())
        .is_ok_and(|answer| answer.status() == ServingStatus::Serving)
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
            serves(&Message::from_payload(&answer.encode_to_vec()))
        };
        assert!(says(ServingStatus::Serving));
        for other in [
            ServingStatus::Unknown,
            ServingStatus::NotServing,
            ServingStatus::ServiceUnknown,
        ] {
            assert!(!says(other), "{other:?}");
        }
        assert!(!serves(&Message::from_payload(b"\xff")));
    }

    #[test]
    fn a_server_without_the_service_is_told_from_one_that_fails() {
        let of = |code| found(&Status::upstream(code, ""));
        assert_eq!(of(Code::Unimplemented), Found::Unimplemented);
        assert_eq!(of(Code::NotFound), Found::Health(false));
        assert_eq!(of(Code::Unavailable), Found::Nothing);
    }
}
