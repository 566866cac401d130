//! R19: clients that vanish with a thousand open streams, without a word from their network.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::apart::Apart;
use crate::backend::{Backend, Manner};
use crate::line::Line as Connection;
use crate::samples::ms;
use crate::site::{Site, free_port};
use crate::table::Line;

const CONNECTIONS: usize = 10;
/// Streams that the gateway lets a client have on one connection.
const A_CONNECTION: usize = 100;
/// No second beat comes within it.
const SILENT: Duration = Duration::from_secs(3600);
const INTERVAL: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(2);
/// What the machine may add.
const LEEWAY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);

const MORE: &str = "timeouts: { keepalive_interval: 2s, keepalive_timeout: 2s }\n";
/// So that all streams have room.
const KEYS: &str = "connections: 20\nlimits: { requests: 2000 }";

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let Some(apart) = Apart::new(19) else {
        return println!("| R19 | clients vanish | | skipped: needs root, and `ip` | |");
    };
    let backend = Backend::start(free_port(), Manner::default());
    let at = ([127, 0, 0, 1], backend.port).into();
    let site = Site::at("vanished", (apart.here(), vec![backend]), &[at], KEYS, MORE).await;
    let address = site.gateway.address;
    let mut lines = Vec::new();
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = apart.within(|| std::net::TcpStream::connect(address).unwrap());
        stream.set_nonblocking(true).unwrap();
        let line = Connection::over(TcpStream::from_std(stream).unwrap(), address).await;
        for _ in 0..A_CONNECTION {
            let mut beats = line.watch(16, SILENT).await.unwrap();
            beats.next().await.unwrap();
            held.push(beats);
        }
        lines.push(line);
    }
    let open = async || {
        let gateway = &site.gateway;
        (
            gateway.metric("gateway_active_streams", "").await,
            gateway
                .metric("gateway_active_connections", "listener=\"public\"")
                .await,
            gateway.metric("gateway_upstream_requests", "").await,
        )
    };
    let before = open().await;
    apart.cut();
    let begun = Instant::now();
    let mut after = open().await;
    while after != (0.0, 0.0, 0.0) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
        after = open().await;
    }
    let took = begun.elapsed();
    let streams = (CONNECTIONS * A_CONNECTION) as f64;
    tell(
        Line::new(
            "R19",
            format!("clients with {streams} open streams on {CONNECTIONS} connections vanish; keepalive of 2 s and 2 s"),
        )
        .must(
            "the streams are there before",
            before.0 >= streams && before.2 >= streams,
            format!("{before:?} streams, connections, upstream requests before"),
        )
        .must(
            "all are freed, at the backend too, within interval, timeout and 1 s",
            after == (0.0, 0.0, 0.0) && took <= INTERVAL + TIMEOUT + LEEWAY,
            format!("{after:?} after {}", ms(took)),
        ),
    );
    drop((held, lines));
}
