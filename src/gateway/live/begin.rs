//! The first schema: of those who have answered when there is something to serve. Who is not up then, or
//! is silent, joins later, and keeps nobody else from being served.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::stream::FuturesUnordered;

use super::super::sources::{self, LoadError, Patience, Until};
use super::super::{Progress, SourceConfig, SourceError, StartError, site};
use super::{Live, Slot, State, build, good, options, snapshot};

impl Live {
    /// Waits until there is something to serve, and serves it.
    ///
    /// # Errors
    /// A source of files fails, or every backend does that is asked; or they make no schema.
    pub(in crate::gateway) async fn begin(&self) -> Result<(), StartError> {
        let mut state = self.state().await;
        let state = &mut *state;
        let calls = self.serving.load().calls.clone();
        for slot in &mut state.slots {
            let upstream = sources::upstream_of(&slot.config, &state.config.upstreams)?;
            if !slot.config.is_reflection() {
                let upstreams = std::slice::from_ref(upstream);
                let report = &mut |progress: &Progress<'_>| self.report(progress);
                slot.good = Some(sources::load(&slot.config, upstreams, &calls, report).await?);
            }
        }
        // Backends are waited for only where nothing else has a schema.
        if state.config.schema.iter().all(SourceConfig::is_reflection) {
            self.first_answers(state).await?;
        }
        let sources = good(&state.slots).map(|loaded| (*loaded.source).clone());
        let options = options(&state.config, &state.slots);
        let schema = build(&state.config, sources.collect(), options).await?;
        self.report(&Progress::Schema(
            &schema,
            &state.config.protocol.rows(&schema),
        ));

        let (schema, site) = (Arc::new(schema), site(&state.config).map(Arc::new));
        if let Some(site) = &site
            && !state.slots.iter().any(Slot::is_awaited)
        {
            // The first revision of its documentation.
            site.served(&schema, &state.config.protocol, SystemTime::now())
                .await;
        }
        let serving = snapshot(&state.config, site.clone(), schema, calls);
        self.site.store(site);
        self.serving.store(Arc::new(serving));
        self.told.another_schema();
        self.tell_ineffective(state);
        Ok(())
    }

    /// Asks all backends side by side, again and again, until one has told its schema and the others
    /// have had their chance.
    async fn first_answers(&self, state: &mut State) -> Result<(), SourceError> {
        let State { config, slots, .. } = state;
        let calls = self.serving.load().calls.clone();
        let mut asked = FuturesUnordered::new();
        let ask = |index: usize, pause: Duration| {
            let source = config.schema.get(index)?;
            let upstream = sources::upstream_of(source, &config.upstreams).ok()?;
            Some(sources::ask(index, source, upstream, &calls, pause))
        };
        asked.extend((0..slots.len()).filter_map(|index| ask(index, Duration::ZERO)));
        for (index, slot) in slots.iter().enumerate() {
            let about = format!("waiting for {}", slot.config);
            self.told.awaits(index, about);
        }
        let mut silent: BTreeSet<_> = (0..slots.len()).collect();
        let mut patience = BTreeMap::<usize, Patience>::new();
        let mut until = Until::default();
        while let Some((index, answer)) = until.next(&mut asked).await {
            silent.remove(&index);
            let Some(slot) = slots.get_mut(index) else {
                continue;
            };
            match answer {
                Ok(loaded) => {
                    slot.good = Some(loaded);
                    self.told.works(index);
                    until.has_something();
                }
                Err(LoadError::NotUp(cause)) => {
                    let next = patience.entry(index).or_default().next();
                    let upstream = sources::upstream_of(&slot.config, &config.upstreams)?;
                    self.awaits(index, upstream, &cause, next);
                    asked.extend(ask(index, next));
                }
                Err(LoadError::Failed(error)) => {
                    if asked.is_empty() && !until.is_set() {
                        return Err(error);
                    }
                    slot.failed = true;
                    self.cannot_load(index, slot, &error);
                }
            }
            if until.is_set() && silent.is_empty() {
                break;
            }
        }
        Ok(())
    }
}
