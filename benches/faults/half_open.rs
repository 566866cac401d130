//! R18: an endpoint that falls silent in the middle of calls, without a word from its network.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::apart::Apart;
use crate::backend::{Backend, Manner};
use crate::line::{Ask, Beats, End, Line as Connection, Outcome};
use crate::samples::ms;
use crate::site::{LOCAL, Site, free_port};
use crate::table::Line;

const STREAMS: usize = 200;
/// Streams that the gateway lets a client have on one connection.
const A_CONNECTION: usize = 100;
/// No second beat comes within it.
const SILENT: Duration = Duration::from_secs(3600);
/// The shortest that can be configured.
const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(1);
/// What the machine may add, and the tenth by which intervals are spread.
const LEEWAY: Duration = Duration::from_secs(2);
/// From when it is there again to the first call that is answered.
const AGAIN: Duration = Duration::from_secs(10);

const KEYS: &str = "keepalive: { interval: 10s, timeout: 1s }";

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let frozen = Site::start("frozen", &[Manner::default()], KEYS, "").await;
    let backend = &frozen.backends[0];
    let (freeze, thaw) = (|| backend.freeze(), || backend.thaw());
    tell(silence(&frozen, "its process is stopped (SIGSTOP)", freeze, thaw).await);

    let Some(apart) = Apart::new(18) else {
        return println!(
            "| R18 | the network drops all packets | | skipped: needs root, and `ip` | |"
        );
    };
    let backend = Backend::start(free_port(), Manner::default());
    let relay = Relay::start(&apart, backend.port);
    let (there, backends) = (relay.address, vec![backend]);
    let site = Site::at("half-open", (LOCAL, backends), &[there], KEYS, "").await;
    let line = silence(
        &site,
        "the network drops all packets",
        || apart.cut(),
        || apart.mend(),
    )
    .await;
    tell(line.note(format!("{} connections in all", relay.accepted())));
}

/// What becomes of the calls when the endpoint falls silent, and when it is there again.
async fn silence(site: &Site, how: &str, begin: impl Fn(), end: impl Fn()) -> Line {
    let lines = Connection::several(site.gateway.address, STREAMS / A_CONNECTION).await;
    let mut held = Vec::new();
    for line in &lines {
        for _ in 0..A_CONNECTION {
            let mut beats = line.watch(16, SILENT).await.unwrap();
            beats.next().await.unwrap();
            held.push(beats);
        }
    }
    begin();
    let begun = Instant::now();
    let mut ends = Vec::new();
    let mut ending: JoinSet<_> = held.into_iter().map(|beats| ended(beats, begun)).collect();
    while let Some(end) = ending.join_next().await {
        ends.push(end.unwrap());
    }
    let unavailable = ends
        .iter()
        .filter(|(end, _)| *end == End::Status(14))
        .count();
    let others = ends.iter().find(|(end, _)| *end != End::Status(14));
    let last = ends.iter().map(|(_, at)| *at).max().unwrap_or_default();

    end();
    let back = Instant::now();
    let client = Connection::open(site.gateway.address).await;
    let mut tries = 0;
    while client.call(Ask::Get, 7).await != Outcome::Good && back.elapsed() < AGAIN {
        tries += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let again = back.elapsed();
    Line::new(
        "R18",
        format!("an endpoint with {STREAMS} silent streams falls silent: {how}; `keepalive` of 10 s and 1 s"),
    )
    .must(
        "all end by UNAVAILABLE within interval, timeout and 2 s",
        unavailable == STREAMS && last <= INTERVAL + TIMEOUT + LEEWAY,
        format!("{unavailable} of {STREAMS} by UNAVAILABLE, the last after {}; others: {others:?}", ms(last)),
    )
    .must(
        "calls are answered again within 10 s of its return",
        again < AGAIN,
        format!("after {}, {tries} tries failed", ms(again)),
    )
}

async fn ended(mut beats: Beats, begun: Instant) -> (End, Duration) {
    loop {
        if let Err(end) = beats.next().await {
            return (end, begun.elapsed());
        }
    }
}

/// Listens at the other end of the wire, for a backend at this one.
struct Relay {
    address: SocketAddr,
    accepted: Arc<AtomicU64>,
    _task: JoinSet<()>,
}

impl Relay {
    fn start(apart: &Apart, port: u16) -> Self {
        let there = (apart.there(), 0);
        let listener = apart.within(|| TcpListener::bind(there).unwrap());
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&accepted);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((mut outer, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                running.spawn(async move {
                    if let Ok(mut inner) = TcpStream::connect((LOCAL, port)).await {
                        let _ = copy_bidirectional(&mut outer, &mut inner).await;
                    }
                });
            }
        });
        Self {
            address,
            accepted,
            _task: task,
        }
    }

    fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}
