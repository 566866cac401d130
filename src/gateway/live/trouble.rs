//! What is wrong with a source, told: in the log once, to operators until it is right again.

use std::time::Duration;

use super::super::told::Trouble;
use super::super::{Progress, SourceError, the_upstream};
use super::{Live, Refusal, Slot, State};
use crate::upstream;

impl Live {
    pub(super) fn refused(&self, state: &State, index: usize, refusal: &Refusal) {
        let name = state.slots.get(index);
        let name = name.map_or_else(String::new, |slot| slot.config.to_string());
        match refusal {
            Refusal::Build(error) => {
                let about = format!("{name}: makes no schema; the old one serves on");
                self.fails(index, about, vec![error.to_string()]);
            }
            Refusal::Breaks(broken) => {
                tracing::error!(
                    source = name, changes = %broken,
                    "the new schema was refused, since it breaks clients; the old one serves on"
                );
                let trouble = Trouble {
                    about: format!(
                        "{name}: was refused, since it breaks clients; the old schema serves on"
                    ),
                    lines: broken.lines().cloned().collect(),
                };
                self.told.refused_schema(index, trouble);
            }
        }
    }

    /// A source brings nothing that can be served; told once.
    pub(super) fn fails(&self, index: usize, about: String, lines: Vec<String>) {
        let reason = lines.join("\n  ");
        let trouble = Trouble { about, lines };
        if self.told.fails(index, &trouble) {
            tracing::warn!(reason, "{}", trouble.about);
        }
    }

    pub(super) fn cannot_load(&self, index: usize, slot: &Slot, error: &SourceError) {
        let what = if slot.good.is_some() {
            "cannot be loaded; what it brought before serves on"
        } else {
            "cannot be loaded; what the others brought is served"
        };
        let about = format!("{}: {what}", slot.config);
        self.fails(index, about, vec![error.to_string()]);
    }

    /// A backend has not told its schema yet.
    pub(super) fn awaits(
        &self,
        index: usize,
        upstream: &upstream::Config,
        cause: &str,
        next: Duration,
    ) {
        let (name, place) = (&upstream.name, &upstream.place());
        let whom = the_upstream(name, place);
        self.told
            .awaits(index, format!("waiting for {whom}: {cause}"));
        self.report(&Progress::Waiting {
            upstream: name,
            url: place,
            cause,
            next,
        });
    }

    /// A backend that is asked in this epoch is not up, and has not told its schema yet.
    pub(in crate::gateway) async fn not_up(
        &self,
        epoch: u64,
        index: usize,
        upstream: &upstream::Config,
        cause: &str,
        next: Duration,
    ) {
        if self.state().await.epoch == epoch {
            self.awaits(index, upstream, cause, next);
        }
    }

    /// A source that is watched in this epoch cannot be loaded.
    pub(in crate::gateway) async fn failed(&self, epoch: u64, index: usize, error: &SourceError) {
        let mut state = self.state().await;
        if state.epoch != epoch {
            return;
        }
        let Some(slot) = state.slots.get_mut(index) else {
            return;
        };
        let is_news = slot.is_awaited();
        slot.failed = true;
        self.cannot_load(index, slot, error);
        if is_news {
            self.tell_ineffective(&state);
        }
    }
}
