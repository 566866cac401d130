//! A gateway and the backends behind it, each a process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::backend::{Backend, Manner};
use crate::gateway::{Ear, Gateway};
use crate::line::Line;
use crate::load::{Clients, LINES};

/// Ports are looked for from here on: beneath those that the system gives to clients, so that nobody
/// takes the port of a backend that is down.
const PORTS: u16 = 20_000;

/// Where everything is that is nowhere else.
pub(crate) const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A gateway before backends.
pub(crate) struct Site {
    pub(crate) backends: Vec<Backend>,
    pub(crate) gateway: Gateway,
    /// Of the gateway's configuration.
    pub(crate) file: PathBuf,
    upstream: String,
}

impl Site {
    /// Starts all of it. `keys` are of the upstream, `more` of the whole configuration, both in YAML.
    pub(crate) async fn start(name: &str, manners: &[Manner], keys: &str, more: &str) -> Self {
        let backends: Vec<_> = manners
            .iter()
            .map(|manner| Backend::start(free_port(), *manner))
            .collect();
        let addresses: Vec<_> = backends
            .iter()
            .map(|backend| SocketAddr::from((LOCAL, backend.port)))
            .collect();
        Self::at(name, (LOCAL, backends), &addresses, keys, more).await
    }

    /// The same, where clients reach the gateway by this address, and the gateway its backends by those.
    pub(crate) async fn at(
        name: &str,
        (host, backends): (IpAddr, Vec<Backend>),
        addresses: &[SocketAddr],
        keys: &str,
        more: &str,
    ) -> Self {
        let endpoints: String = addresses
            .iter()
            .map(|address| format!("      - address: {address}\n"))
            .collect();
        let upstream = format!("    endpoints:\n{endpoints}{}", indented(keys));
        let (file, gateway) = gateway(name, host, &upstream, more, Ear::Quiet).await;
        Self {
            backends,
            gateway,
            file,
            upstream,
        }
    }

    /// One more gateway before the same backends.
    pub(crate) async fn another(&self, name: &str, more: &str) -> Gateway {
        gateway(name, LOCAL, &self.upstream, more, Ear::Quiet)
            .await
            .1
    }

    /// One more that says a line for each call.
    pub(crate) async fn telling(&self, name: &str, more: &str, ear: Ear) -> Gateway {
        gateway(name, LOCAL, &self.upstream, more, ear).await.1
    }

    /// The configuration with other keys.
    pub(crate) fn with(&self, more: &str) -> String {
        let before = std::fs::read_to_string(&self.file).unwrap();
        let kept = before.split(MARK).next().unwrap_or_default();
        format!("{kept}{MARK}{more}")
    }

    /// Clients of its gateway.
    pub(crate) async fn clients(&self) -> Arc<Clients> {
        Clients::of(Line::several(self.gateway.address, LINES).await)
    }
}

/// Behind it a configuration has what a row adds.
const MARK: &str = "# of this row\n";

async fn gateway(
    name: &str,
    host: IpAddr,
    upstream: &str,
    more: &str,
    ear: Ear,
) -> (PathBuf, Gateway) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}.yaml"));
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/faults");
    let (port, admin) = (free_port(), free_port());
    let text = format!(
        "listen: {host}:{port}\n\
         admin: {{ listen: 127.0.0.1:{admin} }}\n\
         upstreams:\n  backend:\n{upstream}\
         schema: [{{ protos: '{protos}', upstream: backend }}]\n\
         log: {{ format: json, level: warn }}\n\
         {MARK}{more}"
    );
    std::fs::write(&file, text).unwrap();
    let gateway = Gateway::start(&file, (host, port).into(), admin, ear).await;
    (file, gateway)
}

fn indented(keys: &str) -> String {
    keys.lines().map(|line| format!("    {line}\n")).collect()
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(PORTS);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
