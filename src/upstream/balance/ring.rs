//! Calls with one key go to one endpoint, and few keys move when an endpoint comes or goes (gRFC A42).
//!
//! Each endpoint stands on a ring at many places, by the hashes of `host:port_0`, `host:port_1` and so
//! on; a key belongs to the next place. How many places: as many as give every endpoint its share of
//! the ring by weight, between a least and a greatest size. Places and sizes are those of Envoy and gRPC.

use super::hash::xxh64;

/// Places on a ring, whatever is configured: A42's bound.
const PLACES_MAX: u32 = 8 * 1024 * 1024;

/// How many places a ring has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSize {
    /// At least so many; more make shares more even.
    pub min: u32,
    /// At most so many; up to 8,388,608.
    pub max: u32,
}

/// 1,024 to 4,096.
impl Default for RingSize {
    fn default() -> Self {
        Self {
            min: 1024,
            max: 4096,
        }
    }
}

/// Endpoints on a ring.
#[derive(Debug)]
pub(super) struct Ring {
    size: RingSize,
    /// Sorted by hash.
    places: Box<[Place]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    hash: u64,
    at: u32,
}

impl Ring {
    /// Places the endpoints, each a key and a weight.
    pub(super) fn new(size: RingSize, endpoints: &[(&str, u32)]) -> Self {
        let weights = || endpoints.iter().map(|&(_, weight)| weight);
        let total: u64 = weights().map(u64::from).sum();
        let Some(least) = weights().filter(|&weight| weight > 0).min() else {
            return Self {
                size,
                places: Box::default(),
            };
        };
        let max = f64::from(size.max.clamp(1, PLACES_MAX));
        let min = f64::from(size.min).clamp(1.0, max);
        // The least endpoint gets a whole number of places, and the ring is no smaller than it may be.
        let least = f64::from(least) / total as f64;
        let scale = ((least * min).ceil() / least).min(max);

        let mut places = Vec::with_capacity(scale.ceil() as usize);
        let mut target = 0.0;
        let mut name = String::new();
        for (at, &(key, weight)) in (0..).zip(endpoints) {
            target += scale * f64::from(weight) / total as f64;
            for nth in 0_u32.. {
                if places.len() as f64 >= target || places.len() >= PLACES_MAX as usize {
                    break;
                }
                name.clear();
                name.push_str(key);
                name.push('_');
                name.push_str(itoa::Buffer::new().format(nth));
                places.push(Place {
                    hash: xxh64(name.as_bytes(), 0),
                    at,
                });
            }
        }
        places.sort_unstable();
        Self {
            size,
            places: places.into(),
        }
    }

    /// How large it was to be.
    pub(super) fn size(&self) -> RingSize {
        self.size
    }

    /// The endpoint to which a hash belongs, or the next around the ring that may be used; one without
    /// a place only if no other may be.
    pub(super) fn pick(
        &self,
        hash: u64,
        count: usize,
        usable: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let from = self.places.partition_point(|place| place.hash < hash);
        let (before, after) = self.places.split_at(from);
        let mut around = after.iter().chain(before).map(|place| place.at as usize);
        if let Some(owner) = around.next().filter(|&at| usable(at)) {
            return Some(owner);
        }
        // Asking all of them is less than walking around a whole ring in vain.
        let any = (0..count).find(|&at| usable(at))?;
        Some(around.find(|&at| usable(at)).unwrap_or(any))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::seeded;
    use super::*;

    fn ring(keys: &[String], weights: &[u32]) -> Ring {
        let keys = keys.iter().map(String::as_str);
        let endpoints: Vec<_> = keys.zip(weights.iter().copied()).collect();
        Ring::new(RingSize::default(), &endpoints)
    }

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("10.0.0.{n}:50051")).collect()
    }

    fn places(ring: &Ring, count: usize) -> Vec<usize> {
        let of = |at| {
            ring.places
                .iter()
                .filter(|place| place.at as usize == at)
                .count()
        };
        (0..count).map(of).collect()
    }

    #[test]
    fn the_ring_has_the_size_that_a42_says() {
        for (weights, expected) in [
            (vec![1], vec![1024]),
            (vec![1, 1, 1], vec![342, 342, 342]),
            (vec![1, 3], vec![256, 768]),
            (vec![1, 0, 1], vec![512, 0, 512]),
            (vec![1, 4095], vec![1, 4095]),
            (vec![0, 0], vec![0, 0]),
        ] {
            let ring = ring(&keys(weights.len()), &weights);
            assert_eq!(places(&ring, weights.len()), expected, "{weights:?}");
        }
    }

    #[test]
    fn no_configuration_makes_a_ring_without_a_bound() {
        for (min, max) in [(u32::MAX, 1), (0, 0), (10, 5)] {
            let ring = Ring::new(RingSize { min, max }, &[("a:1", 1)]);
            assert!((1..=5).contains(&ring.places.len()), "{min} {max}");
        }
        let endpoints = [("a:1", u32::MAX); 10_000];
        assert!(Ring::new(RingSize::default(), &endpoints).places.len() <= 4_096);
    }

    #[test]
    fn an_endpoint_that_goes_takes_only_its_own_keys_along() {
        let all = keys(10);
        let (whole, less) = (ring(&all, &[1; 10]), ring(&all[..9], &[1; 9]));
        let mut random = seeded(4);
        let (mut moved, mut lost) = (0, 0);
        for _ in 0..20_000 {
            let hash = random();
            let (old, new) = (whole.pick(hash, 10, |_| true), less.pick(hash, 9, |_| true));
            lost += usize::from(old == Some(9));
            moved += usize::from(old != new);
        }
        // A tenth of the keys was there; rounding the number of places moves a few more.
        assert!((1_200..2_800).contains(&lost), "{lost}");
        assert!(
            moved <= 20_000 * 2 / 10 && moved >= lost,
            "{moved} moved, {lost} lost"
        );
    }

    #[test]
    fn one_that_may_not_be_used_leaves_its_keys_to_many_and_gets_them_back() {
        let ring = ring(&keys(5), &[1; 5]);
        let mut random = seeded(5);
        let mut heirs = [0; 5];
        for _ in 0..20_000 {
            let hash = random();
            let owner = ring.pick(hash, 5, |_| true).unwrap();
            let other = ring.pick(hash, 5, |at| at != 2).unwrap();
            if owner == 2 {
                heirs[other] += 1;
            } else {
                assert_eq!(owner, other);
            }
        }
        assert_eq!(heirs[2], 0);
        assert!(
            heirs.iter().filter(|&&heir| heir > 200).count() == 4,
            "{heirs:?}"
        );
        assert_eq!(ring.pick(7, 5, |_| false), None);
    }

    #[test]
    fn the_ends_of_the_ring_meet() {
        let ring = ring(&keys(3), &[1; 3]);
        let first = ring.places[0].at as usize;
        assert_eq!(ring.pick(u64::MAX, 3, |_| true), Some(first));
        assert_eq!(ring.pick(0, 3, |_| true), Some(first));
    }

    #[test]
    fn an_endpoint_without_a_place_is_picked_if_no_other_may_be() {
        let ring = ring(&keys(2), &[1, 0]);
        assert_eq!(ring.pick(7, 2, |at| at == 1), Some(1));
    }
}
