//! Worker threads, each with a single-threaded runtime of its own.
//!
//! A client's connection lives on one worker together with everything its calls need: their
//! streams, their timers, their connections to backends. So no call is handed from thread to
//! thread, and the frames of calls that are ready together leave in one write. Measured beside one
//! work-stealing runtime, a small call costs a sixth to a third less CPU time.
//!
//! Guarantees: connections go to the worker that has the fewest; the threads end when the last
//! [`Workers`] is dropped, and what still runs on them is dropped then; [`Workers::ended`] waits
//! for that.

use std::cell::Cell;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::time::MissedTickBehavior;

/// Workers at most: more threads than any machine has cores is a mistake in a configuration.
pub const WORKERS_MAX: usize = 1024;

/// How often a worker wakes without need; see [`until`].
const HEARTBEAT: Duration = Duration::from_secs(1);

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// The index of the worker this code runs on; 0 on every other thread.
#[must_use]
pub fn index() -> usize {
    INDEX.get()
}

/// One for every core, or what the process may use of them.
#[must_use]
pub fn default_count() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The worker threads of a gateway. Clones share them.
#[derive(Clone, Debug)]
pub struct Workers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    first: Worker,
    others: Vec<Worker>,
    /// Its channel closes when the last thread has ended.
    ended: watch::Receiver<()>,
}

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
    /// Dropped with the worker, which ends its thread.
    _running: oneshot::Sender<()>,
}

impl Workers {
    /// Starts the threads, [`WORKERS_MAX`] at most.
    ///
    /// # Errors
    /// The operating system gives no thread, or no event queue for its runtime.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let (alive, ended) = watch::channel(());
        let first = Worker::start(0, alive.clone())?;
        let others: io::Result<Vec<_>> = (1..count.get().min(WORKERS_MAX))
            .map(|index| Worker::start(index, alive.clone()))
            .collect();
        Ok(Self {
            shared: Arc::new(Shared {
                first,
                others: others?,
                ended,
            }),
        })
    }

    /// Lets go of the workers and waits until they have ended: nothing runs on them any more, and
    /// what ran has been dropped. Clones have to be dropped for that.
    pub async fn ended(self) {
        let mut ended = self.shared.ended.clone();
        drop(self);
        // Nothing is ever sent, so only the end is a change.
        let _ = ended.changed().await;
    }

    /// The number of workers.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.shared.others.len()
    }

    /// The runtimes of all.
    pub fn runtimes(&self) -> impl Iterator<Item = &Handle> {
        let Shared { first, others, .. } = &*self.shared;
        std::iter::once(first)
            .chain(others)
            .map(|worker| &worker.runtime)
    }

    /// A place on the worker that has the fewest.
    #[must_use]
    pub fn place(&self) -> Place {
        let Shared { first, others, .. } = &*self.shared;
        let least = others.iter().fold(first, |least, worker| {
            if worker.load() < least.load() {
                worker
            } else {
                least
            }
        });
        least.connections.fetch_add(1, Ordering::Relaxed);
        Place {
            runtime: least.runtime.clone(),
            connections: Arc::clone(&least.connections),
        }
    }
}

/// Rests until the worker's sender is dropped, and wakes in between.
///
/// The heartbeat saves work: a timer that becomes the earliest of its runtime wakes the runtime's
/// own thread, by a system call. Without it the deadline of the first call on an idle worker always
/// is the earliest; with it only a deadline within the next [`HEARTBEAT`] can be.
async fn until(mut stopped: oneshot::Receiver<()>) {
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            _ = heartbeat.tick() => {}
        }
    }
}

/// A connection's place on a worker, until it is dropped.
#[derive(Debug)]
pub struct Place {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

impl Place {
    /// The worker's runtime.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Worker {
    fn start(index: usize, alive: watch::Sender<()>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || {
                INDEX.set(index);
                runtime.block_on(until(stopped));
                // Drops all that runs on it, but does not wait for a name that is being resolved.
                runtime.shutdown_background();
                drop(alive);
            })?;
        Ok(Self {
            runtime: handle,
            connections: Arc::default(),
            _running: running,
        })
    }

    fn load(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_spread_over_the_workers_and_are_given_back() {
        let workers = Workers::start(NonZeroUsize::new(3).unwrap()).unwrap();
        let where_is =
            async |place: &Place| place.runtime().spawn(async { index() }).await.unwrap();
        let places: Vec<_> = (0..6).map(|_| workers.place()).collect();
        let mut seen = Vec::new();
        for place in &places {
            seen.push(where_is(place).await);
        }
        assert_eq!(seen, [0, 1, 2, 0, 1, 2]);
        drop(places);
        assert_eq!(where_is(&workers.place()).await, 0);
    }

    #[tokio::test]
    async fn what_runs_on_a_worker_has_ended_with_the_workers() {
        let workers = Workers::start(NonZeroUsize::new(2).unwrap()).unwrap();
        let (places, mut ends): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| {
                let (held, ended) = oneshot::channel::<()>();
                let place = workers.place();
                place.runtime().spawn(async move {
                    let _held = held;
                    std::future::pending::<()>().await;
                });
                (place, ended)
            })
            .unzip();
        workers.ended().await;
        for ended in &mut ends {
            let dropped = oneshot::error::TryRecvError::Closed;
            assert_eq!(ended.try_recv(), Err(dropped), "the task was dropped");
        }
        drop(places);
    }
}
