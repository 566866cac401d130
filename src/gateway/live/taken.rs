//! What another configuration takes of the one before: what cannot change, and the sources that stay.

use super::super::sources::{self, LoadError};
use super::super::{Config, ReloadError};
use super::{Slot, State, good};
use crate::upstream::Upstream;

/// What cannot be changed stays.
pub(super) fn keep_fixed(was: &Config, config: &mut Config) {
    config.listener = was.listener.clone();
    config.admin = was.admin;
    config.workers = was.workers;
}

/// True if whoever watches the sources may go on: it is asked as before, and judged as before.
pub(super) fn is_watched_alike(was: &Config, now: &Config) -> bool {
    was.schema == now.schema
        && was.schema_options == now.schema_options
        && was.schema_reload == now.schema_reload
        && was.upstreams == now.upstreams
}

/// The sources of a new configuration, and which of them were there before, by their index then and now.
/// What those serve they go on serving: whether it has changed since is the watchers' matter, and the
/// guard's. New ones are loaded; a backend that is not up joins when it is.
pub(super) async fn take_sources(
    state: &State,
    config: &Config,
    calls: &Upstream,
) -> Result<(Vec<Slot>, Vec<(usize, usize)>), ReloadError> {
    // Judged anew where the rules are others.
    let is_judged = state.config.schema_reload == config.schema_reload
        && state.config.schema_options == config.schema_options;
    let mut slots = Vec::with_capacity(config.schema.len());
    let mut kept = Vec::new();
    let mut last_cause = None;
    for (now, source) in config.schema.iter().enumerate() {
        let upstream = sources::upstream_of(source, &config.upstreams)?;
        let before = state.slots.iter().position(|slot| slot.config == *source);
        if let Some((before, slot)) = before.and_then(|at| Some((at, state.slots.get(at)?))) {
            let mut slot = slot.clone();
            if is_judged {
                kept.push((before, now));
            } else {
                slot.refused = None;
            }
            slots.push(slot);
            continue;
        }
        let good = match sources::try_load(source, upstream, calls).await {
            Ok(loaded) => Some(loaded),
            Err(LoadError::Failed(error)) => return Err(error.into()),
            Err(LoadError::NotUp(cause)) => {
                last_cause = Some(cause);
                None
            }
        };
        slots.push(Slot::new(source.clone(), good));
    }
    match last_cause {
        Some(cause) if good(&slots).next().is_none() => Err(ReloadError::NothingToServe(cause)),
        Some(_) | None => Ok((slots, kept)),
    }
}
