//! The endpoints where a call has been. Looking one up costs little however many there are: a call may
//! find hundreds that cannot be reached, and asks for each of them whether it has been there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::endpoint::Endpoint;

/// The endpoints where a call has been. Nothing is allocated before the first.
#[derive(Debug, Default)]
pub(super) struct Tried(
    /// By address in memory, which no other can have as long as they are kept.
    BTreeMap<usize, Arc<Endpoint>>,
);

impl Tried {
    /// The call has been there.
    pub(super) fn add(&mut self, endpoint: &Arc<Endpoint>) {
        self.0.insert(place(endpoint), Arc::clone(endpoint));
    }

    pub(super) fn contains(&self, endpoint: &Arc<Endpoint>) -> bool {
        self.0.contains_key(&place(endpoint))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn place(endpoint: &Arc<Endpoint>) -> usize {
    Arc::as_ptr(endpoint).addr()
}
