//! When the keys of an issuer are fetched, and which of them count meanwhile. A value: it is told the
//! time and what came of a fetch.
//!
//! ```text
//!             ttl over, or a kid that nobody knows (at most every 30 s)
//!        ┌───────────────────────────────────────────┐
//!   Idle ┴─► Fetching ─ keys ─► Idle: next after ttl, or soon if a key has vanished
//!                │
//!                └ failed ─► Idle: next after a pause that doubles; the old keys count on, up to a bound
//! ```
//!
//! A key that vanishes from a set is either rotated away or withdrawn, and the set does not say which.
//! Issuers keep old keys until their tokens are over, so that keeping them here is no matter of rotation;
//! what remains are issuers whose nodes disagree for a moment. So by default a vanished key counts only
//! until a second fetch, half a minute later, does not have it either.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::keys::{KEYS_MAX, Keys, Named};

/// Between two fetches of which the second is for a `kid` that nobody knows, or for a vanished key.
pub const PAUSE: Duration = Duration::from_secs(30);

/// The first pause after a failure.
const BACKOFF_MIN: Duration = Duration::from_secs(1);

/// The longest pause between failures.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// How long a fetch is waited for, as a state: one that has not come back then is lost.
pub const FETCH_MAX: Duration = Duration::from_secs(10);

/// No time of the settings is longer: a month.
pub const TIME_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is chosen for the keys of an issuer. A TTL counts as [`PAUSE`] at least, every time as
/// [`TIME_MAX`] at most, and stale keys are kept for a TTL at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long keys are as good as new.
    pub ttl: Duration,
    /// How long keys count that could not be fetched again, from when they were.
    pub stale_max: Duration,
    /// How long a key counts that has vanished.
    pub overlap: Overlap,
}

/// Ten minutes, a day, and until it is confirmed.
impl Default for Settings {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(10 * 60),
            stale_max: Duration::from_secs(24 * 60 * 60),
            overlap: Overlap::Confirmed,
        }
    }
}

/// How long a key counts that has vanished from its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Not at all.
    None,
    /// Until the next fetch that succeeds does not have it either; at most a TTL.
    Confirmed,
    /// So long, for issuers that take keys away while their tokens live.
    For(Duration),
}

/// Why keys are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It may be time.
    Time,
    /// A token names a key that is not there.
    UnknownKey,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Fetch; whoever is told this has to say what came of it.
    Fetch,
    /// Somebody is fetching.
    Underway,
    /// Nothing before this moment.
    Not(Instant),
}

/// The keys that count, and which edition they are.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Those of the last fetch, and those that vanished but still count.
    pub keys: Arc<Keys>,
    /// Another one whenever a key stopped to count: what it vouched for is void.
    pub generation: u64,
    /// Until when they count if nothing newer comes.
    pub until: Instant,
}

/// The state.
#[derive(Debug)]
pub struct Refresh {
    settings: Settings,
    /// Since when a fetch is under way.
    fetching: Option<Instant>,
    /// When the last one began.
    began: Option<Instant>,
    /// When the next one is due.
    due: Instant,
    failures: u32,
    fetched: Option<Fetched>,
    generation: u64,
}

#[derive(Debug)]
struct Fetched {
    at: Instant,
    keys: Keys,
    /// Keys that vanished, and until when they count.
    vanished: Vec<(Arc<Named>, Instant)>,
}

impl Refresh {
    /// Of an issuer whose keys nobody has fetched: that is due at once.
    #[must_use]
    pub fn new(settings: Settings, now: Instant) -> Self {
        let ttl = settings.ttl.clamp(PAUSE, TIME_MAX);
        let overlap = match settings.overlap {
            Overlap::For(overlap) => Overlap::For(overlap.min(TIME_MAX)),
            other @ (Overlap::None | Overlap::Confirmed) => other,
        };
        let stale_max = settings.stale_max.clamp(ttl, TIME_MAX);
        Self {
            settings: Settings {
                ttl,
                stale_max,
                overlap,
            },
            fetching: None,
            began: None,
            due: now,
            failures: 0,
            fetched: None,
            generation: 0,
        }
    }

    /// Whether to fetch, for whoever will: one at a time is told to.
    pub fn turn(&mut self, now: Instant, cause: Cause) -> Turn {
        let turn = self.peek(now, cause);
        if turn == Turn::Fetch {
            self.fetching = Some(now);
            self.began = Some(now);
        }
        turn
    }

    /// What would be said of a fetch.
    #[must_use]
    pub fn peek(&self, now: Instant, cause: Cause) -> Turn {
        if self.fetching.is_some_and(|since| now < since + FETCH_MAX) {
            return Turn::Underway;
        }
        let at = match (cause, self.began) {
            // After failures the next try is due anyway, and no sooner because somebody asks.
            (Cause::UnknownKey, Some(began)) if self.failures == 0 => self.due.min(began + PAUSE),
            (Cause::Time | Cause::UnknownKey, _) => self.due,
        };
        if now < at { Turn::Not(at) } else { Turn::Fetch }
    }

    /// A fetch has brought a set with keys. One without a key that can be used counts as failed: the
    /// caller says so.
    pub fn succeeded(&mut self, now: Instant, keys: Keys) {
        self.fetching = None;
        self.failures = 0;
        let vanished = match self.fetched.take() {
            None => vec![],
            Some(before) => self.vanished(now, before, &keys),
        };
        self.due = now + self.settings.ttl;
        if self.settings.overlap == Overlap::Confirmed && !vanished.is_empty() {
            self.due = self.due.min(now + PAUSE);
        }
        self.fetched = Some(Fetched {
            at: now,
            keys,
            vanished,
        });
    }

    /// A fetch has failed. The pause before the next is up to a quarter shorter by `random`, in 0..1.
    pub fn failed(&mut self, now: Instant, random: f64) {
        self.fetching = None;
        let doubled = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        let pause = BACKOFF_MIN.saturating_mul(doubled).min(BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1).min(31);
        self.due = now + pause.mul_f64(1.0 - random.clamp(0.0, 1.0) / 4.0);
    }

    /// What counts now. None if nothing was ever fetched, or not for too long.
    #[must_use]
    pub fn edition(&mut self, now: Instant) -> Option<Edition> {
        let fetched = self.fetched.as_mut()?;
        let before = fetched.vanished.len();
        fetched.vanished.retain(|(_, until)| now < *until);
        if fetched.vanished.len() < before {
            self.generation += 1;
        }
        let end = fetched.at + self.settings.stale_max;
        if now >= end {
            return None;
        }
        let vanished = fetched.vanished.iter();
        let until = vanished
            .clone()
            .map(|(_, until)| *until)
            .fold(end, Instant::min);
        let keys = fetched.keys.0.iter().chain(vanished.map(|(key, _)| key));
        Some(Edition {
            keys: Arc::new(Keys(keys.cloned().collect())),
            generation: self.generation,
            until,
        })
    }

    /// When to ask again if nothing happens: a fetch is due, or is lost.
    #[must_use]
    pub fn next(&self) -> Instant {
        self.fetching.map_or(self.due, |since| since + FETCH_MAX)
    }

    /// How many fetches have failed in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The keys that a new set has not, as far as they still count.
    fn vanished(
        &mut self,
        now: Instant,
        before: Fetched,
        keys: &Keys,
    ) -> Vec<(Arc<Named>, Instant)> {
        let first_missing = match self.settings.overlap {
            Overlap::None => None,
            Overlap::Confirmed => Some(now + self.settings.ttl),
            Overlap::For(overlap) => Some(now + overlap),
        };
        let first = before.keys.0.into_iter().map(|key| (key, first_missing));
        let again = before
            .vanished
            .into_iter()
            .map(|(key, until)| match self.settings.overlap {
                Overlap::None | Overlap::Confirmed => (key, None),
                Overlap::For(_) => (key, Some(until)),
            });
        let mut vanished = Vec::new();
        for (key, until) in first.chain(again) {
            if keys.0.iter().any(|new| new.is(&key)) {
                continue;
            }
            // A name has one key: under its old name a replaced key does not live on. And those without
            // a name must not make the only new one one of several.
            let is_replaced = keys.0.iter().any(|new| new.kid == key.kid);
            match until.filter(|until| now < *until && !is_replaced) {
                Some(until) => vanished.push((key, until)),
                None => self.generation += 1,
            }
        }
        // As many as a set may have; those that vanished last come first.
        if vanished.len() > KEYS_MAX {
            vanished.truncate(KEYS_MAX);
            self.generation += 1;
        }
        vanished
    }
}

#[cfg(test)]
mod tests;
