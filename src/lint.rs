//! What is wrong with a schema, or will be: names, versions, presence, bounds, and rules of HTTP.
//!
//! ```text
//!  Schema ──► packages, names, messages, methods, bindings ──► findings, each of a named rule
//!  an older Schema ──► schema::breaking ──► history ──┘
//! ```
//!
//! Pure: schemas in, sentences out. A finding says what was found, and what to do about it. A rule that
//! does not suit an API is switched off by its name.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use prost_reflect::FileDescriptor;
use serde::Serialize;

use crate::schema::{Binding, Method, Schema};

mod bindings;
mod history;
mod messages;
mod methods;
mod names;
mod options;
mod overlap;
mod packages;
mod rule;
mod scope;
#[cfg(test)]
mod tests;

pub use rule::{NoRule, Rule};
use scope::Judged;
pub use scope::{NoPackage, Package, Scope};

/// Findings that are told at most. Nobody reads more.
pub const FINDINGS_MAX: usize = 10_000;

/// What is judged.
pub struct Given<'g> {
    /// The schema. Lines are told if it was built with [`Places::Kept`](crate::schema::Places::Kept).
    pub schema: &'g Schema,
    /// What it was before, for the rules about what may come after.
    pub against: Option<&'g Schema>,
    /// Whose declarations.
    pub scope: Scope,
    /// Whether a call of a method ends in time although its client sets no deadline.
    pub has_deadline: &'g dyn Fn(&Method) -> bool,
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("schema", self.schema)
            .field("against", &self.against)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// One thing to do better.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file, relative to its import root.
    pub file: Option<String>,
    /// The line in it, from 1, where the source tells lines.
    pub line: Option<u32>,
    /// The full name of what it is about; of a file its path.
    pub name: String,
    /// The rule.
    pub rule: Rule,
    /// What was found, and what to do.
    pub text: String,
}

/// `library/v1/library.proto:12: library.v1.Book.data: … (VAGUE_NAME)`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        write!(f, "{}: {} ({})", self.name, self.text, self.rule)
    }
}

/// What these rules find, by file and line; at most [`FINDINGS_MAX`].
#[must_use]
pub fn lint(given: &Given<'_>, rules: &BTreeSet<Rule>) -> Vec<Finding> {
    let mut bound: HashMap<usize, Vec<&Binding>> = HashMap::new();
    for binding in given.schema.bindings() {
        bound.entry(binding.method.id).or_default().push(binding);
    }
    let mut linter = Linter {
        schema: given.schema,
        judged: given.scope.of(given.schema.own_files()),
        rules,
        bound,
        found: Vec::new(),
    };
    for file in given.schema.own_files() {
        linter.package(&file);
        linter.declared(&file);
    }
    for method in given.schema.methods() {
        linter.method(method, given.has_deadline);
    }
    linter.bindings();
    if let Some(old) = given.against {
        linter.history(old);
    }
    linter.found.sort();
    linter.found.dedup();
    linter.found
}

/// Findings on their way.
struct Linter<'g> {
    schema: &'g Schema,
    judged: Judged<'g>,
    rules: &'g BTreeSet<Rule>,
    /// The bindings of each method, by its id.
    bound: HashMap<usize, Vec<&'g Binding>>,
    found: Vec<Finding>,
}

/// Where something is declared.
struct Place<'p> {
    file: &'p str,
    path: &'p [i32],
}

impl Linter<'_> {
    fn add(&mut self, rule: Rule, place: Option<&Place<'_>>, name: &str, text: impl Into<String>) {
        if self.found.len() >= FINDINGS_MAX || !self.rules.contains(&rule) || !self.judged.has(name)
        {
            return;
        }
        self.found.push(Finding {
            file: place.map(|place| place.file.to_owned()),
            line: place.and_then(|at| self.schema.lines().of_place(at.file, at.path)),
            name: name.to_owned(),
            rule,
            text: text.into(),
        });
    }

    /// Every declaration of a file.
    fn declared(&mut self, file: &FileDescriptor) {
        for message in file.messages() {
            self.message(&message, file.name(), 1);
        }
        for enumeration in file.enums() {
            self.enumeration(&enumeration, file.name());
        }
    }

    /// A finding about a method.
    fn add_to_method(&mut self, rule: Rule, method: &Method, text: impl Into<String>) {
        let name = format!("{}.{}", method.service, method.name);
        let service = self.schema.pool().get_service_by_name(&method.service);
        let own = service.and_then(|service| {
            let found = service.methods().find(|own| own.name() == method.name);
            found.map(|own| (own.parent_file(), own.path().to_vec()))
        });
        match own {
            Some((file, path)) => {
                let place = Place {
                    file: file.name(),
                    path: &path,
                };
                self.add(rule, Some(&place), &name, text);
            }
            None => self.add(rule, None, &name, text),
        }
    }
}
