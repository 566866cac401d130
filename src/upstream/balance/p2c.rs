//! The better of two random endpoints. Comparing two is enough to keep away from a bad one, and no
//! crowd runs to the best: each call draws another pair.

use super::random::below;

/// Of two distinct endpoints that may be used the one with the lower cost, the first drawn if they
/// are equal; the only one if there is but one; none if none may be used.
pub(super) fn pick(
    count: usize,
    usable: impl Fn(usize) -> bool,
    cost: impl Fn(usize) -> f64,
    random: &mut impl FnMut() -> u64,
) -> Option<usize> {
    let (first, second) = pair(count, usable, random)?;
    Some(if first != second && cost(second) < cost(first) {
        second
    } else {
        first
    })
}

/// Two distinct endpoints, in random order; one of them twice if there is no other.
fn pair(
    count: usize,
    usable: impl Fn(usize) -> bool,
    random: &mut impl FnMut() -> u64,
) -> Option<(usize, usize)> {
    if count >= 2 {
        let first = below(count, random);
        let second = below(count - 1, random);
        let second = second + usize::from(second >= first);
        if usable(first) && usable(second) {
            return Some((first, second));
        }
    }
    // One of them may not be used: look at all, and keep two so that every pair is equally likely.
    let mut kept: Option<(usize, usize)> = None;
    for (seen, at) in (0..count).filter(|&at| usable(at)).enumerate() {
        kept = Some(match (kept, seen) {
            (None, _) => (at, at),
            (Some((first, _)), 1) => (first, at),
            (Some((first, second)), _) => match below(seen + 1, random) {
                0 => (at, second),
                1 => (first, at),
                _ => (first, second),
            },
        });
    }
    kept.map(|(first, second)| match below(2, random) {
        0 => (first, second),
        _ => (second, first),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::seeded;
    use super::*;

    /// How often each of five endpoints is picked in 50,000 draws.
    fn picks(usable: impl Fn(usize) -> bool, cost: impl Fn(usize) -> f64) -> [u32; 5] {
        let mut random = seeded(1);
        let mut picks = [0; 5];
        for _ in 0..50_000 {
            if let Some(at) = pick(5, &usable, &cost, &mut random) {
                picks[at] += 1;
            }
        }
        picks
    }

    #[test]
    fn equal_endpoints_get_equal_shares() {
        for count in picks(|_| true, |_| 1.0) {
            assert!((9_500..10_500).contains(&count), "{count}");
        }
    }

    #[test]
    fn the_worst_of_all_is_never_picked() {
        let picks = picks(|_| true, |at| if at == 3 { 2.0 } else { 1.0 });
        assert_eq!(picks[3], 0);
    }

    #[test]
    fn what_may_not_be_used_leaves_its_share_to_all_others() {
        let picks = picks(|at| at != 0 && at != 4, |_| 1.0);
        assert_eq!((picks[0], picks[4]), (0, 0));
        for count in &picks[1..4] {
            assert!((16_000..17_300).contains(count), "{picks:?}");
        }
        let two = self::picks(|at| at == 1 || at == 2, |at| at as f64);
        assert_eq!(two, [0, 50_000, 0, 0, 0]);
    }

    #[test]
    fn one_is_picked_alone_and_none_not_at_all() {
        assert_eq!(picks(|at| at == 2, |_| 1.0), [0, 0, 50_000, 0, 0]);
        assert_eq!(picks(|_| false, |_| 1.0), [0; 5]);
    }
}
