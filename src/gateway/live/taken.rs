//! What another configuration takes of the one before: what cannot change, and the sources that stay.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;

use super::super::sources::{self, LoadError, Loaded, Until};
use super::super::{Config, ReloadError, SourceConfig};
use super::{Slot, State};
use crate::schema::Source;
use crate::upstream::Upstream;

/// What cannot be changed stays.
pub(super) fn keep_fixed(was: &Config, config: &mut Config) {
    config.listener = was.listener.clone();
    config.admin = was.admin;
    config.admin_hosts.clone_from(&was.admin_hosts);
    config.admin_reflection = was.admin_reflection;
    config.workers = was.workers;
    config.buffered = was.buffered;
    config.policy.overload = was.policy.overload;
    config.traces.clone_from(&was.traces);
    config.legacy_metrics = was.legacy_metrics;
}

/// True if whoever watches the sources may go on: it is asked as before, and judged as before.
pub(super) fn is_watched_alike(was: &Config, now: &Config) -> bool {
    was.schema == now.schema
        && was.schema_options == now.schema_options
        && was.schema_reload == now.schema_reload
        && was.upstreams == now.upstreams
}

/// What the sources bring that were not there before, by their index. A backend that is not up, or is
/// silent while there is something to serve, brings nothing yet, and joins when it does.
///
/// # Errors
/// A new source fails, or nothing is there to serve.
pub(super) async fn bring(
    known: &[Slot],
    config: &Config,
    calls: &Upstream,
) -> Result<BTreeMap<usize, Loaded>, ReloadError> {
    let mut brought = BTreeMap::new();
    let (mut until, mut last_cause) = (Until::default(), None);
    let mut asked = FuturesUnordered::new();
    for (index, source) in config.schema.iter().enumerate() {
        let upstream = sources::upstream_of(source, &config.upstreams)?;
        if let Some(slot) = known.iter().find(|slot| slot.config == *source) {
            if slot.good.is_some() {
                until.has_something();
            }
        } else if source.is_reflection() {
            asked.push(sources::ask(index, source, upstream, calls, Duration::ZERO));
        } else {
            match sources::try_load(source, upstream, calls).await {
                Ok(loaded) => {
                    brought.insert(index, loaded);
                    until.has_something();
                }
                Err(LoadError::Failed(error)) => return Err(error.into()),
                Err(LoadError::NotUp(cause)) => last_cause = Some(cause),
            }
        }
    }
    while let Some((index, answer)) = until.next(&mut asked).await {
        match answer {
            Ok(loaded) => {
                brought.insert(index, loaded);
                until.has_something();
            }
            Err(LoadError::Failed(error)) => return Err(error.into()),
            Err(LoadError::NotUp(cause)) => last_cause = Some(cause),
        }
    }
    match last_cause {
        Some(cause) if !until.is_set() => Err(ReloadError::NothingToServe(cause)),
        Some(_) | None => Ok(brought),
    }
}

/// The sources of a new configuration, and which of them were there before, by their index then and now.
/// What those serve they go on serving: whether it has changed since is the watchers' matter, and the
/// guard's.
pub(super) fn take_sources(
    state: &State,
    config: &Config,
    mut brought: BTreeMap<usize, Loaded>,
) -> (Vec<Slot>, Vec<(usize, usize)>) {
    // Judged anew where the rules are others.
    let is_judged = state.config.schema_reload == config.schema_reload
        && state.config.schema_options == config.schema_options;
    let mut slots = Vec::with_capacity(config.schema.len());
    let mut kept = Vec::new();
    for (now, source) in config.schema.iter().enumerate() {
        let before = state.slots.iter().position(|slot| slot.config == *source);
        if let Some((before, slot)) = before.and_then(|at| Some((at, state.slots.get(at)?))) {
            let mut slot = slot.clone();
            if is_judged {
                kept.push((before, now));
            } else {
                slot.refused = None;
            }
            slots.push(slot);
        } else {
            slots.push(Slot::new(source.clone(), brought.remove(&now)));
        }
    }
    (slots, kept)
}

/// What is served now of sources that stay, or in whose place another one of the same upstream comes.
/// What a configuration takes away and puts nothing in its place is meant.
pub(super) fn replaced(state: &State, config: &Config) -> Vec<Source> {
    let was = |source: &SourceConfig| state.slots.iter().any(|slot| slot.config == *source);
    let mut served = Vec::new();
    for slot in &state.slots {
        let takes_its_place = |source: &SourceConfig| {
            *source == slot.config || (source.upstream() == slot.config.upstream() && !was(source))
        };
        if let Some(good) = &slot.good
            && config.schema.iter().any(takes_its_place)
        {
            served.push((*good.source).clone());
        }
    }
    served
}
