//! What the values of many header fields have in common (RFC 9110): lists, parameters, weights.
//!
//! Everything is read as bytes: nobody promises that a field is UTF-8.

use http::{HeaderMap, HeaderName};

/// A weight in thousandths.
pub(super) type Weight = u16;

/// The greatest weight, and the one of what has none.
pub(super) const WHOLE: Weight = 1000;

/// The items of a list, which may be spread over several fields; empty ones are no items.
pub(super) fn items<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'h [u8]> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|item| !item.is_empty())
}

/// What stands before the parameters: the media type, the coding.
pub(super) fn essence(item: &[u8]) -> &[u8] {
    let end = memchr::memchr(b';', item).unwrap_or(item.len());
    item.get(..end).unwrap_or(item).trim_ascii()
}

/// The weight among an item's parameters; `None` if what stands there is none.
pub(super) fn weight(item: &[u8]) -> Option<Weight> {
    for parameter in item.split(|byte| *byte == b';').skip(1) {
        let parameter = parameter.trim_ascii();
        let digits = parameter
            .strip_prefix(b"q=")
            .or(parameter.strip_prefix(b"Q="));
        if let Some(digits) = digits {
            return thousandths(digits);
        }
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
    use http::header::ACCEPT;

    use super::*;

    #[test]
    fn a_list_is_one_however_it_is_spread() {
        let values = ["a, b;q=0.5", "", ",, c ,"];
        let headers: HeaderMap = values
            .map(|value| (ACCEPT, HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let found: Vec<_> = items(&headers, &ACCEPT).map(essence).collect();
        assert_eq!(found, [b"a", b"b", b"c"]);
    }

    #[test]
    fn only_what_is_a_weight_weighs() {
        for (item, expected) in [
            ("gzip", Some(1000)),
            ("gzip;level=9", Some(1000)),
            ("gzip;q=1.000;level=9", Some(1000)),
            ("gzip ; Q=0.25", Some(250)),
            ("gzip;q=0", Some(0)),
            ("gzip;q=0.001", Some(1)),
            ("gzip;q=1.001", None),
            ("gzip;q=0.1234", None),
            ("gzip;q=2", None),
            ("gzip;q=.5", None),
            ("gzip;q=", None),
            ("gzip;q=x", None),
        ] {
            assert_eq!(weight(item.as_bytes()), expected, "{item}");
        }
    }
}
