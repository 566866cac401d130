//! R11: what the gateway holds for a thousand streams that nobody reads, both ways.

use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::backend::Manner;
use crate::line::{Ask, Line as Connection};
use crate::load::Load;
use crate::messages::blank;
use crate::site::Site;
use crate::table::Line;

const STREAMS: usize = 1000;
/// Streams that the gateway lets a client have on one connection.
const A_CONNECTION: usize = 100;
const MESSAGE: usize = 16 * 1024;
const LENGTH: Duration = Duration::from_secs(60);
/// What they hold does not grow from here on,
const FLAT: Duration = Duration::from_secs(5);
/// but for this: what an allocator does meanwhile.
const SLACK: u64 = 2048;
/// KiB that a stream may cost.
const EACH: u64 = 160;

const ASKS: &[Ask] = &[Ask::Get, Ask::Native];
const KEYS: &str = "connections: 20\nlimits: { requests: 2000 }";
/// Nobody is cut: what they hold, they hold to the end.
const MORE: &str = "timeouts: { write_stall: 10m, stream_idle: 10m }\n";

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    tell(downloads().await);
    tell(uploads().await);
}

async fn downloads() -> Line {
    let site = site().await;
    let before = site.gateway.resident();
    let mut held = Vec::new();
    for line in lines(&site).await {
        for _ in 0..A_CONNECTION {
            let beats = line.watch(MESSAGE, Duration::ZERO).await.unwrap();
            held.push((line.clone(), beats));
        }
    }
    let memory = Memory::watch(&site, before).await;
    let mut still = 0;
    for (_, beats) in &mut held {
        still += usize::from(beats.next().await.is_ok());
    }
    let what = format!(
        "{STREAMS} server streams of 16 KiB messages that nobody reads, the backend sends up to 200 MB/s, {} s",
        LENGTH.as_secs()
    );
    memory.line(what, still)
}

async fn uploads() -> Line {
    let site = site().await;
    let before = site.gateway.resident();
    let piece: Bytes = blank(MESSAGE);
    let mut pushing = JoinSet::new();
    for line in lines(&site).await {
        for _ in 0..A_CONNECTION {
            let upload = line.upload().await.unwrap();
            let piece = piece.clone();
            pushing.spawn(async move { upload.push(&piece).await });
        }
    }
    let memory = Memory::watch(&site, before).await;
    let mut ended = 0;
    while pushing.try_join_next().is_some() {
        ended += 1;
    }
    let what = format!(
        "{STREAMS} uploads of 16 KiB messages that the backend does not read, clients send as fast as can be, {} s",
        LENGTH.as_secs()
    );
    memory.line(what, STREAMS - ended)
}

async fn site() -> Site {
    let site = Site::start("stalled", &[Manner::default()], KEYS, MORE).await;
    // What there is once for all calls is there.
    let clients = site.clients().await;
    Load::run(&clients, 500, ASKS, Duration::from_secs(2)).await;
    site
}

async fn lines(site: &Site) -> Vec<Connection> {
    Connection::several(site.gateway.address, STREAMS / A_CONNECTION).await
}

/// KiB that the gateway holds.
struct Memory {
    before: u64,
    early: u64,
    most: u64,
    late: u64,
}

impl Memory {
    async fn watch(site: &Site, before: u64) -> Self {
        let mut most = 0;
        let mut early = 0;
        for second in 1..=LENGTH.as_secs() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = site.gateway.resident();
            most = most.max(now);
            if second == FLAT.as_secs() {
                early = now;
            }
        }
        let late = site.gateway.resident();
        Self {
            before,
            early,
            most,
            late,
        }
    }

    fn line(&self, what: String, still: usize) -> Line {
        let grown = self.most.saturating_sub(self.before);
        let slope = i64::try_from(self.late).unwrap() - i64::try_from(self.early).unwrap();
        Line::new("R11", what)
            .must(
                "memory grows by 160 KiB a stream at most",
                grown <= STREAMS as u64 * EACH,
                format!(
                    "{} MiB before, {} MiB more at most, {:.1} KiB a stream",
                    self.before / 1024,
                    grown / 1024,
                    grown as f64 / STREAMS as f64
                ),
            )
            .must(
                "flat after 5 s",
                slope <= i64::try_from(SLACK).unwrap(),
                format!("{slope} KiB from the 5th second to the last"),
            )
            .must(
                "",
                still == STREAMS,
                format!("{still} streams are open at the end"),
            )
    }
}
