//! What changed from revision to revision, as this audience sees it.
//!
//! Every revision becomes a catalog by the same filter as the one that is served, so what may not be seen
//! now was never to be seen; a revision in which only such things changed is not told of at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::moment::Moment;
use crate::catalog::Catalog;
use crate::catalog::difference::{self, Change, Element};

#[cfg(test)]
mod tests;

/// What changed, newest first.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The oldest revision that is known.
    pub(super) begins: Option<Moment>,
    pub(super) steps: Vec<Step>,
    /// When a method changed last, by `pkg.Service.Method`; a service by `pkg.Service`.
    last: HashMap<String, Moment>,
}

/// A revision beside the one before it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) at: Moment,
    pub(super) changes: Vec<Change>,
    /// By `pkg.Service.Method`: what its callers notice, in its messages too.
    pub(super) methods: BTreeMap<String, Touch>,
}

/// How many changes a method's callers notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) breaking: usize,
    pub(super) adding: usize,
}

impl Timeline {
    /// Of one revision, after which nothing changed.
    pub(super) fn since(begins: Option<Moment>) -> Self {
        Self {
            begins,
            ..Self::default()
        }
    }

    /// Of revisions, oldest first; `describe` makes a catalog of a descriptor set, if it can.
    pub(super) fn of<S>(
        revisions: Vec<(Moment, S)>,
        describe: impl Fn(S) -> Option<Catalog>,
    ) -> Self {
        let mut timeline = Self::default();
        let mut before: Option<Catalog> = None;
        for (at, set) in revisions {
            let Some(catalog) = describe(set) else {
                continue;
            };
            timeline.begins.get_or_insert(at);
            if let Some(before) = &before {
                timeline.step(at, before, &catalog);
            }
            before = Some(catalog);
        }
        timeline.steps.reverse();
        timeline
    }

    fn step(&mut self, at: Moment, old: &Catalog, new: &Catalog) {
        let changes = difference::of_revisions(old, new);
        if changes.is_empty() {
            return;
        }
        let methods = touched(&changes, old, new);
        for method in methods.keys() {
            self.last.insert(method.clone(), at);
            if let Some((service, _)) = method.rsplit_once('.') {
                self.last.insert(service.to_owned(), at);
            }
        }
        self.steps.push(Step {
            at,
            changes,
            methods,
        });
    }

    /// When a method (`pkg.Service.Method`) or service changed last, if it did.
    pub(super) fn last(&self, name: &str) -> Option<Moment> {
        self.last.get(name).copied()
    }
}

/// The methods whose callers notice something.
fn touched(changes: &[Change], old: &Catalog, new: &Catalog) -> BTreeMap<String, Touch> {
    let (before, after) = (Users::of(old), Users::of(new));
    let mut reached: HashMap<&str, BTreeSet<String>> = HashMap::new();
    let mut touched: BTreeMap<String, Touch> = BTreeMap::new();
    for change in changes {
        let within = || {
            change
                .name
                .rsplit_once('.')
                .map_or("", |(within, _)| within)
        };
        let of_type = match change.element {
            Element::Message | Element::Enum => &change.name,
            Element::Field | Element::Value => within(),
            Element::Method | Element::Binding => {
                touched.entry(change.name.clone()).or_default().add(change);
                continue;
            }
            Element::Service => {
                for method in before
                    .methods(&change.name)
                    .chain(after.methods(&change.name))
                {
                    touched.entry(method.to_owned()).or_default().add(change);
                }
                continue;
            }
        };
        let methods = reached.entry(of_type).or_insert_with(|| {
            let mut methods = after.reaching(of_type);
            if methods.is_empty() {
                methods = before.reaching(of_type);
            }
            methods
        });
        for method in methods.iter() {
            touched.entry(method.clone()).or_default().add(change);
        }
    }
    touched
}

impl Touch {
    fn add(&mut self, change: &Change) {
        if change.is_breaking() {
            self.breaking += 1;
        } else {
            self.adding += 1;
        }
    }
}

/// Who uses what, in one catalog.
struct Users<'c>(&'c Catalog);

impl<'c> Users<'c> {
    const fn of(catalog: &'c Catalog) -> Self {
        Self(catalog)
    }

    fn methods<'a>(&self, service: &'a str) -> impl Iterator<Item = String> + use<'a, 'c> {
        let methods = self.0.methods();
        methods
            .filter(move |(_, of, _)| of.name == service)
            .map(|(_, _, method)| format!("{}.{}", method.served.service, method.served.name))
    }

    /// The methods that take or give a message or enum, at any depth.
    fn reaching(&self, name: &str) -> BTreeSet<String> {
        let mut methods = BTreeSet::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = Vec::new();
        let used_by = |name: &str| {
            let message = self.0.messages.get(name).map(|message| &message.used_by);
            message.or_else(|| self.0.enums.get(name).map(|each| &each.used_by))
        };
        let mut users = used_by(name);
        loop {
            for user in users.into_iter().flatten() {
                match user.strip_prefix('/') {
                    Some(method) => {
                        methods.insert(method.replace('/', "."));
                    }
                    None if seen.insert(user) => open.push(user),
                    None => {}
                }
            }
            let Some(next) = open.pop() else {
                return methods;
            };
            users = used_by(next);
        }
    }
}
