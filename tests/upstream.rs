//! What the gateway makes of backends that refuse, break, talk too much or are never listened to, and of
//! several for one service.

use crate::support::configured;
use crate::support::scripted::Scripted;
use transom::gateway::Gateway;

mod balanced;
mod busy;
mod cancelled;
mod carried;
mod cut;
mod healthy;
mod large;
mod line;
mod measured;
mod middle;
mod once;
mod retried;
mod several;
mod slow;

/// A gateway with one worker before these backends of the demo's services; `keys` are more of the
/// upstream's configuration, indented by four.
async fn among(backends: &[&Scripted], keys: &str) -> Gateway {
    let ports: Vec<_> = backends.iter().map(|backend| backend.port()).collect();
    among_ports(&ports, keys).await
}

async fn among_ports(ports: &[u16], keys: &str) -> Gateway {
    let endpoints: String = ports
        .iter()
        .map(|port| format!("      - address: 127.0.0.1:{port}\n"))
        .collect();
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    configured(&format!(
        "workers: 1\nupstreams:\n  backend:\n    endpoints:\n{endpoints}{keys}\nschema: [{{ protos: '{protos}', upstream: backend }}]\n"
    ))
    .await
}
