//! The cookie that a token comes in, cut out of those that a backend sees.

use http::{HeaderMap, HeaderValue, header};

use crate::call::gate::Change;

/// What happens to a request's cookies so that the one of this name ends here; nothing if it is not among them.
pub(super) fn without(headers: &HeaderMap, name: &str) -> Option<Change> {
    let is_named = |pair: &&[u8]| {
        pair.strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.starts_with(b"="))
    };
    let values = headers.get_all(header::COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let pairs: Vec<_> = pairs.map(<[u8]>::trim_ascii).collect();
    let kept: Vec<_> = pairs
        .iter()
        .copied()
        .filter(|pair| !is_named(pair))
        .collect();
    if kept.len() == pairs.len() {
        return None;
    }
    // Parts of a value are one again with what stood between them.
    let rest = HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok();
    Some(match rest.filter(|rest| !rest.is_empty()) {
        Some(rest) => Change::Replace(header::COOKIE, rest),
        None => Change::Remove(header::COOKIE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_cookie_goes_and_the_others_stay() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::COOKIE, HeaderValue::from_static(value));
            }
            without(&headers, "session")
        };
        let rest = |rest| {
            Some(Change::Replace(
                header::COOKIE,
                HeaderValue::from_static(rest),
            ))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["a=b; sessions=1; Session=2"]), None);
        assert_eq!(of(&["session=x"]), Some(Change::Remove(header::COOKIE)));
        assert_eq!(of(&["a=b; session=x;c=d"]), rest("a=b; c=d"));
        assert_eq!(of(&["a=b", "session=x=y; session=z"]), rest("a=b"));
    }
}
