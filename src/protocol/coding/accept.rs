//! `accept-encoding`: which of the codings an answer gets (RFC 9110, section 12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use super::super::field_value::{Weight, essence, items, weight};
use crate::call::Coding;

/// The best first, where a client likes several alike: zstd costs least for what it saves.
const PREFERRED: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

/// What a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The coding it likes best, if it takes one, and not less than none at all.
    pub(super) coding: Option<Coding>,
    /// It says that it does not want content as it is.
    pub(super) refuses_identity: bool,
}

impl Accepted {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut weights: [Option<Weight>; 3] = [None; 3];
        let mut identity = None;
        let mut others = None;
        for item in items(headers, &ACCEPT_ENCODING) {
            let name = essence(item);
            let Some(weight) = weight(item) else {
                continue;
            };
            if name == b"*" {
                others = Some(weight);
            } else if name.eq_ignore_ascii_case(b"identity") {
                identity = Some(weight);
            } else if let Some(coding) = Coding::of_content(name) {
                for (slot, known) in weights.iter_mut().zip(PREFERRED) {
                    if known == coding {
                        *slot = Some(weight);
                    }
                }
            }
        }
        let mut best = (0, None);
        for (weight, coding) in weights.into_iter().zip(PREFERRED) {
            let weight = weight.or(others).unwrap_or(0);
            if weight > best.0 {
                best = (weight, Some(coding));
            }
        }
        let (weight, coding) = best;
        Self {
            // Where nothing is said of it, content as it is will do, and no more than that.
            coding: coding.filter(|_| identity.is_none_or(|identity| identity <= weight)),
            refuses_identity: identity.or(others) == Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_that_the_client_likes_is_chosen() {
        let rows: [(&[&str], Option<&str>, bool); 22] = [
            (&[], None, false),
            (&[""], None, false),
            (&["gzip"], Some("gzip"), false),
            (&["x-gzip"], Some("gzip"), false),
            (&["gzip, deflate, br, zstd"], Some("zstd"), false),
            (&["gzip", "br"], Some("br"), false),
            (&["GZIP;Q=0.8 , BR;q=0.2"], Some("gzip"), false),
            (&["deflate"], None, false),
            (&["*"], Some("zstd"), false),
            (&["*;q=0.5, gzip"], Some("gzip"), false),
            (&["zstd;q=0, *"], Some("br"), false),
            (&["identity, gzip;q=0.5"], None, false),
            (&["identity;q=0.5, gzip;q=0.5"], Some("gzip"), false),
            (&["identity;q=0, gzip"], Some("gzip"), true),
            (&["gzip;q=0"], None, false),
            (&["*;q=0"], None, true),
            (&["*;q=0, br"], Some("br"), true),
            (&["*;q=0, identity"], None, false),
            (&["gzip;q=2"], None, false),
            (&["gzip;q=1.001, br;q=0.001"], Some("br"), false),
            (&["gzip;q=, br;q=x, zstd;q=0.1234"], None, false),
            (&["gzip;q=1.000;level=9"], Some("gzip"), false),
        ];
        for (values, coding, refuses_identity) in rows {
            let headers: HeaderMap = values
                .iter()
                .map(|value| (ACCEPT_ENCODING, HeaderValue::from_static(value)))
                .collect();
            let found = Accepted::of(&headers);
            assert_eq!(found.coding.map(Coding::name), coding, "{values:?}");
            assert_eq!(found.refuses_identity, refuses_identity, "{values:?}");
        }
    }
}
