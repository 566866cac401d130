//! Streams of beats that clients read, and what they see of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prost::Message as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::line::{Beats, End, Line};
use crate::messages::Beat;

/// What became of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The port of the backend it was at; none if no beat came.
    pub(crate) port: Option<u16>,
    pub(crate) at: Instant,
    pub(crate) end: End,
}

/// What clients have seen.
#[derive(Debug, Default)]
struct Seen {
    beats: u64,
    /// Beats that did not follow the one before.
    gaps: u64,
    /// When each stream had its last beat.
    last: HashMap<usize, Instant>,
    ended: Vec<Ended>,
}

/// What a client does about a stream that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Opens another.
    Again,
    /// Nothing.
    Stop,
}

/// Clients that watch. Dropped, they leave.
pub(crate) struct Watchers {
    seen: Arc<Mutex<Seen>>,
    clients: JoinSet<()>,
}

/// What the watchers have seen, summed up.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) beats: u64,
    pub(crate) gaps: u64,
    pub(crate) ended: Vec<Ended>,
    /// Streams that had a beat lately.
    pub(crate) live: usize,
}

impl Watchers {
    /// Opens so many streams, by turns on these connections, and waits until each has had a beat.
    pub(crate) async fn start(
        lines: &[Line],
        count: usize,
        (size, interval): (usize, Duration),
        then: Then,
    ) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let mut clients = JoinSet::new();
        for (number, line) in lines.iter().cycle().take(count).enumerate() {
            let (line, seen) = (line.clone(), Arc::clone(&seen));
            clients.spawn(async move {
                loop {
                    match line.watch(size, interval).await {
                        Ok(beats) => follow(beats, number, &seen).await,
                        Err(why) => lock(&seen).ended.push(Ended {
                            port: None,
                            at: Instant::now(),
                            end: End::Broken(why),
                        }),
                    }
                    match then {
                        Then::Again => tokio::time::sleep(Duration::from_millis(10)).await,
                        Then::Stop => return,
                    }
                }
            });
        }
        let watchers = Self { seen, clients };
        while lock(&watchers.seen).last.len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        watchers
    }

    /// What they have seen so far; `lately` is how old a live stream's last beat may be.
    pub(crate) fn seen(&self, lately: Duration) -> Watched {
        let seen = lock(&self.seen);
        Watched {
            beats: seen.beats,
            gaps: seen.gaps,
            ended: seen.ended.clone(),
            live: seen
                .last
                .values()
                .filter(|at| at.elapsed() < lately)
                .count(),
        }
    }

    /// Waits until each client has stopped, or for so long.
    pub(crate) async fn stopped(&mut self, within: Duration) {
        let all = async { while self.clients.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(within, all).await;
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn follow(mut beats: Beats, stream: usize, seen: &Mutex<Seen>) {
    let (mut port, mut expected) = (None, 0);
    loop {
        match beats.next().await {
            Ok(beat) => {
                let beat = Beat::decode(beat).unwrap_or_default();
                port = u16::try_from(beat.port).ok();
                let mut seen = lock(seen);
                seen.beats += 1;
                seen.gaps += u64::from(beat.number != expected);
                expected = beat.number + 1;
                seen.last.insert(stream, Instant::now());
            }
            Err(end) => {
                let at = Instant::now();
                lock(seen).ended.push(Ended { port, at, end });
                return;
            }
        }
    }
}
