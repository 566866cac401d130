//! Metrics of the calls that clients make: the server's side of gRFC A66, and how requests ended in every
//! dialect.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::{counters, family};
use crate::observe::Observe;
use crate::observe::by_method::OTHER;
use crate::observe::histogram::Histogram;
use crate::observe::listeners::PUBLIC;
use crate::observe::served::{Ended, Served};

type Of = (&'static str, &'static str, fn(&Ended) -> &Histogram);

const HISTOGRAMS: [Of; 3] = [
    (
        "grpc_server_call_duration_seconds",
        "How long calls took, to the end of their answers",
        |ended| &ended.duration,
    ),
    (
        "grpc_server_call_sent_total_compressed_message_size_bytes",
        "Response messages of a call together",
        |ended| &ended.sent,
    ),
    (
        "grpc_server_call_rcvd_total_compressed_message_size_bytes",
        "Request messages of a call together",
        |ended| &ended.received,
    ),
];

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, observe: &Observe) -> fmt::Result {
    let all = observe.served();
    let requests = all.iter().flat_map(|served| {
        served.requests().map(|ends| {
            let outcome = ends.outcome;
            let http = outcome.map(|outcome| outcome.http.as_str().to_owned());
            let labels = [
                PUBLIC.to_owned(),
                ends.protocol.as_str().to_owned(),
                ends.version.to_owned(),
                served.method().to_owned(),
                outcome
                    .map_or(OTHER, |outcome| outcome.code.name())
                    .to_owned(),
                http.unwrap_or_else(|| OTHER.to_owned()),
                outcome
                    .map_or(OTHER, |outcome| {
                        outcome.origin.map_or("none", |origin| origin.as_str())
                    })
                    .to_owned(),
            ];
            (labels, ends.count)
        })
    });
    let requests: Vec<_> = requests.collect();
    let names = [
        "listener",
        "protocol",
        "http_version",
        "method",
        "grpc_status",
        "http_status",
        "origin",
    ];
    let samples = requests.iter().map(|(labels, count)| {
        let mut named = names.map(|name| (name, ""));
        for (place, label) in named.iter_mut().zip(labels) {
            place.1 = label;
        }
        (named, *count)
    });
    let about = "Requests that have ended, calls or not";
    counters(to, "gateway_requests", about, samples)?;
    let started = all.iter().filter(|served| served.started() > 0);
    let started = started.map(|served| ([("grpc_method", served.method())], served.started()));
    let about = "Calls that have begun";
    counters(to, "grpc_server_call_started", about, started)?;
    for (name, about, histogram) in HISTOGRAMS {
        let readings = all.iter().flat_map(|served: &std::sync::Arc<Served>| {
            served.ended().map(move |(code, ended)| {
                let labels = [
                    ("grpc_method", served.method()),
                    ("grpc_status", code.name()),
                ];
                (labels, histogram(ended).read())
            })
        });
        family(to, name, about, readings)?;
    }
    Ok(())
}
