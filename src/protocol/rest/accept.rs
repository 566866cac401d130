//! Content negotiation (RFC 9110, section 12.5.1): which of several media types a client likes best.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::protocol::field_value::{WHOLE, Weight, essence, items, weight};

/// How well an offer fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    quality: Weight,
    /// 2 for a type named in full, 1 for `type/*`, 0 for `*/*`.
    specificity: u8,
    /// Earlier in the header is more.
    earliness: std::cmp::Reverse<usize>,
}

/// The offer that the client likes best: by quality, then those it names in full, then in its own
/// order. `*/*`, and no `accept` at all, is the first offer. `None` if it takes none of them.
pub(super) fn choose<'o, T, const N: usize>(
    headers: &HeaderMap,
    offers: &'o [(&'static str, T); N],
) -> Option<&'o T> {
    let mut ranges = items(headers, &ACCEPT).peekable();
    if ranges.peek().is_none() {
        return offers.first().map(|(_, offer)| offer);
    }
    let mut fits: [Option<Fit>; N] = [None; N];
    for (place, range) in ranges.enumerate() {
        for ((name, _), fit) in offers.iter().zip(&mut fits) {
            let Some(specificity) = specificity(essence(range), name) else {
                continue;
            };
            // Of the ranges that have the type, the most specific one tells its quality.
            if fit.is_none_or(|fit| fit.specificity < specificity) {
                *fit = Some(Fit {
                    // What is no weight says nothing.
                    quality: weight(range).unwrap_or(WHOLE),
                    specificity,
                    earliness: std::cmp::Reverse(place),
                });
            }
        }
    }
    let mut best: Option<(Fit, &T)> = None;
    for ((_, offer), fit) in offers.iter().zip(fits) {
        if let Some(fit) = fit.filter(|fit| fit.quality > 0)
            && best.is_none_or(|(best, _)| fit > best)
        {
            best = Some((fit, offer));
        }
    }
    best.map(|(_, offer)| offer)
}

/// How closely a media range names a type; `None` if it does not have it.
fn specificity(range: &[u8], name: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(name.as_bytes()) {
        return Some(2);
    }
    let kind = range.strip_suffix(b"/*")?;
    let (own, _) = name.split_once('/')?;
    match kind {
        b"*" => Some(0),
        kind => kind.eq_ignore_ascii_case(own.as_bytes()).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_offer_is_found() {
        let offers = [
            ("application/x-ndjson", "lines"),
            ("application/jsonl", "jsonl"),
            ("application/json", "array"),
            ("text/event-stream", "events"),
        ];
        let rows = [
            (&[][..], Some("lines")),
            (&[""], Some("lines")),
            (&["*/*"], Some("lines")),
            (&["application/*;q=0.5"], Some("lines")),
            (&["text/*"], Some("events")),
            (&["text/html, */*;q=0.8"], Some("lines")),
            (&["application/json, text/plain, */*"], Some("array")),
            (&["application/json;q=0.9, */*"], Some("lines")),
            (&["application/json;q=0.9, */*;q=0.1"], Some("array")),
            (&["application/json; charset=utf-8"], Some("array")),
            (&["text/event-stream"], Some("events")),
            (&["application/json, text/event-stream"], Some("array")),
            (&["application/json", "text/event-stream"], Some("array")),
            (
                &["application/json;q=0.5, text/event-stream;q=0.6"],
                Some("events"),
            ),
            (&["application/jsonl, */*;q=0.1"], Some("jsonl")),
            (&["text/html", "Application/X-NDJSON"], Some("lines")),
            (&["*/*, application/x-ndjson;q=0"], Some("jsonl")),
            (&["*/*;q=0, text/event-stream"], Some("events")),
            (&["*/*;q=0"], None),
            (&["application/x-ndjson; Q=0.0"], None),
            (&["text/html"], None),
            (&["application"], None),
            (&["application/json;q=x"], Some("array")),
            (&["application/json;q=nan"], Some("array")),
        ];
        for (accept, expected) in rows {
            let headers: HeaderMap = accept
                .iter()
                .map(|value| (ACCEPT, HeaderValue::from_static(value)))
                .collect();
            assert_eq!(choose(&headers, &offers).copied(), expected, "{accept:?}");
        }
    }
}
