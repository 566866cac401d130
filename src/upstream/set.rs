//! The endpoints of an upstream at one moment. A set never changes: what is discovered, or found to
//! be ill, makes another one. Endpoints that are in both keep their connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::config::Listed;
use super::endpoint::{Common, Endpoint};

/// Endpoints of one upstream at most: more are a mistake of their source.
pub(super) const ENDPOINTS_MAX: usize = 4096;

/// The endpoints of an upstream at one moment.
#[derive(Debug, Default)]
pub(super) struct Set {
    endpoints: Vec<Arc<Endpoint>>,
    cursor: AtomicUsize,
}

impl Set {
    /// The endpoints that a source names; those of them that are in this set stay as they are.
    /// [`ENDPOINTS_MAX`] at most.
    pub(super) fn next(&self, listed: Vec<Listed>, common: &Common) -> Self {
        let mut endpoints: Vec<Arc<Endpoint>> = Vec::with_capacity(listed.len());
        for listed in listed.into_iter().take(ENDPOINTS_MAX) {
            let known = self.endpoints.iter().find(|known| known.is(&listed));
            let endpoint = match known {
                Some(known) => Arc::clone(known),
                None => Arc::new(Endpoint::new(listed, common)),
            };
            endpoints.push(endpoint);
        }
        Self {
            endpoints,
            cursor: AtomicUsize::new(0),
        }
    }

    /// The endpoint for the next attempt of a call.
    pub(super) fn pick(&self, tried: &[Arc<Endpoint>]) -> Option<&Arc<Endpoint>> {
        let count = self.endpoints.len();
        let first = self.cursor.fetch_add(1, Ordering::Relaxed);
        let nth = |n: usize| {
            self.endpoints
                .get(first.wrapping_add(n).checked_rem(count)?)
        };
        let is_new =
            |endpoint: &&Arc<Endpoint>| !tried.iter().any(|tried| Arc::ptr_eq(tried, endpoint));
        (0..count).filter_map(nth).find(is_new).or(nth(0))
    }
}
