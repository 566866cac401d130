//! A histogram that many count in at once: an atomic for each bucket and one for the sum, no lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the buckets of a histogram end.
#[derive(Debug)]
pub struct Bounds {
    /// The largest value of each bucket, ascending; what is above all of them has a bucket of its own.
    upper: &'static [u64],
    /// How many of what is counted make one of what is shown.
    scale: f64,
}

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000 * MICROSECOND;
const SECOND: u64 = 1_000 * MILLISECOND;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Times: counted in nanoseconds, shown in seconds (gRFC A66).
pub static LATENCY: Bounds = Bounds {
    upper: &[
        0,
        10 * MICROSECOND,
        50 * MICROSECOND,
        100 * MICROSECOND,
        300 * MICROSECOND,
        600 * MICROSECOND,
        800 * MICROSECOND,
        MILLISECOND,
        2 * MILLISECOND,
        3 * MILLISECOND,
        4 * MILLISECOND,
        5 * MILLISECOND,
        6 * MILLISECOND,
        8 * MILLISECOND,
        10 * MILLISECOND,
        13 * MILLISECOND,
        16 * MILLISECOND,
        20 * MILLISECOND,
        25 * MILLISECOND,
        30 * MILLISECOND,
        40 * MILLISECOND,
        50 * MILLISECOND,
        65 * MILLISECOND,
        80 * MILLISECOND,
        100 * MILLISECOND,
        130 * MILLISECOND,
        160 * MILLISECOND,
        200 * MILLISECOND,
        250 * MILLISECOND,
        300 * MILLISECOND,
        400 * MILLISECOND,
        500 * MILLISECOND,
        650 * MILLISECOND,
        800 * MILLISECOND,
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        20 * SECOND,
        50 * SECOND,
        100 * SECOND,
    ],
    scale: 1e9,
};

/// Sizes in bytes (gRFC A66).
pub static SIZE: Bounds = Bounds {
    upper: &[
        0,
        KIB,
        2 * KIB,
        4 * KIB,
        16 * KIB,
        64 * KIB,
        256 * KIB,
        MIB,
        4 * MIB,
        16 * MIB,
        64 * MIB,
        256 * MIB,
        GIB,
        4 * GIB,
    ],
    scale: 1.0,
};

/// Attempts by a policy (gRFC A96), of which there are four at most.
pub static RETRIES: Bounds = Bounds {
    upper: &[1, 2, 3, 4, 5],
    scale: 1.0,
};

/// Attempts that no policy has to allow (gRFC A96).
pub static TRANSPARENT: Bounds = Bounds {
    upper: &[1, 2, 3, 4, 5, 10],
    scale: 1.0,
};

/// What was counted, by size.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static Bounds,
    /// One for each bound, and one for what is above.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Of everything that was counted.
    pub sum: f64,
    /// How much was counted.
    pub count: u64,
    /// The end of each bucket, the last of which is infinite, and how much is in it alone.
    pub buckets: Vec<(f64, u64)>,
}

impl Reading {
    /// The same with what another has counted by the same bounds.
    pub(super) fn add(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
        for ((_, count), (_, more)) in self.buckets.iter_mut().zip(&other.buckets) {
            *count += more;
        }
    }
}

impl Histogram {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(bounds: &'static Bounds) -> Self {
        let buckets = bounds.upper.len() + 1;
        Self {
            bounds,
            counts: (0..buckets).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// One more of this size.
    pub fn record(&self, value: u64) {
        let bucket = self.bounds.upper.partition_point(|upper| *upper < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// What was counted so far. Others count meanwhile, so the sum may lack what a bucket has.
    #[must_use]
    pub fn read(&self) -> Reading {
        let ends = self.bounds.upper.iter();
        let ends = ends.map(|upper| *upper as f64 / self.bounds.scale);
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<_> = ends.chain([f64::INFINITY]).zip(counts).collect();
        Reading {
            sum: self.sum.load(Ordering::Relaxed) as f64 / self.bounds.scale,
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

/// As [`LATENCY`] counts. What does not fit is more than five hundred years.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_first_bucket_that_ends_with_it_or_above() {
        let histogram = Histogram::new(&RETRIES);
        for value in [0, 1, 2, 5, 6, u64::from(u32::MAX)] {
            histogram.record(value);
        }
        let reading = histogram.read();
        let counts: Vec<_> = reading.buckets.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 1, 2]);
        assert_eq!(reading.count, 6);
        assert_eq!(reading.sum, 14.0 + f64::from(u32::MAX));
    }

    #[test]
    fn the_buckets_are_those_of_the_standard() {
        let ends = |bounds: &'static Bounds| -> Vec<String> {
            let buckets = Histogram::new(bounds).read().buckets;
            buckets.iter().map(|(end, _)| end.to_string()).collect()
        };
        let seconds = "0 0.00001 0.00005 0.0001 0.0003 0.0006 0.0008 0.001 0.002 0.003 0.004 0.005 \
             0.006 0.008 0.01 0.013 0.016 0.02 0.025 0.03 0.04 0.05 0.065 0.08 0.1 0.13 0.16 0.2 0.25 \
             0.3 0.4 0.5 0.65 0.8 1 2 5 10 20 50 100 inf";
        assert_eq!(ends(&LATENCY).join(" "), seconds);
        let bytes = "0 1024 2048 4096 16384 65536 262144 1048576 4194304 16777216 67108864 268435456 \
             1073741824 4294967296 inf";
        assert_eq!(ends(&SIZE).join(" "), bytes);
        assert_eq!(ends(&TRANSPARENT).join(" "), "1 2 3 4 5 10 inf");
        for bounds in [&LATENCY, &SIZE, &RETRIES, &TRANSPARENT] {
            assert!(bounds.upper.is_sorted());
        }
    }

    #[test]
    fn nothing_is_lost_where_many_count() {
        let histogram = Histogram::new(&LATENCY);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| histogram.record(3 * MILLISECOND)));
            }
        });
        let reading = histogram.read();
        assert_eq!(reading.count, 40_000);
        assert!((reading.sum - 120.0).abs() < 1e-9, "{}", reading.sum);
    }
}
