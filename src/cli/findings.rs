//! What `breaking` and `lint` tell: their rules, and what they have found, in one form or the other.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::Serialize;

use super::terminal::{BAD, GOOD};
use super::{Exit, terminal};

/// The form of the answer.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// What was found, in words.
pub(super) struct Words<'w, T> {
    /// What findings are called in JSON.
    pub(super) key: &'w str,
    /// The line of one.
    pub(super) line: fn(&T) -> String,
    /// If there is none.
    pub(super) none: String,
    /// What one is called, and what several are.
    pub(super) called: [&'w str; 2],
}

/// Lists rules, a line each.
pub(super) fn rules<'r>(rules: impl Iterator<Item = (&'r str, &'r str)> + Clone) -> Exit {
    let widest = rules.clone().map(|(name, _)| name.len()).max();
    let width = widest.unwrap_or_default() + 1;
    for (name, purpose) in rules {
        terminal::print(&format!("{name:width$}{purpose}"));
    }
    Exit::Done
}

/// Tells what was found, and whether that was anything.
pub(super) fn tell<T: Serialize>(format: Format, found: &[T], words: &Words<'_, T>) -> Exit {
    match format {
        Format::Text => {
            for one in found {
                terminal::print(&(words.line)(one));
            }
            let [one, several] = words.called;
            terminal::print(&match found.len() {
                0 => format!("{GOOD}good:{GOOD:#} {}", words.none),
                1 => format!("{BAD}1 {one}{BAD:#}"),
                n => format!("{BAD}{n} {several}{BAD:#}"),
            });
        }
        Format::Json => {
            let answer = BTreeMap::from([(words.key, found)]);
            match serde_json::to_string_pretty(&answer) {
                Ok(text) => terminal::print(&text),
                Err(error) => {
                    terminal::error(&error.to_string());
                    return Exit::Failed;
                }
            }
        }
    }
    if found.is_empty() {
        Exit::Done
    } else {
        Exit::Found
    }
}
