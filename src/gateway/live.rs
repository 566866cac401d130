//! What is served, and how something else takes its place: another configuration, another schema.
//!
//! ```text
//!  a source changed ─► offer ─┐                 guard             one swap
//!                             ├─► a new schema ───────► Serving ─────────► calls that come
//!  a configuration ─► reload ─┘   beside the old one    (calls under way keep theirs)
//! ```
//!
//! One change at a time. What fails on the way changes nothing, and is told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::Notify;

use super::fixed::fixed;
use super::guard::{Broken, guarded};
use super::ineffective;
use super::leaving::Leaving;
use super::served::served;
use super::shown::kept as shown;
use super::sources::Loaded;
use super::told::Told;
use super::wishes::Wishes;
use super::witness::Counting;
use super::{Config, Progress, ReloadError, Reloaded, SourceConfig, site};
use crate::call::Buffers;
use crate::docs::{Documentation, Place};
use crate::observe::Observe;
use crate::observe::level::Leveled;
use crate::policy::Policies;
use crate::protocol::{Pages, Serving, Watch};
use crate::schema::{BuildError, Options, Schema, Source, Unmatched};
use crate::upstream::Upstream;

mod begin;
mod taken;
mod trouble;

use taken::{bring, is_watched_alike, keep_fixed, replaced, take_sources};

/// What is told of progress.
pub(super) type Report = Box<dyn FnMut(&Progress<'_>) + Send>;

/// What is served.
pub(super) struct Live {
    pub(super) serving: Arc<ArcSwap<Serving<Upstream>>>,
    /// The documentation, if there is any.
    pub(super) site: ArcSwapOption<Documentation>,
    pub(super) told: Told,
    pub(super) observe: Observe,
    /// By whom operators change how much is logged.
    pub(super) level: Option<Arc<dyn Leveled>>,
    pub(super) wishes: Wishes,
    pub(super) leaving: Leaving,
    /// The configuration in force, for operators.
    pub(super) shown: ArcSwap<serde_json::Value>,
    /// Other sources are to be watched, or otherwise.
    pub(super) changed: Notify,
    state: tokio::sync::Mutex<State>,
    /// Held while another configuration is taken: one at a time, and the state is free meanwhile.
    reloading: tokio::sync::Mutex<()>,
    report: Mutex<Report>,
    /// What all messages together hold.
    pub(super) buffers: Arc<Buffers>,
    workers: usize,
}

/// What makes the next [`Serving`].
pub(super) struct State {
    pub(super) config: Config,
    /// How often what is watched became something else.
    pub(super) epoch: u64,
    pub(super) slots: Vec<Slot>,
    /// What calls may pass, if anybody decides that.
    policies: Option<Arc<Policies>>,
}

/// A source, and what it brought.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) config: SourceConfig,
    /// What is served of it; nothing while its backend has not answered yet.
    pub(super) good: Option<Loaded>,
    /// What it brought later, and is not served.
    pub(super) refused: Option<Loaded>,
    /// It is known that it brings nothing, and why is told.
    pub(super) failed: bool,
}

impl Slot {
    /// What it brought first; nothing if its backend is still to be asked.
    pub(super) const fn new(config: SourceConfig, good: Option<Loaded>) -> Self {
        Self {
            config,
            good,
            refused: None,
            failed: false,
        }
    }

    /// Its backend may still answer for the first time.
    const fn is_awaited(&self) -> bool {
        self.good.is_none() && self.refused.is_none() && !self.failed
    }
}

/// Why a schema does not take the place of the one that is served.
enum Refusal {
    Build(BuildError),
    Breaks(Broken),
}

impl Live {
    /// Nothing is served before [`begin`](Self::begin).
    ///
    /// # Errors
    /// Not even an empty schema can be built.
    pub(super) fn new(
        config: Config,
        (policies, buffers): (Option<Arc<Policies>>, Arc<Buffers>),
        (calls, workers): (Upstream, usize),
        observe: Observe,
        report: Report,
    ) -> Result<Self, BuildError> {
        let mut config = config;
        config.protocol.generation = 1;
        let nothing = Arc::new(Schema::build(Vec::new(), &Options::default())?);
        let serving = snapshot(&config, None, nothing, calls);
        let sources = config.schema.iter().cloned();
        let slots = sources.map(|source| Slot::new(source, None)).collect();
        Ok(Self {
            serving: Arc::new(ArcSwap::from_pointee(serving)),
            site: ArcSwapOption::empty(),
            told: Told::new(config.fingerprint),
            level: config.log_level.clone(),
            observe,
            wishes: Wishes::new(),
            leaving: Leaving::default(),
            shown: ArcSwap::new(Arc::clone(&config.shown)),
            changed: Notify::new(),
            state: tokio::sync::Mutex::new(State {
                config,
                epoch: 0,
                slots,
                policies,
            }),
            reloading: tokio::sync::Mutex::new(()),
            report: Mutex::new(report),
            buffers,
            workers,
        })
    }

    /// Waits for the change that is being made, if there is one.
    pub(super) async fn state(&self) -> tokio::sync::MutexGuard<'_, State> {
        self.state.lock().await
    }

    /// Tells the person who watches.
    pub(super) fn report(&self, progress: &Progress<'_>) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report(progress);
    }

    /// Once everything that is served is known.
    fn tell_ineffective(&self, state: &State) -> Vec<String> {
        if state.slots.iter().any(Slot::is_awaited) {
            return Vec::new();
        }
        let schema = Arc::clone(&self.serving.load().schema);
        let reasons = ineffective::of(&state.config, &schema);
        for reason in &reasons {
            self.report(&Progress::Ineffective(reason));
        }
        reasons
    }

    /// Takes another configuration, if it is good: new calls are served by it.
    ///
    /// # Errors
    /// See [`ReloadError`]; nothing has changed then.
    pub(super) async fn reload(&self, mut config: Config) -> Result<Reloaded, ReloadError> {
        let _alone = self.reloading.lock().await;
        let (fixed, known, policies) = {
            let state = self.state().await;
            let fixed = fixed(&state.config, &config);
            keep_fixed(&state.config, &mut config);
            config.shown = shown(&state.config.shown, &config.shown, &fixed);
            (fixed, state.slots.clone(), state.policies.clone())
        };
        let policies = match policies {
            Some(policies) if !config.policy.is_empty() => {
                Some(Arc::new(policies.renewed(&config.policy)?))
            }
            Some(_) | None => Policies::start_if_any(&config.policy, Counting::of(&self.observe))?,
        };
        let mut config = config.behind(policies.as_ref(), &self.buffers);
        config.protocol.generation = self.told.next();
        let calls = self.serving.load_full();
        let calls = calls
            .calls
            .rebuild(config.upstreams.clone(), self.workers)?;
        // Whoever is asked takes the time it takes, and other schemas are served meanwhile.
        let brought = bring(&known, &config, &calls).await?;

        let mut state = self.state().await;
        let was = self.serving.load_full();
        let (slots, kept) = take_sources(&state, &config, brought);
        let sources = || good(&slots).map(|loaded| Arc::as_ptr(&loaded.source));
        let is_same = sources().eq(good(&state.slots).map(|loaded| Arc::as_ptr(&loaded.source)))
            && options(&state.config, &state.slots) == options(&config, &slots)
            && state
                .config
                .protocol
                .validations()
                .eq(config.protocol.validations());
        let schema = if is_same {
            Arc::clone(&was.schema)
        } else {
            let sources: Vec<_> = good(&slots)
                .map(|loaded| (*loaded.source).clone())
                .collect();
            let schema = build(&config, sources, options(&config, &slots)).await?;
            self.judge(&state, &config, &slots, &schema).await?;
            Arc::new(schema)
        };

        let site = if state.config.docs == config.docs {
            self.site.load_full()
        } else {
            site(&config).map(Arc::new)
        };
        let is_whole = !slots.iter().any(Slot::is_awaited);
        let schema_generation = self.serve(&config, site, &schema, calls, is_whole).await;
        let is_watched = is_watched_alike(&state.config, &config);
        let fingerprint = config.fingerprint;
        self.shown.store(Arc::clone(&config.shown));
        state.config = config;
        state.policies = policies;
        state.slots = slots;
        if !is_watched {
            state.epoch += 1;
            self.changed.notify_one();
        }
        let generation = self.told.taken(fingerprint, &kept);
        for (index, slot) in state.slots.iter().enumerate() {
            let is_new = !kept.iter().any(|(_, now)| *now == index);
            if is_new && slot.is_awaited() {
                let about = format!("waiting for {}", slot.config);
                self.told.awaits(index, about);
            }
        }
        tracing::info!(
            generation,
            schema = schema_generation,
            "the configuration was taken"
        );
        for key in &fixed {
            tracing::warn!(key, "another value of this key needs a restart");
        }
        let ineffective = self.tell_ineffective(&state);
        Ok(Reloaded {
            generation,
            fixed,
            ineffective,
        })
    }

    /// What sources bring in place of those before is judged as what a source brings later.
    async fn judge(
        &self,
        state: &State,
        config: &Config,
        slots: &[Slot],
        schema: &Schema,
    ) -> Result<(), ReloadError> {
        let before = replaced(state, config);
        let old = match build(config, before, options(config, slots)).await {
            Ok(old) => Arc::new(old),
            Err(_) => Arc::clone(&self.serving.load().schema),
        };
        let on_breaking = config.schema_reload.on_breaking;
        guarded(on_breaking, &old, schema).map_err(|broken| {
            self.told.refused_with_configuration();
            ReloadError::Breaks(broken.to_string())
        })
    }

    /// A configuration could not even be read.
    pub(super) fn refuse(&self, reason: &str) {
        self.told.refused(reason);
        tracing::error!(
            reason,
            "the configuration was refused; the old one serves on"
        );
    }

    /// A source that is watched in this epoch brought this.
    pub(super) async fn offer(&self, epoch: u64, index: usize, loaded: Loaded) {
        let mut state = self.state().await;
        if state.epoch != epoch {
            return;
        }
        let Some(slot) = state.slots.get_mut(index) else {
            return;
        };
        let broken_before = slot.good.iter().flat_map(|good| &good.broken);
        let broken_before: Vec<_> = broken_before.cloned().collect();
        let news = loaded.broken.iter();
        let news: Vec<_> = news.filter(|one| !broken_before.contains(one)).collect();
        if slot.good.is_some() && !news.is_empty() {
            let about = format!(
                "{}: some files do not compile; the old ones serve on",
                slot.config
            );
            let lines = news.into_iter().cloned().collect();
            self.fails(index, about, lines);
            return;
        }
        let is_first = slot.good.is_none();
        if let Some(good) = &mut slot.good
            && good.is_like(&loaded)
        {
            *good = loaded;
            slot.refused = None;
            self.told.works(index);
            return;
        }
        if let Some(refused) = &mut slot.refused
            && refused.is_like(&loaded)
        {
            *refused = loaded;
            return;
        }
        for reason in &loaded.broken {
            self.report(&Progress::LeftOut(reason));
        }
        slot.refused = Some(loaded);
        slot.failed = false;
        match self.choose(&state, index).await {
            Ok((schema, taken)) => {
                for index in taken {
                    if let Some(slot) = state.slots.get_mut(index) {
                        slot.good = slot.refused.take();
                    }
                    self.told.works(index);
                }
                self.swap(&state, schema, is_first).await;
            }
            Err(refusal) => self.refused(&state, index, &refusal),
        }
        if is_first {
            self.tell_ineffective(&state);
        }
    }

    /// The schema that is to be served, and the sources of which it has something new: all that wait,
    /// since what one takes away another may bring; else this one alone.
    async fn choose(&self, state: &State, index: usize) -> Result<(Schema, Vec<usize>), Refusal> {
        let waiting = state.slots.iter().enumerate();
        let waiting = waiting.filter(|(_, slot)| slot.refused.is_some());
        let waiting: Vec<_> = waiting.map(|(index, _)| index).collect();
        if waiting.len() > 1
            && let Ok(schema) = self.candidate(state, &waiting).await
        {
            return Ok((schema, waiting));
        }
        let schema = self.candidate(state, &[index]).await?;
        Ok((schema, vec![index]))
    }

    /// The schema with what these sources brought, if it may be served.
    async fn candidate(&self, state: &State, new: &[usize]) -> Result<Schema, Refusal> {
        let mut slots = state.slots.clone();
        for &index in new {
            if let Some(slot) = slots.get_mut(index) {
                slot.good = slot.refused.take();
            }
        }
        let sources: Vec<_> = good(&slots)
            .map(|loaded| (*loaded.source).clone())
            .collect();
        let schema = build(&state.config, sources, options(&state.config, &slots))
            .await
            .map_err(Refusal::Build)?;
        let served = Arc::clone(&self.serving.load().schema);
        let on_breaking = state.config.schema_reload.on_breaking;
        guarded(on_breaking, &served, &schema).map_err(Refusal::Breaks)?;
        Ok(schema)
    }

    /// Serves another schema.
    async fn swap(&self, state: &State, schema: Schema, is_first: bool) {
        let methods = schema.methods().len();
        let calls = self.serving.load().calls.clone();
        let site = self.site.load_full();
        let is_whole = !state.slots.iter().any(Slot::is_awaited);
        let schema = Arc::new(schema);
        let generation = self
            .serve(&state.config, site, &schema, calls, is_whole)
            .await;
        tracing::info!(generation, methods, "another schema is served");
        if is_first {
            let rows = state.config.protocol.rows(&schema);
            self.report(&Progress::Joined(&schema, &rows));
        }
    }

    /// The one place where something else begins to be served. The schema's number, if it is another.
    /// A schema that is not `whole` yet, because a backend is still to tell its part, is no revision.
    async fn serve(
        &self,
        config: &Config,
        site: Option<Arc<Documentation>>,
        schema: &Arc<Schema>,
        calls: Upstream,
        is_whole: bool,
    ) -> Option<u64> {
        if let (Some(site), true) = (&site, is_whole) {
            site.served(schema, &config.protocol, SystemTime::now())
                .await;
        }
        let was = Arc::clone(&self.serving.load().schema);
        let serving = snapshot(config, site.clone(), Arc::clone(schema), calls);
        self.site.store(site);
        self.serving.store(Arc::new(serving));
        if Arc::ptr_eq(&was, schema) {
            return None;
        }
        for reason in schema.refusals() {
            if !was.refusals().contains(reason) {
                tracing::warn!(reason, "not served");
            }
        }
        Some(self.told.another_schema())
    }
}

/// What is served of all sources.
fn good(slots: &[Slot]) -> impl Iterator<Item = &Loaded> {
    slots.iter().filter_map(|slot| slot.good.as_ref())
}

/// How the schema of these is built.
fn options(config: &Config, slots: &[Slot]) -> Options {
    let mut options = config.schema_options.clone();
    if slots.iter().any(|slot| slot.good.is_none()) {
        options.unmatched = Unmatched::Await; // what comes may have what a rule selects
    }
    options
}

/// Builds a schema beside what runs.
async fn build(
    config: &Config,
    sources: Vec<Source>,
    options: Options,
) -> Result<Schema, BuildError> {
    let protocol = config.protocol.clone();
    let building = tokio::task::spawn_blocking(move || served(&protocol, sources, &options));
    match building.await {
        Ok(built) => built,
        Err(lost) => Err(BuildError::Refused(vec![lost.to_string()])),
    }
}

/// Everything a request can see.
fn snapshot(
    config: &Config,
    site: Option<Arc<Documentation>>,
    schema: Arc<Schema>,
    calls: Upstream,
) -> Serving<Upstream> {
    let mut protocol = config.protocol.clone();
    protocol.watch = site
        .clone()
        .filter(|site| site.watches())
        .map(|site| site as Arc<dyn Watch>);
    if config.docs.place == Place::Public {
        protocol
            .pages
            .extend(site.map(|site| site as Arc<dyn Pages>));
    }
    Serving::new(schema, calls, protocol)
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live")
            .field("serving", &self.serving)
            .finish_non_exhaustive()
    }
}
