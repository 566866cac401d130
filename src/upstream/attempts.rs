//! The attempts of one call: each goes to an endpoint, and one that failed is made again where that is
//! safe.
//!
//! ```text
//! Plan of the method ─┬─ one after the other (`sequence`) ─┐
//!                     └─ side by side (`hedged`) ──────────┴─► attempt ─► set picks ─► exchange
//! ```

use std::sync::Arc;

use super::balance::{Policy, xxh64};
use super::books::Books;
use super::cluster::Shared;
use super::endpoint::Endpoint;
use super::exchange::{Answers, Opened, Outgoing, Reading, Repeat, Source};
use super::measured::Measured;
use super::plan::Plan;
use super::retry::{Committed, Gate, UnderWay};
use super::set::Picked;
use super::terms::Terms;
use super::tried::Tried;
use crate::call::{Call, Deadline, Requests, Status, Trail};
use crate::schema::method::{Idempotency, Shape};

mod bounded;
mod hedged;
mod sequence;

/// The attempts of one call.
pub(super) struct Attempts<'c> {
    cluster: &'c Arc<Shared>,
    terms: Arc<Terms>,
    idempotency: Idempotency,
    outgoing: Outgoing,
    reading: Reading,
    /// What the call is kept to one endpoint by.
    key: Option<u64>,
    /// Where it is written down where the call goes.
    trail: Option<Arc<Trail>>,
}

/// An attempt that was answered.
pub(super) type Answered = (Opened, Books);

/// An attempt that was not, or whose answer is a failure that may be followed by another attempt.
struct Failed {
    status: Status,
    committed: Committed,
    /// The messages, if they can be sent again: all of them, or those that never left.
    source: Option<Source>,
    /// Where it was.
    endpoint: Arc<Endpoint>,
    /// What the backend has answered, which is the call's answer if nothing follows.
    answer: Option<Box<Answered>>,
}

impl Failed {
    /// The failure is the call's.
    fn into_result(self) -> Result<Answered, Status> {
        match self.answer {
            Some(answer) => Ok(*answer),
            None => Err(self.status),
        }
    }
}

/// Whether the first message of an answer is awaited before the call is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peek {
    /// An error behind the headers can still be followed by another attempt.
    First,
    /// Headers go down as they come.
    Nothing,
}

impl<'c> Attempts<'c> {
    /// A call about to be made, and its messages.
    ///
    /// # Errors
    /// The method's path is none, or the only message is larger than the method's may be.
    pub(super) fn new(
        cluster: &'c Arc<Shared>,
        terms: Arc<Terms>,
        call: Call,
    ) -> Result<(Self, Requests), Status> {
        let key = match &cluster.config.balance.policy {
            Policy::RingHash { header, .. } => {
                let value = call.metadata.0.get(header);
                value.map(|value| xxh64(value.as_bytes(), 0))
            }
            Policy::PeakEwma(_) | Policy::RoundRobin | Policy::Weighted | Policy::PickFirst => None,
        };
        let requests = match terms.sizes.request {
            None => call.requests,
            Some(most) => bounded::requests(call.requests, most)?,
        };
        let max_message = cluster.config.max_message;
        let reading = Reading {
            upstream: Arc::clone(&cluster.name),
            shape: call.method.shape,
            accept: call.encodings.accept,
            max_message: (terms.sizes.response).map_or(max_message, |most| most.min(max_message)),
            deadline: call.deadline,
            buffers: Arc::clone(&cluster.joint.buffers),
        };
        let outgoing = Outgoing::new(
            &call.method.path,
            call.metadata,
            &call.encodings,
            call.deadline,
            cluster.config.timeout_offset,
        )?;
        let attempts = Self {
            cluster,
            terms,
            idempotency: call.method.idempotency,
            outgoing,
            reading,
            key,
            trail: call.trail,
        };
        Ok((attempts, requests))
    }

    /// Sends the call until it is answered.
    ///
    /// # Errors
    /// The last attempt's.
    pub(super) async fn run(
        &self,
        requests: Requests,
        measured: &mut Measured,
    ) -> Result<Answered, Status> {
        self.cluster.ready(self.terms.readiness).await?;
        self.cluster.authorized().await?;
        match &self.terms.plan {
            Plan::Once => self.in_sequence(requests, None, measured).await,
            Plan::Retried(policy) => self.in_sequence(requests, Some(policy), measured).await,
            Plan::Hedged(hedging) => self.side_by_side(requests, hedging, measured).await,
        }
    }

    const fn deadline(&self) -> Deadline {
        self.reading.deadline
    }

    fn gate(&self) -> Gate<'_> {
        Gate {
            throttle: &self.cluster.throttle,
            budget: &self.cluster.budget,
            active: self.cluster.breaker.requests().now,
        }
    }

    /// An error behind headers is looked for where headers without a message are of no use to anybody.
    const fn peek(&self) -> Peek {
        match self.reading.shape {
            Shape::Unary | Shape::ClientStream => Peek::First,
            Shape::ServerStream | Shape::Bidi => Peek::Nothing,
        }
    }

    /// An endpoint for the next attempt: one where this call has not been, if there is one.
    ///
    /// # Errors
    /// UNAVAILABLE: there is no endpoint.
    fn pick(&self, tried: &Tried) -> Result<Picked, Status> {
        self.cluster.pick(self.key, tried)
    }

    /// One attempt.
    async fn attempt(
        &self,
        picked: Picked,
        source: Source,
        previous: Option<u32>,
        under_way: Option<UnderWay>,
        peek: Peek,
    ) -> Result<Answered, Failed> {
        let endpoint = Arc::clone(&picked.endpoint);
        let failed = |status: Status, committed, source, answer| Failed {
            status,
            committed,
            source,
            endpoint: Arc::clone(&endpoint),
            answer,
        };
        let authorization = match self.cluster.authorization() {
            Ok(authorization) => authorization,
            Err(status) => return Err(failed(status, Committed::No, Some(source), None)),
        };
        let trail = self.trail.as_ref();
        let step = trail.map(|trail| trail.goes(endpoint.shown(), previous.unwrap_or(0)));
        let watched = (self.deadline(), self.reading.shape);
        let mut books = Books::begin(self.cluster, &self.terms, picked, watched, under_way);
        books.leaves(step.clone());
        let told = Repeat {
            previous,
            step,
            authorization,
        };
        let answered = match self.outgoing.send(&endpoint, source, &told).await {
            Ok(answered) => {
                if let Some(step) = &told.step {
                    step.answered(endpoint.shown());
                }
                books.sent(Some(answered.lease()));
                answered
            }
            Err(unanswered) => {
                books.sent(unanswered.lease);
                books.ended(&unanswered.status);
                let committed = if unanswered.source.is_some() {
                    Committed::No
                } else {
                    Committed::Dropped
                };
                return Err(failed(
                    unanswered.status,
                    committed,
                    unanswered.source,
                    None,
                ));
            }
        };
        let mut opened = match Answers::open(&self.reading, answered) {
            Ok(opened) => opened,
            Err(status) => {
                books.ended(&status);
                return Err(failed(status, Committed::No, None, None));
            }
        };
        match &mut opened {
            Opened::Ended(end) => books.ended(&end.status),
            Opened::Live(answers) => {
                books.answered();
                if peek == Peek::First {
                    answers.look().await;
                }
            }
        }
        match opened.failure() {
            None => Ok((opened, books)),
            Some(status) => {
                let status = status.clone();
                books.ended(&status);
                let answer = Box::new((opened, books));
                Err(failed(status, Committed::No, None, Some(answer)))
            }
        }
    }
}
