//! Who is out, since when and why: the rules over the counts of an interval.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::super::balance::random::{below, unit};
use super::rules::{self, Found};
use super::{Cause, Config, Counts, Outcome, Standing, Tally, Unenforced};

/// An endpoint and what calls have counted of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Host<'a> {
    /// Who it is, in one set of endpoints and the next.
    pub(in crate::upstream) key: &'a str,
    /// Taken and set to nothing by a sweep.
    pub(in crate::upstream) tally: &'a Tally,
}

/// An endpoint's standing has changed.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::upstream) enum Change {
    /// It gets no calls.
    Ejected {
        /// Which one.
        key: Arc<str>,
        /// Why.
        cause: Cause,
        /// When its probation begins.
        until: Instant,
    },
    /// Its time is over: it gets one call.
    Probation {
        /// Which one.
        key: Arc<str>,
    },
    /// It gets its calls again.
    Returned {
        /// Which one.
        key: Arc<str>,
    },
}

/// What is known of the endpoints of one upstream.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct Detector {
    config: Config,
    hosts: BTreeMap<Arc<str>, Known>,
    counts: Counts,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// By how much the next ejection is longer, less one: one more for each ejection, one less for
    /// each sweep that finds it in.
    multiplier: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    In,
    Out {
        until: Instant,
        cause: Cause,
    },
    Probation {
        cause: Cause,
    },
}

impl Detector {
    /// Knows no endpoint yet.
    pub(in crate::upstream) fn new(config: Config) -> Self {
        Self {
            config,
            hosts: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// Other rules from now on; who is out stays out until the time that was set.
    pub(in crate::upstream) fn reconfigure(&mut self, config: Config) {
        self.config = config;
    }

    /// When the next sweep is due after one.
    #[cfg(test)]
    pub(in crate::upstream) fn interval(&self) -> std::time::Duration {
        self.config.interval
    }

    /// How often the rules found somebody.
    pub(in crate::upstream) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What is thought of an endpoint, as far as its calls go.
    pub(in crate::upstream) fn standing(&self, key: &str) -> Standing {
        match self.hosts.get(key).map(|known| known.state) {
            None | Some(State::In) => Standing::Healthy,
            Some(State::Out { .. }) => Standing::Ejected,
            Some(State::Probation { .. }) => Standing::Probation,
        }
    }

    /// Why an endpoint is out or on probation.
    pub(in crate::upstream) fn cause(&self, key: &str) -> Option<Cause> {
        match self.hosts.get(key)?.state {
            State::In => None,
            State::Out { cause, .. } | State::Probation { cause } => Some(cause),
        }
    }

    /// These are the endpoints now. What is known of others is forgotten. If there are so few that too
    /// many of them are out, those whose time is over first come back.
    pub(in crate::upstream) fn update<'a>(
        &mut self,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Vec<Change> {
        let mut old = std::mem::take(&mut self.hosts);
        for key in keys {
            let (key, known) = old
                .remove_entry(key)
                .unwrap_or_else(|| (key.into(), Known::default()));
            self.hosts.insert(key, known);
        }
        let excess = self.out().saturating_sub(self.out_max());
        let mut out: Vec<_> = self
            .hosts
            .iter_mut()
            .filter_map(|(key, known)| match known.state {
                State::In => None,
                State::Probation { .. } => Some((None, key, known)),
                State::Out { until, .. } => Some((Some(until), key, known)),
            })
            .collect();
        out.sort_by_key(|&(until, ..)| until);
        let back = |(_, key, known): (_, &Arc<str>, &mut Known)| {
            known.state = State::In;
            Change::Returned {
                key: Arc::clone(key),
            }
        };
        out.into_iter().take(excess).map(back).collect()
    }

    /// The end of an interval (A50): the counts are taken, the rules are asked, those whose time is
    /// over get their probation, and who was in is forgiven one ejection. The hosts are all endpoints.
    pub(in crate::upstream) fn sweep(
        &mut self,
        now: Instant,
        hosts: &[Host<'_>],
        random: &mut impl FnMut() -> u64,
    ) -> Vec<Change> {
        let mut changes = self.update(hosts.iter().map(|host| host.key));
        let mut found: Vec<_> = hosts
            .iter()
            .map(|host| (host.key, host.tally.take()))
            .collect();
        // If not all outliers may be out, the worst are.
        found.sort_by(|(_, a), (_, b)| a.success_rate().total_cmp(&b.success_rate()));
        found.retain(|(key, _)| self.standing(key) == Standing::Healthy);
        let by_rate = rules::by_success_rate(self.config.success_rate, &found);
        let by_failures =
            rules::by_failure_percentage(self.config.failure_percentage, hosts.len(), &found);
        for found in by_rate.into_iter().chain(by_failures) {
            changes.extend(self.find(found, now, random));
        }

        for known in self.hosts.values_mut() {
            if let State::In = known.state {
                known.multiplier = known.multiplier.saturating_sub(1);
            }
        }
        changes.extend(self.release(now));
        changes
    }

    /// Gives those whose time is over their probation. A sweep does so too; [`Self::due`] says when
    /// it is worth asking before.
    pub(in crate::upstream) fn release(&mut self, now: Instant) -> Vec<Change> {
        let mut changes = Vec::new();
        for (key, known) in &mut self.hosts {
            if let State::Out { until, cause } = known.state
                && until <= now
            {
                known.state = State::Probation { cause };
                changes.push(Change::Probation {
                    key: Arc::clone(key),
                });
            }
        }
        changes
    }

    /// When the next ejection is over.
    pub(in crate::upstream) fn due(&self) -> Option<Instant> {
        let until = |known: &Known| match known.state {
            State::Out { until, .. } => Some(until),
            State::In | State::Probation { .. } => None,
        };
        self.hosts.values().filter_map(until).min()
    }

    /// An endpoint has failed too often in a row.
    pub(in crate::upstream) fn trip(
        &mut self,
        key: &str,
        now: Instant,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Change> {
        let rule = self.config.consecutive?;
        let cause = Cause::Consecutive {
            failures: rule.failures,
        };
        let found = Found {
            key,
            cause,
            enforcement_percentage: rule.enforcement_percentage,
        };
        self.find(found, now, random)
    }

    /// The one call of a probation has ended: well, and the endpoint is back; with a failure, and it
    /// is out again, for longer; with nothing that says anything, and the next call shall show it.
    pub(in crate::upstream) fn probed(
        &mut self,
        key: &str,
        outcome: Outcome,
        now: Instant,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Change> {
        let (key, known) = self.hosts.get_key_value(key)?;
        let key = Arc::clone(key);
        match (known.state, outcome) {
            (State::Probation { .. }, Outcome::Success) => {
                self.hosts.get_mut(&key)?.state = State::In;
                Some(Change::Returned { key })
            }
            (State::Probation { .. }, Outcome::Failure) => {
                self.counts.enforced(Cause::Probe.method());
                self.eject(&key, Cause::Probe, now, random)
            }
            (State::Probation { .. }, Outcome::Neutral) | (State::In | State::Out { .. }, _) => {
                None
            }
        }
    }

    /// How many are out or on probation.
    fn out(&self) -> usize {
        let is_out = |known: &&Known| !matches!(known.state, State::In);
        self.hosts.values().filter(is_out).count()
    }

    fn out_max(&self) -> usize {
        self.config.ejections_max(self.hosts.len())
    }

    /// A rule has found an endpoint: it is ejected if the rule is enforced and not too many are out.
    fn find(
        &mut self,
        found: Found<'_>,
        now: Instant,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Change> {
        let (key, known) = self.hosts.get_key_value(found.key)?;
        if !matches!(known.state, State::In) {
            return None;
        }
        let key = Arc::clone(key);
        let method = found.cause.method();
        if self.out() >= self.out_max() {
            self.counts
                .unenforced(method, Unenforced::MaxEjectionOverflow);
            return None;
        }
        if below(100, random) >= usize::from(found.enforcement_percentage) {
            self.counts
                .unenforced(method, Unenforced::EnforcementPercentage);
            return None;
        }
        self.counts.enforced(method);
        self.eject(&key, found.cause, now, random)
    }

    fn eject(
        &mut self,
        key: &Arc<str>,
        cause: Cause,
        now: Instant,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Change> {
        let known = self.hosts.get_mut(key)?;
        known.multiplier = known.multiplier.saturating_add(1);
        let until = now + self.config.ejection_time(known.multiplier, unit(random));
        known.state = State::Out { until, cause };
        Some(Change::Ejected {
            key: Arc::clone(key),
            cause,
            until,
        })
    }
}
