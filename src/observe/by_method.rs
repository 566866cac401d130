//! Something for each method, by its name: as long as there are few, for a name is a label of metrics, and
//! what is counted by it lasts as long as the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Methods that are counted by name: each makes a few hundred lines of metrics.
pub const METHODS_MAX: usize = 1_000;

/// The name of all further methods together, and of methods that are not there.
pub const OTHER: &str = "_OTHER";

/// Something for each method.
#[derive(Debug)]
pub(super) struct ByMethod<T> {
    known: Mutex<HashMap<Box<str>, Arc<T>>>,
    other: Arc<T>,
}

impl<T> ByMethod<T> {
    /// None yet, but what there is for all others together.
    pub(super) fn new(other: T) -> Self {
        Self {
            known: Mutex::default(),
            other: Arc::new(other),
        }
    }

    /// What there is for the method with this path; what is for all others if there are
    /// [`METHODS_MAX`] already. Takes a lock.
    pub(super) fn of(&self, path: &str, make: impl FnOnce(&str) -> T) -> Arc<T> {
        let name = path.strip_prefix('/').unwrap_or(path);
        let mut known = self.lock();
        if let Some(one) = known.get(name) {
            return Arc::clone(one);
        }
        if known.len() >= METHODS_MAX {
            return self.other();
        }
        let one = Arc::new(make(name));
        known.insert(name.into(), Arc::clone(&one));
        one
    }

    /// What there is for all methods without a name of their own.
    pub(super) fn other(&self) -> Arc<T> {
        Arc::clone(&self.other)
    }

    /// All of them, by name.
    pub(super) fn all(&self) -> Vec<Arc<T>> {
        let known = self.lock();
        let mut named: Vec<_> = known.iter().collect();
        named.sort_by_key(|(name, _)| *name);
        let named = named.into_iter().map(|(_, one)| Arc::clone(one));
        named.chain([self.other()]).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<T>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
