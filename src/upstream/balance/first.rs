//! All calls go to one endpoint: the first of a random order that can be reached (gRFC A62). They stay
//! there until it cannot be reached; that an earlier one can be again is no reason to move.
//!
//! The order is by the hash of each key with a seed, so it stays when endpoints come and go.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::hash::xxh64;

/// A random order, and where the calls go.
#[derive(Debug)]
pub(super) struct First {
    seed: u64,
    /// Hashes and indices, sorted.
    order: Box<[(u64, usize)]>,
    /// A place in the order.
    current: AtomicUsize,
}

impl First {
    /// A new order of these endpoints.
    pub(super) fn new<'a>(keys: impl Iterator<Item = &'a str>, seed: u64) -> Self {
        let hashed = |(at, key): (usize, &str)| (xxh64(key.as_bytes(), seed), at);
        let mut order: Box<[_]> = keys.enumerate().map(hashed).collect();
        order.sort_unstable();
        Self {
            seed,
            order,
            current: AtomicUsize::new(0),
        }
    }

    /// The same order for other endpoints; calls stay where they are, if that is still there.
    pub(super) fn renew<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Self {
        let new = Self::new(keys, self.seed);
        let current = self.order.get(self.current.load(Ordering::Relaxed));
        if let Some((hash, _)) = current
            && let Some(place) = new.order.iter().position(|(other, _)| other == hash)
        {
            new.current.store(place, Ordering::Relaxed);
        }
        new
    }

    /// The endpoint of all calls. If that may not be used by this one, the first that may; the others
    /// follow there only if the endpoint cannot be reached.
    pub(super) fn pick(
        &self,
        usable: impl Fn(usize) -> bool,
        reachable: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let current = self.current.load(Ordering::Relaxed);
        let at = self.order.get(current).map(|&(_, at)| at);
        if let Some(at) = at.filter(|&at| usable(at)) {
            return Some(at);
        }
        let place = self.order.iter().position(|&(_, at)| usable(at))?;
        let &(_, other) = self.order.get(place)?;
        if reachable(other) && !at.is_some_and(reachable) {
            // Whoever moves first moves all; one that was slower must not move them back.
            let moved =
                self.current
                    .compare_exchange(current, place, Ordering::Relaxed, Ordering::Relaxed);
            if let Err(place) = moved
                && let Some(&(_, at)) = self.order.get(place)
                && usable(at)
            {
                return Some(at);
            }
        }
        Some(other)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["a:1", "b:1", "c:1", "d:1"];

    fn pick(first: &First, up: &[&str], keys: &[&str]) -> String {
        let up = |at: usize| up.contains(&keys[at]);
        keys[first.pick(up, up).unwrap()].to_owned()
    }

    #[test]
    fn seeds_give_every_endpoint_its_chance() {
        let mut firsts = [0; 4];
        for seed in 0..4_000 {
            firsts[First::new(KEYS.into_iter(), seed)
                .pick(|_| true, |_| true)
                .unwrap()] += 1;
        }
        assert!(
            firsts.iter().all(|count| (850..1_150).contains(count)),
            "{firsts:?}"
        );
    }

    #[test]
    fn calls_stay_until_their_endpoint_cannot_be_reached() {
        let first = First::new(KEYS.into_iter(), 1);
        let one = pick(&first, &KEYS, &KEYS);
        let others: Vec<_> = KEYS.into_iter().filter(|key| *key != one).collect();
        let two = pick(&first, &others, &KEYS);
        assert_ne!(one, two);
        assert_eq!(pick(&first, &KEYS, &KEYS), two, "no reason to go back");
    }

    #[test]
    fn a_call_that_was_there_already_moves_nobody_else() {
        let first = First::new(KEYS.into_iter(), 1);
        let one = first.pick(|_| true, |_| true).unwrap();
        let retry = first.pick(|at| at != one, |_| true).unwrap();
        assert_ne!(one, retry);
        assert_eq!(first.pick(|_| true, |_| true), Some(one));
        assert_eq!(first.pick(|_| false, |_| false), None);
    }

    #[test]
    fn another_set_of_endpoints_keeps_the_order_and_the_place() {
        let first = First::new(KEYS.into_iter(), 1);
        let one = pick(&first, &KEYS, &KEYS);
        let others: Vec<_> = KEYS.into_iter().filter(|key| *key != one).collect();
        let two = pick(&first, &others, &KEYS);
        let more = ["x:1", "d:1", "c:1", "b:1", "a:1"];
        let renewed = first.renew(more.into_iter());
        assert_eq!(pick(&renewed, &more, &more), two);
        let less: Vec<_> = KEYS.into_iter().filter(|key| *key != two).collect();
        assert_eq!(pick(&first.renew(less.iter().copied()), &less, &less), one);
    }
}
