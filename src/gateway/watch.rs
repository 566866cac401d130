//! Watching the sources of the schema: files are looked at several times a second, backends are asked
//! now and then, and at once after a connection to them was lost and made again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::SourceConfig;
use super::live::Live;
use super::sources::{self, LoadError, Patience};
use super::stamp::{Settling, Stamp};
use crate::upstream::{self, News};

/// How often files are looked at. They are read when they look the same twice, so that what is written
/// is served well within a second.
const LOOK: Duration = Duration::from_millis(250);

/// Of the time of one core, looking takes this part at most: large folders are looked at less often.
const SHARE: u32 = 20;

/// Between two questions to a backend at least: its connections may be lost one after the other.
const SPACING: Duration = Duration::from_secs(1);

/// Watches the sources of whatever configuration is in force, for ever.
pub(super) async fn watch(live: Arc<Live>) {
    loop {
        let mut watchers = JoinSet::new();
        let state = live.state().await;
        for (index, slot) in state.slots.iter().enumerate() {
            let Ok(upstream) = sources::upstream_of(&slot.config, &state.config.upstreams) else {
                continue;
            };
            let watcher = Watcher {
                live: Arc::clone(&live),
                epoch: state.epoch,
                index,
                source: slot.config.clone(),
                upstream: upstream.clone(),
            };
            if slot.config.is_reflection() {
                let calls = &live.serving.load().calls;
                let news = calls.news(&upstream.name).unwrap_or_default();
                // After another configuration it may be another backend.
                let has_answered = slot.good.is_some();
                let asking = Asking {
                    interval: state.config.schema_reload.reflection_interval,
                    awaited: (!has_answered).then(Patience::default),
                };
                let first = if has_answered && state.epoch == 0 {
                    asking.interval
                } else {
                    Duration::ZERO
                };
                watchers.spawn(watcher.ask(asking, first, news));
            } else {
                let last = slot.refused.as_ref().or(slot.good.as_ref());
                let stamp = last.map_or_else(Stamp::default, |loaded| loaded.stamp);
                watchers.spawn(watcher.look(Settling::after(stamp)));
            }
        }
        drop(state);
        live.changed.notified().await;
    }
}

/// Who watches one source.
struct Watcher {
    live: Arc<Live>,
    epoch: u64,
    index: usize,
    source: SourceConfig,
    upstream: upstream::Config,
}

impl Watcher {
    /// Looks at files.
    async fn look(self, mut settling: Settling) {
        let mut pause = LOOK;
        loop {
            tokio::time::sleep(pause).await;
            let source = self.source.clone();
            let looking = tokio::task::spawn_blocking(move || {
                let begun = Instant::now();
                let stamp = source.stamp();
                (stamp, begun.elapsed())
            });
            let Ok((stamp, took)) = looking.await else {
                return;
            };
            pause = LOOK.max(took.saturating_mul(SHARE));
            if settling.look(stamp) {
                self.load().await;
            }
        }
    }

    /// Asks a backend.
    async fn ask(self, mut asking: Asking, first: Duration, news: Arc<News>) {
        let (mut pause, mut asked) = (first, None::<Instant>);
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = news.reached_again() => {
                    if let Some(asked) = asked {
                        tokio::time::sleep_until(asked + SPACING).await;
                    }
                }
            }
            asked = Some(Instant::now());
            pause = match self.load().await {
                Outcome::Answered => asking.answered(),
                Outcome::NotUp(cause) => {
                    let is_awaited = asking.awaited.is_some();
                    let next = asking.again();
                    if is_awaited {
                        let live = &self.live;
                        live.not_up(self.epoch, self.index, &self.upstream, &cause, next)
                            .await;
                    }
                    next
                }
                Outcome::Failed => asking.again(),
            };
        }
    }

    async fn load(&self) -> Outcome {
        let calls = self.live.serving.load().calls.clone();
        match sources::try_load(&self.source, &self.upstream, &calls).await {
            Ok(loaded) => self.live.offer(self.epoch, self.index, loaded).await,
            Err(LoadError::Failed(error)) => {
                self.live.failed(self.epoch, self.index, &error).await;
                return Outcome::Failed;
            }
            // Its calls fail, and are told.
            Err(LoadError::NotUp(cause)) => return Outcome::NotUp(cause),
        }
        Outcome::Answered
    }
}

/// What came of a question to a backend.
enum Outcome {
    /// Something; what, somebody else has judged.
    Answered,
    /// Nothing: it is not up.
    NotUp(String),
    /// Nothing that is a schema: what answers may be another server, or one that is going down.
    Failed,
}

/// When a backend is asked next.
#[derive(Clone, Copy, Debug)]
struct Asking {
    interval: Duration,
    /// It has not answered yet.
    awaited: Option<Patience>,
}

impl Asking {
    /// It has answered.
    fn answered(&mut self) -> Duration {
        self.awaited = None;
        self.interval
    }

    /// It has told no schema.
    fn again(&mut self) -> Duration {
        self.awaited
            .as_mut()
            .map_or(self.interval, Patience::next)
            .min(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_asked_often_until_it_has_answered_and_then_at_its_interval() {
        let interval = Duration::from_secs(30);
        let mut asking = Asking {
            interval,
            awaited: Some(Patience::default()),
        };
        let pauses: Vec<_> = (0..9).map(|_| asking.again().as_millis()).collect();
        assert_eq!(
            pauses,
            [250, 400, 640, 1024, 1638, 2621, 4194, 5000, 5000],
            "longer and longer, up to a bound"
        );
        assert_eq!(asking.answered(), interval);
        assert_eq!(asking.again(), interval, "what it brought serves on");
    }
}
