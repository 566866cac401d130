//! The library: one store of shelves, two versions of its service over it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pb::demo::library::v1::library_service_server::LibraryServiceServer as ServerV1;
use super::pb::demo::library::v2::library_service_server::LibraryServiceServer as ServerV2;
use store::Store;

mod fields;
mod seed;
mod store;
mod v1;
mod v2;

/// A handle on the one store.
#[derive(Clone)]
pub(super) struct Library {
    store: Arc<Mutex<Store>>,
}

impl Library {
    /// A library with the same few books every time.
    pub(super) fn seeded() -> Self {
        Self {
            store: Arc::new(Mutex::new(seed::store())),
        }
    }

    /// Version 1 of its service.
    pub(super) fn v1(&self) -> ServerV1<v1::LibraryV1> {
        ServerV1::new(v1::LibraryV1(self.clone()))
    }

    /// Version 2 of its service.
    pub(super) fn v2(&self) -> ServerV2<v2::LibraryV2> {
        ServerV2::new(v2::LibraryV2(self.clone()))
    }

    /// The store for one short, synchronous act.
    fn open(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
