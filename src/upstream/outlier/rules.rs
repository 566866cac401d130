//! Whom the rules of a sweep find in the counts of an interval (A50, "Success Rate Algorithm" and
//! "Failure Percentage Algorithm"). Those who are out already are not among the endpoints given: what
//! little they count would only move the mean.

use super::tally::Counted;
use super::{Cause, FailurePercentage, SuccessRate};

/// An outlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found<'a> {
    pub(super) key: &'a str,
    pub(super) cause: Cause,
    /// How many of those found are ejected.
    pub(super) enforcement_percentage: u8,
}

/// Rates that are equal must not differ by what a mean loses in rounding.
const ROUNDING: f64 = 1e-9;

/// Who succeeds less than the others, in the order given.
pub(super) fn by_success_rate<'a>(
    rule: Option<SuccessRate>,
    counted: &[(&'a str, Counted)],
) -> Vec<Found<'a>> {
    let Some(rule) = rule else {
        return Vec::new();
    };
    let judged: Vec<_> = counted
        .iter()
        .filter(|(_, counted)| counted.volume() >= u64::from(rule.request_volume))
        .map(|(key, counted)| (*key, counted.success_rate()))
        .collect();
    if judged.is_empty() || judged.len() < rule.minimum_hosts as usize {
        return Vec::new();
    }
    let rates: Vec<_> = judged.iter().map(|&(_, rate)| rate).collect();
    let threshold = rule.threshold(&rates);
    let found = |(key, rate)| {
        (rate < threshold - ROUNDING).then_some(Found {
            key,
            cause: Cause::SuccessRate { rate, threshold },
            enforcement_percentage: rule.enforcement_percentage,
        })
    };
    judged.into_iter().filter_map(found).collect()
}

/// Who fails too much, in the order given. `hosts` is the number of all endpoints.
pub(super) fn by_failure_percentage<'a>(
    rule: Option<FailurePercentage>,
    hosts: usize,
    counted: &[(&'a str, Counted)],
) -> Vec<Found<'a>> {
    let Some(rule) = rule.filter(|rule| hosts >= rule.minimum_hosts as usize) else {
        return Vec::new();
    };
    // Who was not called has not failed, even if no volume is asked for.
    let volume = u64::from(rule.request_volume).max(1);
    let found = |&(key, counted): &(&'a str, Counted)| {
        (counted.volume() >= volume && counted.fails(rule.threshold)).then_some(Found {
            key,
            cause: Cause::FailurePercentage {
                failures: counted.failures,
                calls: counted.volume(),
            },
            enforcement_percentage: rule.enforcement_percentage,
        })
    };
    counted.iter().filter_map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Endpoints `0`, `1` and so on, each with its successes and failures.
    fn counted(counts: &[(u32, u32)]) -> Vec<(&'static str, Counted)> {
        const KEYS: [&str; 6] = ["0", "1", "2", "3", "4", "5"];
        let counted = |&(successes, failures)| Counted {
            successes,
            failures,
        };
        KEYS.into_iter().zip(counts.iter().map(counted)).collect()
    }

    fn keys(found: &[Found<'_>]) -> String {
        found.iter().map(|found| found.key).collect()
    }

    #[test]
    fn success_rates_are_compared_among_those_with_volume() {
        let good = (100, 0);
        for (counts, found) in [
            (vec![good, good, good, good, (0, 100)], "4"), // 0 < 0.04
            (vec![good, good, good, good, (4, 96)], "4"),  // 0.04 < 0.0784
            (vec![good, good, good, good, (90, 10)], "4"), // 0.9 < 0.904
            (vec![good, good, good, good, (0, 99)], ""),   // four with volume, five are needed
            (vec![good, good, good, good, good, (0, 99)], ""), // it is not among them
            (vec![good, good, good, (0, 100)], ""),        // four
            (vec![good, good, good, (0, 100), (0, 100)], ""), // two are no outliers: 0.6 - 1.9 * 0.49
            (vec![(50, 50); 5], ""),                          // all alike
            (vec![(0, 100); 5], ""),
            (vec![], ""),
        ] {
            let by_rate = by_success_rate(Some(SuccessRate::default()), &counted(&counts));
            assert_eq!(keys(&by_rate), found, "{counts:?}");
            assert_eq!(by_success_rate(None, &counted(&counts)), []);
        }
    }

    #[test]
    fn failures_are_held_to_the_threshold_each_by_itself() {
        let good = (50, 0);
        for (counts, hosts, found) in [
            (vec![good, good, good, good, (0, 50)], 5, "4"),
            (vec![good, good, good, good, (15, 85)], 5, "4"), // 85 % is enough
            (vec![good, good, good, good, (16, 84)], 5, ""),
            (vec![good, good, good, good, (0, 49)], 5, ""), // too few calls
            (vec![(0, 50); 5], 5, "01234"),
            (vec![(0, 50); 4], 4, ""),     // too few endpoints
            (vec![(0, 50); 4], 5, "0123"), // one of five is out
            (vec![(0, 0); 5], 5, ""),
        ] {
            let rule = Some(FailurePercentage::default());
            let by_failures = by_failure_percentage(rule, hosts, &counted(&counts));
            assert_eq!(keys(&by_failures), found, "{counts:?}");
            assert_eq!(by_failure_percentage(None, hosts, &counted(&counts)), []);
        }
        let any = FailurePercentage {
            threshold: 0,
            request_volume: 0,
            ..FailurePercentage::default()
        };
        let idle = counted(&[(0, 0); 5]);
        assert_eq!(by_failure_percentage(Some(any), 5, &idle), []);
    }
}
