//! The query of a page's address, read as forms write it.

use std::borrow::Cow;

/// Bytes of a query that are read; a gateway's limit on addresses is about as high.
const READ_MAX: usize = 16 << 10;

/// A query that nobody has decoded yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// Of the part of a URL behind its `?`. One that is too long is as good as none.
    pub(super) fn new(text: Option<&'a str>) -> Self {
        Self(
            text.filter(|text| text.len() <= READ_MAX)
                .unwrap_or_default(),
        )
    }

    /// The first value of this name, decoded; bytes that are no UTF-8 are replaced.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key) == name).then(|| decoded(value))
        })
    }

    /// The first value of this name without white space around it; none if nothing is left.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// Which page of a long list, from 1.
    pub(super) fn number(&self) -> usize {
        self.get("page")
            .and_then(|page| page.parse().ok())
            .filter(|page| *page > 0)
            .unwrap_or(1)
    }
}

fn decoded(text: &str) -> String {
    let spaced = if text.contains('+') {
        Cow::Owned(text.replace('+', " "))
    } else {
        Cow::Borrowed(text)
    };
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn values_are_decoded_and_the_first_counts() {
        let query = Query::new(Some("q=a+b%2Fc&q=d&%71x=1&page=0&bad=%ff%zz"));
        assert_eq!(query.get("q").as_deref(), Some("a b/c"));
        assert_eq!(query.get("qx").as_deref(), Some("1"));
        assert_eq!(query.number(), 1);
        assert_eq!(query.get("bad").as_deref(), Some("\u{fffd}%zz"));
        assert_eq!(query.get("none"), None);
    }

    #[test]
    fn a_huge_query_is_none() {
        let huge = format!("q={}", "a".repeat(1 << 20));
        assert_eq!(Query::new(Some(&huge)).get("q"), None);
    }
}
