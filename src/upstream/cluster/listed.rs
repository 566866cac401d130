//! The endpoints that a source names become the set that calls read.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use tokio::time::Instant;

use super::super::balance::Candidate as _;
use super::super::config::Listed;
use super::super::discovery::{ENDPOINTS_MAX, Found};
use super::super::endpoint::Endpoint;
use super::super::health;
use super::super::outlier::{Change, Standing};
use super::{Shared, State};

impl Shared {
    /// Takes the endpoints that a source names, [`ENDPOINTS_MAX`] at most; those that are there
    /// already stay as they are, with their connections.
    pub(in crate::upstream) fn update(&self, listed: Vec<Listed>) {
        let mut state = self.state();
        let others = state.endpoints.iter().map(|other| &*other.load);
        let ewma = self.common.ewma.beside(others, Instant::now());
        let listed = listed.into_iter().take(ENDPOINTS_MAX).collect();
        let listed = joined(
            listed,
            |listed| &listed.address,
            &state.endpoints,
            |endpoint| &endpoint.target.address,
        );
        let endpoints = listed.into_iter().map(|(listed, known)| {
            let endpoint = match known {
                Some(known) if known.share() == listed.weight => Arc::clone(known),
                Some(known) => Arc::new(
                    known
                        .again(listed.weight, &self.common)
                        .unwrap_or_else(|| Endpoint::new(listed, self.common.ewma, &self.common)),
                ),
                None => Arc::new(Endpoint::new(listed, ewma, &self.common)),
            };
            self.look_after(&endpoint);
            endpoint
        });
        let endpoints = endpoints.collect();
        state.endpoints = endpoints;
        let State {
            endpoints,
            detector,
        } = &mut *state;
        let changes = detector.update(endpoints.iter().map(|endpoint| endpoint.key()));
        self.publish(&state, &changes);
        drop(state);
        self.found.send_replace(Found::List);
    }

    /// Serves by the endpoints of before, if there are any, until their source names others.
    pub(super) fn go_on(&self) {
        let endpoints = self.state().endpoints.clone();
        if endpoints.is_empty() {
            return;
        }
        for endpoint in &endpoints {
            self.look_after(endpoint);
        }
        self.health_changed();
        self.found.send_replace(Found::List);
    }

    /// Has its health checked, if that is configured.
    fn look_after(&self, endpoint: &Arc<Endpoint>) {
        if let Some(health) = &self.config.health
            && endpoint.checker.get().is_none()
            && let Some(checker) = health::start(endpoint, &self.this, health)
        {
            let _ = endpoint.checker.set(checker);
        }
    }

    /// What a source names counts from now on.
    pub(super) fn publish(&self, state: &State, changes: &[Change]) {
        for change in changes {
            self.tell(state, change);
        }
        let all = state.endpoints.iter().map(|endpoint| {
            let standing = if endpoint.is_healthy() {
                state.detector.standing(endpoint.key())
            } else {
                Standing::Unhealthy
            };
            (Arc::clone(endpoint), standing)
        });
        let next = self.set.load().next(all.collect(), self.config.panic);
        self.set.store(Arc::new(next));
        // Calls that await an endpoint look again.
        self.found.send_modify(|_| {});
    }

    fn tell(&self, state: &State, change: &Change) {
        let upstream = &*self.name;
        match change {
            Change::Ejected { key, cause, until } => {
                let seconds = until.saturating_duration_since(Instant::now()).as_secs();
                tracing::warn!(upstream, endpoint = %key, %cause, seconds, "an endpoint gets no calls");
            }
            Change::Probation { key } => {
                tracing::info!(upstream, endpoint = %key, "an endpoint gets one call, to see how it is");
            }
            Change::Returned { key } => {
                let mut endpoints = state.endpoints.iter();
                if let Some(endpoint) = endpoints.find(|endpoint| endpoint.key() == &**key) {
                    endpoint.returned(self.config.balance.policy.ewma());
                }
                tracing::info!(upstream, endpoint = %key, "an endpoint gets calls again");
            }
        }
    }
}

/// Each of `listed` whose key no other before it has, with the one of `known` that has the same key.
/// Linear in both.
fn joined<L, E, K: Eq + Hash>(
    listed: Vec<L>,
    key: impl Fn(&L) -> &K,
    known: &[E],
    known_key: impl Fn(&E) -> &K,
) -> Vec<(L, Option<&E>)> {
    let by_key: HashMap<&K, &E> = known
        .iter()
        .map(|known| (known_key(known), known))
        .collect();
    let mut seen = HashSet::with_capacity(listed.len());
    let found: Vec<_> = listed
        .iter()
        .map(|listed| {
            let key = key(listed);
            seen.insert(key).then(|| by_key.get(key).copied())
        })
        .collect();
    let both = listed.into_iter().zip(found);
    both.filter_map(|(listed, found)| Some((listed, found?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::hash::Hasher;

    use super::*;

    thread_local! {
        static COMPARED: Cell<usize> = const { Cell::new(0) };
    }

    /// A key that counts how often it is compared.
    #[derive(Clone, Debug)]
    struct Counted(u32);

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            COMPARED.set(COMPARED.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Counted {}

    impl Hash for Counted {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    #[test]
    fn what_is_listed_finds_what_is_known_once() {
        let known = [(1, "a"), (2, "b"), (3, "c")];
        let found = joined(vec![3, 4, 3, 1, 4], |key| key, &known, |(key, _)| key);
        let found: Vec<_> = found
            .into_iter()
            .map(|(key, known)| (key, known.map(|(_, name)| *name)))
            .collect();
        assert_eq!(found, [(3, Some("c")), (4, None), (1, Some("a"))]);
    }

    #[test]
    fn ten_thousand_endpoints_are_compared_a_few_times_each() {
        const MANY: u32 = 10_000;
        let known: Vec<_> = (0..MANY).map(Counted).collect();
        let listed: Vec<_> = (MANY / 2..MANY * 3 / 2).map(Counted).collect();
        let found = joined(listed, |key| key, &known, |key| key);
        assert_eq!(found.len(), MANY as usize);
        let stay = found.iter().filter(|(_, known)| known.is_some());
        assert_eq!(stay.count(), MANY as usize / 2);
        let compared = COMPARED.get();
        assert!(compared < 2 * MANY as usize, "{compared} comparisons");
    }
}
