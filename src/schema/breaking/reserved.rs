//! Numbers and names that were reserved and are so no more.

use std::ops::RangeInclusive;

/// The ranges that `is` does not cover whole; its own may lie side by side.
pub(super) fn uncovered(
    was: impl Iterator<Item = RangeInclusive<i64>>,
    is: impl Iterator<Item = RangeInclusive<i64>>,
) -> Vec<RangeInclusive<i64>> {
    let mut is: Vec<_> = is.collect();
    is.sort_by_key(|range| *range.start());
    let mut joined: Vec<RangeInclusive<i64>> = Vec::with_capacity(is.len());
    for range in is {
        match joined.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*range.end().max(last.end());
            }
            _ => joined.push(range),
        }
    }
    was.filter(|range| {
        let at = joined.partition_point(|own| own.end() < range.start());
        let over = joined.get(at);
        !over.is_some_and(|own| own.start() <= range.start() && range.end() <= own.end())
    })
    .collect()
}

/// A range for people.
pub(super) fn shown(range: &RangeInclusive<i64>) -> String {
    if range.start() == range.end() {
        range.start().to_string()
    } else {
        format!("{} to {}", range.start(), range.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_cover_what_spans_them() {
        for (was, is, expected) in [
            (vec![], vec![], vec![]),
            (vec![2..=2], vec![2..=2], vec![]),
            (vec![2..=6], vec![5..=9, 1..=4], vec![]),
            (vec![2..=6], vec![1..=4, 6..=9], vec![2..=6]),
            (vec![2..=6], vec![1..=9, 3..=3], vec![]),
            (vec![2..=6, 8..=8], vec![2..=6], vec![8..=8]),
            (
                vec![i64::from(i32::MIN)..=i64::from(i32::MAX)],
                vec![-1..=1],
                vec![i64::from(i32::MIN)..=i64::from(i32::MAX)],
            ),
        ] {
            let found = uncovered(was.clone().into_iter(), is.clone().into_iter());
            assert_eq!(found, expected, "{was:?} {is:?}");
        }
    }
}
