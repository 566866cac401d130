//! Metrics of listeners: certificates, handshakes, and who was not let in.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::{counters, gauges};
use crate::observe::listeners::Listener;

/// Writes them.
pub(super) fn encode(to: &mut DescriptorEncoder<'_>, all: &[Listener]) -> fmt::Result {
    let certificates = all.iter().flat_map(|one| {
        let names = one.certificates.iter();
        names.map(|(name, not_after)| {
            let labels = [("listener", one.name), ("sni", &**name)];
            (labels, *not_after as f64)
        })
    });
    gauges(
        to,
        "gateway_cert_not_after_seconds",
        "When the certificate ends that is shown for a name, in seconds since 1970",
        certificates,
    )?;
    let handshakes = all.iter().flat_map(|one| {
        one.handshakes.iter().map(|of| {
            let resumed = if of.resumed { "true" } else { "false" };
            let labels = [
                ("listener", one.name),
                ("grpc_tls_handshake_result", of.result),
                ("grpc_tls_handshake_resumed", resumed),
            ];
            (labels, of.count)
        })
    });
    counters(
        to,
        "grpc_server_tls_handshakes",
        "TLS handshakes by how they went",
        handshakes,
    )?;
    let files = all
        .iter()
        .filter(|one| !one.certificates.is_empty())
        .flat_map(|one| {
            let of = |result, count| ([("listener", one.name), ("result", result)], count);
            [
                of("taken", one.files_taken),
                of("refused", one.files_refused),
            ]
        });
    counters(
        to,
        "gateway_tls_reload",
        "Files of TLS that changed: taken, or no good and refused",
        files,
    )?;
    let refused = all.iter().flat_map(|one| {
        let reasons = one.refused.iter();
        reasons.map(|(reason, count)| ([("listener", one.name), ("reason", *reason)], *count))
    });
    counters(
        to,
        "gateway_connections_refused",
        "Connections that were closed before anything was read of them",
        refused,
    )?;
    let told = all.iter().filter(|one| one.told_to_go > 0);
    counters(
        to,
        "gateway_connections_told_to_go",
        "Connections that were told to go because the gateway had too much to do",
        told.map(|one| ([("listener", one.name)], one.told_to_go)),
    )
}
