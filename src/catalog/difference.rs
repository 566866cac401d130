//! What changed between two versions of a package, or between two revisions of what is served.
//!
//! | compared by | breaks |
//! |---|---|
//! | methods, by name | gRPC and its like where the rpc goes, takes another message or streams otherwise |
//! | bindings, by HTTP method and path | REST |
//! | fields, by number | the wire where number or encoding change; JSON where name or type do |
//! | rules | what was taken before and is refused now |
//!
//! Versions of one family are compared by reading `pkg.v1.X` as `pkg.v2.X`, and `/v1/` in paths alike.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::field::FieldDescriptor;
use super::message::{Enum, Message};
use super::{Body, Catalog, Method, Operation, Package, Response};

mod messages;
mod operations;

/// Changes that are told at most.
pub const CHANGES_MAX: usize = 5_000;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// What kind of element it is.
    pub element: Element,
    /// Its full name, the new one if there is one; of a binding the method's.
    pub name: String,
    /// Whom it breaks; empty: it only adds.
    pub breaks: BTreeSet<Surface>,
    /// A sentence without its subject: what it was, and what it is.
    pub text: String,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    /// A service.
    Service,
    /// A method.
    Method,
    /// One of its REST bindings.
    Binding,
    /// A message.
    Message,
    /// A field of one.
    Field,
    /// An enum.
    Enum,
    /// A value of one.
    Value,
}

/// Who notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// Clients that speak protobuf's wire format.
    Wire,
    /// Clients that speak JSON, whatever the protocol.
    Json,
    /// Clients of REST.
    Rest,
    /// Clients that send what the rules refuse now.
    Rules,
}

impl Change {
    /// True if somebody has to change for it.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        !self.breaks.is_empty()
    }
}

/// From one version of a package to another of its family. Both may be of one catalog.
#[must_use]
pub fn between(
    (old_catalog, old): (&Catalog, &Package),
    (new_catalog, new): (&Catalog, &Package),
) -> Vec<Change> {
    let mut changes = Changes::new(old_catalog, new_catalog);
    changes.renamed = Some((old.name.clone(), new.name.clone()));
    changes.versions = old.version.clone().zip(new.version.clone());
    changes.package(old, new);
    changes.finish()
}

/// From one revision of what is served to another.
#[must_use]
pub fn of_revisions(old: &Catalog, new: &Catalog) -> Vec<Change> {
    let mut changes = Changes::new(old, new);
    for package in &old.packages {
        match new.package(&package.name) {
            Some(now) => changes.services(package, now),
            None => changes.all_gone(package),
        }
    }
    for package in &new.packages {
        if old.package(&package.name).is_none() {
            changes.all_new(package);
        }
    }
    let names: BTreeSet<&String> = old.messages.keys().chain(new.messages.keys()).collect();
    for name in names {
        changes.message(old.messages.get(name), new.messages.get(name));
    }
    let names: BTreeSet<&String> = old.enums.keys().chain(new.enums.keys()).collect();
    for name in names {
        changes.enumeration(old.enums.get(name), new.enums.get(name));
    }
    changes.finish()
}

/// Changes on their way.
struct Changes<'c> {
    old: &'c Catalog,
    new: &'c Catalog,
    /// The packages of which one is read as the other.
    renamed: Option<(String, String)>,
    /// Their versions, as paths have them.
    versions: Option<(String, String)>,
    all: BTreeSet<Change>,
}

const ALL: [Surface; 3] = [Surface::Wire, Surface::Json, Surface::Rest];

impl<'c> Changes<'c> {
    const fn new(old: &'c Catalog, new: &'c Catalog) -> Self {
        Self {
            old,
            new,
            renamed: None,
            versions: None,
            all: BTreeSet::new(),
        }
    }

    fn finish(self) -> Vec<Change> {
        self.all.into_iter().collect()
    }

    fn add(
        &mut self,
        element: Element,
        name: &str,
        breaks: impl IntoIterator<Item = Surface>,
        text: impl Into<String>,
    ) {
        if self.all.len() < CHANGES_MAX {
            self.all.insert(Change {
                element,
                name: name.to_owned(),
                breaks: breaks.into_iter().collect(),
                text: text.into(),
            });
        }
    }

    /// An old full name as it would be called now.
    fn now(&self, name: &str) -> String {
        let moved = self.renamed.as_ref().and_then(|(old, new)| {
            let rest = name.strip_prefix(old.as_str())?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("{new}{rest}"))
        });
        moved.unwrap_or_else(|| name.to_owned())
    }

    fn package(&mut self, old: &'c Package, new: &'c Package) {
        self.services(old, new);
        let (before, after) = (&self.old.messages, &self.new.messages);
        let mut names: BTreeSet<String> = old.messages.iter().map(|name| self.now(name)).collect();
        names.extend(new.messages.iter().cloned());
        let mut was: BTreeMap<String, &Message> = BTreeMap::new();
        for name in &old.messages {
            if let Some(message) = before.get(name) {
                was.insert(self.now(name), message);
            }
        }
        for name in names {
            self.message(was.get(&name).copied(), after.get(&name));
        }
        let (before, after) = (&self.old.enums, &self.new.enums);
        let mut names: BTreeSet<String> = old.enums.iter().map(|name| self.now(name)).collect();
        names.extend(new.enums.iter().cloned());
        let mut was: BTreeMap<String, &Enum> = BTreeMap::new();
        for name in &old.enums {
            if let Some(enumeration) = before.get(name) {
                was.insert(self.now(name), enumeration);
            }
        }
        for name in names {
            self.enumeration(was.get(&name).copied(), after.get(&name));
        }
    }
}

/// Where a field lies, for sentences.
fn place(path: &[FieldDescriptor]) -> String {
    let names: Vec<String> = path.iter().map(FieldDescriptor::proto_name).collect();
    names.join(".")
}

/// A request's body in words.
fn body(operation: &Operation) -> String {
    match &operation.body {
        Body::None => "no body".to_owned(),
        Body::Message { .. } => "the whole message as its body".to_owned(),
        Body::Field { field, .. } => format!("{} as its body", place(field)),
    }
}

/// An answer's body in words.
fn response(operation: &Operation) -> String {
    match &operation.response {
        Response::Message => "the whole message".to_owned(),
        Response::Field(field) => place(field),
        Response::HttpBody => "bytes".to_owned(),
    }
}

/// `pkg.Service.Method`.
fn name(method: &Method) -> String {
    format!("{}.{}", method.served.service, method.served.name)
}
