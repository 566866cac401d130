//! `accept-encoding`: which of the codings an answer gets (RFC 9110, section 12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use crate::call::Coding;

/// The best first, where a client likes several alike: zstd costs least for what it saves.
const PREFERRED: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

/// A weight in thousandths.
type Weight = u16;

const WHOLE: Weight = 1000;

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
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        for item in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
            let mut parts = item.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default().trim_ascii();
            let Some(weight) = weight(parts) else {
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

/// The weight among an item's parameters; `None` if it is none.
fn weight<'p>(parameters: impl Iterator<Item = &'p [u8]>) -> Option<Weight> {
    for parameter in parameters {
        let parameter = parameter.trim_ascii();
        let Some(digits) = parameter
            .strip_prefix(b"q=")
            .or(parameter.strip_prefix(b"Q="))
        else {
            continue;
        };
        return thousandths(digits);
    }
    Some(WHOLE)
}

/// `0`, `1`, or either with up to three decimals; more than one is not.
fn thousandths(text: &[u8]) -> Option<Weight> {
    let (whole, decimals) = match text {
        [whole] => (whole, &b""[..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let mut value = match whole {
        b'0' => 0,
        b'1' => WHOLE,
        _ => return None,
    };
    for (decimal, unit) in decimals.iter().zip([100, 10, 1]) {
        if !decimal.is_ascii_digit() {
            return None;
        }
        value += Weight::from(decimal - b'0') * unit;
    }
    (value <= WHOLE).then_some(value)
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
