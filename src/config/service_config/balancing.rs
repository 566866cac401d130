//! `loadBalancingConfig`: the first policy of the list that is known here.

use http::HeaderName;

use super::ServiceConfigError;
use super::json::Node;
use crate::upstream::balance::{Ewma, Policy, RingSize};

/// Places on a ring, at least and at most, where nothing is said (gRFC A42).
const RING_MIN: u32 = 1_024;
const RING_MAX: u32 = 4_096;

/// The most places that a configuration may ask for (gRFC A42). It gets [`RING_MAX`] at most.
const RING_ASKED_MAX: u32 = 8 << 20;

/// Endpoints that are compared, at least and at most (gRFC A48).
const CHOICES_MIN: u32 = 2;
const CHOICES_MAX: u32 = 10;

const KNOWN: &str = "one of pick_first, round_robin, weighted_round_robin, ring_hash_experimental \
                     and least_request_experimental";

/// How the owner of a service wants its calls spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Balancing {
    /// `pick_first`.
    PickFirst,
    /// `round_robin`.
    RoundRobin,
    /// `weighted_round_robin`: by what endpoints report of themselves. How they report is not read.
    WeightedRoundRobin,
    /// `ring_hash_experimental`.
    RingHash {
        /// Places on the ring, at least.
        min_size: u32,
        /// Places on the ring, at most.
        max_size: u32,
        /// The header whose value is hashed (gRFC A76).
        header: Option<HeaderName>,
    },
    /// `least_request_experimental`.
    LeastRequest {
        /// Endpoints that are compared.
        choices: u32,
    },
}

impl Balancing {
    /// The nearest that there is here. Weights by load reports are not there, and latency, by which
    /// calls are balanced then, says the same; a ring without a header has nothing to go by.
    #[must_use]
    pub fn policy(&self) -> Policy {
        match self {
            Self::PickFirst => Policy::PickFirst,
            Self::RoundRobin => Policy::RoundRobin,
            Self::RingHash {
                min_size,
                max_size,
                header: Some(header),
            } => Policy::RingHash {
                header: header.clone(),
                size: RingSize {
                    min: *min_size,
                    max: *max_size,
                },
            },
            Self::WeightedRoundRobin | Self::LeastRequest { .. } | Self::RingHash { .. } => {
                Policy::PeakEwma(Ewma::default())
            }
        }
    }
}

/// What the config says, if it says anything.
pub(super) fn read(root: &Node<'_>) -> Result<Option<Balancing>, ServiceConfigError> {
    let Some(list) = root.get("loadBalancingConfig") else {
        return deprecated(root);
    };
    let mut unknown = Vec::new();
    for entry in list.items()? {
        entry.object()?;
        let mut keys = entry.keys();
        let (Some(name), None) = (keys.next(), keys.next()) else {
            let count = entry.keys().count();
            return Err(entry.error(format!("{count} policies"), "one policy"));
        };
        let config = entry.need(name, "an object")?;
        config.object()?;
        match name {
            "pick_first" => return Ok(Some(Balancing::PickFirst)),
            "round_robin" => return Ok(Some(Balancing::RoundRobin)),
            "weighted_round_robin" => return Ok(Some(Balancing::WeightedRoundRobin)),
            "ring_hash_experimental" => return ring_hash(&config).map(Some),
            "least_request_experimental" => return least_request(&config).map(Some),
            name => unknown.push(name),
        }
    }
    if unknown.is_empty() {
        return deprecated(root);
    }
    let shown: String = unknown.join(", ").chars().take(100).collect();
    Err(list.error(shown, KNOWN))
}

/// `loadBalancingPolicy`, which counts where the list does not say anything.
fn deprecated(root: &Node<'_>) -> Result<Option<Balancing>, ServiceConfigError> {
    let Some(policy) = root.get("loadBalancingPolicy") else {
        return Ok(None);
    };
    let name = policy.text()?;
    if name.eq_ignore_ascii_case("round_robin") {
        Ok(Some(Balancing::RoundRobin))
    } else if name.eq_ignore_ascii_case("pick_first") {
        Ok(Some(Balancing::PickFirst))
    } else if name.is_empty() || name.eq_ignore_ascii_case("unspecified") {
        Ok(None)
    } else {
        Err(policy.wrong("round_robin or pick_first"))
    }
}

fn ring_hash(config: &Node<'_>) -> Result<Balancing, ServiceConfigError> {
    let size = |key, default| {
        let Some(node) = config.get(key) else {
            return Ok(default);
        };
        match node.count()? {
            size @ 1..=RING_ASKED_MAX => Ok(size),
            _ => Err(node.wrong("a whole number from 1 to 8388608")),
        }
    };
    let (min, max) = (
        size("minRingSize", RING_MIN)?,
        size("maxRingSize", RING_MAX)?,
    );
    if min > max {
        let found = format!("a minRingSize of {min} and a maxRingSize of {max}");
        return Err(config.error(found, "a minRingSize that is not above the maxRingSize"));
    }
    let header = config.get("requestHashHeader").map(|node| {
        const EXPECTED: &str = "the name of a header that does not end with -bin";
        node.text()?
            .parse::<HeaderName>()
            .ok()
            .filter(|name| !name.as_str().ends_with("-bin"))
            .ok_or_else(|| node.wrong(EXPECTED))
    });
    Ok(Balancing::RingHash {
        min_size: min.min(RING_MAX),
        max_size: max.min(RING_MAX),
        header: header.transpose()?,
    })
}

fn least_request(config: &Node<'_>) -> Result<Balancing, ServiceConfigError> {
    const EXPECTED: &str = "a whole number above 1";
    let choices = match config.get("choiceCount") {
        None => CHOICES_MIN,
        Some(node) => match node.count()? {
            0..CHOICES_MIN => return Err(node.wrong(EXPECTED)),
            choices => choices.min(CHOICES_MAX),
        },
    };
    Ok(Balancing::LeastRequest { choices })
}
