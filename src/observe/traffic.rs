//! The calls of clients in a few numbers, for a page that shows how it goes: what was counted so far, of
//! which whoever looks twice has the rates.

use serde::Serialize;

use super::histogram::{Histogram, LATENCY, Reading};
use super::{Observe, connections::Connections};
use crate::call::Code;
use crate::schema::Shape;

/// Methods that are shown at most: those that were called most often.
pub const METHODS_SHOWN: usize = 50;

/// What was counted of all calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// Calls that have begun.
    pub started: u64,
    /// Calls that have ended.
    pub ended: u64,
    /// Of those, calls that ended with another status than OK.
    pub failed: u64,
    /// Calls under way.
    pub active: i64,
    /// Of those, streams.
    pub streams: i64,
    /// Connections of clients.
    pub connections: i64,
    /// Connections of operators.
    pub admin_connections: i64,
    /// How long unary calls took: where each bucket ends, in seconds, and how many are in it alone. The
    /// last bucket, of what took longer, has no end.
    pub latency: Latency,
    /// The methods that were called most often.
    pub methods: Vec<Called>,
}

/// A histogram.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Where the buckets end, in seconds.
    pub ends: Vec<f64>,
    /// How many are in each of them.
    pub counts: Vec<u64>,
}

/// What was counted of one method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Called {
    /// `pkg.Service/Method`, or `_OTHER`.
    pub method: String,
    /// Calls that have begun.
    pub started: u64,
    /// Calls that ended with another status than OK.
    pub failed: u64,
    /// Half of them took no longer, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 99 of 100 took no longer, in milliseconds.
    pub p99_ms: Option<f64>,
}

impl Observe {
    /// How it goes.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let (mut ended, mut failed) = (0, 0);
        let mut unary = Histogram::new(&LATENCY).read();
        let mut methods = Vec::new();
        for served in self.served() {
            let mut took = Histogram::new(&LATENCY).read();
            let mut failures = 0;
            for (code, of_code) in served.ended() {
                let reading = of_code.duration.read();
                ended += reading.count;
                if code != Code::Ok {
                    failures += reading.count;
                }
                took.add(&reading);
            }
            failed += failures;
            if served.shape() == Some(Shape::Unary) {
                unary.add(&took);
            }
            methods.push(Called {
                method: served.method().to_owned(),
                started: served.started(),
                failed: failures,
                p50_ms: quantile(&took, 0.5),
                p99_ms: quantile(&took, 0.99),
            });
        }
        let started = methods.iter().map(|one| one.started).sum();
        methods.retain(|one| one.started > 0);
        methods.sort_by_key(|one| std::cmp::Reverse(one.started));
        methods.truncate(METHODS_SHOWN);
        let under_way = self.totals().under_way();
        let (mut active, mut streams) = (0, 0);
        for (_, kind, count) in under_way {
            active += count;
            if kind != "unary" {
                streams += count;
            }
        }
        Traffic {
            started,
            ended,
            failed,
            active,
            streams,
            connections: open(&self.public()),
            admin_connections: open(&self.admin()),
            latency: Latency {
                // Infinity is no number in JSON.
                ends: unary
                    .buckets
                    .iter()
                    .map(|(end, _)| *end)
                    .filter(|end| end.is_finite())
                    .collect(),
                counts: unary.buckets.iter().map(|(_, count)| *count).collect(),
            },
            methods,
        }
    }
}

fn open(connections: &Connections) -> i64 {
    connections.now().map(|(_, count)| count).sum()
}

/// The value, in thousandths, that this share does not exceed: a straight line within a bucket, as
/// Prometheus has it, and the last end for what is above all of them. None of nothing.
fn quantile(reading: &Reading, share: f64) -> Option<f64> {
    if reading.count == 0 {
        return None;
    }
    let rank = share * reading.count as f64;
    let (mut below, mut start) = (0.0, 0.0);
    for (end, count) in &reading.buckets {
        let count = *count as f64;
        if end.is_infinite() {
            break;
        }
        if below + count >= rank && count > 0.0 {
            return Some((start + (end - start) * (rank - below) / count) * 1000.0);
        }
        below += count;
        start = *end;
    }
    Some(start * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_within_its_bucket() {
        let histogram = Histogram::new(&LATENCY);
        assert_eq!(quantile(&histogram.read(), 0.5), None);
        for _ in 0..100 {
            histogram.record(1_500_000); // between one and two milliseconds
        }
        let half = quantile(&histogram.read(), 0.5).unwrap_or_default();
        assert!((half - 1.5).abs() < 1e-9, "{half}");
        for _ in 0..100 {
            histogram.record(u64::MAX);
        }
        let most = quantile(&histogram.read(), 0.99).unwrap_or_default();
        assert!((most - 100_000.0).abs() < 1e-6, "{most}");
    }

    #[test]
    fn nothing_was_called_yet() {
        let traffic = Observe::default().traffic();
        assert_eq!((traffic.started, traffic.ended, traffic.failed), (0, 0, 0));
        assert_eq!(traffic.latency.counts.len(), traffic.latency.ends.len() + 1);
        assert!(traffic.methods.is_empty());
    }
}
