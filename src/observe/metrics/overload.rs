//! Metrics of overload, and of what calls hold in memory.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::{counters, gauges};
use crate::call::buffers::Counts;
use crate::observe::overload::Overload;

/// Writes them. Of overload there are none where nobody measures.
pub(super) fn encode(
    to: &mut DescriptorEncoder<'_>,
    overload: Option<&Overload>,
    buffers: &Counts,
) -> fmt::Result {
    let held = [([], buffers.used as f64)];
    let about = "Bytes of messages that are not whole, or not taken by their clients yet";
    gauges(to, "gateway_buffered_bytes", about, held)?;
    let most = [([], buffers.max as f64)];
    let about = "Bytes that these may be";
    gauges(to, "gateway_buffered_max_bytes", about, most)?;
    let ended = [
        ([("reason", "buffered_total")], buffers.refused),
        ([("reason", "overload")], buffers.shed),
    ];
    let about = "Calls that were ended for what they held: more than was left, or most when there was too little";
    counters(to, "gateway_buffers_refused", about, ended)?;
    let Some(overload) = overload else {
        return Ok(());
    };
    let about = "What is done about overload: 0 nothing, 1 shorter idle time-outs, 2 connections are told to go, \
                 3 new calls are refused, 4 the largest calls are ended";
    let level = [([], f64::from(overload.level))];
    gauges(to, "gateway_overload_state", about, level)?;
    let pressures = overload.pressures.iter();
    let pressures = pressures.map(|(resource, used)| ([("resource", *resource)], *used));
    let about = "How much is used of what calls need; 1 is all of it";
    gauges(to, "gateway_overload_pressure", about, pressures)
}
