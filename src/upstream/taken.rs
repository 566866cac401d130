//! What compression an endpoint takes, as far as it has said.
//!
//! A client chooses how it compresses by what the gateway takes, and need not know the backend. So a
//! request message passes as it is only where the backend has named its coding, in the
//! `grpc-accept-encoding` of an earlier answer; until then, and for all others, what is in it is
//! sent. Many backends never say, and take none.

use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::StreamExt as _;
use http::HeaderMap;

use crate::call::compression::{GRPC_ACCEPT_ENCODING, Packed, Unopened};
use crate::call::{Coding, Codings, Requests, Status};

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

    /// The messages in a form that the endpoint takes, and what of them is compressed in.
    ///
    /// # Errors
    /// The only message cannot be opened.
    pub(super) fn suit(
        &self,
        requests: Requests,
        packed: Option<Packed>,
    ) -> Result<(Requests, Option<Coding>), Status> {
        let Some(packed) = packed else {
            return Ok((requests, None));
        };
        if self.0.load(Ordering::Relaxed) & bit(packed.coding) != 0 {
            return Ok((requests, Some(packed.coding)));
        }
        let opened = match requests {
            Requests::Done => Requests::Done,
            Requests::One(message) => Requests::One(packed.open(message).map_err(unopened)?),
            Requests::Stream(messages) => Requests::stream(messages.map(move |message| {
                message.and_then(|message| packed.open(message).map_err(unopened))
            })),
        };
        Ok((opened, None))
    }
}

fn unopened(error: Unopened) -> Status {
    Status::downstream(error.code(), error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_coding_is_taken_once_it_is_named_and_until_it_is_not() {
        let taken = Taken::default();
        let packed = |coding| Some(Packed { coding, max: 10 });
        let passes = |coding| taken.suit(Requests::Done, packed(coding)).unwrap().1;
        assert_eq!(passes(Coding::Gzip), None);
        let says = |value| {
            let value = HeaderValue::from_static(value);
            taken.learn(&HeaderMap::from_iter([(GRPC_ACCEPT_ENCODING, value)]));
        };
        says("identity,deflate,gzip");
        assert_eq!(passes(Coding::Gzip), Some(Coding::Gzip));
        assert_eq!(passes(Coding::Zstd), None);
        taken.learn(&HeaderMap::new());
        assert_eq!(passes(Coding::Gzip), Some(Coding::Gzip));
        says("identity");
        assert_eq!(passes(Coding::Gzip), None);
        says("zstd, br");
        assert_eq!(passes(Coding::Brotli), Some(Coding::Brotli));
        assert_eq!(taken.suit(Requests::Done, None).unwrap().1, None);
    }
}
