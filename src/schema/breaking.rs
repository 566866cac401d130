//! What a new schema takes away from clients of an old one.
//!
//! ```text
//!  old, new ─► files, messages, enums   by full name; fields and values by number
//!          └─► services, methods        those that are served
//!          └─► bindings                 URLs of the old ones, asked of the new routes
//! ```
//!
//! The rules are those of the category `WIRE_JSON` of `buf breaking`, by its names and with its verdicts:
//! bytes and JSON that were written by one side are read by the other. A gateway has two things more to
//! lose, methods and URLs, so their rules stand beside them. Nothing is filtered but what is nobody's own
//! ([`Schema::own_files`]): a library's upgrade is no change of the API.
//!
//! Work is linear in both schemas.

use std::fmt;

use serde::Serialize;

use super::Schema;

mod bindings;
mod defaults;
mod enums;
mod messages;
mod reserved;
mod rule;
mod services;
#[cfg(test)]
mod tests;
mod typed;

pub use rule::{NoRule, Rule};

/// Breaking changes that are told at most. Nobody reads more, and one of them is enough to refuse.
pub const BREAKING_MAX: usize = 10_000;

/// One change that breaks somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Breaking {
    /// The full name of what changed, the new one if there is one; of a file its path.
    pub name: String,
    /// The rule that it breaks.
    pub rule: Rule,
    /// A sentence without its subject: what it is now, and what it was.
    pub text: String,
}

/// `library.v1.Book.title: is int32 instead of string (FIELD_WIRE_JSON_COMPATIBLE_TYPE)`.
impl fmt::Display for Breaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.name, self.text, self.rule)
    }
}

/// Everything that breaks when `new` is served in place of `old`, by name; at most
/// [`BREAKING_MAX`] of it. Empty: every client of the old one can go on.
#[must_use]
pub fn breaking(old: &Schema, new: &Schema) -> Vec<Breaking> {
    let mut judge = Judge {
        old,
        new,
        found: Vec::new(),
    };
    for file in old.own_files() {
        judge.package(&file);
        for message in file.messages() {
            judge.message(&message);
        }
        for enumeration in file.enums() {
            judge.enumeration(&enumeration);
        }
        for extension in file.extensions() {
            judge.extension(&extension);
        }
    }
    judge.services();
    judge.bindings();
    judge.found.sort();
    judge.found.dedup();
    judge.found
}

/// Findings on their way.
struct Judge<'s> {
    old: &'s Schema,
    new: &'s Schema,
    found: Vec<Breaking>,
}

impl Judge<'_> {
    fn add(&mut self, rule: Rule, name: &str, text: impl Into<String>) {
        if self.found.len() < BREAKING_MAX {
            self.found.push(Breaking {
                name: name.to_owned(),
                rule,
                text: text.into(),
            });
        }
    }

    /// A file that stays must stay in its package: everything in it is named by it.
    fn package(&mut self, was: &prost_reflect::FileDescriptor) {
        let Some(is) = self.new.pool().get_file_by_name(was.name()) else {
            return;
        };
        if was.package_name() != is.package_name() {
            let text = format!(
                "is of package {} instead of {}",
                or_none(is.package_name()),
                or_none(was.package_name())
            );
            self.add(Rule::FileSamePackage, was.name(), text);
        }
    }
}

/// A name, or a word for having none.
fn or_none(name: &str) -> &str {
    if name.is_empty() { "none" } else { name }
}
