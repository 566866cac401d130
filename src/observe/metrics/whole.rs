//! Metrics of the gateway as a whole, and of its process.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::ConstCounter;

use super::{counters, family, gauges};
use crate::observe::Observe;
use crate::observe::listeners::{ADMIN, PUBLIC, REDIRECT};
use crate::observe::process::Process;

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, observe: &Observe) -> fmt::Result {
    let totals = observe.totals();
    let active = totals.under_way().map(|(protocol, kind, count)| {
        let labels = [("protocol", protocol.as_str()), ("kind", kind)];
        (labels, count as f64)
    });
    gauges(to, "gateway_active_streams", "Calls under way", active)?;
    let listeners = [
        (PUBLIC, observe.public()),
        (REDIRECT, observe.redirect()),
        (ADMIN, observe.admin()),
    ];
    let connections = listeners.iter().flat_map(|(listener, connections)| {
        connections.now().map(|(proto, count)| {
            let labels = [("listener", *listener), ("proto", proto)];
            (labels, count as f64)
        })
    });
    let about = "Open connections";
    gauges(to, "gateway_active_connections", about, connections)?;
    let sizes = totals.sizes().map(|(direction, stage, sizes)| {
        let labels = [("direction", direction.as_str()), ("stage", stage)];
        (labels, sizes.read())
    });
    let about = "Messages: decoded is protobuf, wire the text of those that are JSON to the client";
    family(to, "gateway_message_bytes", about, sizes)?;
    let transcoding = totals.transcoding();
    let transcoding =
        transcoding.map(|(direction, took)| ([("direction", direction.as_str())], took.read()));
    let about = "How long it took to make a message of JSON, and JSON of a message";
    family(to, "gateway_transcode_seconds", about, transcoding)?;
    let rejected = totals.rejected().filter(|(_, count)| *count > 0);
    let rejected = rejected.map(|(cause, count)| ([("reason", cause.as_str())], count));
    let about = "Requests that were refused here, by why, in the access log's words";
    counters(to, "gateway_rejected", about, rejected)?;
    let dropped = [([], totals.metadata_dropped())];
    let about = "Values of metadata that are not ASCII, and were not sent to a backend";
    counters(to, "gateway_metadata_dropped", about, dropped)?;
    let lost = [([], observe.lost_lines())];
    let about = "Lines of the access log that came faster than they could be written";
    counters(to, "gateway_log_dropped", about, lost)?;
    let Some((sent, lost)) = observe.traced() else {
        return Ok(());
    };
    let about = "Calls whose spans the trace collector has";
    counters(to, "gateway_traces_exported", about, [([], sent)])?;
    let about = "Calls whose spans were lost, since the collector took none";
    counters(to, "gateway_traces_dropped", about, [([], lost)])
}

/// Under the names that Prometheus' clients have for them.
pub(super) fn process(to: &mut DescriptorEncoder<'_>, process: &Process) -> fmt::Result {
    if let Some(seconds) = process.cpu_seconds {
        let name = "process_cpu_seconds";
        let samples = [([], ConstCounter::new(seconds))];
        family::<0, _>(to, name, "Processor time", samples.into_iter())?;
    }
    let all = [
        (
            "process_resident_memory_bytes",
            "Memory",
            process.resident_bytes,
        ),
        (
            "process_virtual_memory_bytes",
            "Addresses",
            process.virtual_bytes,
        ),
        (
            "process_open_fds",
            "Open file descriptors",
            process.open_fds,
        ),
        (
            "process_max_fds",
            "File descriptors there may be",
            process.max_fds,
        ),
        ("process_threads", "Threads", process.threads),
        (
            "process_start_time_seconds",
            "When it began, since 1970",
            process.start_seconds,
        ),
    ];
    for (name, about, value) in all {
        gauges::<0>(to, name, about, value.map(|value| ([], value)))?;
    }
    Ok(())
}
