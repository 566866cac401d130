//! Connections that are open, by what is spoken on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use http::Version;

/// What is spoken on a connection, each at the place of its number.
const PROTOS: [&str; 3] = ["none", "http1", "http2"];

/// The connections of one listener.
#[derive(Debug, Default)]
pub struct Connections([AtomicI64; PROTOS.len()]);

impl Connections {
    /// One more is open, as long as the value lives.
    #[must_use]
    pub fn open(self: &Arc<Self>) -> Open {
        self.add(0, 1);
        Open {
            of: Arc::clone(self),
            proto: AtomicU8::new(0),
        }
    }

    fn add(&self, proto: u8, change: i64) {
        if let Some(count) = self.0.get(usize::from(proto)) {
            count.fetch_add(change, Ordering::Relaxed);
        }
    }

    /// How many are open.
    pub fn now(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        PROTOS.into_iter().zip(counts)
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Open {
    of: Arc<Connections>,
    proto: AtomicU8,
}

impl Open {
    /// A request of this version came.
    pub fn speaks(&self, version: Version) {
        let proto = if version == Version::HTTP_2 { 2 } else { 1 };
        let was = self.proto.load(Ordering::Relaxed);
        if was != proto {
            self.proto.store(proto, Ordering::Relaxed);
            self.of.add(was, -1);
            self.of.add(proto, 1);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.of.add(self.proto.load(Ordering::Relaxed), -1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_by_what_is_spoken_on_it_until_it_is_gone() {
        let connections = Arc::new(Connections::default());
        let now = || {
            connections
                .now()
                .map(|(_, count)| count)
                .collect::<Vec<_>>()
        };
        let (one, other) = (connections.open(), connections.open());
        assert_eq!(now(), [2, 0, 0]);
        one.speaks(Version::HTTP_11);
        other.speaks(Version::HTTP_2);
        other.speaks(Version::HTTP_2);
        assert_eq!(now(), [0, 1, 1]);
        drop(one);
        assert_eq!(now(), [0, 0, 1]);
        drop(other);
        assert_eq!(now(), [0, 0, 0]);
    }
}
