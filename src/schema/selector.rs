//! Methods selected by name: a full name, or a prefix of whole components and `*`:
//! `shop.v1.Orders.Get`, `shop.v1.Orders.*`, `shop.*`, `*`.

use std::fmt;
use std::str::FromStr;

/// Most bytes of a selector.
const BYTES_MAX: usize = 1024;

/// Which methods are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(String);

/// A text that selects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the full name of a method, such as `shop.v1.Orders.Get`, or `shop.v1.Orders.*`, \
     `shop.*` or `*`"
)]
pub struct NoSelector;

impl FromStr for Selector {
    type Err = NoSelector;

    fn from_str(text: &str) -> Result<Self, NoSelector> {
        let is_name = |part: &str| {
            !part.is_empty()
                && !part.starts_with(|c: char| c.is_ascii_digit())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let names = match text.strip_suffix('*') {
            Some("") => None,
            Some(prefix) => Some(prefix.strip_suffix('.').ok_or(NoSelector)?),
            None => Some(text),
        };
        let fits = names.is_none_or(|names| names.split('.').all(is_name));
        if !fits || text.len() > BYTES_MAX {
            return Err(NoSelector);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Selector {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if it means this method of this service.
    #[must_use]
    pub fn selects(&self, service: &str, method: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some("") => true,
            // With its dot, so that `pkg.*` does not mean `pkgs.Service`.
            Some(beginning) => service
                .strip_prefix(beginning.trim_end_matches('.'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            None => self
                .0
                .strip_suffix(method)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|named| named == service),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_whole_components_and_a_star_at_the_end() {
        for good in ["*", "a.*", "a.b.C.*", "a.b.C.D", "A.B", "_a.b1.C"] {
            assert!(good.parse::<Selector>().is_ok(), "{good}");
        }
        let long = "a.".repeat(600) + "b";
        for bad in [
            "", ".", "a.", ".a", "a..b", "a.b*", "a.*.b", "**", "*.a", "a b", "a,b", "1a.b", "a/B",
            "/a", &long,
        ] {
            assert_eq!(bad.parse::<Selector>(), Err(NoSelector), "{bad}");
        }
    }

    #[test]
    fn selectors_mean_whole_names() {
        for (selector, method, expected) in [
            ("*", "a.b.C/D", true),
            ("a.*", "a.b.C/D", true),
            ("a.b.*", "a.b.C/D", true),
            ("a.b.C.*", "a.b.C/D", true),
            ("a.b.C.D", "a.b.C/D", true),
            ("a.b.C.E", "a.b.C/D", false),
            ("a.b.C", "a.b.C/D", false),
            ("a.b.*", "a.bc.C/D", false),
            ("b.*", "a.b.C/D", false),
        ] {
            let (service, name) = method.split_once('/').unwrap();
            let selects = selector.parse::<Selector>().unwrap().selects(service, name);
            assert_eq!(selects, expected, "{selector} {method}");
        }
    }
}
