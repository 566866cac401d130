//! How handshakes went, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use rustls::HandshakeKind;

use super::Failure;
use crate::observe::listeners;

/// How many handshakes went how.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    full: AtomicU64,
    resumed: AtomicU64,
    slow: AtomicU64,
    not_tls: AtomicU64,
    refused: AtomicU64,
}

impl Handshakes {
    /// One that came to its end.
    pub(super) fn made(&self, kind: Option<HandshakeKind>) {
        let count = match kind {
            Some(HandshakeKind::Resumed) => &self.resumed,
            Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest) | None => {
                &self.full
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// One that did not.
    pub(super) fn failed(&self, failure: &Failure) {
        let count = match failure {
            Failure::Slow => &self.slow,
            Failure::NotTls => &self.not_tls,
            Failure::Refused(_) => &self.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts, by how it went.
    pub(super) fn counts(&self) -> Vec<listeners::Handshakes> {
        [
            ("ok", false, &self.full),
            ("ok", true, &self.resumed),
            ("timeout", false, &self.slow),
            ("not_tls", false, &self.not_tls),
            ("failed", false, &self.refused),
        ]
        .map(|(result, resumed, count)| listeners::Handshakes {
            result,
            resumed,
            count: count.load(Ordering::Relaxed),
        })
        .into()
    }
}
