//! Where calls go: a split over upstreams, each with its weight, and for some requests another one.
//!
//! Upstreams are names here. What they are, and that they are there, is for others to know.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::conditions::{Conditions, host_of};
use crate::call::random;
use crate::schema::{Routed, Share};

/// Upstreams among which one route splits its calls.
pub const UPSTREAMS_MAX: usize = 16;

/// Upstreams, each with its weight: that of all together is more than 0, and fits an `u64` many times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    shares: Vec<Share>,
    total: u64,
}

/// Why upstreams and weights are no split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSplit {
    /// None at all.
    #[error("found none, expected at least one upstream, such as `- name: library`")]
    Empty,
    /// More than [`UPSTREAMS_MAX`].
    #[error("found {0} upstreams, expected at most {UPSTREAMS_MAX}")]
    TooMany(usize),
    /// No call could go anywhere.
    #[error("found the weight 0 for every upstream, expected one that is more")]
    Weightless,
}

impl Split {
    /// A split.
    ///
    /// # Errors
    /// Nothing, or too much, to split among.
    pub fn new(shares: Vec<Share>) -> Result<Self, NoSplit> {
        if shares.is_empty() {
            return Err(NoSplit::Empty);
        }
        if shares.len() > UPSTREAMS_MAX {
            return Err(NoSplit::TooMany(shares.len()));
        }
        let total = shares.iter().map(|share| u64::from(share.weight)).sum();
        if total == 0 {
            return Err(NoSplit::Weightless);
        }
        Ok(Self { shares, total })
    }

    /// The upstreams with their weights, as they were given.
    #[must_use]
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// The upstream of one call, by 64 random bits: each as often as its weight says.
    fn pick(&self, bits: u64) -> Option<&Arc<str>> {
        // The upper half of the product: the bits as a fraction of one, times the weight of all.
        let mut point = (u128::from(bits) * u128::from(self.total)) >> 64;
        for share in &self.shares {
            let weight = u128::from(share.weight);
            if point < weight {
                return Some(&share.name);
            }
            point -= weight;
        }
        None
    }

    fn listed(&self, when: Option<String>) -> Routed {
        Routed {
            when,
            upstreams: self.shares.clone(),
        }
    }
}

/// `library 90, canary 10`.
impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listed(None).fmt(f)
    }
}

/// Where requests go that are like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What they have to be like.
    pub conditions: Conditions,
    /// Where they go.
    pub split: Split,
}

/// Where the calls of one method or binding go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    /// The first that fits counts.
    cases: Vec<Arc<Case>>,
    /// What fits none of them; nothing leads to the method's own upstream.
    rest: Option<Split>,
}

impl From<Split> for Destinations {
    fn from(split: Split) -> Self {
        Self {
            cases: Vec::new(),
            rest: Some(split),
        }
    }
}

impl Destinations {
    /// These, after cases that are asked first.
    pub(super) fn after(&self, cases: Vec<Arc<Case>>) -> Self {
        Self {
            cases,
            rest: self.rest.clone(),
        }
    }

    /// What fits no case goes there; nothing leads to the method's own upstream.
    #[must_use]
    pub const fn rest(&self) -> Option<&Split> {
        self.rest.as_ref()
    }

    /// The upstream for one request, its headers still whole; the method's own if none is named.
    pub(in crate::protocol) fn choose(&self, parts: &Parts) -> Option<Arc<str>> {
        let case = match self.cases.as_slice() {
            [] => None,
            cases => {
                let host = host_of(parts);
                let mut cases = cases.iter();
                cases.find(|case| case.conditions.hold(host, &parts.headers))
            }
        };
        let split = case.map(|case| &case.split).or(self.rest.as_ref())?;
        split.pick(random::bits()).cloned()
    }

    /// For listings.
    pub(super) fn listed(&self) -> Vec<Routed> {
        let cases = self.cases.iter();
        let cases = cases.map(|case| case.split.listed(Some(case.conditions.to_string())));
        let rest = self.rest.iter().map(|split| split.listed(None));
        cases.chain(rest).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(name: &str, weight: u32) -> Share {
        Share {
            name: name.into(),
            weight,
        }
    }

    #[test]
    fn a_weight_is_a_share_of_the_bits_and_no_weight_is_none() {
        let split = Split::new(vec![
            share("none", 0),
            share("nine", 9),
            share("nobody", 0),
            share("one", 1),
            share("never", 0),
        ]);
        let split = split.unwrap();
        let tenth = u64::MAX / 10;
        for (bits, expected) in [
            (0, "nine"),
            (tenth * 9, "nine"),
            (tenth * 9 + 9, "one"),
            (u64::MAX, "one"),
        ] {
            assert_eq!(&**split.pick(bits).unwrap(), expected, "{bits}");
        }
        assert_eq!(
            split.to_string(),
            "none 0, nine 9, nobody 0, one 1, never 0"
        );
        let one = Split::new(vec![share("a", 5)]).unwrap();
        assert_eq!(one.to_string(), "a");
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        assert_eq!(Split::new(vec![]), Err(NoSplit::Empty));
        let zero = vec![share("a", 0), share("b", 0)];
        assert_eq!(Split::new(zero), Err(NoSplit::Weightless));
        let many = vec![share("a", 1); UPSTREAMS_MAX + 1];
        assert_eq!(Split::new(many), Err(NoSplit::TooMany(17)));
    }

    proptest! {
        #[test]
        fn every_draw_finds_an_upstream_with_a_weight(
            weights in proptest::collection::vec(0_u32..=u32::MAX, 1..=UPSTREAMS_MAX),
            bits: u64,
        ) {
            let named = weights.iter().enumerate();
            let shares = named.map(|(at, weight)| share(&at.to_string(), *weight)).collect();
            if let Ok(split) = Split::new(shares) {
                let picked: usize = split.pick(bits).unwrap().parse().unwrap();
                prop_assert!(weights[picked] > 0);
            }
        }
    }
}
