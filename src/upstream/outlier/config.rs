//! The rules, with the names and defaults of gRFC A50.

use std::time::Duration;

/// No ejection is longer, whatever is configured: a year.
const EJECTION_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When an endpoint is ejected, and for how long. Percentages over 100 count as 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Between two sweeps.
    pub interval: Duration,
    /// How long a first ejection lasts; the next ones last as many times longer.
    pub base_ejection_time: Duration,
    /// No ejection lasts longer, unless the base time does.
    pub max_ejection_time: Duration,
    /// How much longer an ejection may last at random, in percent of it, so that endpoints that went
    /// together do not come back together.
    pub ejection_jitter_percent: u8,
    /// How many of all endpoints may be out at once; one may always be.
    pub max_ejection_percent: u8,
    /// Ejects those that succeed much less than the others.
    pub success_rate: Option<SuccessRate>,
    /// Ejects those that fail more than a threshold.
    pub failure_percentage: Option<FailurePercentage>,
    /// Ejects those that fail several times in a row, at once.
    pub consecutive: Option<Consecutive>,
}

/// Success rates of one interval compared: ejected is who is below `mean - stdev * factor / 1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuccessRate {
    /// The factor, in thousandths.
    pub stdev_factor: u32,
    /// How many of those found are ejected.
    pub enforcement_percentage: u8,
    /// Compared only if so many endpoints have the volume.
    pub minimum_hosts: u32,
    /// Calls of an endpoint in the interval for it to be compared.
    pub request_volume: u32,
}

/// Failures of one interval: ejected is who has the threshold or more of them. (A50's text says "at
/// least" in one place and "more than" in another; Envoy's is "at least".)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailurePercentage {
    /// Percent.
    pub threshold: u8,
    /// How many of those found are ejected.
    pub enforcement_percentage: u8,
    /// Looked at only if there are so many endpoints.
    pub minimum_hosts: u32,
    /// Calls of an endpoint in the interval for it to be looked at.
    pub request_volume: u32,
}

/// Failures in a row, without waiting for a sweep. Not in A50; Envoy's `consecutive_5xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consecutive {
    /// So many.
    pub failures: u32,
    /// How many of those found are ejected.
    pub enforcement_percentage: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            base_ejection_time: Duration::from_secs(30),
            max_ejection_time: Duration::from_secs(300),
            ejection_jitter_percent: 10,
            max_ejection_percent: 10,
            success_rate: Some(SuccessRate::default()),
            failure_percentage: Some(FailurePercentage::default()),
            consecutive: Some(Consecutive::default()),
        }
    }
}

impl Default for SuccessRate {
    fn default() -> Self {
        Self {
            stdev_factor: 1900,
            enforcement_percentage: 100,
            minimum_hosts: 5,
            request_volume: 100,
        }
    }
}

impl Default for FailurePercentage {
    fn default() -> Self {
        Self {
            threshold: 85,
            enforcement_percentage: 100,
            minimum_hosts: 5,
            request_volume: 50,
        }
    }
}

impl Default for Consecutive {
    fn default() -> Self {
        Self {
            failures: 5,
            enforcement_percentage: 100,
        }
    }
}

impl Config {
    /// How long the n-th ejection lasts: `min(base * n, max(base, max))`, and a random part of the
    /// jitter; `random` lies in 0..1.
    pub(in crate::upstream) fn ejection_time(&self, nth: u32, random: f64) -> Duration {
        let most = self.base_ejection_time.max(self.max_ejection_time);
        let time = self.base_ejection_time.saturating_mul(nth).min(most);
        let jitter = f64::from(self.ejection_jitter_percent.min(100)) / 100.0;
        let longer = time.as_secs_f64() * jitter * random.clamp(0.0, 1.0);
        time.saturating_add(Duration::try_from_secs_f64(longer).unwrap_or_default())
            .min(EJECTION_MAX)
    }

    /// How many of so many endpoints may be out at once: whole percents, but at least one.
    pub(in crate::upstream) fn ejections_max(&self, hosts: usize) -> usize {
        (hosts * usize::from(self.max_ejection_percent.min(100)) / 100).max(1)
    }
}

impl SuccessRate {
    /// Below which rate an endpoint is an outlier among these: their mean, less a multiple of their
    /// standard deviation (that of a whole, not of a sample). It may be below 0.
    pub(super) fn threshold(&self, rates: &[f64]) -> f64 {
        let count = rates.len().max(1) as f64;
        let mean = rates.iter().sum::<f64>() / count;
        let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count;
        mean - variance.sqrt() * f64::from(self.stdev_factor) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ejections_grow_to_the_longest_and_none_is_shorter_than_the_base() {
        let seconds = Duration::from_secs;
        let with = |base, max| Config {
            base_ejection_time: seconds(base),
            max_ejection_time: seconds(max),
            ..Config::default()
        };
        for (base, max, nth, random, time) in [
            (30, 300, 1, 0.0, 30_000),
            (30, 300, 2, 0.0, 60_000),
            (30, 300, 10, 0.0, 300_000),
            (30, 300, 11, 0.0, 300_000),
            (30, 300, u32::MAX, 0.0, 300_000),
            (30, 300, 1, 0.5, 31_500),
            (30, 300, 10, 1.0, 330_000),
            (400, 300, 1, 0.0, 400_000), // max(base, max)
            (400, 300, 2, 0.0, 400_000),
            (0, 0, 3, 1.0, 0),
            (u64::MAX, 0, 3, 1.0, EJECTION_MAX.as_millis()),
        ] {
            let found = with(base, max).ejection_time(nth, random);
            assert_eq!(found.as_millis(), time, "{base} {max} {nth} {random}");
        }
    }

    #[test]
    fn one_of_any_number_may_be_out_and_a_tenth_of_many() {
        let config = Config::default();
        for (hosts, out) in [(0, 1), (1, 1), (5, 1), (19, 1), (20, 2), (25, 2), (100, 10)] {
            assert_eq!(config.ejections_max(hosts), out, "{hosts}");
        }
        let with = |max_ejection_percent| Config {
            max_ejection_percent,
            ..Config::default()
        };
        assert_eq!(with(0).ejections_max(100), 1);
        assert_eq!(with(100).ejections_max(100), 100);
        assert_eq!(with(255).ejections_max(100), 100);
    }

    #[test]
    fn the_threshold_is_the_mean_less_a_part_of_the_deviation() {
        let with = |stdev_factor| SuccessRate {
            stdev_factor,
            ..SuccessRate::default()
        };
        for (factor, rates, threshold) in [
            (1900, &[1.0, 1.0, 1.0, 1.0, 0.0][..], 0.04), // 0.8 - 1.9 * 0.4
            (1900, &[1.0, 1.0, 1.0, 1.0, 0.5], 0.52),     // 0.9 - 1.9 * 0.2
            (1900, &[0.9, 0.9, 0.9, 0.9, 0.9], 0.9),      // no deviation, nobody below
            (0, &[1.0, 0.0], 0.5),
            (1000, &[1.0, 0.0], 0.0),
            (1900, &[], 0.0),
        ] {
            let found = with(factor).threshold(rates);
            assert!((found - threshold).abs() < 1e-9, "{rates:?}: {found}");
        }
    }
}
