//! One attempt after the other, each after the former has failed.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::super::exchange::Source;
use super::super::measured::Measured;
use super::super::plan::Readiness;
use super::super::random;
use super::super::retry::{self, Committed, Next, Policy, Replay};
use super::super::tried::Tried;
use super::{Answered, Attempts, Failed, Peek};
use crate::call::{Requests, Retry, Status};

/// The messages of a call, for one attempt after the other.
enum Messages {
    /// Kept as they are sent.
    Kept(Replay),
    /// Repeated where that costs nothing, else sent once.
    Plain(Option<Source>),
}

impl Messages {
    /// For the next attempt; none if there can be no more.
    fn take(&mut self) -> Option<Source> {
        match self {
            Self::Kept(replay) => replay.attempt().map(Source::new),
            Self::Plain(source) => source.take(),
        }
    }

    /// What is left of a failed attempt, and whether that is enough for another.
    fn left(&mut self, failed: &mut Failed, repeat: Option<Source>) {
        let source = failed.source.take();
        let can_repeat = match self {
            Self::Kept(replay) => !replay.is_committed(),
            Self::Plain(plain) => {
                *plain = source.or(repeat);
                plain.is_some()
            }
        };
        if failed.committed != Committed::Answered {
            failed.committed = if can_repeat {
                Committed::No
            } else {
                Committed::Dropped
            };
        }
    }

    /// An answer has begun.
    fn commit(&self) {
        match self {
            Self::Kept(replay) => replay.commit(),
            Self::Plain(_) => {}
        }
    }
}

impl Attempts<'_> {
    /// One attempt after the other, as far as `policy` and the call allow.
    pub(super) async fn in_sequence(
        &self,
        requests: Requests,
        policy: Option<&Policy>,
        measured: &mut Measured,
    ) -> Result<Answered, Status> {
        let mut state = retry::Attempts::new(policy, self.idempotency);
        let is_kept = policy.is_some() && matches!(requests, Requests::Stream(_));
        let mut messages = if is_kept {
            Messages::Kept(Replay::new(requests, &self.cluster.joint.account))
        } else {
            Messages::Plain(Some(Source::new(requests)))
        };
        let peek = match policy {
            Some(_) => self.peek(),
            None => Peek::Nothing,
        };
        let mut tried = Tried::default();
        let mut under_way = None;
        loop {
            let Some(source) = messages.take() else {
                return Err(lost());
            };
            let repeat = source.repeat();
            let picked = self.pick(&tried)?;
            let previous = state.previous_attempts();
            let mut failed = match self
                .attempt(picked, source, previous, under_way.take(), peek)
                .await
            {
                Ok(answered) => {
                    messages.commit();
                    return Ok(answered);
                }
                Err(failed) => failed,
            };
            let since = Instant::now();
            messages.left(&mut failed, repeat);
            let judged = self.judged(&failed, &mut tried, Beside::Nothing);
            let judged = self.settled(judged, &mut tried).await?;
            let left = self.deadline().remaining();
            let next = state.failed(&judged, left, failed.committed, self.gate(), random::unit());
            let after = match next {
                Next::Transparent { after } => {
                    self.cluster
                        .retried
                        .transparent
                        .fetch_add(1, Ordering::Relaxed);
                    measured.retried_transparently();
                    after
                }
                Next::Again {
                    after,
                    under_way: place,
                } => {
                    under_way = Some(place);
                    self.cluster.retried.policy.fetch_add(1, Ordering::Relaxed);
                    measured.retried();
                    after
                }
                Next::GiveUp(why) => {
                    tracing::debug!(upstream = %self.cluster.name, why = why.as_str(), "no further attempt");
                    return failed.into_result();
                }
            };
            // What was answered is not the call's answer: its stream ends here.
            drop(failed);
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            measured.idled(since.elapsed());
        }
    }

    /// Remembers where the call was, and says what the failure means for another attempt. One that
    /// could not be sent is sent elsewhere at once. Where there is nowhere else, a call that awaits an
    /// endpoint waits for one; of others it is a failure like any.
    pub(super) fn judged(&self, failed: &Failed, tried: &mut Tried, beside: Beside) -> Judged {
        let endpoint = &failed.endpoint;
        tried.add(endpoint);
        let status = failed.status.clone();
        if status.retry != Retry::Unsent
            || endpoint.target.outlook.is_open()
            || self.cluster.set().has_other(tried)
        {
            return Judged::Now(status);
        }
        match (self.terms.readiness, beside) {
            (Readiness::Awaited, Beside::Nothing) => Judged::OnceReachable(status),
            (Readiness::Awaited, Beside::Others) | (Readiness::FailFast, _) => {
                Judged::Now(status.retry(Retry::BeforeFirstByte))
            }
        }
    }

    /// What a failure means, when that can be acted on.
    ///
    /// # Errors
    /// UNAVAILABLE: too many calls wait already.
    pub(super) async fn settled(
        &self,
        judged: Judged,
        tried: &mut Tried,
    ) -> Result<Status, Status> {
        match judged {
            Judged::Now(status) => Ok(status),
            Judged::OnceReachable(status) => {
                self.cluster.reachable().await?;
                *tried = Tried::default();
                Ok(status)
            }
        }
    }
}

/// Whether other attempts of the call run, which have to be looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    Nothing,
    Others,
}

/// A failure, and when it is acted on.
#[derive(Debug)]
pub(super) enum Judged {
    /// At once.
    Now(Status),
    /// As soon as an endpoint can be reached.
    OnceReachable(Status),
}

/// Cannot be: an attempt is made only if there is something to send.
fn lost() -> Status {
    Status::gateway(
        crate::call::Code::Internal,
        "the messages of the call are no longer kept",
    )
}
