//! What operators are told of configuration and schema: what serves, and what does not and why.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::observe::metrics::Metrics;

/// Lines of one refusal that readiness shows; the log has them all.
const SHOWN_MAX: usize = 20;

/// The state of configuration and schema, in words and numbers.
#[derive(Debug)]
pub(super) struct Told(Mutex<State>);

#[derive(Debug)]
struct State {
    schema_generation: u64,
    schema_refused: u64,
    reloads: u64,
    reloads_refused: u64,
    /// Of the configuration that serves.
    fingerprint: u32,
    /// Why the last configuration was refused, if it was.
    refusal: Option<String>,
    /// By the index of its source.
    sources: BTreeMap<usize, Trouble>,
}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// A sentence.
    pub(super) about: String,
    /// What belongs to it, a line each.
    pub(super) lines: Vec<String>,
}

impl Told {
    /// The first configuration is there, and no schema yet.
    pub(super) fn new(fingerprint: u32) -> Self {
        Self(Mutex::new(State {
            schema_generation: 0,
            schema_refused: 0,
            reloads: 0,
            reloads_refused: 0,
            fingerprint,
            refusal: None,
            sources: BTreeMap::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another schema serves from now on; its number.
    pub(super) fn another_schema(&self) -> u64 {
        let mut state = self.state();
        state.schema_generation += 1;
        state.schema_generation
    }

    /// A schema was refused, because of what this source brings.
    pub(super) fn refused_schema(&self, source: usize, trouble: Trouble) {
        self.refused_with_configuration();
        self.state().sources.insert(source, trouble);
    }

    /// A schema was refused, and with it the configuration that brings it.
    pub(super) fn refused_with_configuration(&self) {
        self.state().schema_refused += 1;
    }

    /// The backend of this source does not answer yet.
    pub(super) fn awaits(&self, source: usize, about: String) {
        let lines = Vec::new();
        self.state()
            .sources
            .insert(source, Trouble { about, lines });
    }

    /// A source fails; true if it did not, or otherwise.
    pub(super) fn fails(&self, source: usize, trouble: &Trouble) -> bool {
        let was = self.state().sources.insert(source, trouble.clone());
        was.is_none_or(|was| was != *trouble)
    }

    /// Nothing is wrong with this source any more.
    pub(super) fn works(&self, source: usize) {
        self.state().sources.remove(&source);
    }

    /// The number of the configuration that is taken next.
    pub(super) fn next(&self) -> u64 {
        // The first was taken without a reload.
        self.state().reloads + 2
    }

    /// A configuration was taken; its number. What is wrong with sources is found again, but for
    /// those that are as they were: by their index before, and now.
    pub(super) fn taken(&self, fingerprint: u32, kept: &[(usize, usize)]) -> u64 {
        let mut state = self.state();
        state.reloads += 1;
        state.fingerprint = fingerprint;
        state.refusal = None;
        let mut was = std::mem::take(&mut state.sources);
        for (before, now) in kept {
            if let Some(trouble) = was.remove(before) {
                state.sources.insert(*now, trouble);
            }
        }
        state.reloads + 1
    }

    /// A configuration was refused.
    pub(super) fn refused(&self, reason: &str) {
        let mut state = self.state();
        state.reloads_refused += 1;
        state.refusal = Some(reason.to_owned());
    }

    /// The numbers.
    pub(super) fn metrics(&self) -> Metrics {
        let state = self.state();
        Metrics {
            schema_generation: state.schema_generation,
            schema_refused: state.schema_refused,
            reloads: state.reloads,
            reloads_refused: state.reloads_refused,
            config_hash: state.fingerprint,
            ..Metrics::default()
        }
    }

    /// The words: what serves, then what is wrong, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let state = self.state();
        let (configuration, schema) = (state.reloads + 1, state.schema_generation);
        let mut lines = vec![format!("configuration {configuration}, schema {schema}")];
        if let Some(reason) = &state.refusal {
            let mut reason = reason.lines();
            let first = reason.next().unwrap_or_default();
            lines.push(format!("the configuration was refused: {first}"));
            lines.extend(shown(reason));
        }
        for trouble in state.sources.values() {
            lines.push(trouble.about.clone());
            lines.extend(shown(trouble.lines.iter().map(String::as_str)));
        }
        lines
    }
}

fn shown<'l>(lines: impl Iterator<Item = &'l str>) -> Vec<String> {
    let mut lines: Vec<_> = lines.map(|line| format!("  {}", line.trim())).collect();
    let more = lines.len().saturating_sub(SHOWN_MAX);
    lines.truncate(SHOWN_MAX);
    if more > 0 {
        lines.push(format!("  … and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_until_it_is_right_again() {
        let told = Told::new(7);
        assert_eq!(told.lines(), ["configuration 1, schema 0"]);
        assert_eq!(told.another_schema(), 1);
        assert_eq!(told.lines(), ["configuration 1, schema 1"]);
        let trouble = Trouble {
            about: "p cannot be read".to_owned(),
            lines: (0..25).map(|n| n.to_string()).collect(),
        };
        assert!(told.fails(1, &trouble));
        assert!(!told.fails(1, &trouble), "the same is told once");
        told.refused("transom.yaml:3: found `x`");
        let lines = told.lines();
        assert_eq!(
            lines[1],
            "the configuration was refused: transom.yaml:3: found `x`"
        );
        assert_eq!((&*lines[3], &*lines[23]), ("  0", "  … and 5 more"));
        assert_eq!(told.taken(8, &[(1, 0)]), 2);
        assert_eq!(told.lines()[1], "p cannot be read", "its index is another");
        told.works(0);
        assert_eq!(told.lines(), ["configuration 2, schema 1"]);
        let metrics = told.metrics();
        assert_eq!((metrics.reloads, metrics.reloads_refused), (1, 1));
        assert_eq!(metrics.config_hash, 8);
    }
}
