//! Services that several upstreams bring. One of them could serve by chance, so none does, until a
//! route says where the calls go.
//!
//! Where a route says so, one schema has to be true of all of them: the file has to be the same
//! (`source`), and to have one name.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use super::source::{Entry, Source};
use super::{Applies, BindingText, descriptor};

/// A route that holds for every request, as far as a schema cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// What it is for.
    pub applies: Applies,
    /// Where that goes.
    pub leads: Leads,
}

/// Whether a route says where calls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To upstreams that it names.
    Named,
    /// To the upstream that the schema came from.
    Own,
}

/// A method that several upstreams bring.
pub(super) struct Claim<'c> {
    pub(super) service: &'c str,
    pub(super) method: &'c str,
    pub(super) bindings: &'c [BindingText],
}

/// The first way to call the method for which the first route that applies names no upstreams.
pub(super) fn undecided(leads: &[Lead], claim: &Claim<'_>) -> Option<String> {
    let Claim {
        service, method, ..
    } = claim;
    let is_decided = |applies: &dyn Fn(&Applies) -> bool| {
        let first = leads.iter().find(|lead| applies(&lead.applies));
        first.is_some_and(|lead| lead.leads == Leads::Named)
    };
    let path = format!("/{service}/{method}");
    if !is_decided(&|applies| applies.to_own_path(service, method, &path)) {
        return Some(path);
    }
    let mut bindings = claim.bindings.iter();
    let undecided = bindings.find(|binding| {
        !is_decided(&|applies| applies.to_template(service, method, &binding.template))
    });
    undecided.map(|binding| {
        let template: String = binding.template.chars().take(100).collect();
        format!("{} {template}", binding.verb)
    })
}

/// Refuses files that have one service for two upstreams: what is the same has one name.
pub(super) fn refuse_other_files(entries: &mut [Entry], sources: &[Source]) {
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut faults: Vec<(usize, String)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        for service in &entry.file.service {
            let name = descriptor::join(entry.file.package(), service.name.as_deref());
            let Some(here) = entry.claims(&name, sources).next() else {
                continue;
            };
            let earlier = match first.entry(name.clone()) {
                Slot::Vacant(slot) => {
                    slot.insert(index);
                    continue;
                }
                Slot::Occupied(slot) => *slot.get(),
            };
            let Some(before) = entries.get(earlier) else {
                continue;
            };
            let Some(there) = before
                .claims(&name, sources)
                .find(|there| there.upstream != here.upstream)
            else {
                continue; // twice in one upstream: linking tells
            };
            let sentence = |here: &Source, file: &Entry, there: &Source| {
                format!(
                    "it has {name} for upstream {}, and {} has it for upstream {}; a service of several \
                     upstreams has to come from one file, of one name",
                    here.upstream,
                    file.file.name(),
                    there.upstream
                )
            };
            faults.push((index, sentence(here, before, there)));
            faults.push((earlier, sentence(there, entry, here)));
        }
    }
    for (index, fault) in faults {
        if let Some(entry) = entries.get_mut(index) {
            entry.fault.get_or_insert(fault);
        }
    }
}
