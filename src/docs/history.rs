//! Revisions of the schema that were served: descriptor sets by the second since which they are.
//!
//! With a folder each is a file in it, `2026-11-28T10-00-00Z.binpb`, and a gateway that starts anew finds
//! them there; without one they are those of this process. A schema is added only where it differs
//! from the newest. Both ways hold [`REVISIONS_MAX`] revisions; the oldest go. Nothing here can fail a
//! gateway: what cannot be read or written is told, and the rest goes on.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::moment::Moment;
use crate::schema::{Kept, Schema};

#[cfg(test)]
mod tests;

/// Revisions that are kept.
pub(super) const REVISIONS_MAX: usize = 50;

/// Bytes of descriptor sets that are compared, the newest first: beyond, history begins later.
pub(super) const SETS_MAX: usize = 64 << 20;

/// What the name of a revision's file ends in.
const ENDING: &str = ".binpb";

/// What was served, and since when.
#[derive(Debug, Default)]
pub(super) struct History {
    folder: Option<PathBuf>,
    /// Oldest first.
    revisions: Mutex<Vec<Revision>>,
}

/// A schema that was, or is, served.
#[derive(Clone, Debug)]
struct Revision {
    since: Moment,
    held: Held,
}

/// Where a revision's descriptors are.
#[derive(Clone, Debug)]
enum Held {
    File(PathBuf),
    Set(Arc<[u8]>),
    /// The newest of a history without a folder: nothing is made before another schema comes.
    Served(Arc<Schema>),
}

impl History {
    /// Of this folder, if there is one. A folder that cannot be read has nothing, and is told.
    pub(super) fn of(folder: Option<PathBuf>) -> Self {
        let revisions = match &folder {
            None => Vec::new(),
            Some(folder) => files(folder).unwrap_or_else(|cause| {
                warn(folder, &cause);
                Vec::new()
            }),
        };
        Self {
            folder,
            revisions: Mutex::new(revisions),
        }
    }

    /// Takes note of what is served from now on. Reads and writes files.
    pub(super) fn record(&self, schema: &Arc<Schema>, now: Moment) {
        let mut revisions = self
            .revisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let newest = revisions.last_mut();
        let set = match (&newest, &self.folder) {
            (None, None) => None,
            _ => Some(whole(schema)),
        };
        let mut since = now;
        if let Some(newest) = newest {
            // Two within a second, or after a clock was set back: the order is that of arrival.
            since = since.max(newest.since.next());
            let known = newest.held.set();
            if known.is_some() && known.as_deref() == set.as_deref() {
                return;
            }
            if let (Held::Served(_), Some(known)) = (&newest.held, known) {
                newest.held = Held::Set(known);
            }
        }
        let written = match (&self.folder, set) {
            (Some(folder), Some(set)) => write(folder, since, &set)
                .map(Held::File)
                .inspect_err(|cause| warn(folder, cause))
                .ok(),
            (None, _) | (_, None) => None,
        };
        let held = written.unwrap_or_else(|| Held::Served(Arc::clone(schema)));
        revisions.push(Revision { since, held });
        self.prune(&mut revisions);
    }

    /// Every revision with its descriptors, oldest first; as many of the newest as may be compared.
    pub(super) fn sets(&self) -> Vec<(Moment, Arc<[u8]>)> {
        let revisions = self
            .revisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let revisions = revisions.clone(); // files are read without the lock
        let mut room = SETS_MAX;
        let mut sets = Vec::new();
        for revision in revisions.iter().rev() {
            let Some(set) = revision.held.set() else {
                continue;
            };
            let Some(left) = room.checked_sub(set.len()) else {
                break;
            };
            room = left;
            sets.push((revision.since, set));
        }
        sets.reverse();
        sets
    }

    /// Since when the oldest revision is served.
    pub(super) fn begins(&self) -> Option<Moment> {
        let revisions = self
            .revisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        revisions.first().map(|revision| revision.since)
    }

    /// True if there is something to compare.
    pub(super) fn has_changes(&self) -> bool {
        let revisions = self
            .revisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        revisions.len() > 1
    }

    fn prune(&self, revisions: &mut Vec<Revision>) {
        let held: usize = revisions
            .iter()
            .map(|revision| revision.held.in_memory())
            .sum();
        let mut over = held.saturating_sub(SETS_MAX);
        while revisions.len() > REVISIONS_MAX || (over > 0 && revisions.len() > 1) {
            let oldest = revisions.remove(0);
            over = over.saturating_sub(oldest.held.in_memory());
            if let (Held::File(path), Some(folder)) = (&oldest.held, &self.folder)
                && let Err(cause) = fs::remove_file(path)
            {
                warn(folder, &cause);
            }
        }
    }
}

impl Held {
    /// The descriptors; none of a file that cannot be read, which is told.
    fn set(&self) -> Option<Arc<[u8]>> {
        match self {
            Self::Set(set) => Some(Arc::clone(set)),
            Self::Served(schema) => Some(whole(schema).into()),
            Self::File(path) => match read(path) {
                Ok(set) => Some(set.into()),
                Err(cause) => {
                    warn(path, &cause);
                    None
                }
            },
        }
    }

    fn in_memory(&self) -> usize {
        match self {
            Self::Set(set) => set.len(),
            Self::File(_) | Self::Served(_) => 0,
        }
    }
}

/// Revisions in a folder, oldest first; it need not be there. Other files in it are let alone.
fn files(folder: &Path) -> io::Result<Vec<Revision>> {
    let entries = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut revisions = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let stem = name.and_then(|name| name.strip_suffix(ENDING));
        if let Some(since) = stem.and_then(Moment::of_stem) {
            let held = Held::File(path);
            revisions.push(Revision { since, held });
        }
    }
    revisions.sort_by_key(|revision| revision.since);
    Ok(revisions)
}

/// A file of at most [`SETS_MAX`] bytes.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > SETS_MAX as u64 {
        let message = format!("found {size} bytes, expected at most {SETS_MAX}");
        return Err(io::Error::other(message));
    }
    fs::read(path)
}

/// Whole, or not at all: whoever reads the folder never sees half a file.
fn write(folder: &Path, since: Moment, set: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}{ENDING}", since.stem()));
    let part = folder.join(format!("{}.part", since.stem()));
    fs::write(&part, set)?;
    fs::rename(&part, &path)?;
    Ok(path)
}

fn warn(path: &Path, cause: &io::Error) {
    tracing::warn!(path = %path.display(), %cause, "docs.history: a revision is not kept");
}

/// The descriptors of everything that is served.
fn whole(schema: &Schema) -> Vec<u8> {
    let methods = schema.methods();
    let methods = methods.map(|method| format!("{}.{}", method.service, method.name));
    schema.descriptor_set(&Served(methods.collect()))
}

/// Methods that are served, and every type.
struct Served(HashSet<String>);

impl Kept for Served {
    fn method(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    fn message(&self, _: &str) -> bool {
        true
    }

    fn field(&self, _: &str, _: u32) -> bool {
        true
    }

    fn enumeration(&self, _: &str) -> bool {
        true
    }

    fn value(&self, _: &str, _: &str) -> bool {
        true
    }
}
