//! One after the other, each as often as its weight says.
//!
//! A cursor counts through the endpoints, round after round. In round `g` an endpoint of weight `w` is
//! picked if `w·g` has just passed a multiple of the greatest weight; otherwise the cursor goes on. So
//! in as many rounds as the greatest weight, each endpoint is picked exactly `w` times, evenly spread,
//! and all that is shared is one counter. This is the static stride scheduler of gRPC's
//! `weighted_round_robin` (A58), with the greatest weight as modulus instead of 65,535.
//!
//! What falls to an endpoint that may not be used, or that is not warm yet, is drawn among the others
//! by their weights: its neighbour does not get it all.

use std::sync::atomic::{AtomicU64, Ordering};

use super::random::unit;

/// Greatest weight after scaling. Of weights further apart than this, the least count for more.
const WEIGHT_MAX: u32 = 65_535;

/// A cursor through weighted endpoints.
#[derive(Debug)]
pub(super) struct Stride {
    cursor: AtomicU64,
    weights: Box<[u32]>,
    greatest: u32,
}

impl Stride {
    /// So many endpoints, all of one weight, beginning at some place.
    pub(super) fn even(count: usize, place: u64) -> Self {
        Self::weighted(std::iter::repeat_n(1, count), place)
    }

    /// Endpoints of these weights. If all are 0, all are equal.
    pub(super) fn weighted(weights: impl Iterator<Item = u32>, place: u64) -> Self {
        let mut weights: Box<[u32]> = weights.collect();
        // A short period: 200 and 100 are 2 and 1.
        let common = weights.iter().copied().fold(0, greatest_common_divisor);
        let greatest = weights.iter().copied().max().unwrap_or(0);
        let scaled = u64::from(greatest / common.max(1)).max(1);
        for weight in &mut weights {
            *weight = match (greatest, *weight / common.max(1)) {
                (0, _) => 1,
                (_, weight) if scaled <= u64::from(WEIGHT_MAX) => weight,
                (_, 0) => 0,
                (_, weight) => {
                    let share = u64::from(weight) * u64::from(WEIGHT_MAX) / scaled;
                    u32::try_from(share).unwrap_or(WEIGHT_MAX).max(1)
                }
            };
        }
        Self {
            // Far from where it would wrap.
            cursor: AtomicU64::new(place >> 16),
            greatest: weights.iter().copied().max().unwrap_or(1),
            weights,
        }
    }

    /// Where it is, for a successor to go on from.
    pub(super) fn place(&self) -> u64 {
        self.cursor.load(Ordering::Relaxed) << 16
    }

    /// The endpoint whose turn it is, or another by weight if that one may not be used. It is taken
    /// with a probability of its warmth, so that each gets a share of weight times warmth.
    pub(super) fn pick(
        &self,
        usable: impl Fn(usize) -> bool,
        warmth: impl Fn(usize) -> f64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<usize> {
        if let Some(at) = self.next().filter(|&at| usable(at)) {
            let warmth = warmth(at);
            if warmth >= 1.0 || unit(random) < warmth {
                return Some(at);
            }
        }
        self.draw(usable, warmth, random)
    }

    /// The endpoint whose turn it is.
    fn next(&self) -> Option<usize> {
        let (count, greatest) = (self.weights.len() as u64, u64::from(self.greatest));
        // In every round at least the greatest weight is picked, so two rounds are enough.
        for _ in 0..2 * count {
            let turn = self.cursor.fetch_add(1, Ordering::Relaxed);
            let (round, at) = (turn / count, turn % count);
            let weight = u64::from(*self.weights.get(at as usize)?);
            // Neighbours of one weight begin half a period apart, and are not all picked in one round.
            let passed = (weight * (round % greatest) + at * (greatest / 2)) % greatest;
            if passed >= greatest - weight && weight > 0 {
                return Some(at as usize);
            }
        }
        None
    }

    /// A random one of those that may be used, by weight times warmth.
    fn draw(
        &self,
        usable: impl Fn(usize) -> bool,
        warmth: impl Fn(usize) -> f64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<usize> {
        let shares = || {
            let usable = |(at, _): &(usize, _)| usable(*at);
            let share = |(at, weight): (usize, &u32)| (at, f64::from(*weight) * warmth(at));
            self.weights.iter().enumerate().filter(usable).map(share)
        };
        let mut left = unit(random) * shares().map(|(_, share)| share).sum::<f64>();
        let mut last = None;
        for (at, share) in shares() {
            if left < share {
                return Some(at);
            }
            left -= share;
            // Rounding, or no weight at all.
            last = Some(at);
        }
        last
    }
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::seeded;
    use super::*;

    fn warm(_: usize) -> f64 {
        1.0
    }

    fn picks(stride: &Stride, count: usize, usable: impl Fn(usize) -> bool) -> Vec<u32> {
        let mut random = seeded(2);
        let mut picks = vec![0; stride.weights.len()];
        for _ in 0..count {
            picks[stride.pick(&usable, warm, &mut random).unwrap()] += 1;
        }
        picks
    }

    #[test]
    fn over_a_period_every_weight_is_exact_from_any_place() {
        for weights in [
            vec![1],
            vec![1, 1, 1],
            vec![5, 1, 1],
            vec![2, 3, 7, 1],
            vec![10, 20, 30],
            vec![6, 4, 9, 0, 1],
            vec![65_535, 1, 40_000],
        ] {
            for place in [0, 12_345 << 16, u64::MAX] {
                let stride = Stride::weighted(weights.iter().copied(), place);
                let period = stride.weights.iter().sum::<u32>() as usize;
                assert_eq!(
                    picks(&stride, period, |_| true),
                    *stride.weights,
                    "{weights:?}"
                );
                assert_eq!(
                    picks(&stride, period, |_| true),
                    *stride.weights,
                    "{weights:?}"
                );
            }
        }
    }

    #[test]
    fn weights_are_scaled_without_losing_any() {
        let scaled = |weights: &[u32]| {
            Stride::weighted(weights.iter().copied(), 0)
                .weights
                .to_vec()
        };
        assert_eq!(scaled(&[200, 100, 0]), [2, 1, 0]);
        assert_eq!(scaled(&[0, 0]), [1, 1]);
        assert_eq!(
            scaled(&[u32::MAX, u32::MAX / 3, 1, 0]),
            [65_535, 21_845, 1, 0]
        );
        assert_eq!(scaled(&[]), [0; 0]);
        assert_eq!(Stride::weighted(std::iter::empty(), 0).next(), None);
    }

    #[test]
    fn a_heavy_endpoint_is_not_picked_in_one_go() {
        let stride = Stride::weighted([5, 1, 1].into_iter(), 0);
        let turns: Vec<_> = (0..70).map(|_| stride.next().unwrap()).collect();
        let longest = turns.chunk_by(|a, b| a == b).map(<[_]>::len).max();
        assert!(longest <= Some(4), "{turns:?}");
    }

    #[test]
    fn equal_endpoints_take_turns() {
        let stride = Stride::even(3, 7 << 16);
        let turns: Vec<_> = (0..6).map(|_| stride.next().unwrap()).collect();
        assert_eq!(turns, [1, 2, 0, 1, 2, 0]);
        let successor = Stride::even(3, stride.place());
        assert_eq!(successor.next(), Some(1));
    }

    #[test]
    fn the_turns_of_one_that_may_not_be_used_go_to_all_others_by_weight() {
        let stride = Stride::weighted([3, 1, 2, 0].into_iter(), 0);
        let picks = picks(&stride, 60_000, |at| at != 0);
        assert_eq!((picks[0], picks[3]), (0, 0));
        assert!((19_500..20_500).contains(&picks[1]), "{picks:?}");
        assert_eq!(stride.pick(|_| false, warm, &mut seeded(1)), None);
        assert_eq!(stride.pick(|at| at == 3, warm, &mut seeded(1)), Some(3));
    }

    #[test]
    fn a_new_endpoint_gets_its_weight_times_its_warmth() {
        let mut random = seeded(3);
        let stride = Stride::even(2, 0);
        let warmth = |at| if at == 1 { 0.1 } else { 1.0 };
        let mut cold = 0;
        for _ in 0..110_000 {
            cold += stride.pick(|_| true, warmth, &mut random).unwrap();
        }
        // 0.1 of 1.1
        assert!((9_500..10_500).contains(&cold), "{cold}");
    }
}
