//! Metrics of calls and their attempts, by method and upstream: the names, labels and buckets of gRFC
//! A66 and A96.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::{Labels, counters, family};
use crate::observe::histogram::{Histogram, Reading};
use crate::observe::meter::{Attempts, Meter};

/// The meters of one upstream.
pub(super) struct Metered<'m> {
    pub(super) target: &'m str,
    pub(super) meters: Vec<Arc<Meter>>,
}

impl Metered<'_> {
    fn labels<'l>(&'l self, meter: &'l Meter) -> Labels<'l, 2> {
        [
            ("grpc_method", meter.method()),
            ("grpc_target", self.target),
        ]
    }

    fn of_status<'l>(&'l self, meter: &'l Meter, status: &'static str) -> Labels<'l, 3> {
        let [method, target] = self.labels(meter);
        [method, target, ("grpc_status", status)]
    }
}

impl EncodeMetric for Reading {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_histogram::<NoLabelSet>(self.sum, self.count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// A metric: its name, what it is, and where it is found.
type Of<T> = (&'static str, &'static str, fn(&T) -> &Histogram);

/// The same of one that may not be there.
type MaybeOf<T> = (&'static str, &'static str, fn(&T) -> Option<&Histogram>);

/// What is counted of the calls to all of them.
pub(super) fn encode(to: &mut DescriptorEncoder<'_>, all: &[Metered<'_>]) -> fmt::Result {
    let pairs = || {
        all.iter()
            .flat_map(|one| one.meters.iter().map(move |meter| (one, &**meter)))
    };
    counters(
        to,
        "grpc_client_attempt_started",
        "Attempts that have begun",
        pairs().map(|(one, meter)| (one.labels(meter), meter.started())),
    )?;
    let attempts: [Of<Attempts>; 3] = [
        (
            "grpc_client_attempt_duration_seconds",
            "How long attempts took",
            |attempts| &attempts.duration,
        ),
        (
            "grpc_client_attempt_sent_total_compressed_message_size_bytes",
            "Request messages of an attempt together, as they were sent",
            |attempts| &attempts.sent,
        ),
        (
            "grpc_client_attempt_rcvd_total_compressed_message_size_bytes",
            "Response messages of an attempt together, as they came",
            |attempts| &attempts.received,
        ),
    ];
    for (name, about, histogram) in attempts {
        let readings = pairs().flat_map(|(one, meter)| {
            meter.attempts().map(move |(code, attempts)| {
                let labels = one.of_status(meter, code.name());
                (labels, histogram(attempts).read())
            })
        });
        family(to, name, about, readings)?;
    }
    let calls = pairs().flat_map(|(one, meter)| {
        let calls = meter.calls();
        calls.map(move |(code, calls)| (one.of_status(meter, code.name()), calls.read()))
    });
    let about = "How long calls took, with all their attempts";
    family(to, "grpc_client_call_duration_seconds", about, calls)?;
    let repeats: [MaybeOf<Meter>; 4] = [
        (
            "grpc_client_call_retries",
            "Retries by a policy, of calls that had one",
            Meter::retries,
        ),
        (
            "grpc_client_call_transparent_retries",
            "Retries that no backend knows of, of calls that had one",
            Meter::transparent,
        ),
        (
            "grpc_client_call_hedges",
            "Attempts beside others, of calls that had one",
            Meter::hedges,
        ),
        (
            "grpc_client_call_retry_delay_seconds",
            "How long no attempt was under way, of calls that waited for another",
            Meter::delay,
        ),
    ];
    for (name, about, histogram) in repeats {
        let readings = pairs().filter_map(|(one, meter)| {
            histogram(meter).map(|histogram| (one.labels(meter), histogram.read()))
        });
        family(to, name, about, readings)?;
    }
    Ok(())
}
