//! Files to a descriptor pool, checked, and never a panic.
//!
//! Descriptors come over the network, and the library that links them trusts them more than we do:
//! it panics on a syntax it does not know, and later on map entries that are none. So each file is
//! checked first, editions are lowered, imports are ordered and completed with built-in files, and
//! each file is added by itself behind `catch_unwind`. A file that fails is left out with those
//! that import it, and the rest is linked.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use prost::Message as _;
use prost_reflect::DescriptorPool;

use super::comments::Comments;
use super::editions;
use super::source::{Entry, Source, builtin};

mod check;
#[cfg(test)]
mod tests;

/// After this many files that do not link, the rest is not tried: each failure links everything
/// before it anew, and a hostile set must not make that quadratic.
const FAILURES_MAX: usize = 50;

/// What was linked.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) pool: DescriptorPool,
    /// The files in the pool that came from sources, in the order of sources.
    pub(super) entries: Vec<Entry>,
    /// Full names of enums that editions close.
    pub(super) closed_enums: HashSet<String>,
    /// Full names of messages and enums whose JSON is best effort.
    pub(super) best_effort_json: HashSet<String>,
    /// Of every file in the pool.
    pub(super) comments: Comments,
}

/// Links everything that can be linked; what cannot is a refusal.
pub(super) fn link(entries: Vec<Entry>, sources: &[Source], refusals: &mut Vec<String>) -> Linked {
    let mut closed_enums = HashSet::new();
    let mut best_effort_json = HashSet::new();
    let mut files = Files::default();
    for mut entry in entries {
        editions::json_format::best_effort(&entry.file, &mut best_effort_json);
        let fault = entry.fault.take().or_else(|| {
            editions::lower(&mut entry.file, &mut closed_enums)
                .map_err(|error| error.to_string())
                .and_then(|()| check::check(&entry.file))
                .err()
        });
        files.add(entry, fault);
    }
    files.complete();
    files.refuse_cycles();
    let pool = files.link();
    for (entry, fault) in &files.list {
        if let Some(fault) = fault {
            refusals.push(format!(
                "{}{}: {fault}",
                entry.file.name(),
                of_sources(entry, sources)
            ));
        }
    }
    let Files {
        list, mut comments, ..
    } = files;
    let linked = list.into_iter().filter(|(_, fault)| fault.is_none());
    let entries = linked
        .map(|(entry, _)| entry)
        .inspect(|entry| comments.add(&entry.file))
        .filter(|entry| !entry.origins.is_empty())
        .collect();
    Linked {
        pool,
        entries,
        closed_enums,
        best_effort_json,
        comments,
    }
}

/// ` (of a.binpb and b.binpb)`.
pub(super) fn of_sources(entry: &Entry, sources: &[Source]) -> String {
    let names: Vec<_> = entry
        .origins
        .iter()
        .filter_map(|&origin| sources.get(origin))
        .map(|source| source.name.as_str())
        .collect();
    if names.is_empty() {
        " (built in)".to_owned()
    } else {
        format!(" (of {})", names.join(" and "))
    }
}

/// Files by name, each with what is wrong with it.
#[derive(Default)]
struct Files {
    list: Vec<(Entry, Option<String>)>,
    by_name: HashMap<String, usize>,
    /// Of files that are linked without being listed.
    comments: Comments,
}

impl Files {
    fn add(&mut self, entry: Entry, fault: Option<String>) {
        self.by_name
            .insert(entry.file.name().to_owned(), self.list.len());
        self.list.push((entry, fault));
    }

    /// Indices of the imports of a file that are there.
    fn imports(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let imports = self
            .list
            .get(index)
            .map(|(entry, _)| &entry.file.dependency);
        imports
            .into_iter()
            .flatten()
            .filter_map(|name| self.by_name.get(name).copied())
    }

    fn is_good(&self, index: usize) -> bool {
        self.list
            .get(index)
            .is_some_and(|(_, fault)| fault.is_none())
    }

    fn refuse(&mut self, index: usize, reason: String) {
        if let Some((_, fault)) = self.list.get_mut(index) {
            fault.get_or_insert(reason);
        }
    }

    /// Adds the built-in files that are imported and missing, and refuses the files whose imports
    /// nobody has.
    fn complete(&mut self) {
        let mut index = 0;
        while let Some((entry, _)) = self.list.get(index) {
            let missing: Vec<String> = entry
                .file
                .dependency
                .iter()
                .filter(|name| !self.by_name.contains_key(*name))
                .cloned()
                .collect();
            for name in missing {
                for file in builtin::closure(&name) {
                    if !self.by_name.contains_key(file.name()) {
                        self.add(
                            Entry {
                                file,
                                origins: Vec::new(),
                                fault: None,
                            },
                            None,
                        );
                    }
                }
                if !self.by_name.contains_key(&name) {
                    let name: String = name.chars().take(100).collect();
                    self.refuse(index, format!("imports {name}, which no source has"));
                }
            }
            index += 1;
        }
        self.spread();
    }

    /// Refuses whatever imports a refused file, directly or not.
    fn spread(&mut self) {
        let mut importers: HashMap<usize, Vec<usize>> = HashMap::new();
        for index in 0..self.list.len() {
            for import in self.imports(index) {
                importers.entry(import).or_default().push(index);
            }
        }
        let mut open: Vec<usize> = (0..self.list.len())
            .filter(|&index| !self.is_good(index))
            .collect();
        while let Some(refused) = open.pop() {
            let name = self
                .list
                .get(refused)
                .map_or("", |(entry, _)| entry.file.name());
            let reason = format!("imports {name}, which is left out");
            for &importer in importers.get(&refused).into_iter().flatten() {
                if self.is_good(importer) {
                    self.refuse(importer, reason.clone());
                    open.push(importer);
                }
            }
        }
    }

    /// The good files, imports first, in the order of sources otherwise. Files in a cycle, and
    /// those that import them, are not among them.
    fn order(&self) -> Vec<usize> {
        let mut waits: Vec<usize> = vec![0; self.list.len()];
        let mut importers: Vec<Vec<usize>> = vec![Vec::new(); self.list.len()];
        let mut ready = VecDeque::new();
        for index in (0..self.list.len()).filter(|&index| self.is_good(index)) {
            let imports: HashSet<usize> = self.imports(index).collect();
            for &import in &imports {
                if let Some(list) = importers.get_mut(import) {
                    list.push(index);
                }
            }
            if let Some(waits) = waits.get_mut(index) {
                *waits = imports.len();
            }
            if imports.is_empty() {
                ready.push_back(index);
            }
        }
        let mut order = Vec::with_capacity(self.list.len());
        while let Some(index) = ready.pop_front() {
            order.push(index);
            for importer in importers
                .get_mut(index)
                .map(std::mem::take)
                .unwrap_or_default()
            {
                if let Some(waits) = waits.get_mut(importer) {
                    *waits = waits.saturating_sub(1);
                    if *waits == 0 {
                        ready.push_back(importer);
                    }
                }
            }
        }
        order
    }

    /// Refuses every file in a cycle of imports. One walk: from a file that is stuck, imports that
    /// are stuck too lead into a cycle.
    fn refuse_cycles(&mut self) {
        let ordered: HashSet<usize> = self.order().into_iter().collect();
        let stuck: Vec<usize> = (0..self.list.len())
            .filter(|&index| self.is_good(index) && !ordered.contains(&index))
            .collect();
        let mut done: HashSet<usize> = HashSet::new();
        for &start in &stuck {
            let mut path: Vec<usize> = Vec::new();
            let mut place: HashMap<usize, usize> = HashMap::new();
            let mut at = Some(start);
            while let Some(index) = at {
                if done.contains(&index) {
                    break;
                }
                if let Some(&first) = place.get(&index) {
                    let cycle = path.get(first..).unwrap_or_default().to_vec();
                    let reason = self.tell_cycle(&cycle);
                    for member in cycle {
                        self.refuse(member, reason.clone());
                    }
                    break;
                }
                place.insert(index, path.len());
                path.push(index);
                at = self
                    .imports(index)
                    .find(|i| self.is_good(*i) && !ordered.contains(i));
            }
            done.extend(path);
        }
        self.spread();
        // What is stuck still hangs together by more than the cycles that were walked.
        let ordered: HashSet<usize> = self.order().into_iter().collect();
        for index in stuck {
            if self.is_good(index) && !ordered.contains(&index) {
                self.refuse(index, "is part of a cycle of imports".to_owned());
            }
        }
    }

    fn tell_cycle(&self, cycle: &[usize]) -> String {
        const SHOWN: usize = 5;
        let name = |&index: &usize| {
            self.list
                .get(index)
                .map_or("", |(entry, _)| entry.file.name())
        };
        let mut names: Vec<_> = cycle.iter().take(SHOWN).map(name).collect();
        if cycle.len() > SHOWN {
            names.push("…");
        }
        names.extend(cycle.first().map(name));
        format!("imports itself: {}", names.join(" -> "))
    }

    /// Links the good files, and then what every schema has. A built-in file whose names the
    /// sources define elsewhere stays out without a word: theirs count.
    fn link(&mut self) -> DescriptorPool {
        let mut linker = Linker::default();
        for index in self.order() {
            let broken = self.imports(index).find(|&import| !self.is_good(import));
            let fault = if let Some(import) = broken {
                let name = self
                    .list
                    .get(import)
                    .map_or("", |(entry, _)| entry.file.name());
                Some(format!("imports {name}, which is left out"))
            } else if linker.failures >= FAILURES_MAX {
                Some(format!(
                    "is not tried: {FAILURES_MAX} files of the schema are broken"
                ))
            } else if let Some((entry, _)) = self.list.get_mut(index) {
                // Comments and places are the most of a file, and nobody asks the pool for them.
                let info = entry.file.source_code_info.take();
                let encoded = entry.file.encode_to_vec();
                entry.file.source_code_info = info;
                linker.add(encoded).err()
            } else {
                None
            };
            if let Some(fault) = fault {
                self.refuse(index, fault);
            }
        }
        for name in builtin::ALWAYS {
            for file in builtin::closure(name) {
                if !self.by_name.contains_key(file.name())
                    && linker.pool.get_file_by_name(file.name()).is_none()
                    && linker.add(file.encode_to_vec()).is_ok()
                {
                    self.comments.add(&file);
                }
            }
        }
        linker.pool
    }
}

/// Adds file after file. After a failure the pool may hold traces of the file, so it is built anew
/// from what was good.
#[derive(Default)]
struct Linker {
    pool: DescriptorPool,
    added: Vec<Vec<u8>>,
    failures: usize,
}

impl Linker {
    fn add(&mut self, file: Vec<u8>) -> Result<(), String> {
        let result = add(&mut self.pool, &file);
        if result.is_ok() {
            self.added.push(file);
        } else {
            self.failures += 1;
            self.pool = DescriptorPool::new();
            for good in &self.added {
                // It worked before, upon the same files.
                let _ = add(&mut self.pool, good);
            }
        }
        result
    }
}

/// Adds one file to the pool.
fn add(pool: &mut DescriptorPool, file: &[u8]) -> Result<(), String> {
    let added = catch_unwind(AssertUnwindSafe(|| pool.decode_file_descriptor_proto(file)));
    match added {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string().chars().take(300).collect()),
        Err(_) => Err("is malformed in a way that cannot be told".to_owned()),
    }
}
