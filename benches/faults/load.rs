//! Calls at a rate, whatever becomes of them: each has its time, and its latency counts from that, so
//! that a gateway that is slow is not spared the calls which it keeps waiting.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use crate::line::{Ask, Line, Outcome};
use crate::samples::{Sample, Samples};

/// How often the driver looks which calls are due.
const TICK: Duration = Duration::from_millis(1);

/// A driver that is later than this for one call of a hundred does not keep up with its rate.
const LATE: Duration = Duration::from_millis(20);

/// For how long a rate is tried.
const TRIAL: Duration = Duration::from_secs(2);

/// Connections of a load to one gateway.
pub(crate) const LINES: usize = 8;

/// Where calls go: each of several clients has a connection, and another to go to.
#[derive(Debug)]
pub(crate) struct Clients {
    first: Vec<Line>,
    second: Vec<Line>,
    moved: Vec<AtomicBool>,
}

impl Clients {
    /// Clients that have nowhere else to go.
    pub(crate) fn of(first: Vec<Line>) -> Arc<Self> {
        Self::between(first, Vec::new())
    }

    /// Clients that go from the first to the second when they are told to, or when the first takes no
    /// more calls.
    pub(crate) fn between(first: Vec<Line>, second: Vec<Line>) -> Arc<Self> {
        let moved = first.iter().map(|_| AtomicBool::new(false)).collect();
        Arc::new(Self {
            first,
            second,
            moved,
        })
    }

    /// This client makes its calls elsewhere from now on.
    pub(crate) fn move_on(&self, client: usize) {
        self.moved[client].store(true, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> usize {
        self.first.len()
    }

    async fn call(&self, client: usize, ask: Ask, number: i64) -> Outcome {
        let other = self.second.get(client);
        if let Some(other) = other
            && self.moved[client].load(Ordering::Relaxed)
        {
            return other.call(ask, number).await;
        }
        let outcome = self.first[client].call(ask, number).await;
        match (outcome, other) {
            (Outcome::Unseen, Some(other)) => {
                self.move_on(client);
                other.call(ask, number).await
            }
            (outcome, _) => outcome,
        }
    }
}

/// Calls that go on until they are ended.
pub(crate) struct Load {
    begun: Instant,
    is_over: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    pacer: JoinHandle<JoinSet<()>>,
    samples: Arc<Mutex<Vec<Sample>>>,
}

impl Load {
    /// Begins to make so many calls a second, of these kinds by turns.
    pub(crate) fn start(clients: &Arc<Clients>, rate: u32, asks: &'static [Ask]) -> Self {
        let begun = Instant::now();
        let is_over = Arc::<AtomicBool>::default();
        let made = Arc::<AtomicU64>::default();
        let samples = Arc::<Mutex<Vec<Sample>>>::default();
        let pacer = tokio::spawn({
            let (clients, is_over) = (Arc::clone(clients), Arc::clone(&is_over));
            let (made, samples) = (Arc::clone(&made), Arc::clone(&samples));
            async move {
                let mut running = JoinSet::new();
                let mut tick = tokio::time::interval(TICK);
                tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let mut number = 0_u32;
                while !is_over.load(Ordering::Relaxed) {
                    tick.tick().await;
                    while running.try_join_next().is_some() {}
                    loop {
                        let due = Duration::from_secs_f64(f64::from(number) / f64::from(rate));
                        if due > begun.elapsed() {
                            break;
                        }
                        let (clients, samples) = (Arc::clone(&clients), Arc::clone(&samples));
                        let client = number as usize % clients.count();
                        // Not in step with the clients, so that each makes calls of all kinds.
                        let ask = asks[number as usize / clients.count() % asks.len()];
                        made.fetch_add(1, Ordering::Relaxed);
                        running.spawn(async move {
                            let late = begun.elapsed().saturating_sub(due);
                            // From 1: JSON shows no field that is 0.
                            let id = i64::from(number) + 1;
                            let outcome = clients.call(client, ask, id).await;
                            let took = begun.elapsed().saturating_sub(due);
                            let mut samples =
                                samples.lock().unwrap_or_else(PoisonError::into_inner);
                            samples.push(Sample {
                                due,
                                late,
                                took,
                                outcome,
                            });
                        });
                        number += 1;
                    }
                }
                running
            }
        });
        Self {
            begun,
            is_over,
            made,
            pacer,
            samples,
        }
    }

    /// How long it goes on already.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Calls made so far.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Makes no more calls, and waits for those under way.
    pub(crate) async fn end(self) -> Samples {
        self.is_over.store(true, Ordering::Relaxed);
        let running = self.pacer.await.unwrap();
        running.join_all().await;
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        Samples(std::mem::take(&mut *samples))
    }

    /// Makes calls for so long.
    pub(crate) async fn run(
        clients: &Arc<Clients>,
        rate: u32,
        asks: &'static [Ask],
        length: Duration,
    ) -> Samples {
        let load = Self::start(clients, rate, asks);
        tokio::time::sleep(length).await;
        load.end().await
    }
}

/// The wanted rate, or the highest of its halves that the driver keeps up with on this machine.
pub(crate) async fn honest(clients: &Arc<Clients>, wanted: u32, asks: &'static [Ask]) -> u32 {
    let mut rate = wanted;
    while rate > wanted / 16 {
        let tried = Load::run(clients, rate, asks, TRIAL).await;
        if tried.late() <= LATE {
            break;
        }
        rate /= 2;
    }
    rate
}
