//! What tokens were found to be, so that one that comes again costs a hash and a look.
//!
//! A table of small sets, each under a lock of its own: a token's hash says in which set it is, and only
//! there it is looked for or takes another's place. Nothing grows, and who fills it with tokens can push
//! out only what is in the same sets, which a seed keeps from being chosen. Refusals are kept in a table
//! of their own, so that they push no caller out.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::principal::Principal;
use super::sha256::{self, Hash};
use super::token::TokenError;

/// Tokens of one set.
const WAYS: usize = 8;

/// Tokens that are remembered at most, if nothing else is said; a few megabytes.
pub const CAPACITY: usize = 4096;

/// However many are configured.
pub const CAPACITY_MAX: usize = 1024 * 1024;

/// Refusals that are remembered.
const REFUSALS: usize = 512;

/// How long a refusal is remembered: a client that tries in a loop costs less, and one whose issuer has
/// new keys hardly waits.
pub const REFUSAL_TTL: Duration = Duration::from_secs(1);

/// How long a caller is remembered at most, if nothing else is said.
pub const TTL: Duration = Duration::from_secs(5 * 60);

/// Nobody is remembered for longer, whatever is configured.
pub const TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// By what a token was found good: the issuer, and which edition of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its number among the issuers.
    pub issuer: usize,
    /// When another one is current, nothing found by this one counts.
    pub generation: u64,
}

/// What is remembered of a token.
#[derive(Clone, Debug)]
pub enum Known {
    /// Who its bearer is, and by what that was found.
    Good(Arc<Principal>, Stamp),
    /// Why it was refused, within the last second.
    Refused(TokenError),
}

/// A token's place in the cache. Made once for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(sha256::Hash);

impl Place {
    /// Of this token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(sha256::hash(&[token.as_bytes()]))
    }
}

/// The cache. A snapshot's own: other issuers, another cache.
#[derive(Debug)]
pub struct Cache {
    good: Table<(Arc<Principal>, Stamp)>,
    refused: Table<TokenError>,
    ttl: Duration,
}

impl Cache {
    /// For about so many tokens (rounded up to whole sets, at most [`CAPACITY_MAX`]), each for so long, at most
    /// [`TTL_MAX`].
    #[must_use]
    pub fn new(capacity: usize, ttl: Duration, seed: RandomState) -> Self {
        Self {
            good: Table::new(capacity, seed.clone()),
            refused: Table::new(REFUSALS, seed),
            ttl: ttl.min(TTL_MAX),
        }
    }

    /// What is remembered of a token; `is_current` says whether a stamp still counts.
    #[must_use]
    pub fn get(
        &self,
        place: &Place,
        now: Instant,
        is_current: impl FnOnce(Stamp) -> bool,
    ) -> Option<Known> {
        if let Some((principal, stamp)) = self.good.get(&place.0, now) {
            return is_current(stamp).then_some(Known::Good(principal, stamp));
        }
        self.refused.get(&place.0, now).map(Known::Refused)
    }

    /// Remembers who a token's bearer is. `epoch` is now in seconds since the epoch, for its end.
    pub fn put(
        &self,
        place: &Place,
        principal: Arc<Principal>,
        stamp: Stamp,
        leeway: u64,
        now: Instant,
        epoch: u64,
    ) {
        let end = principal
            .expires_at
            .map(|at| at.saturating_add(leeway).saturating_sub(epoch));
        let left = end.map_or(self.ttl, |left| self.ttl.min(Duration::from_secs(left)));
        self.good.put(&place.0, (principal, stamp), now, now + left);
    }

    /// Remembers for a moment that a token was refused.
    pub fn refuse(&self, place: &Place, error: TokenError, now: Instant) {
        // Keys may come any time.
        if !error.asks_for_keys() {
            self.refused.put(&place.0, error, now, now + REFUSAL_TTL);
        }
    }
}

#[derive(Debug)]
struct Table<V> {
    sets: Box<[Mutex<Vec<Entry<V>>>]>,
    seed: RandomState,
}

#[derive(Debug)]
struct Entry<V> {
    hash: Hash,
    value: V,
    used: Instant,
    until: Instant,
}

impl<V: Clone> Table<V> {
    fn new(capacity: usize, seed: RandomState) -> Self {
        let sets = capacity
            .clamp(1, CAPACITY_MAX)
            .div_ceil(WAYS)
            .next_power_of_two();
        Self {
            sets: (0..sets).map(|_| Mutex::default()).collect(),
            seed,
        }
    }

    fn set(&self, hash: &Hash) -> Option<MutexGuard<'_, Vec<Entry<V>>>> {
        // A power of two: the mask keeps the number within the table, whatever bits it takes.
        let at = usize::try_from(self.seed.hash_one(hash) & (self.sets.len() as u64 - 1)).ok()?;
        // What is in a set is whole at every moment, so a panic elsewhere spoils nothing.
        Some(
            self.sets
                .get(at)?
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn get(&self, hash: &Hash, now: Instant) -> Option<V> {
        let mut set = self.set(hash)?;
        let entry = set.iter_mut().find(|entry| entry.hash == *hash)?;
        if now >= entry.until {
            return None;
        }
        entry.used = now;
        Some(entry.value.clone())
    }

    fn put(&self, hash: &Hash, value: V, now: Instant, until: Instant) {
        let Some(mut set) = self.set(hash) else {
            return;
        };
        set.retain(|entry| entry.hash != *hash && now < entry.until);
        if set.len() >= WAYS {
            let oldest = set.iter().enumerate().min_by_key(|(_, entry)| entry.used);
            if let Some(at) = oldest.map(|(at, _)| at) {
                set.swap_remove(at);
            }
        }
        set.push(Entry {
            hash: *hash,
            value,
            used: now,
            until,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::principal::{Kind, Scopes};

    const STAMP: Stamp = Stamp {
        issuer: 3,
        generation: 7,
    };

    fn principal(expires_at: Option<u64>) -> Arc<Principal> {
        Arc::new(Principal {
            kind: Kind::Token,
            issuer: "i".into(),
            subject: None,
            audience: vec![],
            scopes: Scopes::default(),
            claims: serde_json::Map::new(),
            expires_at,
        })
    }

    fn cache(capacity: usize) -> Cache {
        Cache::new(capacity, TTL, RandomState::new())
    }

    fn is_good(cache: &Cache, token: &str, now: Instant) -> bool {
        matches!(
            cache.get(&Place::of(token), now, |stamp| stamp == STAMP),
            Some(Known::Good(..))
        )
    }

    #[test]
    fn a_caller_is_remembered_until_the_token_or_the_time_is_over() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        for (expires_at, leeway, lasts) in [
            (None, 0, 300_u64),
            (Some(1_000_000), 0, 300),
            (Some(1_010), 0, 10),
            (Some(1_010), 60, 70),
            (Some(u64::MAX), 60, 300),
            (Some(900), 0, 0),
        ] {
            let cache = cache(8);
            cache.put(
                &Place::of("t"),
                principal(expires_at),
                STAMP,
                leeway,
                now,
                1_000,
            );
            if let Some(last) = lasts.checked_sub(1) {
                assert!(is_good(&cache, "t", after(last)), "{expires_at:?} {leeway}");
            }
            assert!(
                !is_good(&cache, "t", after(lasts)),
                "{expires_at:?} {leeway}"
            );
            assert!(!is_good(&cache, "T", now));
        }
    }

    #[test]
    fn what_a_key_vouched_for_is_void_when_it_is_gone() {
        let (cache, now) = (cache(8), Instant::now());
        let place = Place::of("t");
        cache.put(&place, principal(None), STAMP, 0, now, 0);
        assert!(
            cache
                .get(&place, now, |stamp| stamp.generation == 8)
                .is_none()
        );
        assert!(
            cache
                .get(&place, now, |stamp| stamp.generation == 7)
                .is_some()
        );
    }

    #[test]
    fn a_refusal_is_remembered_for_a_second_and_none_that_new_keys_would_lift() {
        let (cache, now) = (cache(8), Instant::now());
        let place = Place::of("t");
        cache.refuse(&place, TokenError::NoKeys, now);
        assert!(cache.get(&place, now, |_| true).is_none());
        cache.refuse(&place, TokenError::Critical, now);
        let known = |millis| cache.get(&place, now + Duration::from_millis(millis), |_| true);
        assert!(matches!(
            known(999),
            Some(Known::Refused(TokenError::Critical))
        ));
        assert!(known(1000).is_none());
    }

    #[test]
    fn refusals_push_no_caller_out() {
        let (cache, now) = (cache(8), Instant::now());
        cache.put(&Place::of("good"), principal(None), STAMP, 0, now, 0);
        for at in 0..10_000 {
            cache.refuse(&Place::of(&format!("bad {at}")), TokenError::Critical, now);
        }
        assert!(is_good(&cache, "good", now));
    }

    #[test]
    fn the_one_unused_for_longest_gives_way() {
        let (cache, start) = (cache(WAYS), Instant::now());
        let at = |millis: u64| start + Duration::from_millis(millis);
        for token in 0..WAYS as u64 {
            cache.put(
                &Place::of(&token.to_string()),
                principal(None),
                STAMP,
                0,
                at(token),
                0,
            );
        }
        assert!(is_good(&cache, "0", at(100)));
        cache.put(&Place::of("new"), principal(None), STAMP, 0, at(101), 0);
        assert!(is_good(&cache, "0", at(102)) && is_good(&cache, "new", at(102)));
        assert!(!is_good(&cache, "1", at(102)));
    }

    #[test]
    fn workers_share_it() {
        let (cache, now) = (cache(CAPACITY), Instant::now());
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let cache = &cache;
                scope.spawn(move || {
                    // So few that no set is full, whatever the seed: nobody is pushed out.
                    for at in 0..60 {
                        let token = format!("{worker} {at}");
                        cache.put(&Place::of(&token), principal(None), STAMP, 0, now, 0);
                        assert!(is_good(cache, &token, now));
                    }
                });
            }
        });
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_it_may(capacity in 0_usize..200, tokens in 0_usize..500) {
            let (cache, now) = (cache(capacity), Instant::now());
            for at in 0..tokens {
                cache.put(&Place::of(&at.to_string()), principal(None), STAMP, 0, now, 0);
            }
            let held = (0..tokens).filter(|at| is_good(&cache, &at.to_string(), now)).count();
            prop_assert!(held <= capacity.max(1).div_ceil(WAYS).next_power_of_two() * WAYS);
        }
    }
}
