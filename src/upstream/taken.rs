//! What compression an endpoint takes, as far as it has said.
//!
//! A client chooses how it compresses by what the gateway takes, and need not know the backend. So a
//! request message passes as it is only where the backend has named its coding, in the
//! `grpc-accept-encoding` of an earlier answer; until then, and for all others, what is in it is
//! sent. Many backends never say, and take none.

use std::sync::atomic::{AtomicU8, Ordering};

use http::HeaderMap;

use crate::call::compression::GRPC_ACCEPT_ENCODING;
use crate::call::{Coding, Codings};

/// Codings that an endpoint has named last: a bit for each.
#[derive(Debug, Default)]
pub(super) struct Taken(AtomicU8);

const fn bit(coding: Coding) -> u8 {
    match coding {
        Coding::Gzip => 1,
        Coding::Zstd => 2,
        Coding::Brotli => 4,
    }
}

impl Taken {
    /// Reads an answer's headers.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        if !headers.contains_key(GRPC_ACCEPT_ENCODING) {
            return;
        }
        let named = Codings::accepted(headers, &GRPC_ACCEPT_ENCODING);
        let bits = [Coding::Gzip, Coding::Zstd, Coding::Brotli]
            .into_iter()
            .filter(|coding| named.contains(*coding))
            .fold(0, |bits, coding| bits | bit(coding));
        self.0.store(bits, Ordering::Relaxed);
    }

    /// True if it is known to take messages in this coding.
    pub(super) fn takes(&self, coding: Coding) -> bool {
        self.0.load(Ordering::Relaxed) & bit(coding) != 0
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_coding_is_taken_once_it_is_named_and_until_it_is_not() {
        let taken = Taken::default();
        let passes = |coding| taken.takes(coding);
        assert!(!passes(Coding::Gzip));
        let says = |value| {
            let value = HeaderValue::from_static(value);
            taken.learn(&HeaderMap::from_iter([(GRPC_ACCEPT_ENCODING, value)]));
        };
        says("identity,deflate,gzip");
        assert!(passes(Coding::Gzip) && !passes(Coding::Zstd));
        taken.learn(&HeaderMap::new());
        assert!(passes(Coding::Gzip));
        says("identity");
        assert!(!passes(Coding::Gzip));
        says("zstd, br");
        assert!(passes(Coding::Brotli));
    }
}
