//! Attempts side by side, each a while after the former: the first that is answered is the call's.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::exchange::Source;
use super::super::measured::Measured;
use super::super::retry::{Hedge, Hedging, Opening, Step, UnderWay};
use super::super::tried::Tried;
use super::sequence::Beside;
use super::{Answered, Attempts, Failed, Peek};
use crate::call::{Requests, Status};

type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Answered, Failed>> + Send + 'a>>;

impl Attempts<'_> {
    /// Attempts side by side, as far as `hedging` and the call allow. Only for calls of one message;
    /// others are made once.
    pub(super) async fn side_by_side(
        &self,
        requests: Requests,
        hedging: &Hedging,
        measured: &mut Measured,
    ) -> Result<Answered, Status> {
        let message = match requests {
            Requests::One(message) => message,
            other @ (Requests::Done | Requests::Stream(_)) => {
                return self.in_sequence(other, None, measured).await;
            }
        };
        let source = || Source::new(Requests::One(message.clone()));
        let mut hedge = Hedge::new(hedging, self.deadline(), Instant::now());
        // Also those where an attempt runs: two at one endpoint would be of little use.
        let mut tried = Tried::default();
        // The failure that is the call's if the attempt to come is not made.
        let mut last: Option<Failed> = None;
        // Since when no attempt runs.
        let mut idle: Option<Instant> = None;
        let mut running: FuturesUnordered<Attempt<'_>> = FuturesUnordered::new();
        running.push(self.beside(source(), &mut tried, None, None)?);
        loop {
            let due = hedge.due();
            tokio::select! {
                biased;
                Some(ended) = running.next() => {
                    let failed = match ended {
                        // The others are dropped, and their calls cancelled.
                        Ok(answered) => return Ok(answered),
                        Err(failed) => failed,
                    };
                    let beside = if running.is_empty() {
                        idle.get_or_insert(Instant::now());
                        Beside::Nothing
                    } else {
                        Beside::Others
                    };
                    let judged = self.judged(&failed, &mut tried, beside);
                    let judged = self.settled(judged, &mut tried).await?;
                    let now = Instant::now();
                    match hedge.failed(now, &judged, failed.committed, self.gate()) {
                        Step::Wait => last = Some(failed),
                        Step::End(why) => {
                            tracing::debug!(upstream = %self.cluster.name, why = why.as_str(), "no further attempt");
                            return failed.into_result();
                        }
                        Step::Transparent { after } => {
                            self.cluster.retried.transparent.fetch_add(1, Ordering::Relaxed);
                            measured.retried_transparently();
                            measured.idled(idle.take().map_or(Duration::ZERO, |since| since.elapsed() + after));
                            let again = self.beside(source(), &mut tried, None, None)?;
                            running.push(Box::pin(async move {
                                sleep(after).await;
                                again.await
                            }));
                        }
                    }
                }
                () = until(due) => match hedge.open(Instant::now(), self.gate()) {
                    Opening::Wait => {}
                    Opening::End(why) => {
                        tracing::debug!(upstream = %self.cluster.name, why = why.as_str(), "no further attempt");
                        if let Some(failed) = last.take() {
                            return failed.into_result();
                        }
                    }
                    Opening::Attempt { previous, under_way } => {
                        self.cluster.retried.hedges.fetch_add(1, Ordering::Relaxed);
                        measured.hedged();
                        measured.idled(idle.take().map_or(Duration::ZERO, |since| since.elapsed()));
                        let place = Some(under_way);
                        running.push(self.beside(source(), &mut tried, Some(previous), place)?);
                    }
                },
            }
        }
    }

    /// One more attempt, about to be made.
    fn beside<'a>(
        &'a self,
        source: Source,
        tried: &mut Tried,
        previous: Option<u32>,
        under_way: Option<UnderWay>,
    ) -> Result<Attempt<'a>, Status> {
        let picked = self.pick(tried)?;
        tried.add(&picked.endpoint);
        let attempt = self.attempt(picked, source, previous, under_way, Peek::First);
        Ok(Box::pin(attempt))
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
