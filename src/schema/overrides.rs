//! Bindings that do not come with the descriptors: rules that select methods by name, as the
//! `http` part of a Google service configuration has them.
//!
//! Of several rules that select a method the last one counts, and replaces the method's annotation
//! as a whole.

use std::collections::HashMap;

use super::closest::closest;
use super::http_rule::{self, BINDINGS_MAX};
use super::selector::{NoSelector, Selector};
use super::{BindingText, Method};

/// Bytes of a selector that an error repeats.
const SHOWN: usize = 100;

/// The bindings of the methods that a selector names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRule {
    selector: Selector,
    bindings: Vec<BindingText>,
    origin: String,
}

/// Why something is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The selector selects nothing.
    #[error("found the selector {0:?}, {NoSelector}")]
    Selector(String),
    /// No binding.
    #[error("found no binding, expected `get`, `put`, `post`, `delete`, `patch` or `custom`")]
    Empty,
    /// More bindings than a method may have.
    #[error("found {0} bindings, expected at most {BINDINGS_MAX}")]
    TooMany(usize),
    /// A binding for something that is no HTTP method.
    #[error("found {0:?}, expected an HTTP method other than CONNECT and TRACE, or `*` for any")]
    Verb(String),
}

impl HttpRule {
    /// A rule. `origin` says where it stands, for messages: `service.yaml:12`.
    ///
    /// Templates and fields are checked when a schema is built with it.
    ///
    /// # Errors
    /// A selector, an HTTP method or a number of bindings that no rule has.
    pub fn new(
        selector: &str,
        bindings: Vec<BindingText>,
        origin: String,
    ) -> Result<Self, RuleError> {
        let wrong = |_| RuleError::Selector(selector.chars().take(SHOWN).collect());
        let selector = selector.parse().map_err(wrong)?;
        if bindings.is_empty() {
            return Err(RuleError::Empty);
        }
        if bindings.len() > BINDINGS_MAX {
            return Err(RuleError::TooMany(bindings.len()));
        }
        if let Some(binding) = bindings.iter().find(|b| !http_rule::is_verb(&b.verb)) {
            let verb = binding.verb.chars().take(SHOWN).collect();
            return Err(RuleError::Verb(verb));
        }
        Ok(Self {
            selector,
            bindings,
            origin,
        })
    }

    /// What it selects.
    #[must_use]
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// The bindings, the additional ones included.
    #[must_use]
    pub fn bindings(&self) -> &[BindingText] {
        &self.bindings
    }

    /// Where it stands.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// What becomes of a rule that selects no method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// It is a refusal: its selector has a slip.
    #[default]
    Refuse,
    /// Nothing: sources are still to come.
    Await,
}

/// Rules by what they select.
#[derive(Debug)]
pub(super) struct Overrides<'r> {
    rules: &'r [HttpRule],
    /// By selector: the last rule that has it, and whether a method was found.
    last: HashMap<&'r str, (usize, bool)>,
}

impl<'r> Overrides<'r> {
    pub(super) fn new(rules: &'r [HttpRule]) -> Self {
        let last = rules
            .iter()
            .enumerate()
            .map(|(n, rule)| (rule.selector.as_str(), (n, false)))
            .collect();
        Self { rules, last }
    }

    /// The rule for the method of this full name.
    pub(super) fn of(&mut self, method: &str) -> Option<&'r HttpRule> {
        if self.last.is_empty() {
            return None;
        }
        let mut found = None;
        let dots = method.match_indices('.').map(|(dot, _)| dot + 1);
        let prefixes = std::iter::once(0).chain(dots);
        // No list of rules is walked: a method has few prefixes, and a configuration many rules.
        let mut wildcard = String::with_capacity(method.len() + 1);
        for end in prefixes {
            wildcard.clear();
            wildcard.push_str(method.get(..end).unwrap_or_default());
            wildcard.push('*');
            found = found.max(self.take(&wildcard));
        }
        found = found.max(self.take(method));
        found.and_then(|n| self.rules.get(n))
    }

    fn take(&mut self, selector: &str) -> Option<usize> {
        let (n, matched) = self.last.get_mut(selector)?;
        *matched = true;
        Some(*n)
    }

    /// A sentence for every rule that selected nothing.
    pub(super) fn unmatched<'m>(
        &self,
        methods: &(impl Iterator<Item = &'m Method> + Clone),
    ) -> Vec<String> {
        let unmatched = self.rules.iter().filter(|rule| {
            let known = self.last.get(rule.selector.as_str());
            known.is_some_and(|(_, matched)| !matched)
        });
        unmatched
            .map(|rule| {
                let selector = rule.selector.as_str();
                let shown: String = selector.chars().take(SHOWN).collect();
                let near = match selector.strip_suffix(".*") {
                    None => closest(selector, methods.clone().map(|m| m.path.as_str()))
                        .map(|near| near.replace('/', ".")),
                    Some(service) => closest(service, methods.clone().map(|m| m.service.as_str()))
                        .map(|near| format!("{near}.*")),
                };
                let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                format!(
                    "{}: the selector {shown} matches no method{hint}",
                    rule.origin
                )
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
