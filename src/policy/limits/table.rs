//! Where rate limits keep their keys: in a table that never grows.
//!
//! A key has its place in a set of [`WAYS`] slots, found by its hash. A new key in a full set takes the place
//! of the one whose bucket is fullest: one that is full again loses nothing, and one that has spent much
//! is the last to be forgotten. So a flood of new keys, each of them used once, pushes out itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;

/// Keys of one limit, if nothing is said: 16 bytes each.
pub const KEYS: usize = 65_536;

/// Keys of one limit at most: 64 MiB.
pub const KEYS_MAX: usize = 4 * 1024 * 1024;

/// Slots of a set.
pub const WAYS: usize = 16;

/// A key, and the moment at which its bucket is full again; 0 is a slot that nobody has.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    full_at: u64,
}

type Set = [Slot; WAYS];

/// The buckets of a limit; a clone has the same ones.
#[derive(Clone, Debug)]
pub struct Buckets {
    sets: Arc<[Mutex<Set>]>,
    displaced: Arc<AtomicU64>,
    /// Nanoseconds in which one call comes back.
    interval: u64,
}

impl Buckets {
    /// For at least as many keys, and at most [`KEYS_MAX`]. A call comes back in `interval` nanoseconds.
    #[must_use]
    pub fn new(keys: usize, interval: u64) -> Self {
        let sets = keys.clamp(1, KEYS_MAX).div_ceil(WAYS).next_power_of_two();
        Self {
            sets: (0..sets).map(|_| Mutex::default()).collect(),
            displaced: Arc::default(),
            interval,
        }
    }

    /// How many keys there can be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.sets.len() * WAYS
    }

    /// How often a key was forgotten before its bucket was full again.
    #[must_use]
    pub fn displaced(&self) -> u64 {
        self.displaced.load(Ordering::Relaxed)
    }

    /// Gives back what a call took that was not made.
    pub(super) fn give_back(&self, key: u64) {
        self.set(key, |set| {
            if let Some(slot) = set
                .iter_mut()
                .find(|slot| slot.key == key && slot.full_at > 0)
            {
                slot.full_at = slot.full_at.saturating_sub(self.interval).max(1);
            }
        });
    }

    fn set<T>(&self, key: u64, change: impl FnOnce(&mut Set) -> T) -> T {
        // A power of two, so the low bits choose.
        let at = usize::try_from(key & (self.sets.len() as u64 - 1)).unwrap_or_default();
        let mut empty = Set::default();
        match self.sets.get(at) {
            // What is in there is numbers: a panic elsewhere has left no half of one.
            Some(set) => change(&mut set.lock().unwrap_or_else(PoisonError::into_inner)),
            None => change(&mut empty),
        }
    }
}

impl StateStore for Buckets {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.set(*key, |set| {
            let own = set
                .iter_mut()
                .find(|slot| slot.key == *key && slot.full_at > 0);
            if let Some(slot) = own {
                let (told, full_at) = decide(Some(slot.full_at.into()))?;
                slot.full_at = full_at.into();
                return Ok(told);
            }
            let (told, full_at) = decide(None)?;
            if let Some(slot) = set.iter_mut().min_by_key(|slot| slot.full_at) {
                // The new one has spent one call just now.
                let now = full_at.as_u64().saturating_sub(self.interval);
                if slot.full_at > now {
                    self.displaced.fetch_add(1, Ordering::Relaxed);
                }
                *slot = Slot {
                    key: *key,
                    full_at: full_at.into(),
                };
            }
            Ok(told)
        })
    }
}

#[cfg(test)]
mod tests;
