//! Attempts side by side, each a while after the former: the first that is answered is the call's.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::exchange::Source;
use super::super::retry::{Hedge, Hedging, Opening, Step, UnderWay};
use super::super::tried::Tried;
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
    ) -> Result<Answered, Status> {
        let message = match requests {
            Requests::One(message) => message,
            other @ (Requests::Done | Requests::Stream(_)) => {
                return self.in_sequence(other, None).await;
            }
        };
        let source = || Source::new(Requests::One(message.clone()));
        let mut hedge = Hedge::new(hedging, self.deadline(), Instant::now());
        // Also those where an attempt runs: two at one endpoint would be of little use.
        let mut tried = Tried::default();
        // The failure that is the call's if the attempt to come is not made.
        let mut last: Option<Failed> = None;
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
                    let judged = self.judged(&failed, &mut tried);
                    let now = Instant::now();
                    match hedge.failed(now, &judged, failed.committed, self.gate()) {
                        Step::Wait => last = Some(failed),
                        Step::End(why) => {
                            tracing::debug!(upstream = %self.cluster.name, why = why.as_str(), "no further attempt");
                            return failed.into_result();
                        }
                        Step::Transparent { after } => {
                            self.cluster.retried.transparent.fetch_add(1, Ordering::Relaxed);
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
