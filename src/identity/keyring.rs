//! The keys of one issuer, kept fresh by one task and read by all workers.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::keys::{Keys, Set, SetError};
use super::refresh::{Cause, Edition, FETCH_MAX, Refresh, Settings, Turn};

/// How long a call waits for keys that it needs and that are being fetched.
pub const WAIT_MAX: Duration = Duration::from_secs(2);

/// Where a key set comes from: a URL, a file.
pub trait Fetch: Send + Sync {
    /// The text of the set; at most [`super::keys::SET_BYTES_MAX`] bytes of it have to be read. It is
    /// dropped after [`FETCH_MAX`].
    fn fetch(&self) -> impl Future<Output = Result<Bytes, FetchError>> + Send;
}

/// A set that could not be fetched, in words for operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// What came of a fetch, for logs.
#[derive(Clone, Debug)]
pub enum News {
    /// So many keys, and those that were passed over.
    Fetched(Set),
    /// The old ones count on.
    Failed(Failure),
}

/// Why there are no new keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing came.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Nothing came in time.
    #[error("found no answer within {} seconds", FETCH_MAX.as_secs())]
    Late,
    /// It is no set.
    #[error(transparent)]
    Set(#[from] SetError),
    /// Then no token could be taken any more.
    #[error("found a key set without a key that can be used ({0} passed over)")]
    Empty(usize),
}

/// The keys of an issuer. [`Keyring::run`] has to be running for them to come.
pub struct Keyring {
    current: ArcSwapOption<Edition>,
    refresh: Mutex<Refresh>,
    /// A key is asked for that is not there.
    asked: Notify,
    /// Counts fetches that are over.
    over: watch::Sender<u64>,
}

/// Which keys they are nobody has to read.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// A keyring without keys.
    #[must_use]
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            current: ArcSwapOption::empty(),
            refresh: Mutex::new(Refresh::new(settings, now)),
            asked: Notify::new(),
            over: watch::Sender::new(0),
        }
    }

    /// The keys that count now.
    #[must_use]
    pub fn current(&self, now: Instant) -> Option<Arc<Edition>> {
        let edition = self.current.load_full()?;
        if now < edition.until {
            return Some(edition);
        }
        self.publish(&mut self.refresh(), now)
    }

    /// Waits for newer keys, if a fetch is under way or may be made for a key that is not there.
    /// Says whether one has ended meanwhile.
    pub async fn ask_again(&self) -> bool {
        let mut over = self.over.subscribe();
        let turn = self.refresh().peek(Instant::now(), Cause::UnknownKey);
        match turn {
            Turn::Not(_) => return false,
            Turn::Underway => {}
            Turn::Fetch => self.asked.notify_one(),
        }
        timeout(WAIT_MAX, over.changed())
            .await
            .is_ok_and(|changed| changed.is_ok())
    }

    /// Keeps the keys fresh, for ever. Fetching is done here alone: a call that is dropped drops no fetch.
    pub async fn run(&self, source: &impl Fetch, random: impl Fn() -> f64, tell: impl Fn(News)) {
        let mut cause = Cause::Time;
        loop {
            let turn = self.refresh().turn(Instant::now(), cause);
            let until = match turn {
                Turn::Fetch => {
                    let fetched = timeout(FETCH_MAX, source.fetch()).await;
                    tell(self.fetched(fetched.map_err(|_| Failure::Late), random()));
                    cause = Cause::Time;
                    continue;
                }
                Turn::Underway | Turn::Not(_) => self.refresh().next(),
            };
            cause = match timeout_at(until, self.asked.notified()).await {
                Ok(()) => Cause::UnknownKey,
                Err(_) => Cause::Time,
            };
        }
    }

    fn fetched(&self, fetched: Result<Result<Bytes, FetchError>, Failure>, random: f64) -> News {
        let set = fetched.and_then(|fetched| {
            let set = Keys::parse(&fetched?)?;
            if set.keys.is_empty() {
                Err(Failure::Empty(set.ignored.len()))
            } else {
                Ok(set)
            }
        });
        let now = Instant::now();
        let mut refresh = self.refresh();
        let news = match set {
            Ok(set) => {
                refresh.succeeded(now, set.keys.clone());
                News::Fetched(set)
            }
            Err(failure) => {
                refresh.failed(now, random);
                News::Failed(failure)
            }
        };
        self.publish(&mut refresh, now);
        drop(refresh);
        self.over
            .send_modify(|count| *count = count.wrapping_add(1));
        news
    }

    fn publish(&self, refresh: &mut Refresh, now: Instant) -> Option<Arc<Edition>> {
        let edition = refresh.edition(now).map(Arc::new);
        self.current.store(edition.clone());
        edition
    }

    fn refresh(&self) -> MutexGuard<'_, Refresh> {
        // Nobody panics with it; and if, the state is still one.
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
